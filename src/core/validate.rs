//! Validation of input that reports all errors at once.
//!
//! Reasons ([`Violation::reason`]) and messages are those of FastAPI, because clients of every dialect know them. Each
//! dialect has its own wire format for violations.
//!
//! ```
//! use sortroom::validate::{Input, Validator};
//!
//! let body = serde_json::json!({ "name": "", "size": "3" });
//! let body = Input::root("body", Some(&body));
//! let mut check = Validator::default();
//! let name = check.text(&body.get("name"), 1..=255);
//! let size = check.integer(&body.get("size"), 1..=10);
//! assert_eq!(size, Some(3));
//! let error = check.finish(name.zip(size)).unwrap_err();
//! assert_eq!(error.message(), "String should have at least 1 character");
//! ```

pub(crate) mod declare;
#[cfg(feature = "openapi")]
pub mod json_schema;
pub mod shape;
mod similar;

use std::{io, ops::RangeInclusive};

use serde_json::{Value, json};

use crate::{
    error::{Error, PathSegment, Violation, Violations},
    time::Timestamp,
};

/// The longest rejected value that errors repeat, as JSON: enough to recognise it.
const MAX_ECHOED_BYTES: usize = 1024;

/// The longest name in the path of a violation: as long as any valid name, of 255 characters. The path is in every
/// violation of what the name leads to, and an invalid name may have megabytes.
const MAX_NAME_BYTES: usize = 1024;

/// A value of the input, and the path to it. Null counts as absent.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    pointer: Vec<PathSegment>,
    value: Option<&'a Value>,
    parent: Option<&'a Value>,
}

impl<'a> Input<'a> {
    /// The root of an input; its name is `body` or `query`.
    pub fn root(name: &str, value: Option<&'a Value>) -> Self {
        Self { pointer: vec![PathSegment::from(name)], value: value.filter(|value| !value.is_null()), parent: None }
    }

    /// The member `name`; absent if there is none or this is not an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Self {
        self.with(name, self.value.and_then(|value| value.get(name)))
    }

    /// The child `value` at `step`.
    #[must_use]
    pub fn with(&self, step: impl Into<PathSegment>, value: Option<&'a Value>) -> Self {
        let mut pointer = self.pointer.clone();
        pointer.push(step.into());
        Self { pointer, value: value.filter(|value| !value.is_null()), parent: self.value }
    }

    /// The members and their names, including null ones; none if this is not an object. Made one by one, like
    /// [`items`](Self::items).
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let members = self.value.and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, value)| (name.as_str(), self.with(in_path(name), Some(value))))
    }

    /// Whether there is a member `name`, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.value.and_then(Value::as_object).is_some_and(|members| members.contains_key(name))
    }

    /// How many members there are; 0 if this is not an object.
    pub fn member_count(&self) -> usize {
        self.value.and_then(Value::as_object).map_or(0, serde_json::Map::len)
    }

    /// The items of a list; none if this is not a list. Made one by one: an item with its path takes a hundred times
    /// the memory of a digit.
    pub fn items(&self) -> impl Iterator<Item = Self> {
        let items = self.value.and_then(Value::as_array).into_iter().flatten();
        items.enumerate().map(|(index, item)| list_item(self, index, item))
    }

    /// The typed value; None if it is not of that type.
    pub fn read<T: shape::Read>(&self) -> Option<T> {
        T::read(self.value)
    }

    /// The error about the content of this value, with the path of this value in front of its pointers.
    pub fn nest_error(&self, error: Error) -> Error {
        if error.violations().is_empty() {
            return error;
        }
        let mut check = Validator::default();
        check.reject_nested(self, &error);
        Error::invalid(check.violations)
    }

    /// The value, unless it is missing or null.
    pub const fn value(&self) -> Option<&'a Value> {
        self.value
    }

    /// Whether the value is missing or null.
    pub fn is_absent(&self) -> bool {
        self.value.is_none()
    }

    /// Whether the value is missing, null or an empty list.
    pub fn is_empty(&self) -> bool {
        self.value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty))
    }
}

