use futures_executor::block_on;
use futures_util::StreamExt;
use serde_json::Value;

use super::{dialonce::DialOnce, limai::Limai, llamacloud::LlamaCloud, native::Native, reply::Dialect, *};
use crate::error::{Error, Violation, Violations};
use crate::service::{
    memory::{FaultPoint, Memory},
    ports::Config,
};

/// The status and the body of an error as the dialect `D` renders it.
pub(in crate::api) fn render<D: Dialect>(error: &Error) -> (u16, Value) {
    let response = D::render(error, "req_1");
    assert_eq!(response.headers()["content-type"], "application/json");
    let status = response.status().as_u16();
    let chunks: Vec<_> = block_on(response.into_body().into_data_stream().collect());
    (status, serde_json::from_slice(&chunks.into_iter().next().unwrap().unwrap()).unwrap())
}

pub(in crate::api) fn memory_ports() -> Memory {
    Memory::new(Config { admin_secret: Some("operator".into()), ..Config::default() })
}

pub(in crate::api) fn send(ports: &Memory, request: Request<Body>) -> (Response<()>, Vec<u8>) {
    let response = block_on(serve(&router::<Memory>(), ports.clone(), request));
    let (parts, body) = response.into_parts();
    let chunks: Vec<_> = block_on(body.into_data_stream().collect());
    (Response::from_parts(parts, ()), chunks.into_iter().flat_map(Result::unwrap).collect())
}

pub(in crate::api) fn request(method: &str, uri: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(uri);
    request.header("authorization", format!("Bearer {token}")).body(body.into()).unwrap()
}

pub(in crate::api) fn json(ports: &Memory, request: Request<Body>) -> (u16, Value) {
    let (response, body) = send(ports, request);
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), serde_json::from_slice(&body).unwrap())
}

