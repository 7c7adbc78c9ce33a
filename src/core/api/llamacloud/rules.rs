//! The classify configuration (rules, mode and which pages are read), to and from the wire.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ids::ID_CHARS;
use crate::{
    classify::{Rule, RuleSet, Settings},
    document::{PageSelection, ReadOptions},
    job::Classification,
    limits,
    validate::{Input, Validator},
};

/// The modes of the dialect. One engine serves both.
const MODES: [&str; 2] = ["FAST", "MULTIMODAL"];

/// A configuration in a response.
#[derive(Debug, Serialize)]
pub(super) struct Configuration<'a> {
    rules: Vec<WireRule<'a>>,
    mode: &'static str,
    parsing_configuration: Option<Parsing<'a>>,
}

#[derive(Debug, Serialize)]
struct WireRule<'a> {
    r#type: &'a str,
    description: &'a str,
}

#[derive(Debug, Serialize)]
struct Parsing<'a> {
    lang: Option<&'a str>,
    max_pages: Option<u32>,
    target_pages: Option<&'a str>,
}

impl<'a> From<&'a Classification> for Configuration<'a> {
    fn from(classification: &'a Classification) -> Self {
        let rules = classification.rules.rules.iter();
        let parsing = Parsing {
            lang: classification.settings.language.as_deref(),
            max_pages: classification.read_options.max_pages,
            target_pages: classification.read_options.pages.as_deref(),
        };
        let has_parsing = parsing.lang.is_some() || parsing.max_pages.is_some() || parsing.target_pages.is_some();
        Self {
            rules: rules.map(|rule| WireRule { r#type: &rule.label, description: &rule.description }).collect(),
            mode: "FAST",
            parsing_configuration: has_parsing.then_some(parsing),
        }
    }
}

/// Parses the configuration in `field`, which must not be absent.
pub(super) fn parse(check: &mut Validator, field: &Input<'_>) -> Option<Classification> {
    if !check.object(field) {
        return None;
    }
    mode(check, &field.get("mode"));
    let (settings, read_options) = parsing(check, &field.get("parsing_configuration"));
    check.require(&field.get("rules"));
    let items = check.list(&field.get("rules"), 1..=limits::MAX_RULES)?;
    let mut labels = BTreeSet::new();
    let rules: Option<Vec<_>> = items
        .iter()
        .map(|item| {
            let rule = rule(check, item)?;
            if !labels.insert(rule.label.clone()) {
                check.reject_value(&item.get("type"), "rule types must be unique within a configuration");
            }
            Some(rule)
        })
        // Every rule is parsed before any error is returned, so that all errors are reported.
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    Some(Classification { classifier: None, rules: RuleSet { rules: rules? }, settings, read_options })
}

fn rule(check: &mut Validator, item: &Input<'_>) -> Option<Rule> {
    if !check.object(item) {
        return None;
    }
    let (label, description) = (item.get("type"), item.get("description"));
    check.require(&label);
    check.require(&description);
    let fits = |label: &str| {
        !label.trim().is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
    };
    let label = check.text_matching(&label, 1..=limits::MAX_LABEL_CHARS, r"^[\p{L}\p{N} _-]+$", fits);
    let description = check.text(&description, limits::MIN_DESCRIPTION_CHARS..=limits::MAX_DESCRIPTION_CHARS);
    Some(Rule::new(label?, description?))
}

fn mode(check: &mut Validator, field: &Input<'_>) {
    let is_known = |mode: &str| MODES.iter().any(|known| known.eq_ignore_ascii_case(mode));
    if check.text(field, 0..=ID_CHARS).is_some_and(|mode| !is_known(mode)) {
        check.reject_enum(field, MODES.into_iter());
    }
}

fn parsing(check: &mut Validator, field: &Input<'_>) -> (Settings, ReadOptions) {
    check.object(field);
    let lang = check.language(&field.get("lang"));
    let max_pages = check.integer(&field.get("max_pages"), 1..=u32::MAX);
    let pages = parse_pages(check, &field.get("target_pages"));
    (Settings { language: lang.map(str::to_owned), ..Settings::default() }, ReadOptions { pages, max_pages })
}

/// The longest page selection, in characters: every second page of the longest document fits.
const PAGES_CHARS: usize = 5_000;

/// Parses a page selection; None if it is empty.
fn parse_pages(check: &mut Validator, field: &Input<'_>) -> Option<String> {
    let text = check.text(field, 0..=PAGES_CHARS)?;
    if text.trim().is_empty() {
        return None;
    }
    if let Err(error) = PageSelection::parse(text) {
        check.reject_value(field, error.message());
        return None;
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(value: &Value) -> Vec<String> {
        let mut check = Validator::default();
        let parsed = parse(&mut check, &Input::root("body", Some(value)));
        let Err(error) = check.finish(parsed) else { return Vec::new() };
        let violations = error.violations().iter();
        violations.map(|v| format!("{} {}", serde_json::to_string(&v.pointer).unwrap(), v.reason)).collect()
    }

    fn with_rule(rule: &Value) -> Vec<String> {
        refused(&json!({ "rules": [rule] }))
    }

    #[test]
    fn accepts_what_clients_send() {
        let value = json!({
            "rules": [{ "type": "Rechnung für-2_b", "description": "contains a number" }],
            "mode": "multimodal",
            "parsing_configuration": { "lang": "ch_sim", "max_pages": 10, "target_pages": "1, 3,5-7" },
            "unknown": 1,
        });
        let mut check = Validator::default();
        let parsed = parse(&mut check, &Input::root("body", Some(&value)));
        let classification = check.finish(parsed).unwrap();
        assert_eq!(
            serde_json::to_value(Configuration::from(&classification)).unwrap(),
            json!({
                "rules": [{ "type": "Rechnung für-2_b", "description": "contains a number" }],
                "mode": "FAST",
                "parsing_configuration": { "lang": "ch_sim", "max_pages": 10, "target_pages": "1, 3,5-7" },
            })
        );
    }

    #[test]
    fn reports_every_error() {
        let long = "x".repeat(2001);
        assert_eq!(
            refused(&json!({
                "mode": "SLOW",
                "parsing_configuration": { "lang": "english", "max_pages": 0, "target_pages": "0" },
                "rules": [
                    { "type": "a", "description": "too short" },
                    { "type": "b!", "description": long },
                    { "type": "c", "description": "long enough" },
                    { "type": "c", "description": "long enough" },
                    7,
                ],
            })),
            [
                r#"["body","mode"] literal_error"#,
                r#"["body","parsing_configuration","lang"] string_pattern_mismatch"#,
                r#"["body","parsing_configuration","max_pages"] greater_than_equal"#,
                r#"["body","parsing_configuration","target_pages"] value_error"#,
                r#"["body","rules",0,"description"] string_too_short"#,
                r#"["body","rules",1,"type"] string_pattern_mismatch"#,
                r#"["body","rules",1,"description"] string_too_long"#,
                r#"["body","rules",3,"type"] value_error"#,
                r#"["body","rules",4] model_attributes_type"#,
            ]
        );
        assert_eq!(refused(&json!({})), [r#"["body","rules"] missing"#]);
        assert_eq!(refused(&json!({ "rules": [] })), [r#"["body","rules"] too_short"#]);
        assert_eq!(refused(&json!({ "rules": vec![0; 201] })), [r#"["body","rules"] too_long"#]);
        assert_eq!(refused(&json!({ "rules": "x" })), [r#"["body","rules"] list_type"#]);
    }

    #[test]
    fn bounds_are_inclusive() {
        assert!(with_rule(&json!({ "type": "x".repeat(50), "description": "ä".repeat(10) })).is_empty());
        assert!(with_rule(&json!({ "type": "ß", "description": "ä".repeat(2000) })).is_empty());
        for label in ["", " ", "a/b", &"x".repeat(51)] {
            assert_eq!(with_rule(&json!({ "type": label, "description": "long enough" })).len(), 1, "{label:?}");
        }
    }
}
