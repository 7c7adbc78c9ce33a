use axum::body::Body;
use futures_executor::block_on;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    api::{
        cuid,
        tests::{ask, request},
    },
    classify::{Rule, RuleSet},
    id::ProjectId,
    job::Classification,
    limits,
    service::{classifiers, index::Change, memory::Memory, ports::Config},
};

/// An orchestrator with a few labels.
struct World {
    ports: Memory,
    token: String,
    base: String,
}

impl World {
    fn new() -> Self {
        let ports = Memory::new(Config { admin_secret: Some("operator".into()), inline_max_bytes: 0 });
        let project = json(&ports, "POST", "/v1/projects", "operator", r#"{"name":"p"}"#)["id"].clone();
        let id: ProjectId = project.as_str().unwrap().parse().unwrap();
        let token = json(&ports, "POST", &format!("/v1/projects/{id}/tokens"), "operator", "")["token"].clone();
        let rules = [
            ("refund_request", "The customer asks for a refund of a recent order"),
            ("delivery_problem", "A parcel is late, lost or arrived damaged"),
            ("invoice_question", "A question about an invoice, a bill or a payment"),
        ];
        let rules = rules.map(|(label, description)| Rule::new(label, description));
        let classification = Classification { rules: RuleSet { rules: rules.into() }, ..Classification::default() };
        let change = Change { classification: Some(classification), ..Change::default() };
        let orchestrator = block_on(classifiers::save(&ports, id, "mails".into(), change)).unwrap().id;
        let base = format!("/api/companies/{}/orchestrators/{}", cuid::spell(&id), cuid::spell(&orchestrator));
        Self { ports, token: token.as_str().unwrap().to_owned(), base }
    }

    fn ask(&self, method: &str, path: &str, body: impl Into<Body>) -> (u16, Vec<u8>) {
        let (response, body) = ask(&self.ports, request(method, &format!("{}{path}", self.base), &self.token, body));
        (response.status().as_u16(), body)
    }

    fn submit(&self, body: String) -> (u16, Value) {
        let (status, body) = self.ask("POST", "/classification-async", body);
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// The answer to a question for the process that an answer names.
    fn process(&self, submitted: &Value) -> Vec<u8> {
        let path = format!("/classification-async/{}", submitted["process_cuid"].as_str().unwrap());
        let (status, body) = self.ask("GET", &path, "");
        assert_eq!(status, 200);
        body
    }
}

fn json(ports: &Memory, method: &str, path: &str, token: &str, body: &'static str) -> Value {
    serde_json::from_slice(&ask(ports, request(method, path, token, body)).1).unwrap()
}

/// What comes back of what the caller sent, as it stands in the answer.
#[derive(Deserialize)]
struct Back<'a> {
    status: &'a str,
    #[serde(borrow)]
    external_metadata: &'a RawValue,
}

fn blank() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// The text of a number, in forms that no number type holds among them.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?",
        Just("1e400".to_owned()),
        Just("-0".to_owned()),
        Just("1.0".to_owned()),
        Just("18446744073709551616".to_owned()),
    ]
}

