//! What a value of the input must be like, declared once: validation, reading and documentation follow from it.
//!
//! [`declare!`](super::declare::declare) declares an object and its Rust type. [`Validator::check_shape`] then reports
//! every fault of a value, and [`Read::read`] makes the typed value of one without faults. With the feature `openapi`,
//! a declaration is also a JSON schema.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{
    Input, Validator, as_boolean, as_integer,
    similar::{MAX_COMPARED, is_similar},
};
use crate::time::Timestamp;

/// What a value must be like.
#[derive(Debug)]
pub enum Shape {
    /// A text whose length in characters is in `length`.
    Text {
        /// The lengths.
        length: RangeInclusive<usize>,
        /// What else must hold for the text.
        pattern: Option<&'static Pattern>,
    },
    /// An integer; see [`Shape::integer`].
    Integer {
        /// The bounds.
        bounds: RangeInclusive<u32>,
        /// Reports the faults.
        check: fn(&mut Validator, &Input<'_>, RangeInclusive<u32>),
    },
    /// A number; see [`Shape::number`].
    Number {
        /// The bounds.
        bounds: RangeInclusive<f64>,
        /// Reports the faults.
        check: fn(&mut Validator, &Input<'_>, RangeInclusive<f64>),
    },
    /// A boolean.
    Boolean,
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// A list.
    List {
        /// The lengths.
        length: RangeInclusive<usize>,
        /// What every item must be like.
        item: &'static Self,
        /// The member of the items that no two have in common.
        unique: Option<Unique>,
    },
    /// An object whose members have names that the caller chooses.
    Named {
        /// The length of a name, in characters.
        name: RangeInclusive<usize>,
        /// The most members.
        max: usize,
        /// What every member must be like.
        member: &'static Self,
    },
    /// An object.
    Object(&'static Object),
    /// What only code can check.
    Own {
        /// The nearest shape that can be documented.
        documented: &'static Self,
        /// The format of the text, as JSON Schema calls it; empty if it is none of these.
        format: &'static str,
        /// Reports the faults.
        check: fn(&mut Validator, &Input<'_>),
    },
    /// One of these: for the documentation of a shape whose code chooses which.
    AnyOf(&'static [Self]),
    /// Any value.
    Any,
    /// The file of a form.
    File,
}

impl Shape {
    /// A text whose length in characters is in `length`.
    pub const fn text(length: RangeInclusive<usize>) -> Self {
        Self::Text { length, pattern: None }
    }

    /// An integer within `bounds`. The shape brings its check, so that code that declares no integers contains none of
    /// it: the formatting of numbers is most of what some modules of the npm package would gain.
    pub const fn integer(bounds: RangeInclusive<u32>) -> Self {
        Self::Integer { bounds, check: |check, field, bounds| _ = check.integer(field, bounds) }
    }

    /// A number within `bounds`, with its check for the same reason.
    pub const fn number(bounds: RangeInclusive<f64>) -> Self {
        Self::Number { bounds, check: |check, field, bounds| _ = check.number(field, bounds) }
    }

    /// A list whose length is in `length`.
    pub const fn list(length: RangeInclusive<usize>, item: &'static Self) -> Self {
        Self::List { length, item, unique: None }
    }

    /// Whether a form sends it as it is. Everything else is JSON there.
    pub const fn is_text(&self) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::Own { documented, .. } => documented.is_text(),
            _ => false,
        }
    }
}

/// What must hold for a text.
#[derive(Debug)]
pub struct Pattern {
    /// A regular expression, as callers see it.
    pub regex: &'static str,
    /// Whether the expression fits.
    pub fits: fn(&str) -> bool,
}

/// A member that no two items of a list have in common.
#[derive(Debug)]
pub struct Unique {
    /// The name of the member, whose value is a text.
    pub member: &'static str,
    /// The message for the second item with the same text.
    pub message: &'static str,
}

/// What an object must be like.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// The name of the type.
    pub name: &'static str,
    /// What the object is.
    #[cfg(feature = "openapi")]
    pub doc: &'static str,
    /// Its members.
    pub members: &'static [Member],
    /// Whether other members are refused. If not, they are ignored.
    pub closed: bool,
    /// Whether it must be there, if it is the root of the input.
    pub required: bool,
    /// Members that are part of answers: they are accepted, so that an answer can be sent back, and ignored.
    pub read_only: &'static [&'static str],
    /// Members of which there must be one.
    pub choices: &'static [Choice],
    /// Reports the faults that concern several members; called if there are no others.
    pub check: Option<fn(&mut Validator, &Input<'_>)>,
}

/// Members of which there must be one.
#[derive(Debug)]
pub struct Choice {
    /// Their names.
    pub members: &'static [&'static str],
    /// Whether there must not be more than one.
    pub exclusive: bool,
    /// Reports the fault, given the object: each dialect has its own words.
    pub check: fn(&mut Validator, &Input<'_>),
}

/// An object that refuses unknown members, so that a typo does not pass for an absent member.
pub const CLOSED: Object = Object {
    name: "",
    #[cfg(feature = "openapi")]
    doc: "",
    members: &[],
    closed: true,
    required: true,
    read_only: &[],
    choices: &[],
    check: None,
};

/// A language code, such as `de` or `pt-BR`. The longest is what BCP 47 requires implementations to accept.
pub const LANGUAGE: Shape = Shape::Text {
    length: 2..=35,
    pattern: Some(&Pattern { regex: "^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$", fits: is_language }),
};

fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let first = |part: &str| matches!(part.len(), 2 | 3) && part.bytes().all(|b| b.is_ascii_alphabetic());
    parts.next().is_some_and(first)
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A date and time.
pub const DATETIME: Shape = Shape::Own {
    documented: &Shape::text(1..=usize::MAX),
    format: "date-time",
    check: |check, field| {
        check.datetime(field);
    },
};

/// An object that ignores unknown members.
pub const OPEN: Object = Object { closed: false, ..CLOSED };

/// A member of an object.
#[derive(Debug)]
pub struct Member {
    /// Its name; empty for an object whose members count as members of this one.
    pub name: &'static str,
    /// What it is.
    #[cfg(feature = "openapi")]
    pub doc: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// The value of an absent member.
    #[cfg(feature = "openapi")]
    pub default: Option<fn() -> Value>,
    /// What it must be like.
    pub shape: Shape,
}

impl Object {
    /// All members, with those of flattened objects.
    pub fn all_members(&self) -> Vec<&'static Member> {
        let members = self.members.iter().map(|member| match member.flattened() {
            Some(object) => object.all_members(),
            None => vec![member],
        });
        members.flatten().collect()
    }

    /// Whether `value` has any of the members.
    fn is_begun(&self, value: Option<&Value>) -> bool {
        let members = value.and_then(Value::as_object);
        self.all_members().iter().any(|declared| member(members, declared.name).is_some())
    }

    fn check(&'static self, check: &mut Validator, field: &Input<'_>) {
        if self.closed {
            let members = self.all_members();
            let names = members.iter().map(|member| member.name).chain(self.read_only.iter().copied());
            check.deny_unknown_fields(field, &names.collect::<Vec<_>>());
        }
        self.check_members(check, field);
    }

    /// Whether the member `name` is absent from `field`, while another is there that is not declared and was meant for it.
    /// Reports that. A closed object has reported the other one.
    fn is_misnamed(&self, check: &mut Validator, field: &Input<'_>, name: &str) -> bool {
        let member = field.get(name);
        if self.closed || !member.is_absent() {
            return false;
        }
        let declared = self.all_members();
        let is_other = |other: &str| declared.iter().all(|member| member.name != other);
        let mut others = field.members().map(|(other, _)| other).take(MAX_COMPARED);
        let other = others.find(|other| is_other(other) && is_similar(other, name));
        if let Some(other) = other {
            check.reject(&member, "missing", format!("Field required; {other} is not known here"), None);
        }
        other.is_some()
    }

    /// Reports every fault of the members of `field`, but not members that are not declared.
    pub fn check_members(&'static self, check: &mut Validator, field: &Input<'_>) {
        let before = check.violations.count();
        for member in self.members {
            if matches!(member.shape, Shape::File) {
                // The reader of the form has seen to it.
                continue;
            }
            if let Some(object) = member.flattened() {
                if member.required || object.is_begun(field.value) {
                    object.check_members(check, field);
                }
                continue;
            }
            for choice in self.choices.iter().filter(|choice| choice.members.first() == Some(&member.name)) {
                (choice.check)(check, field);
            }
            let value = field.get(member.name);
            if member.required && !self.is_misnamed(check, field, member.name) {
                check.require(&value);
            }
            check.check_shape(&value, &member.shape);
        }
        if let Some(own) = self.check.filter(|_| check.violations.count() == before) {
            own(check, field);
        }
    }
}

impl Member {
    /// The object whose members count as members of the object that this is a member of.
    pub fn flattened(&self) -> Option<&'static Object> {
        match &self.shape {
            Shape::Object(object) if self.name.is_empty() => Some(object),
            _ => None,
        }
    }
}

