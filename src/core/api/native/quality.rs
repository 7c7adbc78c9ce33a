//! The quality of rules: evaluation on labelled texts, and linting. Nothing is stored.

use axum::http::StatusCode;

use super::{
    Body, Caller, NO_CLASSIFIER, Reply, found,
    stateless::{RulesChoice, RulesInput},
};
use crate::{
    api::{checked::in_body, reply},
    classify::{Settings, evaluation::LabelledText, input::CASES},
    error::{ErrorKind, Result},
    id::ClassifierId,
    job::Classification,
    service::{
        classifiers,
        index::{ClassifierVersion, Version},
        ports::Ports,
        stateless,
    },
    validate::{declare::declare, shape::CLOSED},
};

/// The newest version of a classifier and, if that is a draft, the published one.
async fn versions<P: Ports>(
    caller: &Caller<P>,
    id: ClassifierId,
) -> Result<(ClassifierVersion, Option<ClassifierVersion>)> {
    let get = async |version| classifiers::get(&caller.ports, caller.token.project, id, version).await;
    let newest = found(get(Version::Newest).await, NO_CLASSIFIER)?;
    if !newest.draft {
        return Ok((newest, None));
    }
    match get(Version::Published).await {
        Ok(published) => Ok((newest, Some(published))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok((newest, None)),
        Err(error) => Err(error),
    }
}

declare! {
    /// Rules, and the texts to evaluate them on.
    #[derive(Debug)]
    pub(super) struct EvaluateRequest(CLOSED) {
        rules: RulesChoice = flattened,
        /// Options of the evaluated version; its own if absent.
        settings: Option<Settings> = optional,
        /// Texts with their right labels. A text without a label is one that no rule fits.
        cases: Vec<LabelledText> = required(CASES),
    }
}

declare! {
    /// Rules to inspect.
    #[derive(Debug)]
    pub(super) struct LintRequest(CLOSED) {
        rules: RulesChoice = flattened,
    }
}

/// `POST /v1/evaluate`
pub(super) async fn evaluate<P: Ports>(caller: Caller<P>, body: Body<EvaluateRequest>) -> Reply {
    let EvaluateRequest { rules, settings, cases } = body.0.finish()?;
    let (mut classification, published) = match rules.into() {
        RulesInput::Rules(rules) => (Classification { rules, ..Classification::default() }, None),
        RulesInput::Saved(id) => {
            let (newest, published) = versions(&caller, id).await?;
            (newest.classification, published.map(|published| published.classification))
        }
    };
    if let Some(settings) = settings {
        classification.settings = settings;
    }
    let evaluated = stateless::evaluate(&caller.ports, classification, published, cases).await.map_err(in_body)?;
    Ok(reply::json(StatusCode::OK, &evaluated))
}

/// `POST /v1/lint`
pub(super) async fn lint<P: Ports>(caller: Caller<P>, body: Body<LintRequest>) -> Reply {
    let rules = match body.0.finish()?.rules.into() {
        RulesInput::Rules(rules) => rules,
        RulesInput::Saved(id) => versions(&caller, id).await?.0.classification.rules,
    };
    Ok(reply::json(StatusCode::OK, &stateless::lint(&caller.ports, rules).await?))
}
