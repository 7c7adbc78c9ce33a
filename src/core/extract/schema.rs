//! What is asked of a document: fields and tables, and whether a schema makes sense.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Step, Violation};
use crate::limits;

/// What kind of value a field holds. It decides which places of a document can be its value at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "FieldKind"))]
pub enum Kind {
    /// Words: what stands beside or below the label.
    #[default]
    Text,
    /// A number.
    Number,
    /// An amount of money, without its currency.
    Money,
    /// A share of a hundred, without its sign.
    Percent,
    /// A day, as `2026-03-31`.
    Date,
    /// Yes or no, as `true` or `false`.
    Boolean,
    /// An international bank account number, without spaces.
    Iban,
    /// A VAT identification number, without spaces.
    VatId,
    /// An address of mail, in lower case.
    Email,
    /// A telephone number: digits, with `+` in front where it is international.
    Phone,
    /// The address of a web page.
    Url,
    /// A currency, as its code of three letters.
    Currency,
    /// A token such as the number of an invoice or of a customer.
    Id,
    /// One of the field's options.
    Label,
}

/// One value that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Field {
    /// The name of the value, such as `invoice_number`. Unique in its schema or table.
    pub name: String,
    /// What kind of value it is.
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(as = "Option<Kind>", optional))]
    pub kind: Kind,
    /// What the value is, in plain language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub description: Option<String>,
    /// What documents call it besides its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<String>>", optional))]
    pub synonyms: Vec<String>,
    /// What a field of kind [`Kind::Label`] may say.
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

/// What is asked of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Schema {
    /// Values the document has once.
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<Field>>", optional))]
    pub fields: Vec<Field>,
    /// Values it has in rows.
    #[cfg_attr(feature = "types", ts(as = "Option<Vec<Table>>", optional))]
    pub tables: Vec<Table>,
}

impl Schema {
    /// Whether the schema can be worked with.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::error::Kind::Invalid), with every fault and where it is: no field and no table, a name
    /// that is empty or taken, a [`Kind::Label`] without options, or a bound of [`limits`].
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        if self.fields.is_empty() && self.tables.is_empty() {
            faults.add(&["fields".into()], "too_short", "The schema asks for nothing: it needs a field or a table");
        }
        let mut names = Vec::new();
        faults.fields(&[], &self.fields, &mut names);
        faults.count(&["tables".into()], self.tables.len(), limits::MAX_TABLES, "tables");
        for (at, table) in self.tables.iter().enumerate().take(limits::MAX_TABLES) {
            let place = ["tables".into(), at.into()];
            faults.name(&place, &table.name, &mut names);
            faults.text(&place, "description", table.description.as_deref().unwrap_or_default());
            if table.fields.is_empty() {
                faults.add(&with(&place, "fields"), "too_short", "A table needs a field");
            }
            faults.fields(&place, &table.fields, &mut Vec::new());
        }
        if faults.0.is_empty() { Ok(()) } else { Err(Error::invalid(faults.0)) }
    }
}

/// Violations as they are found.
#[derive(Default)]
struct Faults(Vec<Violation>);

fn with(place: &[Step], next: impl Into<Step>) -> Vec<Step> {
    place.iter().cloned().chain([next.into()]).collect()
}

impl Faults {
    fn add(&mut self, place: &[Step], reason: &str, message: impl Into<String>) {
        self.0.push(Violation {
            pointer: place.to_vec(),
            reason: reason.to_owned(),
            message: message.into(),
            input: None,
            context: None,
        });
    }

    fn fields<'a>(&mut self, place: &[Step], fields: &'a [Field], names: &mut Vec<&'a str>) {
        let place = with(place, "fields");
        self.count(&place, fields.len(), limits::MAX_FIELDS, "fields");
        for (at, field) in fields.iter().enumerate().take(limits::MAX_FIELDS) {
            let place = with(&place, at);
            self.name(&place, &field.name, names);
            self.text(&place, "description", field.description.as_deref().unwrap_or_default());
            self.texts(&place, "synonyms", &field.synonyms);
            self.texts(&place, "options", &field.options);
            if field.kind == Kind::Label && field.options.is_empty() {
                self.add(&with(&place, "options"), "too_short", "A field of kind label needs options");
            }
        }
    }

    fn name<'a>(&mut self, place: &[Step], name: &'a str, names: &mut Vec<&'a str>) {
        let place = with(place, "name");
        if name.trim().is_empty() {
            self.add(&place, "string_too_short", "A name must not be empty");
        } else if name.chars().count() > limits::MAX_FIELD_NAME_CHARS {
            let message = format!("A name should have at most {} characters", limits::MAX_FIELD_NAME_CHARS);
            self.add(&place, "string_too_long", message);
        } else if names.contains(&name) {
            self.add(&place, "duplicate", format!("The name {name:?} is taken"));
        }
        names.push(name);
    }

    fn count(&mut self, place: &[Step], count: usize, bound: usize, what: &str) {
        if count > bound {
            self.add(place, "too_long", format!("At most {bound} {what} are allowed"));
        }
    }

    fn text(&mut self, place: &[Step], member: &str, text: &str) {
        if text.chars().count() > limits::MAX_FIELD_TEXT_CHARS {
            let message = format!("A {member} should have at most {} characters", limits::MAX_FIELD_TEXT_CHARS);
            self.add(&with(place, member), "string_too_long", message);
        }
    }

    fn texts(&mut self, place: &[Step], member: &str, texts: &[String]) {
        let place = with(place, member);
        self.count(&place, texts.len(), limits::MAX_FIELD_WORDINGS, member);
        for (at, text) in texts.iter().enumerate().take(limits::MAX_FIELD_WORDINGS) {
            if text.trim().is_empty() {
                self.add(&with(&place, at), "string_too_short", format!("The {member} must not be empty"));
            } else if text.chars().count() > limits::MAX_FIELD_NAME_CHARS {
                let message =
                    format!("Each of {member} should have at most {} characters", limits::MAX_FIELD_NAME_CHARS);
                self.add(&with(&place, at), "string_too_long", message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_their_place() {
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
        let many = Schema {
            fields: (0..=limits::MAX_FIELDS).map(|n| Field { name: n.to_string(), ..Field::default() }).collect(),
            tables: vec![],
        };
        assert!(many.check().is_err());
        let fine = r#"{"fields":[{"name":"kind","kind":"label","options":["a"]},{"name":"iban","kind":"iban"}],"tables":[{"name":"items","fields":[{"name":"kind"}]}]}"#;
        let fine: Schema = serde_json::from_str(fine).unwrap();
        fine.check().unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&serde_json::to_string(&fine).unwrap()).unwrap(), fine);
    }
}
