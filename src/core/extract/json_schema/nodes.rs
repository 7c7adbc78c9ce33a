//! Reads a schema's nodes: a node is an object of keywords with those that `$ref`, `allOf` of one, and a choice
//! between one schema and null lead to.

use super::ordered::{Json, member};
use crate::budget::Budget;
use crate::error::{PathSegment, Result, Violation, Violations};
use crate::limits::MAX_FIELD_WORDINGS;

/// The most objects that make one node. Generators write two or three: a choice with null, and a reference.
const MAX_LAYERS: usize = 16;

/// The work of a step of a reference, and of its texts: each step is decoded, in a few passes over it.
const REFERENCE_STEPS: usize = 4;
const REFERENCE_PASSES: usize = 8;

/// The work of one of several types, or of a value to choose from, whenever a node is read: its list is searched a few
/// times.
const LISTED_STEPS: usize = 4;

/// Keywords that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("patternProperties", "Properties need names of their own: patternProperties is not supported"),
    ("propertyNames", "propertyNames is not supported: name the properties"),
    ("dependentRequired", "Conditions are not supported: dependentRequired"),
    ("dependentSchemas", "Conditions are not supported: dependentSchemas"),
    ("dependencies", "Conditions are not supported: dependencies"),
    ("if", "Conditions are not supported: if, then and else"),
    ("then", "Conditions are not supported: if, then and else"),
    ("else", "Conditions are not supported: if, then and else"),
    ("not", "Negations are not supported: not"),
    ("prefixItems", "Tuples are not supported: prefixItems. Use an object with a property for each item"),
    ("additionalItems", "Tuples are not supported: additionalItems"),
    ("unevaluatedItems", "unevaluatedItems is not supported"),
    ("contains", "contains is not supported: say what all items are with items"),
    ("$dynamicRef", "Only references to a place in the same schema are supported, such as #/$defs/Name"),
    ("$recursiveRef", "Only references to a place in the same schema are supported, such as #/$defs/Name"),
];

/// A place in the schema.
pub(super) type Pointer = Vec<PathSegment>;

/// A place below another.
pub(super) fn below(pointer: &[PathSegment], steps: &[&str]) -> Pointer {
    pointer.iter().cloned().chain(steps.iter().map(|step| PathSegment::from(*step))).collect()
}

/// The item of a list at a place.
pub(super) fn item(pointer: &[PathSegment], keyword: &str, index: usize) -> Pointer {
    pointer.iter().cloned().chain([keyword.into(), index.into()]).collect()
}

/// An object of keywords, and its place.
#[derive(Debug)]
struct Layer<'a> {
    members: &'a [(String, Json)],
    pointer: Pointer,
}

/// What a property or an item must be.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The outermost first, whose keywords take precedence. Never empty.
    layers: Vec<Layer<'a>>,
    /// Whether it may be null.
    pub nullable: bool,
    /// The schemas of a choice, if there are several besides null.
    pub choices: Vec<Node<'a>>,
    /// The references that lead to it, for those within it: one of them again would not end.
    pub references: Vec<&'a str>,
}

impl<'a> Node<'a> {
    /// A keyword, and its place.
    pub fn get(&self, keyword: &str) -> Option<(&'a Json, Pointer)> {
        self.layers
            .iter()
            .find_map(|layer| member(layer.members, keyword).map(|value| (value, below(&layer.pointer, &[keyword]))))
    }

    /// The text of a keyword.
    pub fn text(&self, keyword: &str) -> Option<&'a str> {
        self.layers.iter().find_map(|layer| member(layer.members, keyword)?.as_text())
    }

    /// Whether there is a keyword.
    pub fn has(&self, keyword: &str) -> bool {
        self.layers.iter().any(|layer| member(layer.members, keyword).is_some())
    }

    /// The place of the node.
    pub fn pointer(&self) -> &[PathSegment] {
        self.layers.first().map_or(&[], |layer| &layer.pointer)
    }

    /// The types that it may have besides null, in the order of the schema; those of its choices if it has some.
    pub fn types(&self) -> Vec<&'a str> {
        let own = self.get("type").map(|(types, _)| match types {
            Json::List(types) => types.iter().filter_map(Json::as_text).collect(),
            other => Vec::from_iter(other.as_text()),
        });
        let mut types = own.unwrap_or_else(|| self.choices.iter().flat_map(Self::types).collect());
        types.retain(|name| *name != "null");
        types
    }
}

