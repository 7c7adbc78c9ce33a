//! Parsing of ids and routes.

use std::{collections::BTreeSet, str::FromStr};

use crate::{
    api::{cuid, query::Query},
    classify::RuleSet,
    limits,
    service::index::Version,
    validate::{Input, Validator},
};

/// The longest name of anything, in characters.
pub(super) const NAME_CHARS: usize = 255;

/// The longest id that is parsed, in characters.
const ID_CHARS: usize = 200;

/// The version of a classifier that the query asks for: with `draft=true` the newest, else the newest published one.
pub(super) fn version(check: &mut Validator, query: &Query) -> Version {
    match check.boolean(&query.get("draft")) {
        Some(true) => Version::Newest,
        _ => Version::Published,
    }
}

/// Parses an id, in any of its formats.
pub(super) fn id<T: FromStr>(check: &mut Validator, field: &Input<'_>) -> Option<T> {
    let text = check.text(field, 1..=ID_CHARS)?;
    let id = cuid::decode(text);
    if id.is_none() {
        check.reject_value(field, "not an id");
    }
    id
}

/// Where documents of a label go. `S` is how the schema is referred to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route<S> {
    /// The label of a rule.
    pub label: String,
    /// The destination's name.
    pub deployment: String,
    /// The schema to extract with.
    pub schema: S,
}

/// Parses routes; None if there are none. Their labels must be labels of `rules`, if `rules` are given; `schema` parses
/// the schema out of the member `member`.
pub(super) fn routes<S>(
    check: &mut Validator,
    field: &Input<'_>,
    rules: Option<&RuleSet>,
    member: &str,
    schema: impl Fn(&mut Validator, &Input<'_>) -> Option<S>,
) -> Option<Vec<Route<S>>> {
    let items = check.list(field, 0..=limits::MAX_RULES)?;
    let mut labels = BTreeSet::new();
    let mut routes = Vec::new();
    for item in &items {
        if !check.object(item) {
            continue;
        }
        check.deny_unknown_fields(item, &["label", "deployment", member]);
        let label_field = item.get("label");
        for field in [&label_field, &item.get("deployment"), &item.get(member)] {
            check.require(field);
        }
        let label = check.text(&label_field, 1..=limits::MAX_LABEL_CHARS);
        if let (Some(label), Some(rules)) = (label, rules)
            && !rules.rules.iter().any(|rule| rule.label == label)
        {
            check.reject_value(&label_field, "no rule has this label");
        }
        if label.is_some_and(|label| !labels.insert(label.to_owned())) {
            check.reject_value(&label_field, "another route has this label");
        }
        let deployment = check.text(&item.get("deployment"), 1..=NAME_CHARS);
        let schema = schema(check, &item.get(member));
        if let (Some(label), Some(deployment), Some(schema)) = (label, deployment, schema) {
            routes.push(Route { label: label.to_owned(), deployment: deployment.to_owned(), schema });
        }
    }
    Some(routes)
}
