//! Use cases over ports.
//!
//! A *port* ([`ports`]) is what the use cases need of the world: jobs, the index of a project, tokens, files, the stage
//! queue, the time, randomness. The Worker implements them over durable objects, R2 and Queues; [`memory`] implements
//! them in memory, so that everything above runs natively in tests. The logic of the objects themselves is here too
//! ([`host`], [`index`], [`tokens`]), over storage traits of a few lines each, so that a platform's part is only
//! loading, storing and waking.

pub mod access;
pub mod at_once;
pub mod classifiers;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod corrections;
pub mod files;
pub mod host;
pub mod index;
pub mod jobs;
pub mod mails;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
pub mod ports;
mod ready;
pub mod schemas;
pub mod stage;
#[cfg(test)]
mod tests;
pub mod ticket;
pub mod tokens;