/// Reads nodes, and collects the faults of the schema.
pub(super) struct Nodes<'a, 'b> {
    root: &'a Json,
    pub prefix: &'b [PathSegment],
    pub faults: Violations,
    pub budget: &'b Budget,
}

impl<'a, 'b> Nodes<'a, 'b> {
    pub fn new(root: &'a Json, prefix: &'b [PathSegment], budget: &'b Budget) -> Self {
        Self { root, prefix, faults: Violations::default(), budget }
    }

    /// Adds a fault. What several references lead to is at fault once.
    pub fn refuse(&mut self, pointer: &[PathSegment], reason: &str, message: impl Into<String>) {
        let message = message.into();
        let is_known =
            |known: &Violation| known.pointer == pointer && known.reason == reason && known.message == message;
        if !self.faults.listed().iter().any(is_known) {
            self.faults.add(|| Violation {
                pointer: pointer.to_vec(),
                reason: reason.to_owned(),
                message,
                input: None,
                context: None,
            });
        }
    }

    /// The node at a place; None if it is at fault. `references` lead to what the node is in.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    pub fn node(&mut self, json: &'a Json, pointer: Pointer, references: &[&'a str]) -> Result<Option<Node<'a>>> {
        self.read(json, pointer, references, false)
    }

    fn read(
        &mut self,
        json: &'a Json,
        pointer: Pointer,
        references: &[&'a str],
        is_choice: bool,
    ) -> Result<Option<Node<'a>>> {
        let mut node =
            Node { layers: Vec::new(), nullable: false, choices: Vec::new(), references: references.to_vec() };
        let mut next = Some((json, pointer));
        while let Some((json, pointer)) = next.take() {
            self.budget.work(1 + pointer.len())?;
            let Json::Object(members) = json else {
                self.refuse(&pointer, "schema_type", "A schema must be an object that says what the value is");
                return Ok(None);
            };
            if node.layers.len() == MAX_LAYERS {
                self.refuse(&pointer, "too_deep", format!("A schema may refer on at most {MAX_LAYERS} times"));
                return Ok(None);
            }
            self.check_keywords(members, &pointer)?;
            node.nullable |= member(members, "nullable") == Some(&Json::Bool(true)) || names_null(members);
            let reference = self.reference(members, &pointer, &mut node.references)?;
            let only = self.only_part(members, &pointer);
            let choice = self.choice(members, &pointer, &mut node, is_choice)?;
            let mut following = [reference, only, choice].into_iter().flatten();
            next = following.next();
            if following.next().is_some() {
                self.refuse(&pointer, "unsupported", "Use only one of $ref, allOf, anyOf and oneOf in a schema");
            }
            node.layers.push(Layer { members, pointer });
        }
        Ok(Some(node))
    }

    /// Refuses keywords that are not supported.
    fn check_keywords(&mut self, members: &[(String, Json)], pointer: &[PathSegment]) -> Result<()> {
        self.budget.work(members.len())?;
        for (name, value) in members {
            if let ("type" | "enum", Json::List(items)) = (name.as_str(), value) {
                self.budget.work(LISTED_STEPS * items.len())?;
            }
            let refused = REFUSED.iter().find(|(refused, _)| refused == name).map(|(_, why)| *why);
            let why = match (refused, name.as_str(), value) {
                (Some(why), ..) => Some(why),
                (None, "default", value) if *value != Json::Null => {
                    Some("A value is what the document has: no default but null is supported")
                }
                (None, "items", Json::List(_)) => {
                    Some("Tuples are not supported: items must be one schema, for all items")
                }
                (None, "items", Json::Bool(_)) => Some("items must say what the items are"),
                _ => None,
            };
            if let Some(why) = why {
                self.refuse(&below(pointer, &[name]), "unsupported", why);
            }
        }
        Ok(())
    }

    /// What `$ref` leads to.
    ///
    /// # Errors
    ///
    /// `OverBudget`.
    fn reference(
        &mut self,
        members: &'a [(String, Json)],
        pointer: &[PathSegment],
        references: &mut Vec<&'a str>,
    ) -> Result<Option<(&'a Json, Pointer)>> {
        let Some(reference) = member(members, "$ref") else { return Ok(None) };
        let pointer = below(pointer, &["$ref"]);
        let Some(path) = reference.as_text().and_then(|text| text.strip_prefix("#/")) else {
            let why = "Only references to a place in the same schema are supported, such as #/$defs/Name";
            self.refuse(&pointer, "unsupported", why);
            return Ok(None);
        };
        if references.contains(&path) {
            self.refuse(&pointer, "recursive", "A schema that contains itself is not supported");
            return Ok(None);
        }
        self.budget.work(REFERENCE_STEPS * (1 + path.matches('/').count()))?;
        self.budget.pass_over(REFERENCE_PASSES * path.len())?;
        references.push(path);
        let mut place = self.prefix.to_vec();
        let mut json = Some(self.root);
        for step in path.split('/') {
            let step = percent_decoded(step).replace("~1", "/").replace("~0", "~");
            json = json.and_then(|json| match json {
                Json::List(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(&step),
            });
            place.push(step.as_str().into());
        }
        match json {
            Some(json) => Ok(Some((json, place))),
            None => {
                self.refuse(&pointer, "missing", "There is nothing in the schema at this reference");
                Ok(None)
            }
        }
    }

    /// The one part of `allOf`.
    fn only_part(&mut self, members: &'a [(String, Json)], pointer: &[PathSegment]) -> Option<(&'a Json, Pointer)> {
        match member(members, "allOf")? {
            Json::List(parts) if parts.len() == 1 => parts.first().map(|part| (part, item(pointer, "allOf", 0))),
            _ => {
                let why = "allOf with several schemas is not supported: write their properties in one";
                self.refuse(&below(pointer, &["allOf"]), "unsupported", why);
                None
            }
        }
    }

    /// The one schema of `anyOf` or `oneOf` besides null. If there are several, they become the choices of the node.
    fn choice(
        &mut self,
        members: &'a [(String, Json)],
        pointer: &[PathSegment],
        node: &mut Node<'a>,
        is_choice: bool,
    ) -> Result<Option<(&'a Json, Pointer)>> {
        let keyword = if member(members, "anyOf").is_some() { "anyOf" } else { "oneOf" };
        let Some(choices) = member(members, keyword) else { return Ok(None) };
        let Some(choices) = choices.as_list().filter(|choices| !choices.is_empty()) else {
            self.refuse(&below(pointer, &[keyword]), "list_type", format!("{keyword} must be a list of schemas"));
            return Ok(None);
        };
        self.budget.work(choices.len())?;
        let others = choices.iter().enumerate().filter(|(_, choice)| !is_null(choice));
        let others: Vec<_> = others.map(|(index, choice)| (choice, item(pointer, keyword, index))).collect();
        node.nullable |= others.len() < choices.len();
        if let [_] = others.as_slice() {
            return Ok(others.into_iter().next());
        }
        if is_choice || others.len() > MAX_FIELD_WORDINGS {
            let why = format!("A choice has at most {MAX_FIELD_WORDINGS} schemas, and none of them is a choice");
            self.refuse(&below(pointer, &[keyword]), "too_long", why);
            return Ok(None);
        }
        for (choice, pointer) in others {
            if let Some(choice) = self.read(choice, pointer, &node.references, true)? {
                node.nullable |= choice.nullable;
                node.choices.push(choice);
            }
        }
        Ok(None)
    }
}

/// Whether a schema allows only null.
fn is_null(schema: &Json) -> bool {
    schema.get("type").and_then(Json::as_text) == Some("null")
        || schema.get("const") == Some(&Json::Null)
        || schema.get("enum").and_then(Json::as_list) == Some(&[Json::Null])
}

/// Whether null is one of the types or of the values.
fn names_null(members: &[(String, Json)]) -> bool {
    let types = member(members, "type").and_then(Json::as_list);
    let values = member(members, "enum").and_then(Json::as_list);
    types.is_some_and(|types| types.contains(&Json::text("null")))
        || values.is_some_and(|values| values.contains(&Json::Null))
}

/// A step of a reference, in which `%5B` is a bracket.
fn percent_decoded(step: &str) -> String {
    form_urlencoded::parse(step.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}
