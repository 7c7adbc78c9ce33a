//! Compares a response with the expected one.
//!
//! An expected body must be equal, including members of objects and lengths of lists, except:
//!
//! - A string `<kind>` matches any value of that kind, `<kind:name>` also binds it to a name, and `<kind|null>` also
//!   matches null. Kinds: `string`, `text` (not empty), `number`, `boolean`, `array`, `id` (a UUID, optionally after a
//!   prefix of three letters), `cuid` (25 letters and digits, optionally after a word and `_`), `time` (RFC 3339 in UTC
//!   with six digits), `url`.
//! - A member named `...` allows members that are not listed.

use std::collections::BTreeMap;

use serde_json::Value;

/// The values bound to names.
pub type Names = BTreeMap<String, String>;

/// Compares `actual` with `expected`, binding names. The error has the path where they differ.
pub fn matches(expected: &Value, actual: &Value, names: &mut Names) -> Result<(), String> {
    matches_at(expected, actual, names, "$")
}

fn matches_at(expected: &Value, actual: &Value, names: &mut Names, path: &str) -> Result<(), String> {
    match (expected, actual) {
        (Value::String(pattern), _) if is_pattern(pattern) => {
            match_pattern(pattern, actual, names).map_err(|error| format!("{path}: {error}"))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected.iter().filter(|(name, _)| *name != "...") {
                let actual = actual.get(name).ok_or_else(|| format!("{path}.{name}: absent"))?;
                matches_at(expected, actual, names, &format!("{path}.{name}"))?;
            }
            let extra = actual.keys().find(|name| !expected.contains_key(*name) && !expected.contains_key("..."));
            extra.map_or(Ok(()), |name| Err(format!("{path}.{name}: not expected")))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            if expected.len() != actual.len() {
                return Err(format!("{path}: {} items, expected {}", actual.len(), expected.len()));
            }
            let mut pairs = expected.iter().zip(actual).enumerate();
            pairs.try_for_each(|(i, (expected, actual))| matches_at(expected, actual, names, &format!("{path}[{i}]")))
        }
        _ if expected == actual => Ok(()),
        _ => Err(format!("{path}: {actual}, expected {expected}")),
    }
}

/// Compares a header with a pattern or a literal value.
pub fn header(expected: &str, actual: &str, names: &mut Names) -> Result<(), String> {
    if is_pattern(expected) {
        return match_pattern(expected, &Value::from(actual), names);
    }
    if expected == actual { Ok(()) } else { Err(format!("{actual:?}, expected {expected:?}")) }
}

pub fn is_pattern(text: &str) -> bool {
    text.len() > 2 && text.starts_with('<') && text.ends_with('>')
}

fn match_pattern(pattern: &str, actual: &Value, names: &mut Names) -> Result<(), String> {
    let inner = &pattern[1..pattern.len() - 1];
    let (inner, nullable) = inner.strip_suffix("|null").map_or((inner, false), |inner| (inner, true));
    let (kind, name) = inner.split_once(':').map_or((inner, None), |(kind, name)| (kind, Some(name)));
    let text = actual.as_str();
    let fits = (nullable && actual.is_null())
        || match kind {
            "string" => text.is_some(),
            "text" => text.is_some_and(|text| !text.is_empty()),
            "number" => actual.is_number(),
            "boolean" => actual.is_boolean(),
            "array" => actual.is_array(),
            "id" => text.is_some_and(is_id),
            "cuid" => text.is_some_and(is_cuid),
            "time" => text.is_some_and(is_time),
            "url" => text.is_some_and(|text| text.starts_with("http://") || text.starts_with("https://")),
            _ => return Err(format!("no such pattern: {pattern}")),
        };
    if !fits {
        return Err(format!("{actual}, expected {pattern}"));
    }
    if let (Some(name), Some(text)) = (name, text) {
        names.insert(name.to_owned(), text.to_owned());
    }
    Ok(())
}

/// An id without its prefix.
pub fn bare(id: &str) -> &str {
    if id.as_bytes().get(3) == Some(&b'-') { &id[4..] } else { id }
}

fn is_id(text: &str) -> bool {
    let groups: Vec<_> = bare(text).split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_cuid(text: &str) -> bool {
    let (word, digits) = text.split_once('_').unwrap_or_default();
    let digits = if word.is_empty() { text } else { digits };
    digits.len() == 25 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

fn is_time(text: &str) -> bool {
    let digits = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    text.bytes().map(digits).eq("0000-00-00T00:00:00.000000Z".bytes())
}

/// Compares the shape only: every member of `expected` must be present with a value of the same type, or null if its
/// name is in `nullable`. Further members are allowed. A list must not be empty; all its items must have the shape of
/// the first expected item.
pub fn like(expected: &Value, actual: &Value, nullable: &[String]) -> Result<(), String> {
    like_at(expected, actual, nullable, "$")
}

fn like_at(expected: &Value, actual: &Value, nullable: &[String], path: &str) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().try_for_each(|(name, expected)| {
            let path = format!("{path}.{name}");
            match actual.get(name) {
                None => Err(format!("{path}: absent")),
                Some(Value::Null) if nullable.contains(name) => Ok(()),
                Some(actual) => like_at(expected, actual, nullable, &path),
            }
        }),
        (Value::Array(_), Value::Array(actual)) if actual.is_empty() => Err(format!("{path}: empty")),
        (Value::Array(expected), Value::Array(actual)) => {
            let expected = expected.first().ok_or_else(|| format!("{path}: no expected item to compare with"))?;
            let mut items = actual.iter().enumerate();
            items.try_for_each(|(i, actual)| like_at(expected, actual, nullable, &format!("{path}[{i}]")))
        }
        _ if std::mem::discriminant(expected) == std::mem::discriminant(actual) => Ok(()),
        _ => Err(format!("{path}: {actual} is not of the type of {expected}")),
    }
}