/// Collects the violations of an input, of which it keeps [`MAX_VIOLATIONS`](crate::error::MAX_VIOLATIONS).
#[derive(Debug, Default)]
pub struct Validator {
    violations: Violations,
}

impl Validator {
    /// Adds a violation at `field`.
    pub fn reject(&mut self, field: &Input<'_>, reason: &str, message: impl Into<String>, context: Option<Value>) {
        self.violations.add(|| violation(field, reason, message.into(), field.value, context));
    }

    /// Adds a violation at `field` with the generic reason `value_error`.
    pub fn reject_value(&mut self, field: &Input<'_>, why: &str) {
        self.reject(field, "value_error", format!("Value error, {why}"), Some(json!({ "error": why })));
    }

    /// Adds the violations of an error about the content of `field`, or its message if it has none.
    pub fn reject_nested(&mut self, field: &Input<'_>, error: &Error) {
        for inner in error.violations() {
            let pointer = || field.pointer.iter().chain(&inner.pointer).cloned().collect();
            self.violations.add(|| Violation { pointer: pointer(), ..inner.clone() });
        }
        self.violations.omit(error.omitted_violations());
        if error.violations().is_empty() {
            self.reject_value(field, error.message());
        }
    }

    /// Rejects every member of `field` whose name is not in `names`.
    pub fn deny_unknown_fields(&mut self, field: &Input<'_>, names: &[&str]) {
        for (name, member) in field.members().filter(|(name, _)| !names.contains(name)) {
            self.violations.add(|| {
                // A member that is there already was not meant.
                let missing = names.iter().copied().filter(|known| !field.has(known));
                let message = match similar::nearest(name, missing) {
                    Some(known) => format!("is not known; did you mean {known}?"),
                    None => "is not known".to_owned(),
                };
                violation(&member, "extra_forbidden", message, member.value, None)
            });
        }
    }

    /// Rejects `field` if it is absent.
    pub fn require(&mut self, field: &Input<'_>) {
        if field.is_absent() {
            self.violations.add(|| violation(field, "missing", "Field required".to_owned(), field.parent, None));
        }
    }

    /// Adds the violations that `other` has collected.
    pub fn append(&mut self, other: Self) {
        self.violations.append(other.violations);
    }

    /// Adds the violations of `error`, whose pointers begin at the same root.
    pub fn add_error(&mut self, error: &Error) {
        self.violations.extend(error.violations().iter().cloned());
    }

