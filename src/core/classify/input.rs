//! Parses rules, settings and labelled texts from JSON.

use std::collections::BTreeSet;

use super::evaluation::LabelledText;
use super::{Rule, RuleSet, Settings};
use crate::limits;
use crate::validate::{Input, Validator};

/// Reads rules. Every rule is checked, so that all errors are reported.
pub fn parse_rules(check: &mut Validator, field: &Input<'_>) -> Option<RuleSet> {
    let items = check.list(field, 1..=limits::MAX_RULES)?;
    let mut labels = BTreeSet::new();
    let rules: Vec<_> = items.iter().map(|item| parse_rule(check, item, &mut labels)).collect();
    let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    if rules.iter().flat_map(|rule| &rule.examples).map(String::len).sum::<usize>() > limits::MAX_EXAMPLES_BYTES {
        check.reject_value(field, &format!("the examples are more than {} bytes", limits::MAX_EXAMPLES_BYTES));
    }
    Some(RuleSet { rules })
}

fn parse_rule(check: &mut Validator, item: &Input<'_>, labels: &mut BTreeSet<String>) -> Option<Rule> {
    if !check.object(item) {
        return None;
    }
    check.deny_unknown_fields(item, &["label", "description", "examples"]);
    let (label, description) = (item.get("label"), item.get("description"));
    check.require(&label);
    check.require(&description);
    let is_label = |label: &str| !label.trim().is_empty() && !label.chars().any(char::is_control);
    let text = check.text_matching(&label, 1..=limits::MAX_LABEL_CHARS, r"^[^\p{Cc}]*\S[^\p{Cc}]*$", is_label);
    if text.is_some_and(|text| !labels.insert(text.to_owned())) {
        check.reject_value(&label, "another rule has this label");
    }
    let description = check.text(&description, limits::MIN_DESCRIPTION_CHARS..=limits::MAX_DESCRIPTION_CHARS);
    let examples = parse_examples(check, &item.get("examples"));
    Some(Rule { label: text?.to_owned(), description: description?.to_owned(), examples: examples? })
}

/// Reads the examples of a rule. An absent member is an empty list.
fn parse_examples(check: &mut Validator, field: &Input<'_>) -> Option<Vec<String>> {
    if field.is_absent() {
        return Some(Vec::new());
    }
    let items = check.list(field, 0..=limits::MAX_EXAMPLES)?;
    let texts: Vec<_> =
        items.iter().map(|item| check.text(item, 1..=limits::MAX_EXAMPLE_CHARS).map(str::to_owned)).collect();
    texts.into_iter().collect()
}

/// Reads settings; None if absent.
pub fn parse_settings(check: &mut Validator, field: &Input<'_>) -> Option<Settings> {
    if !check.object(field) {
        return None;
    }
    check.deny_unknown_fields(field, &["language", "no_match_bias", "allow_no_match"]);
    let bounds = -limits::MAX_NO_MATCH_BIAS..=limits::MAX_NO_MATCH_BIAS;
    Some(Settings {
        language: check.language(&field.get("language")).map(str::to_owned),
        no_match_bias: check.number(&field.get("no_match_bias"), bounds).unwrap_or_default(),
        allow_no_match: check.boolean(&field.get("allow_no_match")).unwrap_or(true),
    })
}

/// Reads labelled texts.
pub fn parse_cases(check: &mut Validator, field: &Input<'_>) -> Option<Vec<LabelledText>> {
    check.require(field);
    let items = check.list(field, 1..=limits::MAX_CASES)?;
    let cases: Vec<_> = items.iter().map(|item| parse_case(check, item)).collect();
    cases.into_iter().collect()
}

fn parse_case(check: &mut Validator, item: &Input<'_>) -> Option<LabelledText> {
    check.require(item);
    if !check.object(item) {
        return None;
    }
    check.deny_unknown_fields(item, &["text", "label"]);
    check.require(&item.get("text"));
    let label = item.get("label");
    let parsed_label = check.text(&label, 1..=limits::MAX_LABEL_CHARS).map(str::to_owned);
    let text = check.text(&item.get("text"), 1..=limits::MAX_BODY_BYTES)?.to_owned();
    (parsed_label.is_some() || label.is_absent()).then_some(LabelledText { text, label: parsed_label })
}