impl Validator {
    /// Reports every fault of `field`. An absent value has none: whether it may be absent is for the object to say
    /// that it is a member of.
    pub fn check_shape(&mut self, field: &Input<'_>, shape: &Shape) {
        if field.is_absent() {
            return;
        }
        match shape {
            Shape::Text { length, pattern: None } => {
                self.text(field, length.clone());
            }
            Shape::Text { length, pattern: Some(pattern) } => {
                self.text_matching(field, length.clone(), pattern.regex, pattern.fits);
            }
            Shape::Integer { bounds, check } => check(self, field, bounds.clone()),
            Shape::Number { bounds, check } => check(self, field, bounds.clone()),
            Shape::Boolean => {
                self.boolean(field);
            }
            Shape::Words(words) => {
                let words = words();
                if !words.iter().any(|word| field.value.is_some_and(|value| value == word)) {
                    self.reject_enum(field, words.into_iter());
                }
            }
            Shape::List { length, item, unique } => self.check_list(field, length.clone(), item, unique.as_ref()),
            Shape::Named { name, max, member } => self.check_named(field, name, *max, member),
            Shape::Object(object) => {
                if self.object(field) {
                    object.check(self, field);
                }
            }
            Shape::Own { check, .. } => check(self, field),
            Shape::AnyOf(_) | Shape::Any | Shape::File => {}
        }
    }

