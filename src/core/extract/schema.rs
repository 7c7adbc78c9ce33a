//! Schemas: the fields and tables to extract, and the checks on them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, PathSegment, Result, Violation, Violations};
use crate::limits;
use crate::validate::{
    declare::declare,
    shape::{CLOSED, Object, Shape},
};

use super::input;

/// The kind of a field's value. It decides which places of a document are candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum FieldKind {
    /// Text beside or below the label.
    #[default]
    Text,
    /// A number.
    Number,
    /// An amount of money, without its currency.
    Money,
    /// A percentage, without its sign.
    Percent,
    /// A day, as `2026-03-31`.
    Date,
    /// Yes or no, as `true` or `false`.
    Boolean,
    /// An international bank account number, without spaces.
    Iban,
    /// A VAT identification number, without spaces.
    VatId,
    /// An email address, in lower case.
    Email,
    /// A telephone number: digits, with `+` in front if it is international.
    Phone,
    /// The address of a web page.
    Url,
    /// A currency, as its three-letter code.
    Currency,
    /// An identifier such as the number of an invoice or of a customer.
    Id,
    /// One of the field's options.
    Label,
}

declare! {
    /// One value to extract.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Field(CLOSED) {
        /// The name, such as `invoice_number`. Unique in its schema or table.
        pub name: String = required(NAME),
        /// The kind of value.
        #[serde(default)]
        #[cfg_attr(feature = "types", ts(as = "Option<FieldKind>", optional))]
        pub kind: FieldKind = default(input::KIND, FieldKind::default()),
        /// What the value is, in plain language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "types", ts(optional))]
        pub description: Option<String> = optional(TEXT),
        /// Other names that documents use for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
        pub synonyms: Vec<String> = optional(WORDINGS),
        /// The values of a field of the kind `label`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
        pub options: Vec<String> = optional(WORDINGS),
    }
}

declare! {
    /// Rows of the same fields, such as the items of an invoice.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Table(CLOSED) {
        /// The name of the table. Unique among tables and fields.
        pub name: String = required(NAME),
        /// What its rows are, in plain language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "types", ts(optional))]
        pub description: Option<String> = optional(TEXT),
        /// The fields of a row.
        pub fields: Vec<Field> = required(Shape::list(1..=limits::MAX_FIELDS, &Field::SHAPE)),
    }
}

declare! {
    /// What to extract from a document.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct Schema(Object { choices: &[input::FIELD_OR_TABLE], check: Some(input::check_schema), ..CLOSED }) {
        /// Values that a document has once.
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<Field>>", optional))]
        pub fields: Vec<Field> = optional(Shape::list(0..=limits::MAX_FIELDS, &Field::SHAPE)),
        /// Values that it has in rows.
        #[cfg_attr(feature = "types", ts(as = "Option<Vec<Table>>", optional))]
        pub tables: Vec<Table> = optional(Shape::list(0..=limits::MAX_TABLES, &Table::SHAPE)),
    }
}

/// The name of a field or table.
const NAME: Shape = Shape::text(1..=limits::MAX_FIELD_NAME_CHARS);

/// The description of a field or table.
const TEXT: Shape = Shape::text(0..=limits::MAX_FIELD_TEXT_CHARS);

/// Synonyms or options of a field.
const WORDINGS: Shape = Shape::list(0..=limits::MAX_FIELD_WORDINGS, &NAME);

impl Schema {
    /// Checks what the declaration of its members does not say.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid), with every violation and its place: no field and no
    /// table, a name or wording that is blank, a name that is taken, or a [`FieldKind::Label`] without options.
    pub fn check(&self) -> Result<()> {
        let mut errors = SchemaErrors::default();
        if self.fields.is_empty() && self.tables.is_empty() {
            errors.add(&["fields".into()], "too_short", "The schema asks for nothing: it needs a field or a table");
        }
        let mut names = Vec::new();
        errors.fields(&[], &self.fields, &mut names);
        for (table_index, table) in self.tables.iter().enumerate() {
            let pointer = ["tables".into(), table_index.into()];
            errors.name(&pointer, &table.name, &mut names);
            errors.fields(&pointer, &table.fields, &mut Vec::new());
        }
        if errors.0.is_empty() { Ok(()) } else { Err(Error::invalid(errors.0)) }
    }
}

/// The violations found so far.
#[derive(Default)]
struct SchemaErrors(Violations);

fn with(pointer: &[PathSegment], next: impl Into<PathSegment>) -> Vec<PathSegment> {
    pointer.iter().cloned().chain([next.into()]).collect()
}

impl SchemaErrors {
    fn add(&mut self, pointer: &[PathSegment], reason: &str, message: impl Into<String>) {
        self.0.add(|| Violation {
            pointer: pointer.to_vec(),
            reason: reason.to_owned(),
            message: message.into(),
            input: None,
            context: None,
        });
    }

    fn fields<'a>(&mut self, pointer: &[PathSegment], fields: &'a [Field], names: &mut Vec<&'a str>) {
        let pointer = with(pointer, "fields");
        for (index, field) in fields.iter().enumerate() {
            let pointer = with(&pointer, index);
            self.name(&pointer, &field.name, names);
            self.wordings(&pointer, "synonyms", &field.synonyms);
            self.wordings(&pointer, "options", &field.options);
            if field.kind == FieldKind::Label && field.options.is_empty() {
                self.add(&with(&pointer, "options"), "too_short", "A field of kind label needs options");
            }
        }
    }

    fn name<'a>(&mut self, pointer: &[PathSegment], name: &'a str, names: &mut Vec<&'a str>) {
        let pointer = with(pointer, "name");
        if name.trim().is_empty() {
            self.add(&pointer, "string_too_short", "A name must not be empty");
        } else if names.contains(&name) {
            self.add(&pointer, "duplicate", format!("The name {name:?} is taken"));
        }
        names.push(name);
    }

    fn wordings(&mut self, pointer: &[PathSegment], member: &str, texts: &[String]) {
        let pointer = with(pointer, member);
        for (index, _) in texts.iter().enumerate().filter(|(_, text)| text.trim().is_empty()) {
            self.add(&with(&pointer, index), "string_too_short", format!("The {member} must not be empty"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_their_place() {
        for (json, expected) in [
            (r"{}", "/fields: The schema asks"),
            (r#"{"fields":[{"name":" "}]}"#, "/fields/0/name: A name must"),
            (r#"{"fields":[{"name":"a"},{"name":"a"}]}"#, "/fields/1/name: The name \"a\" is taken"),
            (r#"{"fields":[{"name":"a"}],"tables":[{"name":"a","fields":[]}]}"#, "/tables/0/name: The name"),
            (
                r#"{"tables":[{"name":"a","fields":[{"name":"b","synonyms":["c",""]}]}]}"#,
                "/tables/0/fields/0/synonyms/1",
            ),
            (r#"{"fields":[{"name":"a","kind":"label"}]}"#, "/fields/0/options"),
        ] {
            let error = serde_json::from_str::<Schema>(json).unwrap().check().unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
        let valid = r#"{"fields":[{"name":"kind","kind":"label","options":["a"]},{"name":"iban","kind":"iban"}],"tables":[{"name":"items","fields":[{"name":"kind"}]}]}"#;
        let valid: Schema = serde_json::from_str(valid).unwrap();
        valid.check().unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&serde_json::to_string(&valid).unwrap()).unwrap(), valid);
    }
}