    /// The parsed value, if there were no violations.
    ///
    /// # Errors
    ///
    /// `Invalid` with the violations.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(Error::invalid(self.violations)),
        }
    }

    /// A text whose length in characters is in `length`.
    pub fn text<'a>(&mut self, field: &Input<'a>, length: RangeInclusive<usize>) -> Option<&'a str> {
        let Some(text) = field.value?.as_str() else {
            self.reject(field, "string_type", "Input should be a valid string", None);
            return None;
        };
        let count = text.chars().count();
        let (min, max) = (*length.start(), *length.end());
        if count < min {
            let message = format!("String should have at least {} character{}", min, plural(min));
            self.reject(field, "string_too_short", message, Some(json!({ "min_length": min })));
        } else if count > max {
            let message = format!("String should have at most {} character{}", max, plural(max));
            self.reject(field, "string_too_long", message, Some(json!({ "max_length": max })));
        } else {
            return Some(text);
        }
        None
    }

    /// A text whose length in characters is in `length` and for which `fits` holds; `pattern` describes `fits`.
    pub fn text_matching<'a>(
        &mut self,
        field: &Input<'a>,
        length: RangeInclusive<usize>,
        pattern: &str,
        fits: impl FnOnce(&str) -> bool,
    ) -> Option<&'a str> {
        let text = self.text(field, length)?;
        if !fits(text) {
            let message = format!("String should match pattern '{pattern}'");
            self.reject(field, "string_pattern_mismatch", message, Some(json!({ "pattern": pattern })));
            return None;
        }
        Some(text)
    }

    /// An integer within `bounds`. Strings of digits are accepted too, because query parameters are strings.
    pub fn integer(&mut self, field: &Input<'_>, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = match as_integer(field.value?) {
            Ok(number) => number,
            Err((reason, message)) => {
                self.reject(field, reason, message, None);
                return None;
            }
        };
        let (min, max) = (*bounds.start(), *bounds.end());
        if number < min.into() {
            let message = format!("Input should be greater than or equal to {min}");
            self.reject(field, "greater_than_equal", message, Some(json!({ "ge": min })));
        } else if number > max.into() {
            let message = format!("Input should be less than or equal to {max}");
            self.reject(field, "less_than_equal", message, Some(json!({ "le": max })));
        }
        u32::try_from(number).ok().filter(|number| bounds.contains(number))
    }

    /// A number within `bounds`.
    pub fn number(&mut self, field: &Input<'_>, bounds: RangeInclusive<f64>) -> Option<f64> {
        let Some(number) = field.value?.as_f64() else {
            self.reject(field, "float_type", "Input should be a valid number", None);
            return None;
        };
        let (min, max) = (*bounds.start(), *bounds.end());
        if number < min {
            let message = format!("Input should be greater than or equal to {min}");
            self.reject(field, "greater_than_equal", message, Some(json!({ "ge": min })));
        } else if number > max {
            let message = format!("Input should be less than or equal to {max}");
            self.reject(field, "less_than_equal", message, Some(json!({ "le": max })));
        }
        Some(number).filter(|number| bounds.contains(number))
    }

    /// A boolean, in any of the usual notations.
    pub fn boolean(&mut self, field: &Input<'_>) -> Option<bool> {
        match as_boolean(field.value?) {
            Ok(value) => Some(value),
            Err((reason, message)) => {
                self.reject(field, reason, message, None);
                None
            }
        }
    }

    /// A date and time.
    pub fn datetime(&mut self, field: &Input<'_>) -> Option<Timestamp> {
        let Some(text) = field.value?.as_str() else {
            self.reject(field, "datetime_type", "Input should be a valid datetime", None);
            return None;
        };
        let moment = Timestamp::parse(text);
        if moment.is_none() {
            let why = "not a date and time such as 2026-03-01T10:00:00Z";
            let message = "Input should be a valid datetime, such as 2026-03-01T10:00:00Z";
            self.reject(field, "datetime_parsing", message, Some(json!({ "error": why })));
        }
        moment
    }

    /// The value of one of `words`.
    pub fn one_of<T: Copy>(&mut self, field: &Input<'_>, words: &[(&str, T)]) -> Option<T> {
        let input = field.value?;
        let found = words.iter().find(|(word, _)| input == word).map(|(_, value)| *value);
        if found.is_none() {
            self.reject_enum(field, words.iter().map(|(word, _)| *word));
        }
        found
    }

    /// Rejects `field` because it is none of `words`.
    pub fn reject_enum<'w>(&mut self, field: &Input<'_>, words: impl Iterator<Item = &'w str>) {
        let quoted: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let message = format!("Input should be {expected}");
        self.reject(field, "literal_error", message, Some(json!({ "expected": expected })));
    }

    /// The items of a list whose length is in `length`.
    pub fn list<'a>(&mut self, field: &Input<'a>, length: RangeInclusive<usize>) -> Option<Vec<Input<'a>>> {
        let Some(items) = field.value?.as_array() else {
            self.reject(field, "list_type", "Input should be a valid list", None);
            return None;
        };
        let (min, max, actual) = (*length.start(), *length.end(), items.len());
        if actual < min {
            let message = format!("List should have at least {min} item{} after validation, not {actual}", plural(min));
            let context = json!({ "field_type": "List", "min_length": min, "actual_length": actual });
            self.reject(field, "too_short", message, Some(context));
        } else if actual > max {
            let message = format!("List should have at most {max} item{} after validation, not {actual}", plural(max));
            let context = json!({ "field_type": "List", "max_length": max, "actual_length": actual });
            self.reject(field, "too_long", message, Some(context));
        } else {
            return Some(field.items().collect());
        }
        None
    }

    /// Whether `field` is an object. Rejects other values, but not an absent one.
    pub fn object(&mut self, field: &Input<'_>) -> bool {
        match field.value {
            Some(Value::Object(_)) => true,
            Some(_) => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                self.reject(field, "model_attributes_type", message, None);
                false
            }
            None => false,
        }
    }

    /// The error for a text that is not JSON.
    pub fn not_json(root: &Input<'_>, text: &[u8], error: &serde_json::Error) -> Error {
        let lines = text.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
        let offset = lines.map(|line| line.len() + 1).sum::<usize>() + error.column().saturating_sub(1);
        let field = root.with(offset.min(text.len()), None);
        let context = Some(json!({ "error": error.to_string() }));
        Error::invalid(vec![violation(&field, "json_invalid", "JSON decode error".to_owned(), None, context)])
    }
}

