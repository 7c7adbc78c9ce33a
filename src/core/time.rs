//! Timestamps. Callers pass them in; this crate never reads a clock.

use std::{ops::Add, time::Duration};

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. The range is that of the integers in a 64-bit float,
/// because the platform stores them as floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The timestamp `milliseconds` after 1970-01-01T00:00:00Z.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The timestamp `duration` before this one.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The timestamp as RFC 3339 in UTC with six fractional digits, such as `2026-03-01T10:00:00.000000Z`.
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Micros, true)
    }

    /// Parses ISO 8601 as clients write it: RFC 3339, with an offset without its colon (`+0200`), with a blank for the `+`
    /// that a query string must encode, without seconds, without a zone (read as UTC), or a bare date. Digits beyond the
    /// millisecond are truncated. None if the text is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // The offset is the only blank after the time.
        let with_plus = match text.rsplit_once(' ') {
            Some((time, offset)) if time.contains(':') => format!("{time}+{offset}"),
            _ => text.to_owned(),
        };
        if let Ok(moment) = DateTime::parse_from_rfc3339(&with_plus) {
            return Some(Self(moment.timestamp_millis()));
        }
        let time = with_plus.replacen(['t', ' '], "T", 1).replace('z', "Z");
        for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
            if let Ok(moment) = DateTime::parse_from_str(&time, format) {
                return Some(Self(moment.timestamp_millis()));
            }
        }
        let time = time.trim_end_matches('Z');
        for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
            if let Ok(moment) = NaiveDateTime::parse_from_str(time, format) {
                return Some(Self(moment.and_utc().timestamp_millis()));
            }
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_clients_send() {
        let noon = Some(Timestamp::from_millis(1_772_366_400_000));
        assert_eq!(Timestamp::parse("2026-03-01T12:00:00Z"), noon);
        assert_eq!(Timestamp::parse("2026-03-01T12:00:00.000000+00:00"), noon);
        assert_eq!(Timestamp::parse("2026-03-01T13:00:00+01:00"), noon);
        assert_eq!(Timestamp::parse("2026-03-01T12:00:00"), noon);
        assert_eq!(Timestamp::parse("2026-03-01 12:00:00.0004"), noon);
        for text in [
            "2026-03-01T14:00:00+0200",
            "2026-03-01T14:00:00 02:00",
            "2026-03-01T14:00:00.5 0200",
            "2026-03-01 14:00:00+02:00",
            "2026-03-01T14:00+02:00",
            "2026-03-01T14:00+02",
            "2026-03-01T07:00:00-0500",
            "2026-03-01T12:00Z",
            "2026-03-01T12:00",
            "2026-03-01 12:00",
            "2026-03-01t12:00:00z",
        ] {
            assert_eq!(Timestamp::parse(text).map(|time| time.as_millis() / 1000), Some(1_772_366_400), "{text}");
        }
        assert_eq!(Timestamp::parse("2026-03-01"), Some(Timestamp::from_millis(1_772_323_200_000)));
        for text in
            ["yesterday", "", "12:00", "2026-03-01T", "2026-03-01 x", "2026-03-01T12:00:00 x", "2026-03-01T25:00"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::parse("2026-13-01T12:00:00Z"), None);
    }

    #[test]
    fn prints_six_digits() {
        assert_eq!(Timestamp::from_millis(1_772_366_400_123).to_rfc3339(), "2026-03-01T12:00:00.123000Z");
    }
}