    /// Reports every fault of the root of an input.
    pub fn check_root(&mut self, root: &Input<'_>, object: &'static Object) {
        if object.required {
            self.require(root);
        }
        self.check_shape(root, &Shape::Object(object));
    }

    fn check_list(&mut self, field: &Input<'_>, length: RangeInclusive<usize>, shape: &Shape, unique: Option<&Unique>) {
        let mut seen = BTreeSet::new();
        for item in self.list(field, length).unwrap_or_default() {
            self.check_shape(&item, shape);
            if let Some(unique) = unique {
                let member = item.get(unique.member);
                let text = member.value.and_then(Value::as_str).filter(|text| !text.is_empty());
                if text.is_some_and(|text| !seen.insert(text)) {
                    self.reject_value(&member, unique.message);
                }
            }
        }
    }

    fn check_named(&mut self, field: &Input<'_>, length: &RangeInclusive<usize>, max: usize, shape: &Shape) {
        self.object(field);
        if field.member_count() > max {
            self.reject_value(field, &format!("at most {max} can be declared in one file"));
        }
        for (name, member) in field.members().take(max) {
            if !length.contains(&name.chars().count()) {
                let why = format!("a name has {} to {} characters", length.start(), length.end());
                self.reject_value(&member, &why);
            }
            self.require(&member);
            self.check_shape(&member, shape);
        }
    }
}

/// A type that is declared with [`declare!`](super::declare::declare).
pub trait Declared: Read {
    /// What it must be like.
    const OBJECT: &'static Object;

    /// The same as a shape.
    const SHAPE: Shape = Shape::Object(Self::OBJECT);
}

/// A type of which valid input can be read.
pub trait Read: Sized {
    /// The value; None if it is not of this type, or absent and no value stands for an absent one.
    fn read(value: Option<&Value>) -> Option<Self>;
}

/// The member `name` of `members`; None if it is absent or null.
#[doc(hidden)]
pub fn member<'v>(members: Option<&'v Map<String, Value>>, name: &str) -> Option<&'v Value> {
    members?.get(name).filter(|value| !value.is_null())
}

impl Read for String {
    fn read(value: Option<&Value>) -> Option<Self> {
        value?.as_str().map(str::to_owned)
    }
}

impl Read for u32 {
    fn read(value: Option<&Value>) -> Option<Self> {
        as_integer(value?).ok()?.try_into().ok()
    }
}

impl Read for f64 {
    fn read(value: Option<&Value>) -> Option<Self> {
        value?.as_f64()
    }
}

impl Read for bool {
    fn read(value: Option<&Value>) -> Option<Self> {
        as_boolean(value?).ok()
    }
}

impl Read for Timestamp {
    fn read(value: Option<&Value>) -> Option<Self> {
        Self::parse(value?.as_str()?)
    }
}

impl Read for Value {
    fn read(value: Option<&Value>) -> Option<Self> {
        value.cloned()
    }
}

/// The members of an object by names that the caller chose, in their order; see [`Shape::Named`].
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T: Read> Read for Named<T> {
    /// An absent object has no members.
    fn read(value: Option<&Value>) -> Option<Self> {
        let members = match value {
            None => Some(Vec::new()),
            Some(value) => {
                let members = value.as_object()?.iter();
                members.map(|(name, value)| Some((name.clone(), T::read(Some(value))?))).collect()
            }
        };
        members.map(Self)
    }
}

/// The place of a file in the declaration of a form. The form's reader keeps the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePart;

impl Read for FilePart {
    fn read(_: Option<&Value>) -> Option<Self> {
        Some(Self)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

impl<T: Declared> Declared for Option<T> {
    const OBJECT: &'static Object = T::OBJECT;
}

/// The object that is flattened into `value`: None in the option if it has none of the members.
#[doc(hidden)]
pub fn read_partial<T: Declared>(value: Option<&Value>) -> Option<Option<T>> {
    if T::OBJECT.is_begun(value) { T::read(value).map(Some) } else { Some(None) }
}

impl<T: Read> Read for Vec<T> {
    /// An absent list is an empty one.
    fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(Self::new()),
            Some(value) => value.as_array()?.iter().map(|item| T::read(Some(item))).collect(),
        }
    }
}
