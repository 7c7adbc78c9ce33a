//! Use cases over ports.
//!
//! A *port* ([`ports`]) is a trait for a service that the use cases need: jobs, the index of a project, tokens, files,
//! the stage queue, other servers, counters of requests, the clock, timers, randomness. The Worker implements the ports
//! over Durable Objects, R2 and Queues;
//! [`memory`] implements them in memory, so that everything above runs natively in tests. The logic of the Durable
//! Objects is here too ([`job_object`], [`index`], [`tokens`]), over small storage traits, so that a platform only
//! has to load, store and set timers.

pub mod access;
pub mod classifiers;
pub mod configurations;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod corrections;
pub mod fetch;
pub mod files;
pub mod index;
pub mod job_ids;
pub mod job_object;
pub mod job_parts;
pub mod job_reply;
pub mod jobs;
mod keyed;
pub mod mails;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
pub mod outbound;
pub mod ports;
pub mod rate_limits;
pub mod schemas;
pub mod signed_url;
pub mod stage;
pub mod stateless;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod tokens;
pub mod upload_memory;
pub mod webhooks;
