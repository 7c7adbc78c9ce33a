//! Sortroom as a Cloudflare Worker: its entry points, and the core's ports over Durable Objects, R2 and Queues. It
//! makes no decisions of its own.
//!
//! - [`ports`]: the core's ports over the bindings of `wrangler.toml`; [`files`], [`job_parts`], [`outbound`]
//!   and [`rate_limits`] are four of them.
//! - [`objects`]: the Durable Objects, thin shells that load, apply, store and deliver.
//! - [`engine`]: calls to the engine, which is a module of its own.
//! - [`rpc`]: calls to them, and their replies.
//! - [`http`]: converts between the platform's requests and responses and those of the router.
//!
//! A panic would trap the whole instance and every request in it, so nothing here may panic: every failure is an
//! `Error`, and the queue handler in particular never returns `Err`, which its macro would turn into a panic.

mod engine;
mod files;
mod http;
mod job_parts;
mod objects;
mod outbound;
mod ports;
mod rate_limits;
mod rpc;

use sortroom::service::{
    ports::{Environment, StageMessage},
    stage::{self, MessageOutcome},
};
use worker::{
    Context, Env, MessageBatch, MessageExt, Result, event,
    web_sys::{Request, Response},
};

use crate::ports::WorkerPorts;

/// The dead-letter queue of the stage queue. Its name is that of `wrangler.toml`.
const DEAD_LETTER_QUEUE: &str = "sortroom-stages-dead";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let ports = WorkerPorts::new(env);
    #[cfg(feature = "contract")]
    if request.url().ends_with("/__contract") {
        return objects::contract(&ports).await.map(Response::from);
    }
    http::serve(ports, &request).await
}

#[event(queue)]
async fn queue(batch: MessageBatch<StageMessage>, env: Env, _context: Context) -> Result<()> {
    let ports = WorkerPorts::new(env);
    let is_dead_letter = batch.queue() == DEAD_LETTER_QUEUE;
    for message in batch.raw_iter() {
        let outcome = match serde_wasm_bindgen::from_value::<StageMessage>(message.body()) {
            Ok(body) if is_dead_letter => stage::handle_dead_letter(&ports, body).await,
            Ok(body) => stage::consume(&ports, body).await,
            Err(error) => {
                // Only we write to the queue, so another version of us wrote this; its job will send a new message.
                ports.log(&format!("queue {}: a message is not one of ours: {error}", batch.queue()));
                MessageOutcome::Ack
            }
        };
        match outcome {
            MessageOutcome::Ack => message.ack(),
            MessageOutcome::Retry => message.retry(),
        }
    }
    Ok(())
}
