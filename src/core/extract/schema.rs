//! Schemas: the fields and tables to extract, and the checks on them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, PathSegment, Result, Violation};
use crate::limits;

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

/// One value to extract.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Field {
    /// The name, such as `invoice_number`. Unique in its schema or table.
    pub name: String,
    /// The kind of value.
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(as = "Option<FieldKind>", optional))]
    pub kind: FieldKind,
    /// What the value is, in plain language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub description: Option<String>,
    /// Other names that documents use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
    pub synonyms: Vec<String>,
    /// The values of a field of kind [`FieldKind::Label`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
    pub options: Vec<String>,
}

/// Rows of the same fields, such as the items of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Table {
    /// The name of the table. Unique among tables and fields.
    pub name: String,
    /// What its rows are, in plain language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub description: Option<String>,
    /// The fields of a row.
    pub fields: Vec<Field>,
}

/// What to extract from a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Schema {
    /// Values that a document has once.
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<Field>>", optional))]
    pub fields: Vec<Field>,
    /// Values that it has in rows.
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<Table>>", optional))]
    pub tables: Vec<Table>,
}

impl Schema {
    /// Checks that the schema is valid.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::error::ErrorKind::Invalid), with every violation and its place: no field and no
    /// table, a name that is empty or taken, a [`FieldKind::Label`] without options, or a bound of [`limits`].
    pub fn check(&self) -> Result<()> {
        let mut errors = SchemaErrors::default();
        if self.fields.is_empty() && self.tables.is_empty() {
            errors.add(&["fields".into()], "too_short", "The schema asks for nothing: it needs a field or a table");
        }
        let mut names = Vec::new();
        errors.fields(&[], &self.fields, &mut names);
        errors.count(&["tables".into()], self.tables.len(), limits::MAX_TABLES, "tables");
        for (table_index, table) in self.tables.iter().enumerate().take(limits::MAX_TABLES) {
            let pointer = ["tables".into(), table_index.into()];
            errors.name(&pointer, &table.name, &mut names);
            errors.text(&pointer, "description", table.description.as_deref().unwrap_or_default());
            if table.fields.is_empty() {
                errors.add(&with(&pointer, "fields"), "too_short", "A table needs a field");
            }
            errors.fields(&pointer, &table.fields, &mut Vec::new());
        }
        if errors.0.is_empty() { Ok(()) } else { Err(Error::invalid(errors.0)) }
    }
}

/// The violations found so far.
#[derive(Default)]
struct SchemaErrors(Vec<Violation>);

fn with(pointer: &[PathSegment], next: impl Into<PathSegment>) -> Vec<PathSegment> {
    pointer.iter().cloned().chain([next.into()]).collect()
}

impl SchemaErrors {
    fn add(&mut self, pointer: &[PathSegment], reason: &str, message: impl Into<String>) {
        self.0.push(Violation {
            pointer: pointer.to_vec(),
            reason: reason.to_owned(),
            message: message.into(),
            input: None,
            context: None,
        });
    }

    fn fields<'a>(&mut self, pointer: &[PathSegment], fields: &'a [Field], names: &mut Vec<&'a str>) {
        let pointer = with(pointer, "fields");
        self.count(&pointer, fields.len(), limits::MAX_FIELDS, "fields");
        for (index, field) in fields.iter().enumerate().take(limits::MAX_FIELDS) {
            let pointer = with(&pointer, index);
            self.name(&pointer, &field.name, names);
            self.text(&pointer, "description", field.description.as_deref().unwrap_or_default());
            self.texts(&pointer, "synonyms", &field.synonyms);
            self.texts(&pointer, "options", &field.options);
            if field.kind == FieldKind::Label && field.options.is_empty() {
                self.add(&with(&pointer, "options"), "too_short", "A field of kind label needs options");
            }
        }
    }

    fn name<'a>(&mut self, pointer: &[PathSegment], name: &'a str, names: &mut Vec<&'a str>) {
        let pointer = with(pointer, "name");
        if name.trim().is_empty() {
            self.add(&pointer, "string_too_short", "A name must not be empty");
        } else if name.chars().count() > limits::MAX_FIELD_NAME_CHARS {
            let message = format!("A name should have at most {} characters", limits::MAX_FIELD_NAME_CHARS);
            self.add(&pointer, "string_too_long", message);
        } else if names.contains(&name) {
            self.add(&pointer, "duplicate", format!("The name {name:?} is taken"));
        }
        names.push(name);
    }

    fn count(&mut self, pointer: &[PathSegment], count: usize, bound: usize, what: &str) {
        if count > bound {
            self.add(pointer, "too_long", format!("At most {bound} {what} are allowed"));
        }
    }

    fn text(&mut self, pointer: &[PathSegment], member: &str, text: &str) {
        if text.chars().count() > limits::MAX_FIELD_TEXT_CHARS {
            let message = format!("A {member} should have at most {} characters", limits::MAX_FIELD_TEXT_CHARS);
            self.add(&with(pointer, member), "string_too_long", message);
        }
    }

    fn texts(&mut self, pointer: &[PathSegment], member: &str, texts: &[String]) {
        let pointer = with(pointer, member);
        self.count(&pointer, texts.len(), limits::MAX_FIELD_WORDINGS, member);
        for (index, text) in texts.iter().enumerate().take(limits::MAX_FIELD_WORDINGS) {
            if text.trim().is_empty() {
                self.add(&with(&pointer, index), "string_too_short", format!("The {member} must not be empty"));
            } else if text.chars().count() > limits::MAX_FIELD_NAME_CHARS {
                let message =
                    format!("Each of {member} should have at most {} characters", limits::MAX_FIELD_NAME_CHARS);
                self.add(&with(&pointer, index), "string_too_long", message);
            }
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
            (r#"{"fields":[{"name":"a"}],"tables":[{"name":"a","fields":[]}]}"#, "/tables/0/fields: A table"),
            (
                r#"{"tables":[{"name":"a","fields":[{"name":"b","synonyms":["c",""]}]}]}"#,
                "/tables/0/fields/0/synonyms/1",
            ),
            (r#"{"fields":[{"name":"a","kind":"label"}]}"#, "/fields/0/options"),
        ] {
            let error = serde_json::from_str::<Schema>(json).unwrap().check().unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
        let too_many = Schema {
            fields: (0..=limits::MAX_FIELDS).map(|n| Field { name: n.to_string(), ..Field::default() }).collect(),
            tables: vec![],
        };
        assert!(too_many.check().is_err());
        let valid = r#"{"fields":[{"name":"kind","kind":"label","options":["a"]},{"name":"iban","kind":"iban"}],"tables":[{"name":"items","fields":[{"name":"kind"}]}]}"#;
        let valid: Schema = serde_json::from_str(valid).unwrap();
        valid.check().unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&serde_json::to_string(&valid).unwrap()).unwrap(), valid);
    }
}