pub(in crate::api) fn token(ports: &Memory) -> String {
    let (_, project) = json(ports, request("POST", "/v1/projects", "operator", r#"{"name":"p"}"#));
    let uri = format!("/v1/projects/{}/tokens", project["id"].as_str().unwrap());
    let (status, token) = json(ports, request("POST", &uri, "operator", ""));
    assert_eq!(status, 201);
    token["token"].as_str().unwrap().to_owned()
}

#[test]
fn every_response_has_a_request_id() {
    let ports = memory_ports();
    let id = |uri: &str| {
        let (response, _) = send(&ports, request("GET", uri, "x", ""));
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let ids = ["/v1/health", "/v1/health", "/nowhere", "/api/v2/classify"].map(id);
    assert!(ids.iter().all(|id| id.starts_with("req_") && id.len() == 36));
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn unknown_routes_and_methods_are_refused() {
    let ports = memory_ports();
    let refused = |status: u16, why: &str| (status, serde_json::json!({ "detail": why }));
    assert_eq!(json(&ports, request("GET", "/nowhere", "", "")), refused(404, "Not Found: /nowhere"));
    for (method, path) in [("PATCH", "/api/v2/classify"), ("GET", "/uploads/x")] {
        let why = format!("Method Not Allowed: {method} {path}");
        assert_eq!(json(&ports, request(method, path, "", "")), refused(405, &why));
    }
}

#[test]
fn server_errors_are_logged_and_not_shown() {
    let ports = memory_ports();
    let token = token(&ports);
    ports.inject_fault(&[FaultPoint::Indexes]);
    let (response, body) = send(&ports, request("GET", "/api/v2/classify", &token, ""));
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    let id = response.headers()["x-request-id"].to_str().unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains(id), "{body}");
    let log = ports.logged();
    assert!(log.iter().any(|line| line.contains(id) && line.contains("GET /api/v2/classify: 503")), "{log:?}");
    assert!(!log.concat().contains(&token));
}

#[test]
fn internal_errors_hide_their_source() {
    // Without a secret nothing can be signed. The caller sees an internal error; the log has the reason.
    let ports = Memory::new(Config::default());
    let (status, body) = json(&ports, request("GET", &format!("/files/{}", "x".repeat(99)), "", ""));
    assert_eq!(status, 500);
    assert!(body["detail"].as_str().unwrap().starts_with("Internal error (request req_"));
    let log = ports.logged().concat();
    assert!(log.contains("GET /files/...: 500") && log.contains("no secret"), "{log}");
}

/// An error with 105 violations.
fn many_violations() -> Error {
    let violation = |index: usize| Violation {
        pointer: vec!["body".into(), "rules".into(), index.into()],
        reason: "missing".into(),
        message: "Field required".into(),
        input: None,
        context: None,
    };
    Error::invalid((0..105).map(violation).collect::<Violations>())
}

#[test]
fn error_lists_end_after_a_hundred_entries_in_every_dialect() {
    let more = "5 more errors are not listed";
    let (_, body) = render::<Native>(&many_violations());
    let fields = body["error"]["fields"].as_array().unwrap();
    assert_eq!((fields.len(), &fields[99]["pointer"]), (101, &"/rules/99".into()));
    assert_eq!(fields[100], serde_json::json!({ "pointer": "", "message": more }));
    let (_, body) = render::<LlamaCloud>(&many_violations());
    let detail = body["detail"].as_array().unwrap();
    assert_eq!((detail.len(), &detail[99]["loc"]), (101, &serde_json::json!(["body", "rules", 99])));
    let last = serde_json::json!({ "loc": ["body"], "msg": more, "type": "too_many_errors", "input": null,
                                   "ctx": { "omitted": 5 } });
    assert_eq!(detail[100], last);
    let (_, body) = render::<DialOnce>(&many_violations());
    let message = body["message"].as_str().unwrap();
    assert_eq!((message.split("; ").count(), message.ends_with(more)), (101, true), "{message}");
    // This one names the first only.
    let (_, body) = render::<Limai>(&many_violations());
    assert_eq!(body["error"], "rules: Field required");
}

#[test]
fn an_answer_about_faults_does_not_grow_with_them() {
    let ports = memory_ports();
    let token = token(&ports);
    let items = |item: &str| vec![item; 100_000].join(",");
    let members = || (0..50_000).map(|number| format!("\"{number}\":0")).collect::<Vec<_>>().join(",");
    let cases: Vec<_> = (0..1_000).map(|number| format!("{{\"a{number}\":0,\"b\":0,\"c\":0}}")).collect();
    for (method, path, body) in [
        ("POST", "/v1/schemas", format!("{{\"name\":\"a\",\"fields\":[{}]}}", items("0"))),
        ("POST", "/v1/classifiers", format!("{{{}}}", members())),
        ("POST", "/v1/classifiers", format!("{{\"name\":\"a\",\"rules\":[{}]}}", items("{}"))),
        ("POST", "/v1/classifiers", format!("{{\"name\":\"a\",\"routes\":[{}]}}", items("{}"))),
        ("POST", "/v1/evaluate", format!("{{\"rules\":[],\"cases\":[{}]}}", cases.join(","))),
        ("POST", "/v1/apply", format!("{{\"classifiers\":{{\"a\":{{\"routes\":[{}]}}}}}}", items("0"))),
        ("POST", "/v1/apply", format!("{{\"schemas\":{{{}}}}}", members())),
        (
            "POST",
            "/v1/apply",
            format!("{{\"schemas\":{{\"{}\":{{\"fields\":[{}]}}}}}}", "n".repeat(1_000_000), vec!["0"; 100].join(",")),
        ),
        ("POST", "/api/v2/classify", format!("{{\"configuration\":{{\"rules\":[{}]}}}}", items("0"))),
        ("POST", "/api/v1/beta/configurations", format!("{{{}}}", members())),
    ] {
        let (response, answer) = send(&ports, request(method, path, &token, body));
        assert_eq!(response.status(), 422, "{path}");
        assert!(answer.len() < 200_000, "{path}: {} bytes", answer.len());
    }
}

#[test]
fn head_answers_like_get_without_the_body() {
    let ports = memory_ports();
    let token = token(&ports);
    let (get, body) = send(&ports, request("GET", "/api/v1/projects", &token, ""));
    let (head, head_body) = send(&ports, request("HEAD", "/api/v1/projects", &token, ""));
    assert_eq!((head.status(), get.status()), (axum::http::StatusCode::OK, axum::http::StatusCode::OK));
    assert_eq!(head.headers()["content-type"], get.headers()["content-type"]);
    assert!(!body.is_empty() && head_body.is_empty());
}

#[test]
fn bodies_are_bounded_whatever_length_they_declare() {
    let ports = memory_ports();
    let token = token(&ports);
    let chunk = bytes::Bytes::from(vec![b' '; 1024 * 1024]);
    let chunks = futures_util::stream::iter(std::iter::repeat_n(Ok::<_, Error>(chunk), 3));
    let (status, _) = json(&ports, request("POST", "/api/v2/classify", &token, Body::from_stream(chunks)));
    assert_eq!(status, 413);
    let mut oversized = request("POST", "/api/v2/classify", &token, "{}");
    oversized.headers_mut().insert("content-length", "99999999".parse().unwrap());
    assert_eq!(json(&ports, oversized).0, 413);
}

#[test]
fn a_path_that_is_not_utf_8_is_not_found() {
    let ports = memory_ports();
    let token = token(&ports);
    assert_eq!(json(&ports, request("GET", "/api/v2/classify/%FF", &token, "")).0, 404);
    assert_eq!(json(&ports, request("GET", "/files/%FF", &token, "")).0, 404);
}

mod shares;
mod webhooks;
