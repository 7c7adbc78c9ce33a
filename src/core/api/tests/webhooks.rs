//! Webhooks: who is called about what, how often, and what people see of it.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json as value;
use sha2::Sha256;

use super::*;
use crate::{
    limits,
    service::{
        memory::{BodyEnd, MemoryAnswer},
        ports::{OutboundMethod, OutboundRequest},
    },
};

const DOCUMENT: &str = "https://documents.example.com/a.txt";
const HOOK: &str = "https://hooks.example.com/in";

fn answers(status: u16) -> MemoryAnswer {
    MemoryAnswer::new(status, &[], "thanks")
}

/// A world with a document, an endpoint that confirms, and a token.
fn world() -> (Memory, String) {
    let ports = memory_ports();
    ports.serve(DOCUMENT, [MemoryAnswer::new(200, &[("content-type", "text/plain")], "Invoice 17. Total due 9.00")]);
    ports.serve(HOOK, [answers(200)]);
    let token = token(&ports);
    (ports, token)
}

fn parse(ports: &Memory, token: &str, webhooks: &Value) -> String {
    let mut body = value!({ "source_url": DOCUMENT, "tier": "fast", "version": "latest" });
    body.as_object_mut().unwrap().extend(webhooks.as_object().unwrap().clone());
    let (status, job) = json(ports, request("POST", "/api/v2/parse", token, body.to_string()));
    assert_eq!(status, 200, "{job}");
    job["id"].as_str().unwrap().to_owned()
}

/// Lets jobs and calls run until nothing is due.
fn run(ports: &Memory) {
    block_on(async {
        ports.run_queue().await;
        ports.run_calls(calls::build).await;
    });
}

/// Advances the clock, fires the timers that are due, and lets jobs and calls run.
fn pass(ports: &Memory, time: Duration) {
    ports.advance(time);
    block_on(ports.wake_all());
    run(ports);
}

/// The calls of the endpoint: the request and its body.
fn hooked(ports: &Memory) -> Vec<(OutboundRequest, Value)> {
    let requests = ports.outbound_requests().into_iter().filter(|request| request.method == OutboundMethod::Post);
    requests.map(|request| (request.clone(), serde_json::from_slice(&request.body).unwrap())).collect()
}

fn header<'r>(request: &'r OutboundRequest, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn inline(webhook: &Value) -> Value {
    value!({ "webhook_configurations": [webhook] })
}

fn deliveries(ports: &Memory, token: &str) -> Vec<Value> {
    let (status, page) = json(ports, request("GET", "/v1/deliveries", token, ""));
    assert_eq!(status, 200, "{page}");
    page["items"].as_array().unwrap().clone()
}

#[test]
fn a_job_calls_its_webhook_at_each_status_and_signs() {
    let (ports, token) = world();
    let id = parse(
        &ports,
        &token,
        &inline(&value!({
            "webhook_url": HOOK, "webhook_headers": { "X-Env": "test" }, "webhook_signing_secret": "hush",
        })),
    );
    run(&ports);
    let calls = hooked(&ports);
    let events: Vec<_> = calls.iter().map(|(_, body)| body["event_type"].as_str().unwrap()).collect();
    assert_eq!(events, ["parse.pending", "parse.running", "parse.success"]);
    let statuses: Vec<_> = calls.iter().map(|(_, body)| body["data"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["PENDING", "RUNNING", "COMPLETED"]);
    let versions: Vec<_> = calls.iter().map(|(_, body)| body["data"]["version"].as_u64().unwrap()).collect();
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    for (request, body) in &calls {
        assert_eq!(body["data"]["job_id"], id.as_str());
        assert_eq!(header(request, "x-webhook-event-id"), body["event_id"].as_str());
        assert_eq!(header(request, "x-webhook-event-type"), body["event_type"].as_str());
        assert_eq!(header(request, "x-env"), Some("test"));
        assert_eq!(header(request, "content-type"), Some("application/json"));
        // As the vendor documents it: over the bytes of the body.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
        mac.update(&request.body);
        let expected = format!("sha256={}", base16ct::lower::encode_string(&mac.finalize().into_bytes()));
        assert_eq!(header(request, "lc-signature"), Some(expected.as_str()));
        assert!(request.body.len() < 4096);
    }
    // Nothing is left to do, and no answer shows the secret.
    pass(&ports, Duration::from_secs(3600));
    assert_eq!(hooked(&ports).len(), 3);
    let (_, job) = json(&ports, request("GET", &format!("/api/v2/parse/{id}"), &token, ""));
    let shown = format!("{job}{:?}", deliveries(&ports, &token));
    assert!(!shown.contains("hush"), "{shown}");
    assert!(deliveries(&ports, &token).iter().all(|call| call["state"] == "delivered"));
}

#[test]
fn events_are_selected() {
    let (ports, token) = world();
    parse(
        &ports,
        &token,
        &inline(&value!({ "webhook_url": HOOK, "webhook_events": ["parse.success", "classify.success"] })),
    );
    run(&ports);
    let calls = hooked(&ports);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].1["event_type"], "parse.success");
    assert_eq!(header(&calls[0].0, "lc-signature"), None);
}

