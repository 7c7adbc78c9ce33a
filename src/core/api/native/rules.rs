//! What several requests have: names, ids, routes.

use crate::{
    api::cuid::{self, Id},
    classify::RuleSet,
    id::{ClassifierId, SchemaId},
    limits,
    service::index::Version,
    validate::{
        Input, Validator,
        declare::declare,
        shape::{CLOSED, Declared, Shape, Unique},
    },
};

/// The longest name of anything, in characters.
pub(super) const NAME_CHARS: usize = 255;

/// The longest id that is parsed, in characters.
const ID_CHARS: usize = 200;

/// The version of a classifier that `?draft=` asks for: the newest, or the newest published one.
pub(super) const fn version(draft: bool) -> Version {
    if draft { Version::Newest } else { Version::Published }
}

/// The name of anything.
pub(super) const NAME: Shape = Shape::text(1..=NAME_CHARS);

/// An id, in any of its formats.
pub(super) const ID: Shape = Shape::Own { documented: &ID_TEXT, format: "", check: check_id };

const ID_TEXT: Shape = Shape::text(1..=ID_CHARS);

fn check_id(check: &mut Validator, field: &Input<'_>) {
    // All ids have the same format.
    if check.text(field, 1..=ID_CHARS).is_some_and(|text| cuid::decode::<ClassifierId>(text).is_none()) {
        check.reject_value(field, "not an id");
    }
}

/// How many days files and jobs that have ended are kept.
pub(super) const RETENTION_DAYS: Shape = Shape::integer(1..=limits::MAX_RETENTION_DAYS);

declare! {
    /// Which documents go where.
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct Destination(CLOSED) {
        /// The label of a rule.
        pub label: String = required(Shape::text(1..=limits::MAX_LABEL_CHARS)),
        /// The name of the destination, such as `Accounting`.
        pub deployment: String = required(NAME),
    }
}

declare! {
    /// Where documents of a label go.
    #[derive(Debug)]
    pub(super) struct ClassifierRoute(CLOSED) {
        pub destination: Destination = flattened,
        /// The schema to extract with.
        pub schema_id: Id<SchemaId> = required(ID),
    }
}

declare! {
    /// Where documents of a label go.
    #[derive(Debug, Clone, PartialEq)]
    pub(super) struct FileRoute(CLOSED) {
        pub destination: Destination = flattened,
        /// The name of the schema to extract with: one of the file or of the project.
        pub schema: String = required(NAME),
    }
}

/// The routes of a classifier; each item is like `route`.
const fn routes(route: &'static Shape) -> Shape {
    let unique = Some(Unique { member: "label", message: "another route has this label" });
    Shape::List { length: 0..=limits::MAX_RULES, item: route, unique }
}

/// The routes of a classifier.
pub(super) const ROUTES: Shape = routes(&ClassifierRoute::SHAPE);

/// The routes of a classifier in a file.
pub(super) const FILE_ROUTES: Shape = routes(&FileRoute::SHAPE);

/// Rejects a route whose label is none of `rules`, if `rules` are given.
pub(super) fn check_label(check: &mut Validator, route: &Input<'_>, rules: Option<&RuleSet>) {
    let field = route.get("label");
    if let (Some(label), Some(rules)) = (field.read::<String>(), rules)
        && !rules.rules.iter().any(|rule| rule.label == label)
    {
        check.reject_value(&field, "no rule has this label");
    }
}
