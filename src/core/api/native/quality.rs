//! How good rules are: measured on labelled texts, and looked at by themselves. Nothing is kept.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{
    Caller, NO_CLASSIFIER, Reply,
    at_once::{self, Against},
    found,
};
use crate::{
    api::{body, reply},
    classify::{given, lint},
    error::{Kind, Result},
    id::ClassifierId,
    job::Classification,
    service::{at_once::evaluate as evaluated, classifiers, index::Classifier, ports::Ports},
    validate::{Check, Field},
};

/// The newest version of a classifier and, where that is a draft, the published one.
async fn versions<P: Ports>(caller: &Caller<P>, id: ClassifierId) -> Result<(Classifier, Option<Classifier>)> {
    let version = async |draft| classifiers::get(&caller.ports, caller.token.project, id, draft).await;
    let newest = found(version(true).await, NO_CLASSIFIER)?;
    if !newest.draft {
        return Ok((newest, None));
    }
    match version(false).await {
        Ok(published) => Ok((newest, Some(published))),
        Err(error) if error.kind() == Kind::NotFound => Ok((newest, None)),
        Err(error) => Err(error),
    }
}

/// `POST /v1/evaluate`
pub(super) async fn evaluate<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let said = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &["rules", "classifier_id", "settings", "cases"]);
    let against = at_once::against(&mut check, &input);
    let settings = given::settings(&mut check, &input.get("settings"));
    let cases = given::cases(&mut check, &input.get("cases"));
    let (against, cases) = check.finish(against.zip(cases))?;
    let (mut classification, published) = match against {
        Against::Rules(rules) => (Classification { rules, ..Classification::default() }, None),
        Against::Saved(id) => {
            let (newest, published) = versions(&caller, id).await?;
            (newest.classification, published.map(|published| published.classification))
        }
    };
    if let Some(settings) = settings {
        classification.settings = settings;
    }
    let evaluated = evaluated(&classification, published.as_ref(), cases).map_err(|error| input.at_fault(error))?;
    Ok(reply::json(StatusCode::OK, &evaluated))
}

/// `POST /v1/lint`
pub(super) async fn lint<P: Ports>(caller: Caller<P>, headers: HeaderMap, body: Body) -> Reply {
    let said = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&said));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    check.only(&input, &["rules", "classifier_id"]);
    let against = at_once::against(&mut check, &input);
    let rules = match check.finish(against)? {
        Against::Rules(rules) => rules,
        Against::Saved(id) => versions(&caller, id).await?.0.classification.rules,
    };
    Ok(reply::json(StatusCode::OK, &lint::linted(&rules)))
}
