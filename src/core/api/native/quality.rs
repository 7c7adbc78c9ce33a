//! The quality of rules: evaluation on labelled texts, and linting. Nothing is stored.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_CLASSIFIER, Reply, found,
    stateless::{self, RulesInput},
};
use crate::{
    api::{body, reply},
    classify::{input, lint},
    error::{ErrorKind, Result},
    id::ClassifierId,
    job::Classification,
    service::{
        classifiers,
        index::{ClassifierVersion, Version},
        ports::Ports,
        stateless::evaluate as evaluated,
    },
    validate::{Input, Validator},
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

/// `POST /v1/evaluate`
pub(super) async fn evaluate<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let json = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&json));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["rules", "classifier_id", "settings", "cases"]);
    let rules_input = stateless::parse_rules_input(&mut check, &input);
    let settings = input::parse_settings(&mut check, &input.get("settings"));
    let cases = input::parse_cases(&mut check, &input.get("cases"));
    let (rules_input, cases) = check.finish(rules_input.zip(cases))?;
    let (mut classification, published) = match rules_input {
        RulesInput::Rules(rules) => (Classification { rules, ..Classification::default() }, None),
        RulesInput::Saved(id) => {
            let (newest, published) = versions(&caller, id).await?;
            (newest.classification, published.map(|published| published.classification))
        }
    };
    if let Some(settings) = settings {
        classification.settings = settings;
    }
    let evaluated = evaluated(&classification, published.as_ref(), cases).map_err(|error| input.nest_error(error))?;
    Ok(reply::json(StatusCode::OK, &evaluated))
}

/// `POST /v1/lint`
pub(super) async fn lint<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let json = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&json));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    check.deny_unknown_fields(&input, &["rules", "classifier_id"]);
    let rules_input = stateless::parse_rules_input(&mut check, &input);
    let rules = match check.finish(rules_input)? {
        RulesInput::Rules(rules) => rules,
        RulesInput::Saved(id) => versions(&caller, id).await?.0.classification.rules,
    };
    Ok(reply::json(StatusCode::OK, &lint::lint_result(&rules)))
}
