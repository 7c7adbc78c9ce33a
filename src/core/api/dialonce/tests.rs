use axum::body::Body;
use futures_executor::block_on;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    api::{
        cuid,
        tests::{request, send},
    },
    classify::{Rule, RuleSet},
    id::ProjectId,
    job::Classification,
    limits,
    service::{classifiers, index::ClassifierChange, memory::Memory, ports::Config},
};

/// An orchestrator with a few labels.
struct TestApi {
    ports: Memory,
    token: String,
    base: String,
}

impl TestApi {
    fn new() -> Self {
        let ports = Memory::new(Config { admin_secret: Some("operator".into()), ..Config::default() });
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
        let change = ClassifierChange { classification: Some(classification), ..ClassifierChange::default() };
        let orchestrator = block_on(classifiers::save(&ports, id, "mails".into(), change)).unwrap().id;
        let base = format!("/api/companies/{}/orchestrators/{}", cuid::encode(&id), cuid::encode(&orchestrator));
        Self { ports, token: token.as_str().unwrap().to_owned(), base }
    }

    fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> (u16, Vec<u8>) {
        let (response, body) = send(&self.ports, request(method, &format!("{}{path}", self.base), &self.token, body));
        (response.status().as_u16(), body)
    }

    fn submit(&self, body: String) -> (u16, Value) {
        let (status, body) = self.send("POST", "/classification-async", body);
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// The state of the process that the response `submitted` names.
    fn process(&self, submitted: &Value) -> Vec<u8> {
        let path = format!("/classification-async/{}", submitted["process_cuid"].as_str().unwrap());
        let (status, body) = self.send("GET", &path, "");
        assert_eq!(status, 200);
        body
    }
}

fn json(ports: &Memory, method: &str, path: &str, token: &str, body: &'static str) -> Value {
    serde_json::from_slice(&send(ports, request(method, path, token, body)).1).unwrap()
}

/// The status and the metadata, as raw as they are in a response.
#[derive(Deserialize)]
struct ProcessResponse<'a> {
    status: &'a str,
    #[serde(borrow)]
    external_metadata: &'a RawValue,
}

fn whitespace() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

/// The text of a JSON number, including numbers that no Rust type can represent.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,5})?",
        Just("1e400".to_owned()),
        Just("-0".to_owned()),
        Just("1.0".to_owned()),
        Just("18446744073709551616".to_owned()),
    ]
}

