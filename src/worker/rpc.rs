//! Calls from the Worker to its Durable Objects, and their replies.
//!
//! An object is called by a `POST` whose path is the object's name and whose body is a command as JSON; the body of the
//! response is the reply, or the error, as JSON. A `GET` to a job object returns the job. The name is in every call
//! because an object must not depend on the platform to provide it.

use serde::{Serialize, de::DeserializeOwned};
use sortroom::{
    error::{Error, ErrorKind, Result},
    reply,
};
use wasm_bindgen::prelude::*;
use worker::{
    ObjectNamespace, Request, Response,
    js_sys::{Promise, Uint8Array},
    wasm_bindgen_futures::JsFuture,
    web_sys::{self, RequestInit},
};

#[wasm_bindgen]
extern "C" {
    /// The platform's stub. The wrapper of the `worker` crate builds a request and reads all of it, and reads the
    /// response as a stream; together that costs more than most commands.
    type Stub;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Sends a command to the object with this name.
///
/// # Errors
///
/// The object's own error, or `Upstream` if it cannot be reached.
pub async fn call<C: Serialize, R: DeserializeOwned>(
    namespace: &ObjectNamespace,
    name: &str,
    command: &C,
) -> Result<R> {
    let command = serde_json::to_string(command).map_err(Error::internal)?;
    reply::from_body(&send(namespace, name, Some(&command)).await.map_err(upstream)?)
}

/// Gets the value of the object with this name, by a `GET` without a command to parse.
///
/// # Errors
///
/// As [`call`].
pub async fn read<R: DeserializeOwned>(namespace: &ObjectNamespace, name: &str) -> Result<R> {
    reply::from_body(&send(namespace, name, None).await.map_err(upstream)?)
}

async fn send(namespace: &ObjectNamespace, name: &str, body: Option<&str>) -> worker::Result<Vec<u8>> {
    let init = RequestInit::new();
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&body.into());
    }
    // A stub is broken after an exception, so every call makes a new one.
    let stub: Stub = namespace.get_by_name(name)?.into_rpc();
    let response = JsFuture::from(stub.fetch(&format!("https://object/{name}"), &init)?).await?;
    // As bytes: the platform would copy a text character by character.
    let buffer = JsFuture::from(response.unchecked_into::<web_sys::Response>().array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Parses a command from a request, and responds with the JSON reply that `handle` returns for it.
pub(crate) async fn handle_request<C, F>(
    mut request: Request,
    handle: impl FnOnce(String, C) -> F,
) -> worker::Result<Response>
where
    C: DeserializeOwned,
    F: Future<Output = Result<String>>,
{
    let name = request.path().trim_start_matches('/').to_owned();
    let reply = match serde_json::from_str::<C>(&request.text().await?) {
        Ok(command) => handle(name, command).await,
        Err(error) => Err(Error::internal(format!("cannot parse command: {error}"))),
    };
    respond(reply)
}

pub(crate) fn respond(reply: Result<String>) -> worker::Result<Response> {
    let body = reply::to_body(reply).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(Response::builder().fixed(body.into_bytes()))
}

pub(crate) fn to_json(reply: &impl Serialize) -> Result<String> {
    serde_json::to_string(reply).map_err(Error::internal)
}

/// The error for a part of the platform that failed or cannot be reached.
pub(crate) fn upstream(error: worker::Error) -> Error {
    Error::new(ErrorKind::Upstream { retryable: true }, "A part of the service cannot be reached").with_source(error)
}
