//! Holding input against what it must be, and saying everything that is wrong with it at once.
//!
//! The words ([`Violation::reason`] and the sentences) are those that Python services of the FastAPI kind use, because
//! clients of every dialect know them; how a violation is spelt on the wire is the dialect's business.
//!
//! ```
//! use sortroom::validate::{Check, Field};
//!
//! let body = serde_json::json!({ "name": "", "size": "3" });
//! let body = Field::root("body", Some(&body));
//! let mut check = Check::default();
//! let name = check.text(&body.get("name"), 1..=255);
//! let size = check.integer(&body.get("size"), 1..=10);
//! assert_eq!(size, Some(3));
//! let error = check.finish(name.zip(size)).unwrap_err();
//! assert_eq!(error.message(), "String should have at least 1 character");
//! ```

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::{
    error::{Error, Step, Violation},
    time::Timestamp,
};

/// The longest refused value that is shown back, as JSON: enough to recognise it.
const SHOWN_BYTES: usize = 1024;

/// The longest language code, in characters: what BCP 47 asks readers to keep.
const LANGUAGE_CHARS: usize = 35;

/// A value of the input, and the way to it. Null is as good as absent.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    pointer: Vec<Step>,
    value: Option<&'a Value>,
    parent: Option<&'a Value>,
}

impl<'a> Field<'a> {
    /// The root of some input: `body`, or `query`.
    pub fn root(name: &str, value: Option<&'a Value>) -> Self {
        Self { pointer: vec![Step::from(name)], value: value.filter(|value| !value.is_null()), parent: None }
    }

    /// The member `name`; absent when there is none, or when this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Self {
        self.with(name, self.value.and_then(|value| value.get(name)))
    }

    /// A value one step further.
    #[must_use]
    pub fn with(&self, step: impl Into<Step>, value: Option<&'a Value>) -> Self {
        let mut pointer = self.pointer.clone();
        pointer.push(step.into());
        Self { pointer, value: value.filter(|value| !value.is_null()), parent: self.value }
    }

    /// The members and their names; none when this is no object. Members that are null are there too.
    pub fn members(&self) -> Vec<(&'a str, Self)> {
        let members = self.value.and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, value)| (name.as_str(), self.with(name.as_str(), Some(value)))).collect()
    }

    /// What was found wrong with the content of this after it was read, said at its place.
    pub fn at_fault(&self, error: Error) -> Error {
        if error.violations().is_empty() {
            return error;
        }
        let mut check = Check::default();
        check.refuse_within(self, &error);
        Error::invalid(check.violations)
    }

    /// Whether there is nothing here.
    pub fn is_absent(&self) -> bool {
        self.value.is_none()
    }

    /// Whether there is nothing here, or an empty list.
    pub fn is_empty(&self) -> bool {
        self.value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty))
    }
}

/// A collection of what is wrong with some input.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
}

impl Check {
    /// Notes that `field` is wrong.
    pub fn refuse(&mut self, field: &Field<'_>, reason: &str, message: impl Into<String>, context: Option<Value>) {
        self.violations.push(violation(field, reason, message.into(), field.value, context));
    }

    /// Notes that `field` is wrong in a way that has no name.
    pub fn refuse_value(&mut self, field: &Field<'_>, why: &str) {
        self.refuse(field, "value_error", format!("Value error, {why}"), Some(json!({ "error": why })));
    }

    /// Notes what was found wrong with the content of `field` after it was read.
    pub fn refuse_within(&mut self, field: &Field<'_>, error: &Error) {
        for inner in error.violations() {
            let pointer = field.pointer.iter().chain(&inner.pointer).cloned().collect();
            self.violations.push(Violation { pointer, ..inner.clone() });
        }
        if error.violations().is_empty() {
            self.refuse_value(field, error.message());
        }
    }

    /// Notes every member of `field` that has none of `names`.
    pub fn only(&mut self, field: &Field<'_>, names: &[&str]) {
        for (_, member) in field.members().iter().filter(|(name, _)| !names.contains(name)) {
            self.refuse(member, "extra_forbidden", "Extra inputs are not permitted", None);
        }
    }

    /// Notes when `field` is absent.
    pub fn require(&mut self, field: &Field<'_>) {
        if field.is_absent() {
            self.violations.push(violation(field, "missing", "Field required".to_owned(), field.parent, None));
        }
    }

