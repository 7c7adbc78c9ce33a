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

use futures_util::future::join_all;
use serde::de::DeserializeOwned;
use sortroom::{
    api::calls,
    service::{
        ports::{Environment, StageMessage, WebhookMessage},
        stage::{self, MessageOutcome},
        webhooks,
    },
};
use worker::{
    Context, Env, MessageBatch, MessageExt, Result, event,
    web_sys::{Request, Response},
};

use crate::ports::WorkerPorts;

// The queues, by their names in `wrangler.toml`; the one that is not here is the stage queue.
const STAGES_DEAD: &str = "sortroom-stages-dead";
const WEBHOOKS: &str = "sortroom-webhooks";
const WEBHOOKS_DEAD: &str = "sortroom-webhooks-dead";

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
async fn queue(batch: MessageBatch<()>, env: Env, _context: Context) -> Result<()> {
    let ports = WorkerPorts::new(env);
    let name = batch.queue();
    match name.as_str() {
        WEBHOOKS => consume(&ports, &batch, async |call| webhooks::consume(&ports, call, calls::build).await).await,
        WEBHOOKS_DEAD => {
            consume(&ports, &batch, async |call: WebhookMessage| webhooks::handle_dead_letter(&ports, call).await)
                .await;
        }
        STAGES_DEAD => {
            consume(&ports, &batch, async |stage: StageMessage| stage::handle_dead_letter(&ports, stage).await).await;
        }
        _ => consume(&ports, &batch, async |stage: StageMessage| stage::consume(&ports, stage).await).await,
    }
    Ok(())
}

/// Consumes the messages of a batch, all at once: the batches of what takes memory have one.
async fn consume<M: DeserializeOwned>(
    ports: &WorkerPorts,
    batch: &MessageBatch<()>,
    consume: impl AsyncFn(M) -> MessageOutcome,
) {
    join_all(batch.raw_iter().map(async |message| {
        let outcome = match serde_wasm_bindgen::from_value::<M>(message.body()) {
            Ok(body) => consume(body).await,
            Err(error) => {
                // Only we write to the queue, so another version of us wrote this; its job will send a new message.
                ports.log(&format!("a message of a queue is not one of ours: {error}"));
                MessageOutcome::Ack
            }
        };
        match outcome {
            MessageOutcome::Ack => message.ack(),
            MessageOutcome::Retry => message.retry(),
        }
    }))
    .await;
}