/// A name that the caller chose, as paths have it: cut after [`MAX_NAME_BYTES`].
fn in_path(name: &str) -> &str {
    let end = (0..=MAX_NAME_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    end.and_then(|end| name.get(..end)).unwrap_or_default()
}

/// An item of a list. Unlike a null member, a null item counts as present.
fn list_item<'a>(list: &Input<'a>, index: usize, item: &'a Value) -> Input<'a> {
    Input { value: Some(item), ..list.with(index, None) }
}

/// The reason and the message of a violation.
type Fault = (&'static str, &'static str);

/// The integer that a value denotes.
fn as_integer(value: &Value) -> Result<i128, Fault> {
    match value {
        Value::String(text) => text
            .trim()
            .parse()
            .map_err(|_| ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")),
        Value::Number(number) => whole(number)
            .ok_or(("int_from_float", "Input should be a valid integer, got a number with a fractional part")),
        _ => Err(("int_type", "Input should be a valid integer")),
    }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    if let Some(number) = number.as_i128() {
        return Some(number);
    }
    // A float without a fraction is an integer too, if it is below 2^53, where floats are exact.
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    format!("{float:.0}").parse().ok()
}

/// The boolean that a value denotes.
fn as_boolean(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(false),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(true),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
            "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
            _ => Err(("bool_parsing", "Input should be a valid boolean, unable to interpret input")),
        },
        _ => Err(("bool_type", "Input should be a valid boolean")),
    }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Room for some bytes. Writing more fails, so that a long value is not serialized to its end.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cold]