    /// What came out, unless anything was wrong.
    ///
    /// # Errors
    ///
    /// `Invalid` with everything that was noted.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(Error::invalid(self.violations)),
        }
    }

    /// A text of so many characters.
    pub fn text<'a>(&mut self, field: &Field<'a>, length: RangeInclusive<usize>) -> Option<&'a str> {
        let Some(text) = field.value?.as_str() else {
            self.refuse(field, "string_type", "Input should be a valid string", None);
            return None;
        };
        let count = text.chars().count();
        let (least, most) = (*length.start(), *length.end());
        if count < least {
            let message = format!("String should have at least {} character{}", least, plural(least));
            self.refuse(field, "string_too_short", message, Some(json!({ "min_length": least })));
        } else if count > most {
            let message = format!("String should have at most {} character{}", most, plural(most));
            self.refuse(field, "string_too_long", message, Some(json!({ "max_length": most })));
        } else {
            return Some(text);
        }
        None
    }

    /// A text of so many characters for which `fits` holds; `pattern` says what that is.
    pub fn text_like<'a>(
        &mut self,
        field: &Field<'a>,
        length: RangeInclusive<usize>,
        pattern: &str,
        fits: impl FnOnce(&str) -> bool,
    ) -> Option<&'a str> {
        let text = self.text(field, length)?;
        if !fits(text) {
            let message = format!("String should match pattern '{pattern}'");
            self.refuse(field, "string_pattern_mismatch", message, Some(json!({ "pattern": pattern })));
            return None;
        }
        Some(text)
    }

    /// A whole number within bounds; digits in a text are taken for one, because queries have nothing else.
    pub fn integer(&mut self, field: &Field<'_>, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = match field.value? {
            Value::String(text) => text
                .trim()
                .parse::<i128>()
                .map_err(|_| ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")),
            Value::Number(number) => whole(number)
                .ok_or(("int_from_float", "Input should be a valid integer, got a number with a fractional part")),
            _ => Err(("int_type", "Input should be a valid integer")),
        };
        let number = match number {
            Ok(number) => number,
            Err((reason, message)) => {
                self.refuse(field, reason, message, None);
                return None;
            }
        };
        let (least, most) = (*bounds.start(), *bounds.end());
        if number < least.into() {
            let message = format!("Input should be greater than or equal to {least}");
            self.refuse(field, "greater_than_equal", message, Some(json!({ "ge": least })));
        } else if number > most.into() {
            let message = format!("Input should be less than or equal to {most}");
            self.refuse(field, "less_than_equal", message, Some(json!({ "le": most })));
        }
        u32::try_from(number).ok().filter(|number| bounds.contains(number))
    }

    /// A number within bounds.
    pub fn number(&mut self, field: &Field<'_>, bounds: RangeInclusive<f64>) -> Option<f64> {
        let Some(number) = field.value?.as_f64() else {
            self.refuse(field, "float_type", "Input should be a valid number", None);
            return None;
        };
        let (least, most) = (*bounds.start(), *bounds.end());
        if number < least {
            let message = format!("Input should be greater than or equal to {least}");
            self.refuse(field, "greater_than_equal", message, Some(json!({ "ge": least })));
        } else if number > most {
            let message = format!("Input should be less than or equal to {most}");
            self.refuse(field, "less_than_equal", message, Some(json!({ "le": most })));
        }
        Some(number).filter(|number| bounds.contains(number))
    }

    /// The code of a language, such as `de` or `pt-BR`.
    pub fn language<'a>(&mut self, field: &Field<'a>) -> Option<&'a str> {
        let fits = |text: &str| {
            let mut parts = text.split(['-', '_']);
            let first = |part: &str| matches!(part.len(), 2 | 3) && part.bytes().all(|b| b.is_ascii_alphabetic());
            parts.next().is_some_and(first)
                && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        self.text_like(field, 2..=LANGUAGE_CHARS, "^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$", fits)
    }

    /// Yes or no, in any of the usual words.
    pub fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        match field.value? {
            Value::Bool(value) => return Some(*value),
            Value::Number(number) if number.as_u64() == Some(0) => return Some(false),
            Value::Number(number) if number.as_u64() == Some(1) => return Some(true),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" | "t" | "y" => return Some(true),
                "false" | "0" | "no" | "off" | "f" | "n" => return Some(false),
                _ => {
                    let message = "Input should be a valid boolean, unable to interpret input";
                    self.refuse(field, "bool_parsing", message, None);
                }
            },
            _ => self.refuse(field, "bool_type", "Input should be a valid boolean", None),
        }
        None
    }

    /// A moment.
    pub fn moment(&mut self, field: &Field<'_>) -> Option<Timestamp> {
        let Some(text) = field.value?.as_str() else {
            self.refuse(field, "datetime_type", "Input should be a valid datetime", None);
            return None;
        };
        let moment = Timestamp::parse(text);
        if moment.is_none() {
            let why = "not a date and time such as 2026-03-01T10:00:00Z";
            let message = format!("Input should be a valid datetime, {why}");
            self.refuse(field, "datetime_parsing", message, Some(json!({ "error": why })));
        }
        moment
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, field: &Field<'_>, words: &[(&str, T)]) -> Option<T> {
        let value = field.value?;
        let found = words.iter().find(|(word, _)| value == word).map(|(_, meaning)| *meaning);
        if found.is_none() {
            self.refuse_word(field, words.iter().map(|(word, _)| *word));
        }
        found
    }

    /// Notes that `field` is none of `words`.
    pub fn refuse_word<'w>(&mut self, field: &Field<'_>, words: impl Iterator<Item = &'w str>) {
        let quoted: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let message = format!("Input should be {expected}");
        self.refuse(field, "literal_error", message, Some(json!({ "expected": expected })));
    }

    /// A list of so many items.
    pub fn list<'a>(&mut self, field: &Field<'a>, length: RangeInclusive<usize>) -> Option<Vec<Field<'a>>> {
        let Some(items) = field.value?.as_array() else {
            self.refuse(field, "list_type", "Input should be a valid list", None);
            return None;
        };
        let (least, most, actual) = (*length.start(), *length.end(), items.len());
        if actual < least {
            let message =
                format!("List should have at least {least} item{} after validation, not {actual}", plural(least));
            let context = json!({ "field_type": "List", "min_length": least, "actual_length": actual });
            self.refuse(field, "too_short", message, Some(context));
        } else if actual > most {
            let message =
                format!("List should have at most {most} item{} after validation, not {actual}", plural(most));
            let context = json!({ "field_type": "List", "max_length": most, "actual_length": actual });
            self.refuse(field, "too_long", message, Some(context));
        } else {
            return Some(items.iter().enumerate().map(|(i, item)| item_of(field, i, item)).collect());
        }
        None
    }

    /// An object. Whether there was one; nothing is noted when `field` is absent.
    pub fn object(&mut self, field: &Field<'_>) -> bool {
        match field.value {
            Some(Value::Object(_)) => true,
            Some(_) => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                self.refuse(field, "model_attributes_type", message, None);
                false
            }
            None => false,
        }
    }

    /// The refusal of a text that is no JSON.
    pub fn not_json(root: &Field<'_>, text: &[u8], error: &serde_json::Error) -> Error {
        let lines = text.split(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
        let place = lines.map(|line| line.len() + 1).sum::<usize>() + error.column().saturating_sub(1);
        let field = root.with(place.min(text.len()), None);
        let context = Some(json!({ "error": error.to_string() }));
        Error::invalid(vec![violation(&field, "json_invalid", "JSON decode error".to_owned(), None, context)])
    }
}

