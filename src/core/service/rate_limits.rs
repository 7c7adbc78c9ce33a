//! Counting the requests of callers, for rate limits.
//!
//! The platform's counter only says whether a caller is within its limit, and asking it costs a call. So an instance
//! counts by itself and reports every [`REQUESTS_PER_REPORT`](limits::REQUESTS_PER_REPORT) requests as one; the limit
//! of the platform's counter is that of the requests, divided by this number. A caller over its limit is refused, without
//! another call, until the counter's window ends. Windows are aligned to the clock.

use std::{collections::BTreeMap, time::Duration};

use super::{ports::RateLimits, tokens::Token};
use crate::{
    error::{Error, ErrorKind, Quota, Result},
    id::ProjectId,
    limits,
    time::Timestamp,
};

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let it through.
    Admit,
    /// Refuse it; the caller may try again after this time.
    Refuse(Duration),
    /// Report to the platform's counter, and if that is full call [`RequestCounter::refuse`].
    Report,
}

#[derive(Debug, Clone, Copy, Default)]
struct Caller {
    unreported: u32,
    refused_until: Timestamp,
}

/// The counts of an instance.
#[derive(Debug, Default)]
pub struct RequestCounter {
    callers: BTreeMap<(Quota, u128), Caller>,
}

impl RequestCounter {
    /// Counts a request at the time `now`.
    pub fn count(&mut self, quota: Quota, caller: u128, now: Timestamp) -> Verdict {
        if self.callers.len() >= limits::COUNTED_CALLERS && !self.callers.contains_key(&(quota, caller)) {
            // What is lost is a few requests each, and who is over its limit is found out again soon.
            self.callers.clear();
        }
        let counted = self.callers.entry((quota, caller)).or_default();
        if now < counted.refused_until {
            return Verdict::Refuse(counted.refused_until.since(now));
        }
        counted.unreported += 1;
        if counted.unreported < limits::REQUESTS_PER_REPORT {
            return Verdict::Admit;
        }
        counted.unreported = 0;
        Verdict::Report
    }

    /// Refuses the requests of a caller until the end of the window of `seconds` that `now` is in. Returns how long
    /// that is.
    pub fn refuse(&mut self, quota: Quota, caller: u128, seconds: u32, now: Timestamp) -> Duration {
        let window = i64::from(seconds.max(1)).saturating_mul(1_000);
        let wait = window.saturating_sub(now.as_millis().rem_euclid(window));
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or_default());
        self.callers.entry((quota, caller)).or_default().refused_until = now + wait;
        wait
    }
}

/// Counts a request of the holder of `token`, for the token and for its project.
///
/// # Errors
///
/// `RateLimited`.
pub async fn admit(ports: &impl RateLimits, token: &Token) -> Result<()> {
    count(ports, Quota::Token, token.id.as_u128()).await?;
    admit_to_project(ports, token.project).await
}

/// Counts a request to `project` that needed no token.
///
/// # Errors
///
/// `RateLimited`.
pub async fn admit_to_project(ports: &impl RateLimits, project: ProjectId) -> Result<()> {
    count(ports, Quota::Project, project.as_u128()).await
}

async fn count(ports: &impl RateLimits, quota: Quota, caller: u128) -> Result<()> {
    let Some(wait) = ports.count_request(quota, caller).await else { return Ok(()) };
    let whose = if quota == Quota::Token { "this token" } else { "this project" };
    let retry_after = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
    let message = format!("Too many requests of {whose}; try again in {retry_after} s");
    Err(Error::new(ErrorKind::RateLimited { quota, retry_after }, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn reports_one_request_in_so_many_and_refuses_until_the_window_ends() {
        let mut counter = RequestCounter::default();
        for round in 0..3 {
            for request in 1..limits::REQUESTS_PER_REPORT {
                assert_eq!(counter.count(Quota::Token, 1, at(0)), Verdict::Admit, "{round}, {request}");
            }
            assert_eq!(counter.count(Quota::Token, 1, at(0)), Verdict::Report);
        }
        assert_eq!(counter.refuse(Quota::Token, 1, 10, at(12_300)), Duration::from_millis(7_700));
        assert_eq!(counter.count(Quota::Token, 1, at(13_000)), Verdict::Refuse(Duration::from_secs(7)));
        assert_eq!(counter.count(Quota::Token, 2, at(13_000)), Verdict::Admit, "another caller");
        assert_eq!(counter.count(Quota::Project, 1, at(13_000)), Verdict::Admit, "another quota");
        assert_eq!(counter.count(Quota::Token, 1, at(20_000)), Verdict::Admit, "the next window");
    }

    #[test]
    fn counts_a_bounded_number_of_callers() {
        let mut counter = RequestCounter::default();
        for caller in 0..=u128::try_from(limits::COUNTED_CALLERS).unwrap() {
            counter.count(Quota::Token, caller, at(0));
        }
        assert!(counter.callers.len() <= limits::COUNTED_CALLERS);
    }
}
