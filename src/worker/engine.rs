//! The engine: a WebAssembly module of its own, which `engine.js` instantiates. A document that traps it, or makes it
//! take all its memory, ends that instance and not the Worker's.

use sortroom::{
    engine::{BudgetKind, Call, Request},
    error::{Error, Result, Unreadable},
    reply,
    service::ports::{DocumentBytes, Engine, FileKey},
};
use wasm_bindgen::prelude::*;
use worker::{
    ResponseBody,
    js_sys::{Promise, Uint8Array},
    send::SendFuture,
    wasm_bindgen_futures::JsFuture,
    web_sys::Response,
};

use crate::{ports::WorkerPorts, rpc::upstream};

#[wasm_bindgen]
extern "C" {
    /// Loads what the engine needs besides its code. Undefined if it is loaded, else a promise.
    #[wasm_bindgen(js_namespace = sortroomEngine)]
    fn load() -> Option<Promise>;

    /// Answers a [`Request`] about a document. The body of the [reply], or a promise of it; undefined if the engine trapped.
    #[wasm_bindgen(js_namespace = sortroomEngine)]
    fn answer(request: &Uint8Array, document: &Uint8Array) -> JsValue;
}

impl Engine for WorkerPorts {
    fn engine<C: Call>(
        &self,
        call: C,
        document: DocumentBytes,
        budget: BudgetKind,
    ) -> impl Future<Output = Result<C::Reply>> + Send {
        let request = Request { call: call.into(), budget };
        SendFuture::new(async move {
            let request = serde_json::to_vec(&request).map_err(Error::internal)?;
            let document = match document {
                DocumentBytes::None => Uint8Array::new_with_length(0),
                DocumentBytes::Sent(bytes) => Uint8Array::from(&*bytes),
                DocumentBytes::Stored(key) => self.stored(key).await?,
            };
            if let Some(loading) = load() {
                JsFuture::from(loading).await.map_err(from_js)?;
            }
            let mut body = answer(&Uint8Array::from(&*request), &document);
            if let Some(promise) = body.dyn_ref::<Promise>() {
                body = JsFuture::from(promise.clone()).await.map_err(from_js)?;
            }
            if body.is_undefined() {
                return Err(Error::unreadable(Unreadable::EngineFailed, "The engine failed on this input"));
            }
            reply::from_body(&body.unchecked_into::<Uint8Array>().to_vec())
        })
    }
}

impl WorkerPorts {
    /// The bytes of a stored file. They go from the storage to the engine without passing through the memory of this
    /// module, which would keep their size.
    async fn stored(&self, key: FileKey) -> Result<Uint8Array> {
        let gone = || Error::not_found("The file is gone");
        let object = self.in_time(self.bucket()?.get(key.to_string()).execute()).await?.ok_or_else(gone)?;
        let body = object.body().ok_or_else(gone)?.response_body().map_err(upstream)?;
        let bytes = match body {
            ResponseBody::Stream(stream) => {
                let response = Response::new_with_opt_readable_stream(Some(&stream)).map_err(from_js)?;
                let buffer = JsFuture::from(response.array_buffer().map_err(from_js)?);
                Uint8Array::new(&self.in_time(async { buffer.await.map_err(worker::Error::from) }).await?)
            }
            ResponseBody::Body(bytes) => Uint8Array::from(bytes.as_slice()),
            ResponseBody::Empty => Uint8Array::new_with_length(0),
        };
        #[cfg(feature = "contract")]
        self.trap_on_poison(&bytes.subarray(0, 16).to_vec());
        Ok(bytes)
    }
}

fn from_js(error: JsValue) -> Error {
    upstream(worker::Error::from(error))
}