/// An item of a list: unlike a member, null is something there.
fn item_of<'a>(list: &Field<'a>, index: usize, item: &'a Value) -> Field<'a> {
    Field { value: Some(item), ..list.with(index, None) }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    if let Some(number) = number.as_i128() {
        return Some(number);
    }
    // A float without a fraction is a whole number too; beyond 2^53 none of ours is meant.
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    format!("{float:.0}").parse().ok()
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cold]
fn violation(
    field: &Field<'_>,
    reason: &str,
    message: String,
    input: Option<&Value>,
    context: Option<Value>,
) -> Violation {
    let small = |value: &&Value| serde_json::to_string(value).is_ok_and(|text| text.len() <= SHOWN_BYTES);
    Violation {
        pointer: field.pointer.clone(),
        reason: reason.to_owned(),
        message,
        input: input.filter(small).cloned(),
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<T>(check: impl FnOnce(&mut Check, &Field<'_>) -> T, value: impl Into<Value>) -> (String, String) {
        let mut all = Check::default();
        check(&mut all, &Field::root("body", Some(&value.into())));
        let error = all.finish(None::<()>).unwrap_err();
        let [violation] = error.violations() else { panic!("{error:?}") };
        (violation.reason.clone(), violation.message.clone())
    }

    fn pair(reason: &str, message: &str) -> (String, String) {
        (reason.to_owned(), message.to_owned())
    }

    #[test]
    fn says_it_in_the_words_clients_know() {
        let text = |check: &mut Check, field: &Field<'_>| check.text(field, 1..=3).is_some();
        assert_eq!(one(text, json!(1)), pair("string_type", "Input should be a valid string"));
        assert_eq!(one(text, json!("")), pair("string_too_short", "String should have at least 1 character"));
        assert_eq!(one(text, json!("äöüß")), pair("string_too_long", "String should have at most 3 characters"));
        let number = |check: &mut Check, field: &Field<'_>| check.integer(field, 1..=100).is_some();
        assert_eq!(one(number, json!(0)), pair("greater_than_equal", "Input should be greater than or equal to 1"));
        assert_eq!(one(number, json!(-1)), pair("greater_than_equal", "Input should be greater than or equal to 1"));
        assert_eq!(one(number, json!("101")), pair("less_than_equal", "Input should be less than or equal to 100"));
        assert_eq!(one(number, json!(1e300)).0, "int_from_float");
        assert_eq!(one(number, json!(1.5)).0, "int_from_float");
        assert_eq!(one(number, json!("x")).0, "int_parsing");
        assert_eq!(one(number, json!([])).0, "int_type");
        let list = |check: &mut Check, field: &Field<'_>| check.list(field, 1..=2).is_some();
        assert_eq!(one(list, json!({})), pair("list_type", "Input should be a valid list"));
        assert_eq!(one(list, json!([])), pair("too_short", "List should have at least 1 item after validation, not 0"));
        assert_eq!(one(list, json!([1, 2, 3])).0, "too_long");
        let word = |check: &mut Check, field: &Field<'_>| check.word(field, &[("A", 1), ("B", 2), ("C", 3)]).is_some();
        assert_eq!(one(word, json!("D")), pair("literal_error", "Input should be 'A', 'B' or 'C'"));
        let moment = |check: &mut Check, field: &Field<'_>| check.moment(field).is_some();
        assert_eq!(one(moment, json!("soon")).0, "datetime_parsing");
        assert_eq!(one(moment, json!(1)).0, "datetime_type");
        let object = |check: &mut Check, field: &Field<'_>| check.object(field);
        assert_eq!(one(object, json!([])).0, "model_attributes_type");
        let boolean = |check: &mut Check, field: &Field<'_>| check.boolean(field).is_some();
        assert_eq!(one(boolean, json!("perhaps")).0, "bool_parsing");
        let required = |check: &mut Check, field: &Field<'_>| check.require(&field.get("name"));
        assert_eq!(one(required, json!({ "name": null })), pair("missing", "Field required"));
        let float = |check: &mut Check, field: &Field<'_>| check.number(field, -1.0..=1.0).is_some();
        assert_eq!(one(float, json!("1")), pair("float_type", "Input should be a valid number"));
        assert_eq!(one(float, json!(2)), pair("less_than_equal", "Input should be less than or equal to 1"));
        assert_eq!(one(float, json!(-1.5)).0, "greater_than_equal");
        let known = |check: &mut Check, field: &Field<'_>| check.only(field, &["rules"]);
        assert_eq!(one(known, json!({ "rule": null })), pair("extra_forbidden", "Extra inputs are not permitted"));
    }

    #[test]
    fn notes_everything_and_where() {
        let body = json!({ "rules": [{ "type": 3 }, null], "name": "x".repeat(2000) });
        let body = Field::root("body", Some(&body));
        let mut check = Check::default();
        for rule in check.list(&body.get("rules"), 1..=9).unwrap() {
            if check.object(&rule) {
                check.text(&rule.get("type"), 1..=9);
                check.require(&rule.get("description"));
            }
        }
        check.object(&Field { value: Some(&Value::Null), ..body.clone() });
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
    fn faults_found_later_are_at_their_place() {
        let body = json!({ "schema": {} });
        let field = Field::root("body", Some(&body)).get("schema");
        let inner = violation(&Field::root("fields", None).with(0, None), "x", "Why".into(), None, None);
        for (error, place) in [
            (Error::invalid(vec![inner]), r#"["body","schema","fields",0]"#),
            (Error::new(crate::error::Kind::Invalid, "Why"), r#"["body","schema"]"#),
        ] {
            let mut check = Check::default();
            check.refuse_within(&field, &error);
            let refused = check.finish(Some(())).unwrap_err();
            assert_eq!(serde_json::to_string(&refused.violations()[0].pointer).unwrap(), place);
        }
    }

    #[test]
    fn takes_what_is_right() {
        let mut check = Check::default();
        let value = json!({ "n": 7.0, "s": "12", "yes": "On", "at": "2026-03-01", "text": "äöü", "none": null });
        let body = Field::root("body", Some(&value));
        assert_eq!(check.integer(&body.get("n"), 1..=9), Some(7));
        assert_eq!(check.integer(&body.get("s"), 1..=99), Some(12));
        assert_eq!(check.boolean(&body.get("yes")), Some(true));
        assert!(check.moment(&body.get("at")).is_some());
        assert_eq!(check.text(&body.get("text"), 3..=3), Some("äöü"));
        assert!(body.get("none").is_absent() && body.get("none").get("deeper").is_absent());
        assert_eq!(check.text(&body.get("none"), 1..=3), None);
        check.finish(Some(())).unwrap();
    }

    #[test]
    fn finds_the_place_in_broken_json() {
        let text = b"{\n  \"a\": x}";
        let error = serde_json::from_slice::<Value>(text).unwrap_err();
        let error = Check::not_json(&Field::root("body", None), text, &error);
        assert_eq!(serde_json::to_string(&error.violations()[0].pointer).unwrap(), r#"["body",9]"#);
        assert_eq!(error.violations()[0].reason, "json_invalid");
    }
}
