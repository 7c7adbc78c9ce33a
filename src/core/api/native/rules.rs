//! Rules, settings and routes, from the wire.

use std::{collections::BTreeSet, str::FromStr};

use crate::{
    api::{
        cuid,
        validate::{Check, Field},
    },
    classify::{Rule, RuleSet, Settings},
    limits,
};

/// The longest name of anything, in characters.
pub(super) const NAME_CHARS: usize = 255;

/// The longest id that is looked at, in characters.
const ID_CHARS: usize = 200;

/// Reads an id, in any spelling.
pub(super) fn id<T: FromStr>(check: &mut Check, field: &Field<'_>) -> Option<T> {
    let text = check.text(field, 1..=ID_CHARS)?;
    let id = cuid::read(text);
    if id.is_none() {
        check.refuse_value(field, "not an id");
    }
    id
}

/// Reads rules. Every one is looked at, so that everything wrong is said.
pub(super) fn rules(check: &mut Check, field: &Field<'_>) -> Option<RuleSet> {
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
pub(super) fn settings(check: &mut Check, field: &Field<'_>) -> Option<Settings> {
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

/// Where documents of a label go; `S` says what is extracted there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route<S> {
    /// The label of the rule.
    pub label: String,
    /// What people call the place they go to.
    pub deployment: String,
    /// What is extracted there.
    pub schema: S,
}

/// Reads routes, when they are there. Their labels must be those of `rules`, as far as rules are known; the schema is
/// in the member `member`, and `schema` reads it.
pub(super) fn routes<S>(
    check: &mut Check,
    field: &Field<'_>,
    rules: Option<&RuleSet>,
    member: &str,
    schema: impl Fn(&mut Check, &Field<'_>) -> Option<S>,
) -> Option<Vec<Route<S>>> {
    let items = check.list(field, 0..=limits::MAX_RULES)?;
    let mut labels = BTreeSet::new();
    let mut routes = Vec::new();
    for item in &items {
        if !check.object(item) {
            continue;
        }
        check.only(item, &["label", "deployment", member]);
        let label_field = item.get("label");
        for field in [&label_field, &item.get("deployment"), &item.get(member)] {
            check.require(field);
        }
        let label = check.text(&label_field, 1..=limits::MAX_LABEL_CHARS);
        if let (Some(label), Some(rules)) = (label, rules)
            && !rules.rules.iter().any(|rule| rule.label == label)
        {
            check.refuse_value(&label_field, "no rule has this label");
        }
        if label.is_some_and(|label| !labels.insert(label.to_owned())) {
            check.refuse_value(&label_field, "another route has this label");
        }
        let deployment = check.text(&item.get("deployment"), 1..=NAME_CHARS);
        let schema = schema(check, &item.get(member));
        if let (Some(label), Some(deployment), Some(schema)) = (label, deployment, schema) {
            routes.push(Route { label: label.to_owned(), deployment: deployment.to_owned(), schema });
        }
    }
    Some(routes)
}