/// The text of a string: any characters, and every kind of escape, surrogates without a partner among them.
fn string() -> impl Strategy<Value = String> {
    let escape = "\\\\([\"\\\\/bfnrt]|u[0-9a-fA-F]{4})";
    let plain = any::<char>().prop_filter("is written as an escape", |c| *c >= ' ' && *c != '"' && *c != '\\');
    let piece = prop_oneof![plain.prop_map(String::from), escape];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// The text of any JSON value: blanks anywhere, members that are there twice, lists in lists.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![number(), string(), "true|false|null"];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let item = (blank(), inner, blank()).prop_map(|(before, value, after)| before + &value + &after).boxed();
        let name = prop_oneof![Just("\"a\"".to_owned()), string()];
        let member = (blank(), name, blank(), item.clone())
            .prop_map(|(before, name, after, item)| before + &name + &after + ":" + &item);
        let list = move |of: BoxedStrategy<String>, open: &'static str, close: &'static str| {
            (proptest::collection::vec(of, 0..6), blank()).prop_map(move |(items, blank)| match &*items {
                [] => format!("{open}{blank}{close}"),
                items => format!("{open}{}{close}", items.join(",")),
            })
        };
        prop_oneof![list(item, "[", "]"), list(member.boxed(), "{", "}")]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn metadata_comes_back_byte_for_byte(metadata in value(), before in blank(), after in blank(), last in any::<bool>()) {
        let world = World::new();
        let (mail, member) = (r#""mail":{"body":"Refund, please"}"#, format!("\"external_metadata\":{before}{metadata}{after}"));
        let body = if last { format!("{{{mail},{member}}}") } else { format!("{{{member},{mail}}}") };
        let (status, submitted) = world.submit(body);
        prop_assert_eq!(status, 200, "{}", submitted);
        for expected in ["started", "completed"] {
            let answer = world.process(&submitted);
            let back: Back<'_> = serde_json::from_slice(&answer).unwrap();
            prop_assert_eq!((back.status, back.external_metadata.get()), (expected, &*metadata));
            block_on(world.ports.run_queue());
        }
    }

    #[test]
    fn the_result_is_that_of_the_synchronous_call(
        subject in proptest::option::of("(Refund|Invoice|Parcel|Re: )?\\PC{0,30}"),
        words in proptest::collection::vec("refund|order|parcel|late|damaged|invoice|payment|seal|\\PC{1,8}", 1..30),
    ) {
        let text = format!("a {}", words.join(" "));
        let world = World::new();
        let (status, now) = world.ask("POST", "/classification", json!({ "subject": subject, "body": text }).to_string());
        prop_assert_eq!(status, 200);
        let now: Value = serde_json::from_slice(&now).unwrap();
        let (status, submitted) = world.submit(json!({ "mail": { "subject": subject, "body": text } }).to_string());
        prop_assert_eq!(status, 200);
        block_on(world.ports.run_queue());
        let later: Value = serde_json::from_slice(&world.process(&submitted)).unwrap();
        prop_assert_eq!(&later["status"], "completed");
        let result = &later["result"];
        prop_assert_eq!(&result["main_prediction"], &now["main_prediction"]);
        prop_assert_eq!(&result["predictions"], &now["predictions"]);
        prop_assert_eq!(&result["classification"], &now["main_prediction"]);
        let confidence = result["confidence"].as_f64().unwrap();
        prop_assert!((0.0..=1.0).contains(&confidence), "{}", confidence);
    }
}

#[test]
fn metadata_may_have_64_kib_and_nest_deeply() {
    let world = World::new();
    let submit = |metadata: &str| {
        world.submit(format!(r#"{{"mail":{{"body":"Refund, please"}},"external_metadata":{metadata}}}"#))
    };
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(submit(&text(limits::MAX_METADATA_BYTES)).0, 200);
    assert_eq!(submit(&text(limits::MAX_METADATA_BYTES + 1)).0, 413);
    // Bytes count, not characters.
    assert_eq!(submit(&format!("\"{}\"", "é".repeat(limits::MAX_METADATA_BYTES / 2))).0, 413);
    let deep = "[".repeat(30_000) + &"]".repeat(30_000);
    let (status, submitted) = submit(&deep);
    assert_eq!(status, 200);
    let answer = world.process(&submitted);
    assert!(answer.windows(deep.len()).any(|part| part == deep.as_bytes()));
}

#[test]
fn a_mail_may_have_a_mebibyte() {
    let world = World::new();
    let submit = |body: &str| world.submit(json!({ "mail": { "body": body } }).to_string()).0;
    assert_eq!(submit(&"word ".repeat(limits::MAX_MAIL_BYTES / 5 - 100)), 200);
    assert_eq!(submit(&"word ".repeat(limits::MAX_MAIL_BYTES / 5)), 413);
    assert_eq!(submit(&"€".repeat(limits::MAX_MAIL_BYTES / 2)), 413);
}
