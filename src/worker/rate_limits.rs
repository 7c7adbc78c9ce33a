//! Rate limits over the platform's counters of requests.
//!
//! `wrangler.toml` has each limit twice: as a variable in requests, which responses state, and in the binding of its
//! counter, in reports of [`REQUESTS_PER_REPORT`](limits::REQUESTS_PER_REPORT) requests.

use std::cell::RefCell;
use std::time::Duration;

use sortroom::{
    error::{Error, Quota},
    limits,
    service::{
        ports::{self, Clock, Environment, Rate, RateLimits},
        rate_limits::{RequestCounter, Verdict},
    },
};
use worker::send::SendFuture;

use crate::ports::WorkerPorts;

/// The window of the bindings, in seconds: the shorter one that the platform offers, so that a caller who was over its
/// limit waits less.
const WINDOW_SECONDS: u32 = 10;

thread_local! {
    static COUNTER: RefCell<RequestCounter> = RefCell::default();
}

/// The rate that a variable of `wrangler.toml` states in requests per window; None without one, or if it is 0.
pub fn rate(requests: Option<String>) -> Option<Rate> {
    let requests = requests?.parse().ok().filter(|requests| *requests > 0)?;
    Some(Rate { requests, seconds: WINDOW_SECONDS })
}

impl RateLimits for WorkerPorts {
    fn count_request(&self, quota: Quota, caller: u128) -> impl Future<Output = Option<Duration>> + Send {
        SendFuture::new(async move {
            self.config().rate(quota)?;
            match COUNTER.with_borrow_mut(|counter| counter.count(quota, caller, self.now())) {
                Verdict::Admit => return None,
                Verdict::Refuse(wait) => return Some(wait),
                Verdict::Report => {}
            }
            let platform = self.request_counter(quota)?;
            let report = async {
                let outcome = platform.limit(format!("{caller:032x}")).await;
                outcome.map(|outcome| outcome.success).map_err(Error::internal)
            };
            match ports::within(self, limits::RATE_LIMIT_TIME, report).await {
                Ok(true) => None,
                Ok(false) => {
                    Some(COUNTER.with_borrow_mut(|counter| counter.refuse(quota, caller, WINDOW_SECONDS, self.now())))
                }
                Err(error) => {
                    self.log(&format!("a request cannot be counted, and is let through: {error:#}"));
                    None
                }
            }
        })
    }
}
