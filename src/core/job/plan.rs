//! The stages of a job.

use serde::{Deserialize, Serialize};

/// A step of a job's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Classify the document.
    Classify,
    /// Extract the fields of the route's schema.
    Extract,
}

/// The stages of a job, in order. They follow from its kind of work. A stored job has them as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Stage>", try_from = "Vec<Stage>")]
pub enum Plan {
    /// Classify the document.
    Classify,
    /// Classify the document, then extract the fields of its route's schema, if it has a route.
    ClassifyAndExtract,
    /// Extract the fields of a schema, without classifying the document.
    Extract,
}

impl Plan {
    /// The stages, in order.
    pub const fn stages(self) -> &'static [Stage] {
        match self {
            Self::Classify => &[Stage::Classify],
            Self::ClassifyAndExtract => &[Stage::Classify, Stage::Extract],
            Self::Extract => &[Stage::Extract],
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
        let mut plans = [Self::Classify, Self::ClassifyAndExtract, Self::Extract].into_iter();
        plans.find(|plan| plan.stages() == stages).ok_or_else(|| format!("no plan has the stages {stages:?}"))
    }
}
