//! Classifiers as the index stores them, and changes to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::size::json_bytes;
use crate::{
    classify::Rule,
    error::{Error, ErrorKind, Result, Violation},
    id::{ClassifierId, RuleId, SchemaId},
    job::Classification,
    limits,
    time::Timestamp,
};

/// A version of a classifier: a named rule set with settings and routes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassifierVersion {
    /// The id of the classifier. The same for all versions.
    pub id: ClassifierId,
    /// The name of the classifier. Unique in the project.
    pub name: String,
    /// The version: when it was saved, later than that of every earlier version.
    pub version: Timestamp,
    /// The rules and settings.
    pub classification: Classification,
    /// The routes of documents, by label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteRef>,
    /// Rule ids by current label, for rules whose id is not derived from that label: because the rule was renamed, or
    /// because another rule first had the label.
    #[serde(default, rename = "renamed", skip_serializing_if = "BTreeMap::is_empty")]
    pub rule_ids_by_label: BTreeMap<String, RuleId>,
    /// Whether it is a draft: not used to classify until it is published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// When the first version was saved.
    pub created_at: Timestamp,
}

/// Where documents of a label go: a [`Route`](crate::job::Route) with the id of its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRef {
    /// The label of the rule.
    pub label: String,
    /// The name of the deployment they go to.
    pub deployment: String,
    /// The schema that is extracted from them.
    pub schema: SchemaId,
}

impl ClassifierVersion {
    /// The id of the rule with this label. A rule keeps its id when its label changes.
    pub fn rule_id(&self, label: &str) -> RuleId {
        self.rule_ids_by_label.get(label).copied().unwrap_or_else(|| self.derive_rule_id(label))
    }

    /// The rule id that is derived from a text.
    fn derive_rule_id(&self, text: &str) -> RuleId {
        let digest = Sha256::new().chain_update(self.id.to_string()).chain_update(text).finalize();
        RuleId::from_bytes(digest.first_chunk().copied().unwrap_or_default())
    }

    /// The rule with this id.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is none.
    pub fn rule(&self, id: RuleId) -> Result<&Rule> {
        let index = self.position(id)?;
        self.classification.rules.rules.get(index).ok_or_else(|| Error::internal("a place without its rule"))
    }

    /// The index of a rule in the rule set.
    fn position(&self, id: RuleId) -> Result<usize> {
        let mut rules = self.classification.rules.rules.iter();
        rules.position(|rule| self.rule_id(&rule.label) == id).ok_or_else(|| Error::not_found("Label not found"))
    }

    /// Makes one change to the rules.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such rule, `Conflict` if two rules would have the same label, `Invalid` if there would
    /// be more than [`limits::MAX_RULES`] rules.
    pub fn apply(&mut self, change: RuleChange) -> Result<()> {
        match change {
            RuleChange::Add(rule) => {
                self.require_free_label(&rule.label)?;
                let rules = &mut self.classification.rules.rules;
                if rules.len() >= limits::MAX_RULES {
                    return Err(Error::new(
                        ErrorKind::Invalid,
                        format!("There are {} labels already", limits::MAX_RULES),
                    ));
                }
                rules.push(rule);
            }
            RuleChange::Update { rule, label, description } => {
                let index = self.position(rule)?;
                let Some(old) = self.classification.rules.rules.get(index).cloned() else { return Ok(()) };
                let label = label.unwrap_or_else(|| old.label.clone());
                if label != old.label {
                    self.require_free_label(&label)?;
                    self.rule_ids_by_label.remove(&old.label);
                    self.rule_ids_by_label.insert(label.clone(), rule);
                    for route in self.routes.iter_mut().filter(|route| route.label == old.label) {
                        route.label.clone_from(&label);
                    }
                }
                if let Some(updated) = self.classification.rules.rules.get_mut(index) {
                    *updated =
                        Rule { label, description: description.unwrap_or(old.description), examples: old.examples };
                }
            }
            RuleChange::Remove(rule) => {
                let index = self.position(rule)?;
                let removed = self.classification.rules.rules.remove(index);
                self.rule_ids_by_label.remove(&removed.label);
                self.routes.retain(|route| route.label != removed.label);
            }
        }
        Ok(())
    }

