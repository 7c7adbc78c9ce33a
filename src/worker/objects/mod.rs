//! The durable objects, and how they are called.
//!
//! An object is called by a `POST` whose path is its own name and whose body is a command as JSON; the answer's body
//! is the reply, or the error, as JSON. A job is also asked by a `GET` for what it is. Its name is in every call because an object must not depend on the platform
//! telling it.

mod index;
mod job;
mod sql;
mod tokens;

use serde::{Serialize, de::DeserializeOwned};
use sortroom::error::{Error, Kind, Result};
use wasm_bindgen::prelude::*;
use worker::{
    ObjectNamespace, Request, Response,
    js_sys::{Promise, Uint8Array},
    wasm_bindgen_futures::JsFuture,
    web_sys::{self, RequestInit},
};

#[wasm_bindgen]
extern "C" {
    /// A stub as the platform has it. The wrapper of the `worker` crate makes a request first and looks at all of it,
    /// and reads the answer as a stream; together that costs more than most commands.
    type Stub;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Calls the object called `name`.
///
/// # Errors
///
/// The object's own error, or `Upstream` when it cannot be reached.
pub async fn call<C: Serialize, R: DeserializeOwned>(
    namespace: &ObjectNamespace,
    name: &str,
    command: &C,
) -> Result<R> {
    let command = serde_json::to_string(command).map_err(Error::internal)?;
    understood(send(namespace, name, Some(&command)).await)
}

/// Asks the object called `name` for what it is, with a `GET` and no command to read.
///
/// # Errors
///
/// As [`call`].
pub async fn read<R: DeserializeOwned>(namespace: &ObjectNamespace, name: &str) -> Result<R> {
    understood(send(namespace, name, None).await)
}

fn understood<R: DeserializeOwned>(answer: worker::Result<Vec<u8>>) -> Result<R> {
    let bytes = answer.map_err(|error| {
        Error::new(Kind::Upstream { retryable: true }, "A part of the service cannot be reached").with_source(error)
    })?;
    serde_json::from_slice::<Result<R>>(&bytes)
        .map_err(|error| Error::internal(format!("{error} in {:.200}", String::from_utf8_lossy(&bytes))))?
}

async fn send(namespace: &ObjectNamespace, name: &str, body: Option<&str>) -> worker::Result<Vec<u8>> {
    let init = RequestInit::new();
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&body.into());
    }
    // A stub is broken after an exception, so there is a new one for every call.
    let stub: Stub = namespace.get_by_name(name)?.into_rpc();
    let answer = JsFuture::from(stub.fetch(&format!("https://object/{name}"), &init)?).await?;
    // As bytes: a text would be copied letter by letter.
    let buffer = JsFuture::from(answer.unchecked_into::<web_sys::Response>().array_buffer()?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Reads a command, lets `handle` make the reply, as JSON, and answers it.
async fn answer<C, F>(mut request: Request, handle: impl FnOnce(String, C) -> F) -> worker::Result<Response>
where
    C: DeserializeOwned,
    F: Future<Output = Result<String>>,
{
    let name = request.path().trim_start_matches('/').to_owned();
    let reply = match serde_json::from_str::<C>(&request.text().await?) {
        Ok(command) => handle(name, command).await,
        Err(error) => Err(Error::internal(format!("a command cannot be read: {error}"))),
    };
    respond(reply)
}

fn respond(reply: Result<String>) -> worker::Result<Response> {
    // As serde spells a `Result`. A reply can be long, and is mostly what is stored, so it is not read to be written.
    let text = match reply {
        Ok(reply) => format!(r#"{{"Ok":{reply}}}"#),
        Err(error) => serde_json::to_string(&Err::<(), _>(error))?,
    };
    Ok(Response::builder().fixed(text.into_bytes()))
}

fn spell(reply: &impl Serialize) -> Result<String> {
    serde_json::to_string(reply).map_err(Error::internal)
}

/// Runs the suite that holds ports to their contract on the real ones.
#[cfg(feature = "contract")]
pub async fn contract(ports: &crate::ports::WorkerPorts) -> worker::Result<Response> {
    Response::from_json(&sortroom::service::contract::run(ports).await)
}
