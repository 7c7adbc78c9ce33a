//! Labels: the rules of an orchestrator.

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
};

use super::{Caller, NO_ORCHESTRATOR, PathParams, Reply, orchestrator, wire::Label};
use crate::{
    api::{body, reply},
    classify::Rule,
    error::Result,
    id::RuleId,
    limits,
    service::{
        classifiers,
        index::{ClassifierVersion, RuleChange, Version},
        ports::Ports,
    },
    validate::{Input, Validator},
};

const NO_LABEL: &str = "Label not found";

async fn load<P: Ports>(caller: &Caller<P>, segments: &PathParams) -> Result<ClassifierVersion> {
    let id = orchestrator(caller, segments)?;
    let found = classifiers::get(&caller.ports, caller.token.project, id, Version::Published).await;
    found.map_err(|error| error.with_not_found_message(NO_ORCHESTRATOR))
}

fn answer(status: StatusCode, classifier: &ClassifierVersion, rule: &Rule) -> axum::response::Response {
    reply::json(status, &Label::new(classifier, rule))
}

/// `GET .../classification/labels`
pub(super) async fn list<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let rules = classifier.classification.rules.rules.iter();
    let labels: Vec<_> = rules.map(|rule| Label::new(&classifier, rule)).collect();
    Ok(reply::json(StatusCode::OK, &labels))
}

/// `GET .../classification/labels/{labelCuid}`
pub(super) async fn get<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let rule = classifier.rule(segments.id("label", NO_LABEL)?)?;
    Ok(answer(StatusCode::OK, &classifier, rule))
}

/// `POST .../classification/labels`
pub(super) async fn create<P: Ports>(caller: Caller<P>, segments: PathParams, headers: HeaderMap, body: Body) -> Reply {
    let id = orchestrator(&caller, &segments)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.require(&input);
    check.object(&input);
    for member in ["name", "description"] {
        check.require(&input.get(member));
    }
    let (label, description) = texts(&mut check, &input);
    let (label, description) = check.finish(label.zip(description))?;
    let change = RuleChange::Add(Rule::new(label.clone(), description));
    let changed = classifiers::change_rules(&caller.ports, caller.token.project, id, change).await;
    let classifier = changed.map_err(|error| error.with_not_found_message(NO_ORCHESTRATOR))?;
    let rule = classifier.rule(classifier.rule_id(&label))?;
    Ok(answer(StatusCode::CREATED, &classifier, rule))
}

/// `PATCH .../classification/labels/{labelCuid}`
pub(super) async fn change<P: Ports>(caller: Caller<P>, segments: PathParams, headers: HeaderMap, body: Body) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let id: RuleId = segments.id("label", NO_LABEL)?;
    let input = body::json(&headers, body).await?;
    let input = Input::root("body", Some(&input));
    let mut check = Validator::default();
    check.object(&input);
    let (label, description) = texts(&mut check, &input);
    check.finish(Some(()))?;
    let change = RuleChange::Update { rule: id, label, description };
    let classifier = classifiers::change_rules(&caller.ports, caller.token.project, classifier.id, change).await?;
    Ok(answer(StatusCode::OK, &classifier, classifier.rule(id)?))
}

/// `DELETE .../classification/labels/{labelCuid}`
pub(super) async fn delete<P: Ports>(caller: Caller<P>, segments: PathParams) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let change = RuleChange::Remove(segments.id("label", NO_LABEL)?);
    classifiers::change_rules(&caller.ports, caller.token.project, classifier.id, change).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The name and the description; None for one that is absent or invalid.
fn texts(check: &mut Validator, input: &Input<'_>) -> (Option<String>, Option<String>) {
    let fits = |label: &str| !label.trim().is_empty() && !label.chars().any(char::is_control);
    let label = check.text_matching(&input.get("name"), 1..=limits::MAX_LABEL_CHARS, r"^[^\p{Cc}]*\S.*$", fits);
    let description = check.text(&input.get("description"), 1..=limits::MAX_DESCRIPTION_CHARS);
    (label.map(str::to_owned), description.map(str::to_owned))
}
