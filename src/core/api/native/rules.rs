//! Ids and routes, from the wire.

use std::{collections::BTreeSet, str::FromStr};

use crate::{
    api::cuid,
    classify::RuleSet,
    limits,
    validate::{Check, Field},
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