#[test]
fn a_call_that_fails_is_made_again_for_a_day_and_can_be_repeated() {
    let (ports, token) = world();
    ports.serve(HOOK, [answers(500)]);
    let hook = inline(&value!({ "webhook_url": HOOK, "webhook_events": ["parse.success"] }));
    let id = parse(&ports, &token, &hook);
    run(&ports);
    // An hour, in which the endpoint answers 500.
    for _ in 0..60 {
        pass(&ports, Duration::from_secs(60));
    }
    let attempts = hooked(&ports).len();
    assert!((4..=5).contains(&attempts), "{attempts}");
    assert_eq!(deliveries(&ports, &token)[0]["state"], "pending");
    for _ in 0..60 {
        pass(&ports, Duration::from_secs(30 * 60));
    }
    let calls = hooked(&ports);
    assert_eq!(calls.len(), limits::MAX_DELIVERY_ATTEMPTS as usize);
    let ids: std::collections::BTreeSet<_> = calls.iter().map(|(_, body)| body["event_id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "every attempt has the same id");
    let failed = deliveries(&ports, &token).remove(0);
    assert_eq!(failed["state"], "failed");
    assert_eq!(failed["attempts"].as_array().unwrap().len(), calls.len());
    assert_eq!(failed["attempts"][0]["status"], 500);
    assert_eq!(failed["attempts"][0]["answer"], "thanks");
    let (_, job) = json(&ports, request("GET", &format!("/api/v2/parse/{id}"), &token, ""));
    assert_eq!(job["job"]["status"], "COMPLETED", "the job is not harmed");
    // Its people mend the endpoint and ask for the call again.
    ports.serve(HOOK, [answers(204)]);
    let path = format!("/v1/deliveries/{}/repeat", failed["id"].as_str().unwrap());
    assert_eq!(json(&ports, request("POST", &path, &token, "")).0, 202);
    run(&ports);
    assert_eq!(hooked(&ports).last().unwrap().1["event_id"], calls[0].1["event_id"]);
    assert_eq!(deliveries(&ports, &token)[0]["state"], "delivered");
}

#[test]
fn a_lost_message_costs_time_and_no_call() {
    let (ports, token) = world();
    parse(&ports, &token, &inline(&value!({ "webhook_url": HOOK })));
    for _ in 0..4 {
        ports.crash();
        pass(&ports, limits::DELIVERY_REDELIVERY_INTERVAL);
    }
    let calls = hooked(&ports);
    let events: std::collections::BTreeSet<_> = calls.iter().map(|(_, body)| body["event_type"].to_string()).collect();
    assert_eq!(events.len(), 3, "{events:?}");
}

#[test]
fn an_endpoint_that_is_gone_disables_its_webhook() {
    let (ports, token) = world();
    ports.serve(HOOK, [answers(410)]);
    let body = value!({ "webhook_url": HOOK, "webhook_events": ["parse.success"] }).to_string();
    let (status, saved) = json(&ports, request("POST", "/api/v1/beta/webhook-configs", &token, body));
    assert_eq!(status, 201, "{saved}");
    let id = saved["id"].as_str().unwrap();
    let named = value!({ "webhook_configuration_ids": [id] });
    parse(&ports, &token, &named);
    run(&ports);
    parse(&ports, &token, &named);
    pass(&ports, Duration::from_secs(3600));
    assert_eq!(hooked(&ports).len(), 1);
    let path = format!("/v1/webhooks/{id}");
    let (_, webhook) = json(&ports, request("GET", &path, &token, ""));
    assert_eq!((&webhook["enabled"], &webhook["has_secret"]), (&value!(false), &value!(false)));
    assert!(webhook["disabled_reason"].as_str().unwrap().contains("410"), "{webhook}");
    // It is enabled again, and called about later jobs.
    ports.serve(HOOK, [answers(200)]);
    let (_, webhook) = json(&ports, request("PATCH", &path, &token, r#"{"enabled":true}"#));
    assert_eq!(webhook["enabled"], true);
    parse(&ports, &token, &named);
    run(&ports);
    assert_eq!(hooked(&ports).len(), 2);
}

#[test]
fn what_an_endpoint_does_is_in_the_record() {
    for (answer, status, why) in [
        (MemoryAnswer::default(), Value::Null, value!("The server of the URL cannot be reached")),
        (MemoryAnswer::new(302, &[("location", "https://hooks.example.com/other")], ""), value!(302), Value::Null),
        (MemoryAnswer { end: BodyEnd::Broken, ..answers(500) }, value!(500), Value::Null),
    ] {
        let (ports, token) = world();
        ports.serve(HOOK, [answer]);
        parse(&ports, &token, &inline(&value!({ "webhook_url": HOOK, "webhook_events": ["parse.success"] })));
        run(&ports);
        let call = deliveries(&ports, &token).remove(0);
        assert_eq!((&call["state"], &call["webhook_id"]), (&value!("pending"), &Value::Null));
        assert_eq!((&call["attempts"][0]["status"], &call["attempts"][0]["error"]), (&status, &why), "{call}");
        assert!(call["request"].as_str().unwrap().contains("parse.success"));
    }
}

#[test]
fn an_endpoint_whose_name_turns_private_is_not_called() {
    let (ports, token) = world();
    parse(&ports, &token, &inline(&value!({ "webhook_url": HOOK, "webhook_events": ["parse.success"] })));
    ports.resolve("hooks.example.com", &["10.0.0.1".parse().unwrap()]);
    run(&ports);
    assert_eq!(hooked(&ports).len(), 0);
    let call = deliveries(&ports, &token).remove(0);
    assert!(call["attempts"][0]["error"].as_str().unwrap().contains("not public"), "{call}");
}

#[test]
fn every_job_calls_the_webhooks_of_its_project() {
    let (ports, token) = world();
    let body = value!({ "url": HOOK, "events": ["job.succeeded"] }).to_string();
    let (status, webhook) = json(&ports, request("POST", "/v1/webhooks", &token, body));
    assert_eq!(status, 201, "{webhook}");
    let secret = webhook["secret"].as_str().unwrap().to_owned();
    parse(&ports, &token, &value!({}));
    run(&ports);
    let (request_, body) = hooked(&ports).remove(0);
    assert_eq!((&body["type"], &body["data"]["kind"]), (&value!("job.succeeded"), &value!("parse")));
    // As the specification of Standard Webhooks has it.
    let key = calls::standard_key(&secret).unwrap();
    let text = std::str::from_utf8(&request_.body).unwrap();
    let (id, at) = (header(&request_, "webhook-id").unwrap(), header(&request_, "webhook-timestamp").unwrap());
    let signature = endpoint::signature(&key, &[id, at, text]).unwrap();
    let expected = format!("v1,{}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, signature));
    assert_eq!(header(&request_, "webhook-signature"), Some(expected.as_str()));
    // The job is where the call says it is.
    let (status, job) = json(&ports, request("GET", body["data"]["path"].as_str().unwrap(), &token, ""));
    assert_eq!((status, &job["status"]), (200, &value!("succeeded")));
    assert!(job["output"]["pages"].is_array(), "{job}");
    // No other answer has the secret, and other projects have none of it.
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    let (_, shown) = json(&ports, request("GET", &path, &token, ""));
    assert_eq!((&shown["has_secret"], &shown["secret"]), (&value!(true), &Value::Null));
    let other = super::token(&ports);
    assert_eq!(json(&ports, request("GET", &path, &other, "")).0, 404);
    assert_eq!(deliveries(&ports, &other), Vec::<Value>::new());
    let (response, _) = send(&ports, request("DELETE", &path, &token, ""));
    assert_eq!(response.status(), 204);
    parse(&ports, &token, &value!({}));
    run(&ports);
    assert_eq!(hooked(&ports).len(), 1);
}

#[test]
fn a_test_calls_at_once_and_an_endpoint_of_limai_has_to_answer_it() {
    let (ports, token) = world();
    let (_, webhook) = json(&ports, request("POST", "/v1/webhooks", &token, value!({ "url": HOOK }).to_string()));
    let path = format!("/v1/webhooks/{}/test", webhook["id"].as_str().unwrap());
    let (status, tested) = json(&ports, request("POST", &path, &token, ""));
    assert_eq!((status, &tested["is_delivered"], &tested["event"]), (200, &value!(true), &value!("webhook.test")));
    assert_eq!(deliveries(&ports, &token)[0]["id"], tested["id"]);
    let repeat = format!("/v1/deliveries/{}/repeat", tested["id"].as_str().unwrap());
    assert_eq!(json(&ports, request("POST", &repeat, &token, "")).0, 409);
    let limai = value!({ "url": HOOK, "format": "limai", "secret": "s" }).to_string();
    let (status, refused) = json(&ports, request("POST", "/v1/webhooks", &token, limai));
    assert_eq!(status, 422, "{refused}");
    assert_eq!(refused["error"]["fields"][0]["pointer"], "/url");
    let (_, body) = hooked(&ports).pop().unwrap();
    assert_eq!(body["eventType"], "VERIFICATION");
    assert!(body["challenge"].as_str().unwrap().len() >= 32);
}

#[test]
fn webhooks_of_every_job_are_managed_by_the_scope_admin_only() {
    let (ports, token) = world();
    let body = value!({ "url": HOOK, "format": "llamacloud", "headers": { "Authorization": "hush" } }).to_string();
    let (status, webhook) = json(&ports, request("POST", "/v1/webhooks", &token, body));
    assert_eq!(status, 201, "{webhook}");
    let scopes = value!({ "scopes": ["read", "write"] }).to_string();
    let writer = json(&ports, request("POST", "/v1/tokens", &token, scopes)).1["token"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/beta/webhook-configs/{}", webhook["id"].as_str().unwrap());
    let body = value!({ "webhook_url": "https://other.example.com/" }).to_string();
    assert_eq!(json(&ports, request("PUT", &path, &writer, body)).0, 404);
    assert_eq!(json(&ports, request("GET", &path, &writer, "")).0, 404);
    assert_eq!(json(&ports, request("DELETE", &path, &writer, "")).0, 404);
    assert_eq!(json(&ports, request("GET", "/api/v1/beta/webhook-configs", &writer, "")), (200, value!([])));
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    assert_eq!(json(&ports, request("PATCH", &path, &writer, "{}")).0, 403);
    let (_, shown) = json(&ports, request("GET", &path, &writer, ""));
    assert!(!shown.to_string().contains("hush"), "{shown}");
}

#[test]
fn an_abandoned_call_says_why() {
    let (ports, token) = world();
    ports.serve(HOOK, [answers(500)]);
    let body = value!({ "url": HOOK, "events": ["job.succeeded"] }).to_string();
    let (_, webhook) = json(&ports, request("POST", "/v1/webhooks", &token, body));
    parse(&ports, &token, &value!({}));
    run(&ports);
    let call = deliveries(&ports, &token).remove(0);
    assert_eq!(call["state"], "pending");
    let path = format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap());
    json(&ports, request("PATCH", &path, &token, r#"{"enabled":false}"#));
    pass(&ports, Duration::from_secs(3600));
    let call = deliveries(&ports, &token).remove(0);
    assert_eq!(call["state"], "failed");
    assert!(call["attempts"][1]["error"].as_str().unwrap().contains("disabled"), "{call}");
    let repeat = format!("/v1/deliveries/{}/repeat", call["id"].as_str().unwrap());
    assert_eq!(json(&ports, request("POST", &repeat, &token, "")).0, 409);
    assert_eq!(hooked(&ports).len(), 1);
}

#[test]
fn bad_webhooks_are_refused_in_the_words_of_the_dialect() {
    let (ports, token) = world();
    let loc = |webhook: Value| {
        let body = value!({ "source_url": DOCUMENT, "tier": "fast", "version": "latest",
            "webhook_configurations": [webhook] });
        let (status, body) = json(&ports, request("POST", "/api/v2/parse", &token, body.to_string()));
        assert_eq!(status, 422, "{body}");
        body["detail"][0]["loc"].as_array().unwrap()[3].clone()
    };
    assert_eq!(loc(value!({})), "webhook_url");
    assert_eq!(loc(value!({ "webhook_url": "http://127.0.0.1/" })), "webhook_url");
    assert_eq!(loc(value!({ "webhook_url": "ftp://a.example/" })), "webhook_url");
    assert_eq!(loc(value!({ "webhook_url": HOOK, "webhook_events": [] })), "webhook_events");
    assert_eq!(loc(value!({ "webhook_url": HOOK, "webhook_events": ["parse.done"] })), "webhook_events");
    for headers in
        [value!({ "Host": "x" }), value!({ "LC-Signature": "x" }), value!({ "a b": "x" }), value!({ "a": "ü" })]
    {
        assert_eq!(loc(value!({ "webhook_url": HOOK, "webhook_headers": headers })), "webhook_headers");
    }
    let fields = |body: Value| {
        let (status, body) = json(&ports, request("POST", "/v1/webhooks", &token, body.to_string()));
        assert_eq!(status, 422, "{body}");
        body["error"]["fields"][0]["pointer"].clone()
    };
    assert_eq!(fields(value!({ "url": "http://10.0.0.1/" })), "/url");
    assert_eq!(fields(value!({ "url": HOOK, "events": ["parse.success"] })), "/events/0");
    assert_eq!(fields(value!({ "url": HOOK, "secret": "short" })), "/secret");
    assert_eq!(fields(value!({ "url": HOOK, "format": "soap" })), "/format");
    let unknown = value!({ "source_url": DOCUMENT, "tier": "fast", "version": "latest",
        "webhook_configuration_ids": ["whc-00000000-0000-4000-8000-000000000000"] });
    let (status, body) = json(&ports, request("POST", "/api/v2/parse", &token, unknown.to_string()));
    assert_eq!(status, 404, "{body}");
    assert!(body["detail"].as_str().unwrap().contains("whc-00000000"), "{body}");
}
