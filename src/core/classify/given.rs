//! Rules, settings and labelled texts, as callers give them.

use std::collections::BTreeSet;

use super::evaluation::Labelled;
use super::{Rule, RuleSet, Settings};
use crate::limits;
use crate::validate::{Check, Field};

/// Reads rules. Every one is looked at, so that everything wrong is said.
pub fn rules(check: &mut Check, field: &Field<'_>) -> Option<RuleSet> {
    let items = check.list(field, 1..=limits::MAX_RULES)?;
    let mut labels = BTreeSet::new();
    let rules: Vec<_> = items.iter().map(|item| rule(check, item, &mut labels)).collect();
    let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    if rules.iter().flat_map(|rule| &rule.examples).map(String::len).sum::<usize>() > limits::MAX_EXAMPLES_BYTES {
        check.refuse_value(field, &format!("the examples are more than {} bytes", limits::MAX_EXAMPLES_BYTES));
    }
    Some(RuleSet { rules })
}

fn rule(check: &mut Check, item: &Field<'_>, labels: &mut BTreeSet<String>) -> Option<Rule> {
    if !check.object(item) {
        return None;
    }
    check.only(item, &["label", "description", "examples"]);
    let (label, description) = (item.get("label"), item.get("description"));
    check.require(&label);
    check.require(&description);
    let fits = |label: &str| !label.trim().is_empty() && !label.chars().any(char::is_control);
    let text = check.text_like(&label, 1..=limits::MAX_LABEL_CHARS, r"^[^\p{Cc}]*\S[^\p{Cc}]*$", fits);
    if text.is_some_and(|text| !labels.insert(text.to_owned())) {
        check.refuse_value(&label, "another rule has this label");
    }
    let description = check.text(&description, limits::MIN_DESCRIPTION_CHARS..=limits::MAX_DESCRIPTION_CHARS);
    let examples = examples(check, &item.get("examples"));
    Some(Rule { label: text?.to_owned(), description: description?.to_owned(), examples: examples? })
}

/// Reads the examples of a rule; none when the member is absent.
fn examples(check: &mut Check, field: &Field<'_>) -> Option<Vec<String>> {
    if field.is_absent() {
        return Some(Vec::new());
    }
    let items = check.list(field, 0..=limits::MAX_EXAMPLES)?;
    let texts: Vec<_> =
        items.iter().map(|item| check.text(item, 1..=limits::MAX_EXAMPLE_CHARS).map(str::to_owned)).collect();
    texts.into_iter().collect()
}

/// Reads settings, when they are there.
pub fn settings(check: &mut Check, field: &Field<'_>) -> Option<Settings> {
    if !check.object(field) {
        return None;
    }
    check.only(field, &["language", "no_match_bias", "allow_no_match"]);
    let bounds = -limits::MAX_NO_MATCH_BIAS..=limits::MAX_NO_MATCH_BIAS;
    Some(Settings {
        language: check.language(&field.get("language")).map(str::to_owned),
        no_match_bias: check.number(&field.get("no_match_bias"), bounds).unwrap_or_default(),
        allow_no_match: check.boolean(&field.get("allow_no_match")).unwrap_or(true),
    })
}

/// Reads labelled texts.
pub fn cases(check: &mut Check, field: &Field<'_>) -> Option<Vec<Labelled>> {
    check.require(field);
    let items = check.list(field, 1..=limits::MAX_CASES)?;
    let cases: Vec<_> = items.iter().map(|item| case(check, item)).collect();
    cases.into_iter().collect()
}

fn case(check: &mut Check, item: &Field<'_>) -> Option<Labelled> {
    check.require(item);
    if !check.object(item) {
        return None;
    }
    check.only(item, &["text", "label"]);
    check.require(&item.get("text"));
    let label = item.get("label");
    let known = check.text(&label, 1..=limits::MAX_LABEL_CHARS).map(str::to_owned);
    let text = check.text(&item.get("text"), 1..=limits::MAX_BODY_BYTES)?.to_owned();
    (known.is_some() || label.is_absent()).then_some(Labelled { text, label: known })
}
