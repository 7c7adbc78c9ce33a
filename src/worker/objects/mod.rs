//! The durable objects, and how they are called.
//!
//! An object is called by a `POST` whose path is its own name and whose body is a command as JSON; the answer's body
//! is the reply, or the error, as JSON. Its name is in every call because an object must not depend on the platform
//! telling it.

mod index;
mod job;
mod sql;
mod tokens;

use serde::{Serialize, de::DeserializeOwned};
use sortroom::error::{Error, Kind, Result};
use worker::{Method, ObjectNamespace, Request, RequestInit, Response};

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
    let body = serde_json::to_string(command).map_err(Error::internal)?;
    let text = send(namespace, name, &body).await.map_err(|error| {
        Error::new(Kind::Upstream { retryable: true }, "A part of the service cannot be reached").with_source(error)
    })?;
    serde_json::from_str::<Result<R>>(&text).map_err(|error| Error::internal(format!("{error} in {text:.200}")))?
}

async fn send(namespace: &ObjectNamespace, name: &str, body: &str) -> worker::Result<String> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("https://object/{name}"), &init)?;
    // A stub is broken after an exception, so there is a new one for every call.
    namespace.get_by_name(name)?.fetch_with_request(request).await?.text().await
}

/// Reads a command, lets `handle` answer it, and writes the answer.
async fn answer<C, R, F>(mut request: Request, handle: impl FnOnce(String, C) -> F) -> worker::Result<Response>
where
    C: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R>>,
{
    let name = request.path().trim_start_matches('/').to_owned();
    let reply = match serde_json::from_str::<C>(&request.text().await?) {
        Ok(command) => handle(name, command).await,
        Err(error) => Err(Error::internal(format!("a command cannot be read: {error}"))),
    };
    Ok(Response::builder().fixed(serde_json::to_vec(&reply)?))
}

/// Runs the suite that holds ports to their contract on the real ones.
#[cfg(feature = "contract")]
pub async fn contract(ports: &crate::ports::WorkerPorts) -> worker::Result<Response> {
    Response::from_json(&sortroom::service::contract::run(ports).await)
}
