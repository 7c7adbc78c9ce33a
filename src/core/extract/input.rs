//! Reads schemas from JSON.

use serde_json::Value;

use super::{FieldKind, Schema};
use crate::validate::shape::{Choice, Declared, Read, Shape};
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

/// The kind of a field.
pub const KIND: Shape = Shape::Words(|| FIELD_KINDS.map(|(word, _)| word).to_vec());

/// A schema asks for something.
pub const FIELD_OR_TABLE: Choice = Choice {
    members: &["fields", "tables"],
    exclusive: false,
    check: |check, schema| {
        let fields = schema.get("fields");
        if fields.is_empty() && schema.get("tables").is_empty() {
            check.reject(&fields, "missing", "A schema needs a field or a table", None);
        }
    },
};

/// Reports what [`Schema::check`] finds.
pub fn check_schema(check: &mut Validator, field: &Input<'_>) {
    if let Some(Err(error)) = field.read::<Schema>().map(|schema| schema.check()) {
        check.reject_nested(field, &error);
    }
}

impl Read for FieldKind {
    fn read(value: Option<&Value>) -> Option<Self> {
        let word = value?;
        FIELD_KINDS.iter().find(|(known, _)| word == known).map(|(_, kind)| *kind)
    }
}

/// Reads a schema from the members `fields` and `tables` of `field`. Other members are for the caller to refuse.
pub fn parse_schema(check: &mut Validator, field: &Input<'_>) -> Option<Schema> {
    Schema::OBJECT.check_members(check, field);
    field.read()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
