//! The stages of a job.

use serde::{Deserialize, Serialize};

use super::JobPart;

/// A step of a job's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Fetch the document from its URL.
    Fetch,
    /// Classify the document.
    Classify,
    /// Extract the fields of the route's schema.
    Extract,
    /// Extract the values of a JSON Schema.
    ExtractJson,
    /// Parse the document: its text, its Markdown and its items.
    Parse,
    /// Split the file into the documents that it holds.
    Split,
}

impl Stage {
    /// The part of the job that its output becomes if it is stored apart. None if it never is.
    pub const fn part(self) -> Option<JobPart> {
        match self {
            Self::Fetch | Self::Classify => None,
            Self::Extract => Some(JobPart::Extraction),
            Self::ExtractJson | Self::Parse | Self::Split => Some(JobPart::Output),
        }
    }
}

/// What a job does with its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Classify the document.
    Classify,
    /// Classify the document, then extract the fields of its route's schema, if it has a route.
    ClassifyAndExtract,
    /// Extract the fields of a schema, without classifying the document.
    Extract,
    /// Extract the values of a JSON Schema.
    ExtractJson,
    /// Parse the document.
    Parse,
    /// Split the file.
    Split,
}

impl Task {
    const ALL: [Self; 6] =
        [Self::Classify, Self::ClassifyAndExtract, Self::Extract, Self::ExtractJson, Self::Parse, Self::Split];

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Classify => "classify",
            Self::ClassifyAndExtract => "classify_and_extract",
            Self::Extract => "extract",
            Self::ExtractJson => "extract_json",
            Self::Parse => "parse",
            Self::Split => "split",
        }
    }

    /// The plan for a document that is stored already.
    pub const fn plan(self) -> Plan {
        Plan { task: self, fetches: false }
    }
}

/// The stages of a job, in order. They follow from its task and from where its document is. A stored job has them as a
/// list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Stage>", try_from = "Vec<Stage>")]
pub struct Plan {
    /// What is done with the document.
    pub task: Task,
    /// Whether the document is fetched from a URL first.
    pub fetches: bool,
}

impl Plan {
    /// The stages, in order.
    pub const fn stages(self) -> &'static [Stage] {
        let all: &[Stage] = match self.task {
            Task::Classify => &[Stage::Fetch, Stage::Classify],
            Task::ClassifyAndExtract => &[Stage::Fetch, Stage::Classify, Stage::Extract],
            Task::Extract => &[Stage::Fetch, Stage::Extract],
            Task::ExtractJson => &[Stage::Fetch, Stage::ExtractJson],
            Task::Parse => &[Stage::Fetch, Stage::Parse],
            Task::Split => &[Stage::Fetch, Stage::Split],
        };
        match all.split_first() {
            Some((_, without_fetch)) if !self.fetches => without_fetch,
            _ => all,
        }
    }
}

impl From<Plan> for Vec<Stage> {
    fn from(plan: Plan) -> Self {
        plan.stages().to_vec()
    }
}

impl TryFrom<Vec<Stage>> for Plan {
    type Error = String;

    fn try_from(stages: Vec<Stage>) -> Result<Self, String> {
        let fetches = stages.first() == Some(&Stage::Fetch);
        let mut plans = Task::ALL.into_iter().map(|task| Self { task, fetches });
        plans.find(|plan| plan.stages() == stages).ok_or_else(|| format!("no plan has the stages {stages:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_is_stored_as_its_stages() {
        for task in Task::ALL {
            for fetches in [false, true] {
                let plan = Plan { task, fetches };
                let json = serde_json::to_string(&plan).unwrap();
                assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan, "{json}");
            }
        }
        assert_eq!(serde_json::to_string(&Task::ClassifyAndExtract.plan()).unwrap(), r#"["classify","extract"]"#);
        assert!(serde_json::from_str::<Plan>(r#"["extract","classify"]"#).is_err());
    }
}
