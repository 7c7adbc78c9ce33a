//! Labels: the rules of an orchestrator, one by one.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{Caller, NO_ORCHESTRATOR, Reply, Segments, orchestrator, wire::Label};
use crate::{
    api::{body, reply},
    classify::Rule,
    error::Result,
    id::RuleId,
    limits,
    service::{
        classifiers,
        index::{Classifier, RuleChange},
        ports::Ports,
    },
    validate::{Check, Field},
};

const NO_LABEL: &str = "Label not found";

async fn load<P: Ports>(caller: &Caller<P>, segments: &Segments) -> Result<Classifier> {
    let id = orchestrator(caller, segments)?;
    let found = classifiers::get(&caller.ports, caller.token.project, id, false).await;
    found.map_err(|error| error.or_missing(NO_ORCHESTRATOR))
}

fn answer(status: StatusCode, classifier: &Classifier, rule: &Rule) -> axum::response::Response {
    reply::json(status, &Label::new(classifier, rule))
}

/// `GET .../classification/labels`
pub(super) async fn list<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let rules = classifier.classification.rules.rules.iter();
    let labels: Vec<_> = rules.map(|rule| Label::new(&classifier, rule)).collect();
    Ok(reply::json(StatusCode::OK, &labels))
}

/// `GET .../classification/labels/{labelCuid}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let rule = classifier.rule(segments.id("label", NO_LABEL)?)?;
    Ok(answer(StatusCode::OK, &classifier, rule))
}

/// `POST .../classification/labels`
pub(super) async fn create<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let id = orchestrator(&caller, &segments)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.require(&input);
    check.object(&input);
    for member in ["name", "description"] {
        check.require(&input.get(member));
    }
    let (label, description) = texts(&mut check, &input);
    let (label, description) = check.finish(label.zip(description))?;
    let change = RuleChange::Add(Rule::new(label.clone(), description));
    let changed = classifiers::change_rules(&caller.ports, caller.token.project, id, change).await;
    let classifier = changed.map_err(|error| error.or_missing(NO_ORCHESTRATOR))?;
    let rule = classifier.rule(classifier.rule_id(&label))?;
    Ok(answer(StatusCode::CREATED, &classifier, rule))
}

/// `PATCH .../classification/labels/{labelCuid}`
pub(super) async fn change<P: Ports>(caller: Caller<P>, segments: Segments, headers: HeaderMap, body: Body) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let id: RuleId = segments.id("label", NO_LABEL)?;
    let input = body::json(&headers, body).await?;
    let input = Field::root("body", Some(&input));
    let mut check = Check::default();
    check.object(&input);
    let (label, description) = texts(&mut check, &input);
    check.finish(Some(()))?;
    let change = RuleChange::Replace { rule: id, label, description };
    let classifier = classifiers::change_rules(&caller.ports, caller.token.project, classifier.id, change).await?;
    Ok(answer(StatusCode::OK, &classifier, classifier.rule(id)?))
}

/// `DELETE .../classification/labels/{labelCuid}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: Segments) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let change = RuleChange::Remove(segments.id("label", NO_LABEL)?);
    classifiers::change_rules(&caller.ports, caller.token.project, classifier.id, change).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The name and the description, as far as they are there.
fn texts(check: &mut Check, input: &Field<'_>) -> (Option<String>, Option<String>) {
    let fits = |label: &str| !label.trim().is_empty() && !label.chars().any(char::is_control);
    let label = check.text_like(&input.get("name"), 1..=limits::MAX_LABEL_CHARS, r"^[^\p{Cc}]*\S.*$", fits);
    let description = check.text(&input.get("description"), 1..=limits::MAX_DESCRIPTION_CHARS);
    (label.map(str::to_owned), description.map(str::to_owned))
}
