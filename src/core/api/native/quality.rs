//! How good rules are: measured on labelled texts, and looked at by themselves. Nothing is kept.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};
use serde_json::json;

use super::{
    Caller, NO_CLASSIFIER, Reply,
    at_once::{self, Against},
    found, rules, wire,
};
use crate::{
    ENGINE_VERSION,
    api::{
        body, reply,
        validate::{Check, Field},
    },
    classify::lint,
    error::{Kind, Result},
    id::ClassifierId,
    job::Classification,
    limits,
    service::{
        at_once::{Labelled, evaluate as evaluated},
        classifiers,
        index::Classifier,
        ports::Ports,
    },
};

/// Reads labelled texts.
fn cases(check: &mut Check, field: &Field<'_>) -> Option<Vec<Labelled>> {
    check.require(field);
    let items = check.list(field, 1..=limits::MAX_CASES)?;
    let cases: Vec<_> = items.iter().map(|item| case(check, item)).collect();
    cases.into_iter().collect()
}

fn case(check: &mut Check, item: &Field<'_>) -> Option<Labelled> {
    check.require(item);
    if !check.object(item) {
        return None;
    }
    check.only(item, &["text", "label"]);
    check.require(&item.get("text"));
    let label = item.get("label");
    let known = check.text(&label, 1..=limits::MAX_LABEL_CHARS).map(str::to_owned);
    let text = check.text(&item.get("text"), 1..=limits::MAX_BODY_BYTES)?.to_owned();
    (known.is_some() || label.is_absent()).then_some(Labelled { text, label: known })
}

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
    let settings = rules::settings(&mut check, &input.get("settings"));
    let cases = cases(&mut check, &input.get("cases"));
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
    Ok(reply::json(StatusCode::OK, &wire::Evaluated::from(&evaluated)))
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
    Ok(reply::json(StatusCode::OK, &json!({ "findings": lint::lint(&rules), "engine_version": ENGINE_VERSION })))
}
