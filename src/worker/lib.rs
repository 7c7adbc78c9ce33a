//! The Cloudflare face of Sortroom: what the platform calls, and how the core's ports lead to durable objects, R2 and
//! Queues. No decision is made here.
//!
//! - [`ports`]: the core's ports over the bindings of `wrangler.toml`.
//! - [`objects`]: the durable objects, thin shells that load, apply, store and deliver.
//! - [`http`]: between the platform's requests and responses and those of the router.
//!
//! A panic would trap the whole instance and every request in it, so nothing here may: every failure is an `Error`,
//! and the queue handler in particular never returns `Err`, which its macro would turn into a panic.

mod http;
mod objects;
mod ports;

use sortroom::service::{
    ports::{Host, StageMessage},
    stage::{self, Verdict},
};
use worker::{
    Context, Env, MessageBatch, MessageExt, Result, event,
    web_sys::{Request, Response},
};

use crate::ports::WorkerPorts;

/// The queue that takes what the stage queue gave up on. The name is that of wrangler.toml.
const DEAD_LETTERS: &str = "sortroom-stages-dead";

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
    let dead = batch.queue() == DEAD_LETTERS;
    for message in batch.raw_iter() {
        let verdict = match serde_wasm_bindgen::from_value::<StageMessage>(message.body()) {
            Ok(body) if dead => stage::bury(&ports, body).await,
            Ok(body) => stage::consume(&ports, body).await,
            Err(error) => {
                // Nobody but us writes to the queue: an older or newer version did, and its job will ask again.
                ports.log(&format!("queue {}: a message is not one of ours: {error}", batch.queue()));
                Verdict::Ack
            }
        };
        match verdict {
            Verdict::Ack => message.ack(),
            Verdict::Retry => message.retry(),
        }
    }
    Ok(())
}
