//! The Durable Objects: thin shells that load, apply, store and deliver. [`crate::rpc`] says how they are called.

mod index;
mod job;
mod sql;
mod tokens;

#[cfg(feature = "contract")]
use worker::Response;

/// Runs the contract suite of the ports on the real ones.
#[cfg(feature = "contract")]
pub async fn contract(ports: &crate::ports::WorkerPorts) -> worker::Result<Response> {
    Response::from_json(&sortroom::service::contract::run(ports).await)
}
