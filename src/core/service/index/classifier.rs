//! Classifiers as the index keeps them, and what changes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    classify::Rule,
    error::{Error, Kind, Result, Violation},
    id::{ClassifierId, RuleId, SchemaId},
    job::Classification,
    limits,
    time::Timestamp,
};

/// A version of a classifier: a named rule set with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// Which. The same for all its versions.
    pub id: ClassifierId,
    /// What people call it. Unique in the project.
    pub name: String,
    /// Which version: the moment it was saved, later than that of every earlier version.
    pub version: Timestamp,
    /// What it classifies with.
    pub classification: Classification,
    /// Where documents go by their label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Target>,
    /// Ids of rules by their present label, where that label does not give them: it is not the one they began with, or
    /// another rule began with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<String, RuleId>,
    /// Whether nobody classifies with it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// When the first version was saved.
    pub created_at: Timestamp,
}

/// Where documents of a label go: a [`Route`](crate::job::Route) that names its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The label of the rule.
    pub label: String,
    /// What people call the place they go to.
    pub deployment: String,
    /// What is extracted from them there.
    pub schema: SchemaId,
}

impl Classifier {
    /// The id of the rule with this label: the same for as long as there is that rule, whatever its label becomes.
    pub fn rule_id(&self, label: &str) -> RuleId {
        self.renamed.get(label).copied().unwrap_or_else(|| self.rule_id_of(label))
    }

    /// The id that a text gives.
    fn rule_id_of(&self, text: &str) -> RuleId {
        let digest = Sha256::new().chain_update(self.id.to_string()).chain_update(text).finalize();
        RuleId::from_random(digest.first_chunk().copied().unwrap_or_default())
    }

    /// The rule of this id.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none.
    pub fn rule(&self, id: RuleId) -> Result<&Rule> {
        let place = self.place(id)?;
        self.classification.rules.rules.get(place).ok_or_else(|| Error::internal("a place without its rule"))
    }

    /// The place of a rule in the set.
    fn place(&self, rule: RuleId) -> Result<usize> {
        let mut rules = self.classification.rules.rules.iter();
        rules.position(|one| self.rule_id(&one.label) == rule).ok_or_else(|| Error::not_found("Label not found"))
    }

    /// Makes one change to the rules.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such rule, `Conflict` when a label would be there twice, `Invalid` when there would
    /// be more than [`limits::MAX_RULES`], and at `label` when an example is of none.
    pub fn change(&mut self, change: RuleChange) -> Result<()> {
        match change {
            RuleChange::Add(rule) => {
                self.free(&rule.label)?;
                let rules = &mut self.classification.rules.rules;
                if rules.len() >= limits::MAX_RULES {
                    return Err(Error::new(Kind::Invalid, format!("There are {} labels already", limits::MAX_RULES)));
                }
                rules.push(rule);
            }
            RuleChange::Replace { rule, label, description } => {
                let place = self.place(rule)?;
                let Some(old) = self.classification.rules.rules.get(place).cloned() else { return Ok(()) };
                let label = label.unwrap_or_else(|| old.label.clone());
                if label != old.label {
                    self.free(&label)?;
                    self.renamed.remove(&old.label);
                    self.renamed.insert(label.clone(), rule);
                    for route in self.routes.iter_mut().filter(|route| route.label == old.label) {
                        route.label.clone_from(&label);
                    }
                }
                if let Some(found) = self.classification.rules.rules.get_mut(place) {
                    *found =
                        Rule { label, description: description.unwrap_or(old.description), examples: old.examples };
                }
            }
            RuleChange::Remove(rule) => {
                let place = self.place(rule)?;
                let gone = self.classification.rules.rules.remove(place);
                self.renamed.remove(&gone.label);
                self.routes.retain(|route| route.label != gone.label);
            }
            RuleChange::Example { label, text } => self.learn(&label, &text)?,
        }
        Ok(())
    }

    /// Makes `text` an example of the rule of that label, and of no other. Where examples would be too many, the oldest of
    /// the rule goes; where they would be too many bytes, the oldest of the rule that has most of them.
    fn learn(&mut self, label: &str, text: &str) -> Result<()> {
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
        while rules.iter().map(bytes).sum::<usize>() + text.len() > limits::MAX_EXAMPLES_BYTES {
            let Some(heaviest) = rules.iter_mut().max_by_key(|rule| bytes(rule)) else { break };
            let Some(oldest) = heaviest.examples.iter().position(|example| example != text) else { break };
            heaviest.examples.remove(oldest);
        }
        Ok(())
    }

    /// Fails when there is a rule of this label.
    fn free(&self, label: &str) -> Result<()> {
        if self.classification.rules.rules.iter().any(|rule| rule.label == label) {
            return Err(Error::new(Kind::Conflict, format!("A label named {label:?} already exists")));
        }
        Ok(())
    }

    /// Drops what names rules that are no more, and gives an id of its own to a rule whose label another began with.
    pub(super) fn tidy(mut self) -> Self {
        let labels: BTreeSet<String> = self.classification.rules.rules.iter().map(|rule| rule.label.clone()).collect();
        self.routes.retain(|route| labels.contains(&route.label));
        self.renamed.retain(|label, _| labels.contains(label));
        let mut taken: BTreeSet<RuleId> = self.renamed.values().copied().collect();
        for label in labels.into_iter().filter(|label| !self.renamed.contains_key(label)).collect::<Vec<_>>() {
            // No label has control characters.
            let (mut id, mut text) = (self.rule_id_of(&label), label.clone());
            if taken.contains(&id) {
                while taken.contains(&id) {
                    text.push('\0');
                    id = self.rule_id_of(&text);
                }
                self.renamed.insert(label, id);
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
    /// Add a rule behind the others.
    Add(Rule),
    /// Change a rule; what is absent stays.
    Replace {
        /// Which.
        rule: RuleId,
        /// The new label.
        label: Option<String>,
        /// The new description.
        description: Option<String>,
    },
    /// Remove a rule, and the route of its label.
    Remove(RuleId),
    /// Make a text an example of a label, and of no other. Examples make room, oldest first, where the limits ask for it.
    Example {
        /// Of which.
        label: String,
        /// The text.
        text: String,
    },
}

/// What a new version of a classifier changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The name; as before when absent.
    pub name: Option<String>,
    /// What it classifies with; as before when absent.
    pub classification: Option<Classification>,
    /// Where documents go by their label; as before when absent.
    pub routes: Option<Vec<Target>>,
    /// Whether nobody classifies with the new version until it is published.
    pub draft: bool,
}

pub(super) fn later(old: &Classifier, now: Timestamp) -> Timestamp {
    now.max(old.version + Duration::from_millis(1))
}

pub(super) fn next_version(old: Classifier, change: Change, now: Timestamp) -> Classifier {
    Classifier {
        version: later(&old, now),
        name: change.name.unwrap_or(old.name),
        classification: change.classification.unwrap_or(old.classification),
        routes: change.routes.unwrap_or(old.routes),
        draft: change.draft,
        ..old
    }
}
