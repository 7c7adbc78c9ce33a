//! The values of a JSON text.

use serde_json::{Value, json};

use crate::edit::{Edit, Kind, MAX_BYTES, Material, apply, pick};

/// Edits values, names and texts; the result is JSON again. Of a request, the first lines stay, up to the empty one.
pub fn edit(seed: &[u8], edits: &[Edit], material: Material<'_>) -> Option<Vec<u8>> {
    let (head, mut value) = split(seed)?;
    let other = split(material.other).map_or(Value::Null, |(_, value)| value);
    for edit in edits {
        edit_value(&mut value, edit, &other, material);
    }
    let edited = [head, &serde_json::to_vec(&value).ok()?].concat();
    (edited.len() <= MAX_BYTES).then_some(edited)
}

fn split(bytes: &[u8]) -> Option<(&[u8], Value)> {
    let start = bytes.windows(2).position(|window| window == b"\n\n").map_or(0, |at| at + 2);
    let (head, body) =
        if bytes.starts_with(b"{") || bytes.starts_with(b"[") { bytes.split_at(0) } else { bytes.split_at(start) };
    Some((head, serde_json::from_slice(body).ok()?))
}

/// How many values there are, this one included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The value of a number, counted in the order of the text.
fn nth<'v>(value: &'v mut Value, number: &mut usize) -> Option<&'v mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, number)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, number)),
        _ => None,
    }
}

/// Values of each type, at their ends.
fn value_of(number: u32) -> Value {
    match number % 16 {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(u64::MAX),
        5 => json!(i64::MIN),
        6 => json!(1e308),
        7 => json!(4.9e-324),
        8 => json!(""),
        9 => json!(" "),
        10 => json!("0"),
        11 => json!([]),
        12 => json!({}),
        13 => json!([null]),
        14 => json!("\u{0}\u{ffff}\u{10ffff}"),
        _ => json!("x".repeat(number as usize >> 16)),
    }
}

fn edit_value(root: &mut Value, edit: &Edit, other: &Value, material: Material<'_>) {
    let mut number = pick(edit.part, count(root));
    let Some(value) = nth(root, &mut number) else { return };
    match (edit.kind, value) {
        (Kind::Splice, value) => {
            let mut other = other.clone();
            let mut number = pick(edit.value, count(&other));
            if let Some(other) = nth(&mut other, &mut number) {
                *value = other.take();
            }
        }
        (Kind::Number | Kind::Binary, value) => *value = value_of(edit.value),
        (Kind::Repeat, value) => {
            if edit.value.is_multiple_of(16) {
                // Deep nesting.
                let inner = value.take();
                *value = (0..edit.length.min(100)).fold(inner, |inner, _| json!([inner]));
            } else if let Value::Array(items) = value {
                let items_before = items.clone();
                while items.len() < edit.length && !items_before.is_empty() {
                    items.extend_from_slice(&items_before);
                }
            } else if let Value::String(text) = value {
                *text = text.repeat(pick(edit.value, 200).min(20_000 / text.len().max(1)));
            }
        }
        (Kind::Delete | Kind::Truncate, Value::Array(items)) => {
            let at = pick(edit.at, items.len());
            if at < items.len() {
                items.remove(at);
            }
        }
        (kind, Value::Object(members)) => {
            let Some(name) = members.keys().nth(pick(edit.at, members.len())).cloned() else { return };
            let Some(member) = members.remove(&name) else { return };
            if !matches!(kind, Kind::Delete | Kind::Truncate) {
                let mut name = name.into_bytes();
                apply(&mut name, edit, material);
                members.insert(String::from_utf8_lossy(&name).into_owned(), member);
            }
        }
        (Kind::Move, Value::Array(items)) => items.reverse(),
        (_, Value::String(text)) => {
            let mut bytes = std::mem::take(text).into_bytes();
            apply(&mut bytes, edit, material);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        (_, value) => *value = value_of(edit.value),
    }
}
