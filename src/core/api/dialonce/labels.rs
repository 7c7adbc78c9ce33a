//! Labels: the rules of an orchestrator.

use axum::http::StatusCode;

use super::{Body, Caller, NO_ORCHESTRATOR, PathParams, Reply, orchestrator, wire::Label};
use crate::{
    api::reply,
    classify::{Rule, input::PRINTABLE},
    error::Result,
    id::RuleId,
    limits,
    service::{
        classifiers,
        index::{ClassifierVersion, RuleChange, Version},
        ports::Ports,
    },
    validate::{
        declare::declare,
        shape::{OPEN, Object, Pattern, Shape},
    },
};

declare! {
    /// A label to add.
    #[derive(Debug)]
    pub(super) struct NewLabel(OPEN) {
        /// The name. Unique in its orchestrator.
        name: String = required(NAME),
        /// What mails with this label are like, in plain language.
        description: String = required(DESCRIPTION),
    }
}

declare! {
    /// What changes of a label; absent members stay.
    #[derive(Debug)]
    pub(super) struct ChangedLabel(Object { required: false, ..OPEN }) {
        /// The name.
        name: Option<String> = optional(NAME),
        /// What mails with this label are like, in plain language.
        description: Option<String> = optional(DESCRIPTION),
    }
}

const NAME: Shape = Shape::Text {
    length: 1..=limits::MAX_LABEL_CHARS,
    pattern: Some(&Pattern { regex: r"^[^\p{Cc}]*\S.*$", fits: PRINTABLE.fits }),
};

const DESCRIPTION: Shape = Shape::text(1..=limits::MAX_DESCRIPTION_CHARS);

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
pub(super) async fn create<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<NewLabel>) -> Reply {
    let id = orchestrator(&caller, &segments)?;
    let NewLabel { name: label, description } = body.0.finish()?;
    let change = RuleChange::Add(Rule::new(label.clone(), description));
    let changed = classifiers::change_rules(&caller.ports, caller.token.project, id, change).await;
    let classifier = changed.map_err(|error| error.with_not_found_message(NO_ORCHESTRATOR))?;
    let rule = classifier.rule(classifier.rule_id(&label))?;
    Ok(answer(StatusCode::CREATED, &classifier, rule))
}

/// `PATCH .../classification/labels/{labelCuid}`
pub(super) async fn change<P: Ports>(caller: Caller<P>, segments: PathParams, body: Body<ChangedLabel>) -> Reply {
    let classifier = load(&caller, &segments).await?;
    let id: RuleId = segments.id("label", NO_LABEL)?;
    let ChangedLabel { name: label, description } = body.0.finish()?;
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