fn violation(
    field: &Input<'_>,
    reason: &str,
    message: String,
    input: Option<&Value>,
    context: Option<Value>,
) -> Violation {
    let is_short = |value: &&Value| serde_json::to_writer(Room(MAX_ECHOED_BYTES), value).is_ok();
    Violation {
        pointer: field.pointer.clone(),
        reason: reason.to_owned(),
        message,
        input: input.filter(is_short).cloned(),
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_violation<T>(
        check: impl FnOnce(&mut Validator, &Input<'_>) -> T,
        value: impl Into<Value>,
    ) -> (String, String) {
        let mut validator = Validator::default();
        check(&mut validator, &Input::root("body", Some(&value.into())));
        let error = validator.finish(None::<()>).unwrap_err();
        let [violation] = error.violations() else { panic!("{error:?}") };
        (violation.reason.clone(), violation.message.clone())
    }

    fn pair(reason: &str, message: &str) -> (String, String) {
        (reason.to_owned(), message.to_owned())
    }

    #[test]
    fn messages_are_those_of_fastapi() {
        let text = |check: &mut Validator, field: &Input<'_>| check.text(field, 1..=3).is_some();
        assert_eq!(only_violation(text, json!(1)), pair("string_type", "Input should be a valid string"));
        assert_eq!(
            only_violation(text, json!("")),
            pair("string_too_short", "String should have at least 1 character")
        );
        assert_eq!(
            only_violation(text, json!("äöüß")),
            pair("string_too_long", "String should have at most 3 characters")
        );
        let number = |check: &mut Validator, field: &Input<'_>| check.integer(field, 1..=100).is_some();
        assert_eq!(
            only_violation(number, json!(0)),
            pair("greater_than_equal", "Input should be greater than or equal to 1")
        );
        assert_eq!(
            only_violation(number, json!(-1)),
            pair("greater_than_equal", "Input should be greater than or equal to 1")
        );
        assert_eq!(
            only_violation(number, json!("101")),
            pair("less_than_equal", "Input should be less than or equal to 100")
        );
        assert_eq!(only_violation(number, json!(1e300)).0, "int_from_float");
        assert_eq!(only_violation(number, json!(1.5)).0, "int_from_float");
        assert_eq!(only_violation(number, json!("x")).0, "int_parsing");
        assert_eq!(only_violation(number, json!([])).0, "int_type");
        let list = |check: &mut Validator, field: &Input<'_>| check.list(field, 1..=2).is_some();
        assert_eq!(only_violation(list, json!({})), pair("list_type", "Input should be a valid list"));
        assert_eq!(
            only_violation(list, json!([])),
            pair("too_short", "List should have at least 1 item after validation, not 0")
        );
        assert_eq!(only_violation(list, json!([1, 2, 3])).0, "too_long");
        let word =
            |check: &mut Validator, field: &Input<'_>| check.one_of(field, &[("A", 1), ("B", 2), ("C", 3)]).is_some();
        assert_eq!(only_violation(word, json!("D")), pair("literal_error", "Input should be 'A', 'B' or 'C'"));
        let moment = |check: &mut Validator, field: &Input<'_>| check.datetime(field).is_some();
        assert_eq!(only_violation(moment, json!("soon")).0, "datetime_parsing");
        assert_eq!(only_violation(moment, json!(1)).0, "datetime_type");
        let object = |check: &mut Validator, field: &Input<'_>| check.object(field);
        assert_eq!(only_violation(object, json!([])).0, "model_attributes_type");
        let boolean = |check: &mut Validator, field: &Input<'_>| check.boolean(field).is_some();
        assert_eq!(only_violation(boolean, json!("perhaps")).0, "bool_parsing");
        let required = |check: &mut Validator, field: &Input<'_>| check.require(&field.get("name"));
        assert_eq!(only_violation(required, json!({ "name": null })), pair("missing", "Field required"));
        let float = |check: &mut Validator, field: &Input<'_>| check.number(field, -1.0..=1.0).is_some();
        assert_eq!(only_violation(float, json!("1")), pair("float_type", "Input should be a valid number"));
        assert_eq!(only_violation(float, json!(2)), pair("less_than_equal", "Input should be less than or equal to 1"));
        assert_eq!(only_violation(float, json!(-1.5)).0, "greater_than_equal");
        let known = |check: &mut Validator, field: &Input<'_>| check.deny_unknown_fields(field, &["rules"]);
        assert_eq!(
            only_violation(known, json!({ "rule": null })),
            pair("extra_forbidden", "is not known; did you mean rules?")
        );
    }

    #[test]
    fn reports_all_violations_with_pointers() {
        let body = json!({ "rules": [{ "type": 3 }, null], "name": "x".repeat(2000) });
        let body = Input::root("body", Some(&body));
        let mut check = Validator::default();
        for rule in check.list(&body.get("rules"), 1..=9).unwrap() {
            if check.object(&rule) {
                check.text(&rule.get("type"), 1..=9);
                check.require(&rule.get("description"));
            }
        }
        check.object(&Input { value: Some(&Value::Null), ..body.clone() });
        check.text(&body.get("name"), 1..=9);
        let error = check.finish(Some(())).unwrap_err();
        let found: Vec<_> = error
            .violations()
            .iter()
            .map(|v| (serde_json::to_string(&v.pointer).unwrap(), v.reason.as_str(), v.input.is_some()))
            .collect();
        assert_eq!(
            found,
            [
                (r#"["body","rules",0,"type"]"#.to_owned(), "string_type", true),
                (r#"["body","rules",0,"description"]"#.to_owned(), "missing", true),
                (r#"["body","rules",1]"#.to_owned(), "model_attributes_type", true),
                (r#"["body"]"#.to_owned(), "model_attributes_type", true),
                (r#"["body","name"]"#.to_owned(), "string_too_long", false),
            ]
        );
    }

    #[test]
    fn violations_are_listed_up_to_a_limit_and_counted() {
        let members: serde_json::Map<_, _> = (0..300).map(|number| (number.to_string(), json!(0))).collect();
        let body = json!({ "case": members });
        let body = Input::root("body", Some(&body));
        let mut check = Validator::default();
        check.deny_unknown_fields(&body.get("case"), &["7"]);
        let mut other = Validator::default();
        other.require(&body.get("name"));
        other.append(check);
        let error = other.finish(Some(())).unwrap_err();
        assert_eq!((error.violations().len(), error.omitted_violations()), (100, 200));
        assert_eq!(error.violations()[0].message, "Field required");
        let nested = body.get("case").nest_error(error);
        assert_eq!((nested.violations().len(), nested.omitted_violations()), (100, 200));
        assert_eq!(nested.omission().unwrap().pointer, ["body".into()]);
    }

    #[test]
    fn long_names_are_cut_and_long_values_left_out() {
        let name = "\u{1f4c4}".repeat(MAX_NAME_BYTES);
        let exact = "x".repeat(MAX_ECHOED_BYTES - 2);
        let value = json!({ name: 1, "exact": exact, "longer": format!("{exact}x") });
        let mut check = Validator::default();
        check.deny_unknown_fields(&Input::root("body", Some(&value)), &[]);
        let error = check.finish(Some(())).unwrap_err();
        let of = |member: &str| {
            let mut violations = error.violations().iter();
            violations.find(|violation| violation.pointer[1] == member.into()).unwrap()
        };
        assert_eq!(of(&"\u{1f4c4}".repeat(MAX_NAME_BYTES / 4)).input, Some(json!(1)));
        assert_eq!((of("exact").input.is_some(), of("longer").input.is_some()), (true, false));
    }

    #[test]
    fn nested_errors_get_full_pointers() {
        let body = json!({ "schema": {} });
        let field = Input::root("body", Some(&body)).get("schema");
        let inner = violation(&Input::root("fields", None).with(0, None), "x", "Why".into(), None, None);
        for (error, pointer) in [
            (Error::invalid(vec![inner]), r#"["body","schema","fields",0]"#),
            (Error::new(crate::error::ErrorKind::Invalid, "Why"), r#"["body","schema"]"#),
        ] {
            let mut check = Validator::default();
            check.reject_nested(&field, &error);
            let refused = check.finish(Some(())).unwrap_err();
            assert_eq!(serde_json::to_string(&refused.violations()[0].pointer).unwrap(), pointer);
        }
    }

    #[test]
    fn accepts_valid_values() {
        let mut check = Validator::default();
        let value = json!({ "n": 7.0, "s": "12", "yes": "On", "at": "2026-03-01", "text": "äöü", "none": null });
        let body = Input::root("body", Some(&value));
        assert_eq!(check.integer(&body.get("n"), 1..=9), Some(7));
        assert_eq!(check.integer(&body.get("s"), 1..=99), Some(12));
        assert_eq!(check.boolean(&body.get("yes")), Some(true));
        assert!(check.datetime(&body.get("at")).is_some());
        assert_eq!(check.text(&body.get("text"), 3..=3), Some("äöü"));
        assert!(body.get("none").is_absent() && body.get("none").get("deeper").is_absent());
        assert_eq!(check.text(&body.get("none"), 1..=3), None);
        check.finish(Some(())).unwrap();
    }

    #[test]
    fn reports_the_offset_in_malformed_json() {
        let text = b"{\n  \"a\": x}";
        let error = serde_json::from_slice::<Value>(text).unwrap_err();
        let error = Validator::not_json(&Input::root("body", None), text, &error);
        assert_eq!(serde_json::to_string(&error.violations()[0].pointer).unwrap(), r#"["body",9]"#);
        assert_eq!(error.violations()[0].reason, "json_invalid");
    }
}