/// The text of a JSON string: any characters and every kind of escape, including unpaired surrogates.
fn string() -> impl Strategy<Value = String> {
    let escape = "\\\\([\"\\\\/bfnrt]|u[0-9a-fA-F]{4})";
    let plain = any::<char>().prop_filter("is written as an escape", |c| *c >= ' ' && *c != '"' && *c != '\\');
    let piece = prop_oneof![plain.prop_map(String::from), escape];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// The text of any JSON value: whitespace anywhere, duplicate members, nested lists.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![number(), string(), "true|false|null"];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let item =
            (whitespace(), inner, whitespace()).prop_map(|(before, value, after)| before + &value + &after).boxed();
        let name = prop_oneof![Just("\"a\"".to_owned()), string()];
        let member = (whitespace(), name, whitespace(), item.clone())
            .prop_map(|(before, name, after, item)| before + &name + &after + ":" + &item);
        let list = move |of: BoxedStrategy<String>, open: &'static str, close: &'static str| {
            (proptest::collection::vec(of, 0..6), whitespace()).prop_map(move |(items, whitespace)| match &*items {
                [] => format!("{open}{whitespace}{close}"),
                items => format!("{open}{}{close}", items.join(",")),
            })
        };
        prop_oneof![list(item, "[", "]"), list(member.boxed(), "{", "}")]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn metadata_comes_back_byte_for_byte(metadata in value(), before in whitespace(), after in whitespace(), last in any::<bool>()) {
        let api = TestApi::new();
        let (mail, member) = (r#""mail":{"body":"Refund, please"}"#, format!("\"external_metadata\":{before}{metadata}{after}"));
        let body = if last { format!("{{{mail},{member}}}") } else { format!("{{{member},{mail}}}") };
        let (status, submitted) = api.submit(body);
        prop_assert_eq!(status, 200, "{}", submitted);
        for expected in ["started", "completed"] {
            let answer = api.process(&submitted);
            let response: ProcessResponse<'_> = serde_json::from_slice(&answer).unwrap();
            prop_assert_eq!((response.status, response.external_metadata.get()), (expected, &*metadata));
            block_on(api.ports.run_queue());
        }
    }

    #[test]
    fn the_result_is_that_of_the_synchronous_call(
        subject in proptest::option::of("(Refund|Invoice|Parcel|Re: )?\\PC{0,30}"),
        words in proptest::collection::vec("refund|order|parcel|late|damaged|invoice|payment|seal|\\PC{1,8}", 1..30),
    ) {
        let text = format!("a {}", words.join(" "));
        let api = TestApi::new();
        let (status, synchronous) = api.send("POST", "/classification", json!({ "subject": subject, "body": text }).to_string());
        prop_assert_eq!(status, 200);
        let synchronous: Value = serde_json::from_slice(&synchronous).unwrap();
        let (status, submitted) = api.submit(json!({ "mail": { "subject": subject, "body": text } }).to_string());
        prop_assert_eq!(status, 200);
        block_on(api.ports.run_queue());
        let asynchronous: Value = serde_json::from_slice(&api.process(&submitted)).unwrap();
        prop_assert_eq!(&asynchronous["status"], "completed");
        let result = &asynchronous["result"];
        prop_assert_eq!(&result["main_prediction"], &synchronous["main_prediction"]);
        prop_assert_eq!(&result["predictions"], &synchronous["predictions"]);
        prop_assert_eq!(&result["classification"], &synchronous["main_prediction"]);
        let confidence = result["confidence"].as_f64().unwrap();
        prop_assert!((0.0..=1.0).contains(&confidence), "{}", confidence);
    }
}

#[test]
fn metadata_may_have_64_kib_and_nest_deeply() {
    let api = TestApi::new();
    let submit = |metadata: &str| {
        api.submit(format!(r#"{{"mail":{{"body":"Refund, please"}},"external_metadata":{metadata}}}"#))
    };
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(submit(&text(limits::MAX_METADATA_BYTES)).0, 200);
    assert_eq!(submit(&text(limits::MAX_METADATA_BYTES + 1)).0, 413);
    // The limit is in bytes, not characters.
    assert_eq!(submit(&format!("\"{}\"", "é".repeat(limits::MAX_METADATA_BYTES / 2))).0, 413);
    let deep = "[".repeat(30_000) + &"]".repeat(30_000);
    let (status, submitted) = submit(&deep);
    assert_eq!(status, 200);
    let answer = api.process(&submitted);
    assert!(answer.windows(deep.len()).any(|part| part == deep.as_bytes()));
}

#[test]
fn a_mail_may_have_a_mebibyte() {
    let api = TestApi::new();
    let submit = |body: &str| api.submit(json!({ "mail": { "body": body } }).to_string()).0;
    assert_eq!(submit(&"word ".repeat(limits::MAX_MAIL_BYTES / 5 - 100)), 200);
    assert_eq!(submit(&"word ".repeat(limits::MAX_MAIL_BYTES / 5)), 413);
    assert_eq!(submit(&"€".repeat(limits::MAX_MAIL_BYTES / 2)), 413);
}

#[test]
fn an_answer_names_the_members_that_were_ignored() {
    let api = TestApi::new();
    let attachments = json!([{ "content": "", "size": 0, "cid": null }, { "size": 1 }]);
    let mail = json!({ "body": "Refund, please", "thread": 1, "attachments": attachments });
    let (status, submitted) = api.submit(json!({ "mail": mail, "priority": 1, "callback": null }).to_string());
    assert_eq!((status, &submitted["ignored"]), (200, &json!(["priority", "mail.thread", "mail.attachments.size"])));
    let (status, submitted) = api.submit(mail.to_string());
    assert_eq!((status, &submitted["ignored"]), (200, &json!(["thread", "attachments.size"])));
    let many: Vec<String> = (0..100).map(|index| format!("\"{index}{}\":0", "x".repeat(1_000))).collect();
    let (status, submitted) = api.submit(format!("{{\"body\":\"Refund, please\",{}}}", many.join(",")));
    let ignored = submitted["ignored"].as_array().unwrap();
    assert_eq!((status, ignored.len()), (200, 50));
    assert!(ignored.iter().all(|name| name.as_str().unwrap().len() == 100));
}

#[test]
fn attachments_may_be_larger_than_a_mail() {
    let api = TestApi::new();
    let submit = |bytes: usize| {
        let content = "A".repeat(bytes);
        api.submit(json!({ "mail": { "body": "Refund, please", "attachments": [{ "content": content }] } }).to_string())
    };
    let (status, submitted) = submit(limits::MAX_MAIL_BYTES * 3 / 2);
    assert_eq!(status, 200);
    block_on(api.ports.run_queue());
    let process: Value = serde_json::from_slice(&api.process(&submitted)).unwrap();
    assert_eq!(process["result"]["classification"], "refund_request");
    assert_eq!(submit(limits::MAX_BODY_BYTES).0, 413);
}
