//! Parses schemas from JSON.

use std::ops::RangeInclusive;

use super::{FieldKind, Schema, Table};
use crate::validate::{Input, Validator};

/// The names of the kinds of fields.
pub const FIELD_KINDS: [(&str, FieldKind); 14] = [
    ("text", FieldKind::Text),
    ("number", FieldKind::Number),
    ("money", FieldKind::Money),
    ("percent", FieldKind::Percent),
    ("date", FieldKind::Date),
    ("boolean", FieldKind::Boolean),
    ("iban", FieldKind::Iban),
    ("vat_id", FieldKind::VatId),
    ("email", FieldKind::Email),
    ("phone", FieldKind::Phone),
    ("url", FieldKind::Url),
    ("currency", FieldKind::Currency),
    ("id", FieldKind::Id),
    ("label", FieldKind::Label),
];

/// No bound: this module checks types only, and [`Schema::check`] the bounds.
const ANY: RangeInclusive<usize> = 0..=usize::MAX;

/// Reads the members `fields` and `tables` of `field`, and checks the schema.
pub fn parse_schema(check: &mut Validator, field: &Input<'_>) -> Option<Schema> {
    let (fields, tables) = (field.get("fields"), field.get("tables"));
    if fields.is_empty() && tables.is_empty() {
        check.reject(&fields, "missing", "A schema needs a field or a table", None);
        return None;
    }
    let fields = parse_list(check, &fields, parse_field);
    let tables = parse_list(check, &tables, parse_table);
    let schema = Schema { fields: fields?, tables: tables? };
    if let Err(error) = schema.check() {
        check.reject_nested(field, &error);
        return None;
    }
    Some(schema)
}

/// Reads a list. Every item is checked, so that all errors are reported. An absent list is an empty one.
fn parse_list<T>(
    check: &mut Validator,
    field: &Input<'_>,
    mut parse_item: impl FnMut(&mut Validator, &Input<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    if field.is_absent() {
        return Some(Vec::new());
    }
    let items: Vec<_> = check.list(field, ANY)?.iter().map(|item| parse_item(check, item)).collect();
    items.into_iter().collect()
}

fn parse_table(check: &mut Validator, item: &Input<'_>) -> Option<Table> {
    if !check.object(item) {
        return None;
    }
    check.deny_unknown_fields(item, &["name", "description", "fields"]);
    check.require(&item.get("name"));
    check.require(&item.get("fields"));
    let name = text(check, &item.get("name"));
    let description = text(check, &item.get("description"));
    let fields = parse_list(check, &item.get("fields"), parse_field);
    Some(Table { name: name?, description, fields: fields? })
}

fn parse_field(check: &mut Validator, item: &Input<'_>) -> Option<super::Field> {
    if !check.object(item) {
        return None;
    }
    check.deny_unknown_fields(item, &["name", "kind", "description", "synonyms", "options"]);
    check.require(&item.get("name"));
    let name = text(check, &item.get("name"));
    let kind = check.one_of(&item.get("kind"), &FIELD_KINDS).unwrap_or_default();
    let description = text(check, &item.get("description"));
    let synonyms = parse_list(check, &item.get("synonyms"), text);
    let options = parse_list(check, &item.get("options"), text);
    Some(super::Field { name: name?, kind, description, synonyms: synonyms?, options: options? })
}

fn text(check: &mut Validator, field: &Input<'_>) -> Option<String> {
    check.text(field, ANY).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn violations_of(value: &Value) -> Vec<String> {
        let mut check = Validator::default();
        let schema = parse_schema(&mut check, &Input::root("body", Some(value)));
        let Err(error) = check.finish(schema) else { return Vec::new() };
        let violations = error.violations().iter();
        violations.map(|v| format!("{} {}", serde_json::to_string(&v.pointer).unwrap(), v.reason)).collect()
    }

    #[test]
    fn reads_what_it_serializes() {
        let value = json!({
            "fields": [{ "name": "total", "kind": "money", "description": "what is due", "synonyms": ["amount"] }],
            "tables": [{ "name": "items", "fields": [{ "name": "unit", "kind": "label", "options": ["kg", "pc"] }] }],
        });
        let mut check = Validator::default();
        let schema = parse_schema(&mut check, &Input::root("body", Some(&value))).unwrap();
        check.finish(Some(())).unwrap();
        let serialized = serde_json::to_value(&schema).unwrap();
        let mut check = Validator::default();
        assert_eq!(parse_schema(&mut check, &Input::root("body", Some(&serialized))), Some(schema));
    }

    #[test]
    fn reports_all_errors() {
        assert_eq!(
            violations_of(&json!({
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
        assert_eq!(violations_of(&json!({})), [r#"["body","fields"] missing"#]);
        assert_eq!(violations_of(&json!({ "fields": [], "tables": [] })), [r#"["body","fields"] missing"#]);
    }

    #[test]
    fn kinds_have_the_names_that_they_serialize_to() {
        for (name, kind) in FIELD_KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
    }
}