    /// Adds `text` to the examples of the rule with that label, and removes it from all others. If the rule then has
    /// too many examples, its oldest is dropped; if the examples, or the rules with them, have too many bytes, the
    /// oldest of the rule whose examples have most is.
    ///
    /// # Errors
    ///
    /// `Invalid` at `label` if no rule has that label.
    pub fn add_example(&mut self, label: &str, text: &str) -> Result<()> {
        let rules = &mut self.classification.rules.rules;
        if !rules.iter().any(|rule| rule.label == label) {
            return Err(unknown_label(label));
        }
        for rule in rules.iter_mut() {
            if rule.label != label {
                rule.examples.retain(|example| example != text);
            } else if !rule.examples.iter().any(|example| example == text) {
                rule.examples.push(text.to_owned());
                let surplus = rule.examples.len().saturating_sub(limits::MAX_EXAMPLES);
                rule.examples.drain(..surplus);
            }
        }
        let bytes =
            |rule: &Rule| -> usize { rule.examples.iter().filter(|example| *example != text).map(String::len).sum() };
        let mut excess = json_bytes(&self.classification)?.saturating_sub(limits::MAX_CLASSIFICATION_BYTES);
        let rules = &mut self.classification.rules.rules;
        while excess > 0 || rules.iter().map(bytes).sum::<usize>() + text.len() > limits::MAX_EXAMPLES_BYTES {
            let Some(largest) = rules.iter_mut().max_by_key(|rule| bytes(rule)) else { break };
            let Some(oldest) = largest.examples.iter().position(|example| example != text) else { break };
            excess = excess.saturating_sub(json_bytes(&largest.examples.remove(oldest))?);
        }
        Ok(())
    }

    /// Fails if a rule has this label.
    fn require_free_label(&self, label: &str) -> Result<()> {
        if self.classification.rules.rules.iter().any(|rule| rule.label == label) {
            return Err(Error::new(ErrorKind::Conflict, format!("A label named {label:?} already exists")));
        }
        Ok(())
    }

    /// Drops routes and renames of labels that no longer exist, and gives a rule another id if the id derived from its
    /// label is taken by a renamed rule.
    pub(super) fn without_stale_names(mut self) -> Self {
        let labels: BTreeSet<String> = self.classification.rules.rules.iter().map(|rule| rule.label.clone()).collect();
        self.routes.retain(|route| labels.contains(&route.label));
        self.rule_ids_by_label.retain(|label, _| labels.contains(label));
        let mut taken: BTreeSet<RuleId> = self.rule_ids_by_label.values().copied().collect();
        for label in labels.into_iter().filter(|label| !self.rule_ids_by_label.contains_key(label)).collect::<Vec<_>>()
        {
            // No label has control characters, so the text differs from every label.
            let (mut id, mut text) = (self.derive_rule_id(&label), label.clone());
            if taken.contains(&id) {
                while taken.contains(&id) {
                    text.push('\0');
                    id = self.derive_rule_id(&text);
                }
                self.rule_ids_by_label.insert(label, id);
            }
            taken.insert(id);
        }
        self
    }
}

fn unknown_label(label: &str) -> Error {
    Error::invalid(vec![Violation {
        pointer: vec!["label".into()],
        reason: "value_error".to_owned(),
        message: "Value error, no rule of the classifier has this label".to_owned(),
        input: Some(label.into()),
        context: None,
    }])
}

/// One change to the rules of a classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleChange {
    /// Append a rule.
    Add(Rule),
    /// Change a rule; absent fields stay as they are.
    #[serde(rename = "replace")]
    Update {
        /// The id of the rule.
        rule: RuleId,
        /// The new label.
        label: Option<String>,
        /// The new description.
        description: Option<String>,
    },
    /// Remove a rule, and the route of its label.
    Remove(RuleId),
}

/// The changes of a new version of a classifier. Absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassifierChange {
    /// The name.
    pub name: Option<String>,
    /// The rules and settings.
    pub classification: Option<Classification>,
    /// The routes of documents, by label.
    pub routes: Option<Vec<RouteRef>>,
    /// Whether the new version is a draft.
    pub draft: bool,
}

pub(super) fn next_timestamp(old: &ClassifierVersion, now: Timestamp) -> Timestamp {
    now.max(old.version + Duration::from_millis(1))
}

pub(super) fn next_version(old: ClassifierVersion, change: ClassifierChange, now: Timestamp) -> ClassifierVersion {
    ClassifierVersion {
        version: next_timestamp(&old, now),
        name: change.name.unwrap_or(old.name),
        classification: change.classification.unwrap_or(old.classification),
        routes: change.routes.unwrap_or(old.routes),
        draft: change.draft,
        ..old
    }
}
