//! Schemas, as callers give them.

use std::ops::RangeInclusive;

use super::{Kind, Schema, Table};
use crate::validate::{Check, Field};

/// The words for kinds of values.
pub const KINDS: [(&str, Kind); 14] = [
    ("text", Kind::Text),
    ("number", Kind::Number),
    ("money", Kind::Money),
    ("percent", Kind::Percent),
    ("date", Kind::Date),
    ("boolean", Kind::Boolean),
    ("iban", Kind::Iban),
    ("vat_id", Kind::VatId),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("url", Kind::Url),
    ("currency", Kind::Currency),
    ("id", Kind::Id),
    ("label", Kind::Label),
];

/// Bounds are [`Schema::check`]'s business: here is only looked whether the types are right.
const ANY: RangeInclusive<usize> = 0..=usize::MAX;

/// Reads the members `fields` and `tables` of `field`, and holds them against what a schema must be.
pub fn read(check: &mut Check, field: &Field<'_>) -> Option<Schema> {
    let (fields, tables) = (field.get("fields"), field.get("tables"));
    if fields.is_empty() && tables.is_empty() {
        check.refuse(&fields, "missing", "A schema needs a field or a table", None);
        return None;
    }
    let fields = many(check, &fields, value);
    let tables = many(check, &tables, table);
    let schema = Schema { fields: fields?, tables: tables? };
    if let Err(error) = schema.check() {
        check.refuse_within(field, &error);
        return None;
    }
    Some(schema)
}

/// Reads a list. Every item is looked at, so that everything wrong is said; no list is an empty one.
fn many<T>(
    check: &mut Check,
    field: &Field<'_>,
    mut one: impl FnMut(&mut Check, &Field<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    if field.is_absent() {
        return Some(Vec::new());
    }
    let items: Vec<_> = check.list(field, ANY)?.iter().map(|item| one(check, item)).collect();
    items.into_iter().collect()
}

fn table(check: &mut Check, item: &Field<'_>) -> Option<Table> {
    if !check.object(item) {
        return None;
    }
    check.only(item, &["name", "description", "fields"]);
    check.require(&item.get("name"));
    check.require(&item.get("fields"));
    let name = text(check, &item.get("name"));
    let description = text(check, &item.get("description"));
    let fields = many(check, &item.get("fields"), value);
    Some(Table { name: name?, description, fields: fields? })
}

fn value(check: &mut Check, item: &Field<'_>) -> Option<super::Field> {
    if !check.object(item) {
        return None;
    }
    check.only(item, &["name", "kind", "description", "synonyms", "options"]);
    check.require(&item.get("name"));
    let name = text(check, &item.get("name"));
    let kind = check.word(&item.get("kind"), &KINDS).unwrap_or_default();
    let description = text(check, &item.get("description"));
    let synonyms = many(check, &item.get("synonyms"), text);
    let options = many(check, &item.get("options"), text);
    Some(super::Field { name: name?, kind, description, synonyms: synonyms?, options: options? })
}

fn text(check: &mut Check, field: &Field<'_>) -> Option<String> {
    check.text(field, ANY).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(value: &Value) -> Vec<String> {
        let mut check = Check::default();
        let schema = read(&mut check, &Field::root("body", Some(value)));
        let Err(error) = check.finish(schema) else { return Vec::new() };
        let violations = error.violations().iter();
        violations.map(|v| format!("{} {}", serde_json::to_string(&v.pointer).unwrap(), v.reason)).collect()
    }

    #[test]
    fn reads_what_it_spells() {
        let value = json!({
            "fields": [{ "name": "total", "kind": "money", "description": "what is due", "synonyms": ["amount"] }],
            "tables": [{ "name": "items", "fields": [{ "name": "unit", "kind": "label", "options": ["kg", "pc"] }] }],
        });
        let mut check = Check::default();
        let schema = read(&mut check, &Field::root("body", Some(&value))).unwrap();
        check.finish(Some(())).unwrap();
        let spelt = serde_json::to_value(&schema).unwrap();
        let mut check = Check::default();
        assert_eq!(read(&mut check, &Field::root("body", Some(&spelt))), Some(schema));
    }

    #[test]
    fn says_everything_that_is_wrong() {
        assert_eq!(
            refused(&json!({
                "fields": [{ "name": 7, "kind": "sum" }, { "nam": "x" }, 3],
                "tables": [{ "name": "t", "fields": [{ "name": "a", "synonyms": ["b", 1] }] }],
            })),
            [
                r#"["body","fields",0,"name"] string_type"#,
                r#"["body","fields",0,"kind"] literal_error"#,
                r#"["body","fields",1,"nam"] extra_forbidden"#,
                r#"["body","fields",1,"name"] missing"#,
                r#"["body","fields",2] model_attributes_type"#,
                r#"["body","tables",0,"fields",0,"synonyms",1] string_type"#,
            ]
        );
        assert_eq!(refused(&json!({})), [r#"["body","fields"] missing"#]);
        assert_eq!(refused(&json!({ "fields": [], "tables": [] })), [r#"["body","fields"] missing"#]);
    }

    #[test]
    fn every_kind_has_its_word() {
        for (word, kind) in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
    }
}
