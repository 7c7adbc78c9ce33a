//! Fair shares: scopes, rates, open jobs, stored bytes, and addresses that take one upload, in every dialect.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};

use serde_json::json as value;

use super::*;
use crate::{
    id::{ClassifierId, ProjectId},
    limits,
    service::ports::{Rate, Uploads},
};

/// A request of each dialect that reads, with the place of its message in an error.
fn reads(project: &str) -> [(String, &'static str); 4] {
    let id = cuid::encode(&ClassifierId::from_bytes([1; 16]));
    let company = cuid::encode(&project.parse::<ProjectId>().unwrap());
    [
        ("/v1/project".to_owned(), "/error/message"),
        ("/api/v1/projects".to_owned(), "/detail"),
        (format!("/api/v1/queue/{id}/status"), "/error"),
        (format!("/api/companies/{company}/orchestrators/{id}/classification/labels"), "/message"),
    ]
}

fn id_of_project(ports: &Memory, token: &str) -> String {
    json(ports, request("GET", "/v1/project", token, "")).1["id"].as_str().unwrap().to_owned()
}

fn with_scopes(ports: &Memory, admin: &str, scopes: &[&str]) -> String {
    let body = value!({ "scopes": scopes }).to_string();
    let (status, token) = json(ports, request("POST", "/v1/tokens", admin, body));
    assert_eq!(status, 201, "{token}");
    token["token"].as_str().unwrap().to_owned()
}

#[test]
fn every_route_needs_its_scope() {
    let ports = memory_ports();
    let admin = token(&ports);
    let project = cuid::encode(&id_of_project(&ports, &admin).parse::<ProjectId>().unwrap());
    let id = cuid::encode(&ClassifierId::from_bytes([1; 16]));
    let below = format!("/api/companies/{project}/orchestrators/{id}");
    let routes = [
        ("read", "GET", "/v1/classifiers".to_owned()),
        ("read", "HEAD", "/v1/classifiers".to_owned()),
        ("read", "POST", "/v1/classify".to_owned()),
        ("read", "POST", "/v1/extract".to_owned()),
        ("read", "POST", "/v1/evaluate".to_owned()),
        ("read", "POST", "/v1/lint".to_owned()),
        ("read", "GET", "/api/v2/classify".to_owned()),
        ("read", "POST", "/api/v1/beta/files/query".to_owned()),
        ("read", "GET", format!("/api/v1/document/get-file-data?fileId={id}")),
        ("read", "GET", format!("{below}/classification/labels")),
        ("read", "POST", format!("{below}/classification")),
        ("write", "POST", "/v1/classifiers".to_owned()),
        ("write", "DELETE", format!("/v1/schemas/{id}")),
        ("write", "PUT", format!("/v1/jobs/{id}/correction")),
        ("write", "POST", "/v1/apply".to_owned()),
        ("write", "POST", "/api/v2/classify".to_owned()),
        ("write", "POST", format!("/api/v2/classify/{id}/cancel")),
        ("write", "POST", "/api/v1/beta/files".to_owned()),
        ("write", "PUT", "/api/v1/files".to_owned()),
        ("write", "DELETE", format!("/api/v1/beta/configurations/{id}")),
        // It announces a file, although it is a GET.
        ("write", "GET", format!("/api/v1/classify/{id}/get-url?filename=a.pdf")),
        ("write", "GET", format!("/api/v1/document/{id}/get-url?filename=a.pdf")),
        ("write", "POST", format!("/api/v1/document/{id}/process-file/{id}")),
        ("write", "POST", format!("{below}/classification-async")),
        ("write", "PATCH", format!("{below}/classification/labels/{id}")),
        ("admin", "PATCH", "/v1/project".to_owned()),
        ("admin", "GET", "/v1/tokens".to_owned()),
        ("admin", "POST", "/v1/tokens".to_owned()),
        ("admin", "DELETE", format!("/v1/tokens/{id}")),
        ("admin", "POST", format!("/v1/tokens/{id}/rotate")),
    ];
    let scopes = ["read", "write", "admin"];
    for scope in scopes {
        let others: Vec<_> = scopes.into_iter().filter(|other| *other != scope).collect();
        let (with, without) = (with_scopes(&ports, &admin, &[scope]), with_scopes(&ports, &admin, &others));
        for (_, method, uri) in routes.iter().filter(|(needs, _, _)| *needs == scope) {
            let status = |token: &str| send(&ports, request(method, uri, token, "")).0.status().as_u16();
            assert_eq!(status(&without), 403, "{method} {uri} without {scope}");
            assert!(![401, 403].contains(&status(&with)), "{method} {uri} with {scope}");
        }
    }
    // A session may have any scope.
    for scope in scopes {
        let token = with_scopes(&ports, &admin, &[scope]);
        assert_eq!(send(&ports, request("POST", "/v1/session", &token, "")).0.status(), 204);
    }
}

#[test]
fn a_file_changes_the_project_only_with_the_scope_for_it() {
    let ports = memory_ports();
    let admin = token(&ports);
    let writer = with_scopes(&ports, &admin, &["read", "write"]);
    let apply = |token: &str, days: u32, query: &str| {
        let schemas = value!({ "Invoices": { "fields": [{ "name": "total", "kind": "money" }] } });
        let file = value!({ "schemas": schemas, "project": { "retention_days": days } });
        json(&ports, request("POST", &format!("/v1/apply{query}"), token, file.to_string()))
    };
    assert_eq!(apply(&writer, 7, "").0, 403);
    let (_, schemas) = json(&ports, request("GET", "/v1/schemas", &admin, ""));
    assert_eq!(schemas["items"], value!([]), "nothing was applied");
    assert_eq!(apply(&writer, 7, "?dry_run=true").0, 200);
    assert_eq!(apply(&writer, 30, "").0, 200, "the project stays as it is");
    assert_eq!(apply(&admin, 7, "").0, 200);
}

#[test]
fn every_dialect_says_who_lacks_a_scope_and_who_has_had_its_share() {
    let token_rate = Some(Rate { requests: 20 * limits::REQUESTS_PER_REPORT, seconds: 10 });
    let config = Config { admin_secret: Some("operator".into()), token_rate, ..Config::default() };
    let ports = Memory::new(config);
    let admin = token(&ports);
    let project = id_of_project(&ports, &admin);
    let writer = with_scopes(&ports, &admin, &["write"]);
    for (uri, place) in reads(&project) {
        let (status, body) = json(&ports, request("GET", &uri, &writer, ""));
        assert_eq!((status, body.pointer(place)), (403, Some(&"This API key lacks the scope `read`".into())), "{body}");
    }

    // The counter is full after 400 requests, which the next report says.
    ports.advance(Duration::from_secs(10));
    let mut admitted = 0;
    while send(&ports, request("GET", "/v1/project", &admin, "")).0.status() == 200 {
        admitted += 1;
        assert!(admitted < 1_000, "no request is refused");
    }
    assert!((400..440).contains(&admitted), "{admitted}");
    ports.advance(Duration::from_millis(2_500));
    for (uri, place) in reads(&project) {
        let (response, body) = send(&ports, request("GET", &uri, &admin, ""));
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(response.status(), 429, "{body}");
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("retry-after"), "8");
        assert_eq!(header("ratelimit-policy"), r#""token";q=400;w=10"#);
        assert_eq!(header("ratelimit"), r#""token";r=0;t=8"#);
        assert!(!response.headers().contains_key("x-should-retry"));
        let message = body.pointer(place).and_then(Value::as_str).unwrap();
        assert_eq!(message, "Too many requests of this token; try again in 8 s");
    }
    assert_ne!(send(&ports, request("GET", "/v1/project", &writer, "")).0.status(), 429, "another token");
    ports.advance(Duration::from_secs(8));
    assert_eq!(send(&ports, request("GET", "/v1/project", &admin, "")).0.status(), 200, "the next window");
}

#[test]
fn the_tokens_of_a_project_share_its_rate() {
    let project_rate = Some(Rate { requests: 2 * limits::REQUESTS_PER_REPORT, seconds: 10 });
    let ports = Memory::new(Config { admin_secret: Some("operator".into()), project_rate, ..Config::default() });
    let admin = token(&ports);
    let tokens = [admin.clone(), with_scopes(&ports, &admin, &["read"])];
    let refused = tokens.iter().cycle().take(100).map(|token| send(&ports, request("GET", "/v1/project", token, "")).0);
    let refused: Vec<_> = refused.filter(|response| response.status() == 429).collect();
    assert!(refused.len() > 30, "{}", refused.len());
    assert_eq!(refused[0].headers()["ratelimit-policy"], r#""project";q=40;w=10"#);
    let other = token(&ports);
    assert_eq!(send(&ports, request("GET", "/v1/project", &other, "")).0.status(), 200, "another project");
}

/// Announces a file, and returns the path of the URL to upload it to.
fn announce(ports: &Memory, token: &str) -> (String, String) {
    let (status, upload) = json(ports, request("PUT", "/api/v1/files", token, r#"{"name":"a.txt"}"#));
    assert_eq!(status, 200, "{upload}");
    let url = upload["url"].as_str().unwrap();
    let path = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).unwrap().1;
    (format!("/{path}"), upload["file_id"].as_str().unwrap().to_owned())
}

fn put(ports: &Memory, path: &str, text: &'static str) -> (u16, String) {
    let request = Request::builder().method("PUT").uri(path).header("content-length", text.len());
    let (response, body) = send(ports, request.body(text.into()).unwrap());
    (response.status().as_u16(), String::from_utf8(body).unwrap())
}

#[test]
fn an_address_takes_one_upload() {
    let ports = memory_ports();
    let token = token(&ports);
    let (path, file) = announce(&ports, &token);
    // A failed upload does not use the address up.
    ports.inject_fault(&[FaultPoint::Files]);
    assert_eq!(put(&ports, &path, "first").0, 503);
    ports.inject_fault(&[]);
    assert_eq!(put(&ports, &path, "second"), (200, String::new()));
    let (status, body) = put(&ports, &path, "third");
    assert_eq!(status, 410, "{body}");
    let (_, url) = json(&ports, request("GET", &format!("/api/v1/files/{file}/content"), &token, ""));
    let (_, bytes) = send(&ports, request("GET", url["url"].as_str().unwrap(), "", ""));
    assert_eq!(bytes, b"second");
}

#[test]
fn two_uploads_at_once_are_one() {
    let ports = memory_ports();
    let token = token(&ports);
    let (path, _) = announce(&ports, &token);
    // The first upload has begun and waits for its bytes.
    let pending = Request::builder().method("PUT").uri(&path).header("content-length", 5);
    let pending = pending.body(Body::from_stream(futures_util::stream::pending::<Result<&str, Error>>())).unwrap();
    let router = router::<Memory>();
    let mut first = Box::pin(serve(&router, ports.clone(), pending));
    let mut context = task::Context::from_waker(futures_util::task::noop_waker_ref());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert_eq!(put(&ports, &path, "other").0, 409);
    // It is cut off, and gives its right back.
    ports.advance(limits::CHUNK_TIME);
    let Poll::Ready(response) = first.as_mut().poll(&mut context) else { panic!("it is not cut off") };
    assert_eq!(response.status(), 408);
    assert_eq!(put(&ports, &path, "other").0, 200);

    // If it disappears, its right ends by itself.
    let (path, _) = announce(&ports, &token);
    let pending = Request::builder().method("PUT").uri(&path).header("content-length", 5);
    let pending = pending.body(Body::from_stream(futures_util::stream::pending::<Result<&str, Error>>())).unwrap();
    let mut lost = Box::pin(serve(&router, ports.clone(), pending));
    assert!(lost.as_mut().poll(&mut context).is_pending());
    drop(lost);
    assert_eq!(put(&ports, &path, "other").0, 409);
    ports.advance(limits::UPLOAD_LEASE);
    assert_eq!(put(&ports, &path, "other").0, 200);
}

#[test]
fn a_slow_upload_keeps_its_right() {
    let ports = memory_ports();
    let token = token(&ports);
    let (path, _) = announce(&ports, &token);
    let router = router::<Memory>();
    let mut context = task::Context::from_waker(futures_util::task::noop_waker_ref());
    // A chunk arrives whenever one was sent.
    let (sent, arrived) = (Arc::new(AtomicUsize::new(0)), 0);
    let counter = Arc::clone(&sent);
    let chunks = futures_util::stream::unfold(arrived, move |arrived| {
        let counter = Arc::clone(&counter);
        async move {
            if arrived == 20 {
                return None;
            }
            futures_util::future::poll_fn(|_| match counter.load(Ordering::Relaxed) > arrived {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
            .await;
            Some((Ok::<_, Error>(bytes::Bytes::from(vec![b'x'; 1024 * 1024])), arrived + 1))
        }
    });
    let slow = Request::builder().method("PUT").uri(&path).header("content-length", 20 * 1024 * 1024);
    let mut slow = Box::pin(serve(&router, ports.clone(), slow.body(Body::from_stream(chunks)).unwrap()));
    for _ in 0..19 {
        sent.fetch_add(1, Ordering::Relaxed);
        assert!(slow.as_mut().poll(&mut context).is_pending());
        ports.advance(Duration::from_secs(12));
        assert_eq!(put(&ports, &path, "other").0, 409);
    }
    sent.fetch_add(1, Ordering::Relaxed);
    let Poll::Ready(response) = slow.as_mut().poll(&mut context) else { panic!("it does not end") };
    assert_eq!(response.status(), 200);
    assert_eq!(put(&ports, &path, "other").0, 410);
}

#[test]
fn silent_uploads_hold_up_only_their_own_project() {
    let ports = memory_ports();
    let (one, two) = (token(&ports), token(&ports));
    let start = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n";
    let form = |token: &str, body: Body| {
        let mut request = request("POST", "/api/v1/beta/files", token, body);
        request.headers_mut().insert("content-type", "multipart/form-data; boundary=B".parse().unwrap());
        request
    };
    let silent = |token: &str| {
        let chunk = bytes::Bytes::from(vec![b'x'; 256 * 1024]);
        let chunks = std::iter::once(bytes::Bytes::from(start)).chain(std::iter::repeat_n(chunk, 20));
        let chunks = futures_util::stream::iter(chunks.map(Ok::<_, Error>)).chain(futures_util::stream::pending());
        form(token, Body::from_stream(chunks))
    };
    let router = router::<Memory>();
    let mut context = task::Context::from_waker(futures_util::task::noop_waker_ref());
    let mut held = Vec::new();
    for _ in 0..25 {
        let mut upload = Box::pin(serve(&router, ports.clone(), silent(&one)));
        match upload.as_mut().poll(&mut context) {
            Poll::Pending => held.push(upload),
            Poll::Ready(response) => {
                assert_eq!(response.status(), 503);
                assert_eq!(response.headers()["retry-after"], "1");
            }
        }
    }
    assert_eq!(held.len(), 3);
    assert!(ports.upload_memory().bytes() <= limits::PROJECT_UPLOAD_MEMORY_BYTES);
    let purpose = "\r\n--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nx\r\n--B--\r\n";
    let complete = || Body::from(format!("{start}text{purpose}"));
    assert_eq!(json(&ports, form(&two, complete())).0, 201, "another project");
    ports.advance(limits::CHUNK_TIME);
    for mut upload in held {
        let Poll::Ready(response) = upload.as_mut().poll(&mut context) else { panic!("it goes on") };
        assert_eq!(response.status(), 408);
    }
    assert_eq!(ports.upload_memory().bytes(), 0);
    assert_eq!(json(&ports, form(&one, complete())).0, 201, "their own, once they are cut off");
}

#[test]
fn a_project_has_its_share_of_bytes_and_of_open_jobs() {
    let ports = memory_ports();
    let token = token(&ports);
    let project = id_of_project(&ports, &token);
    let settings = r#"{"max_open_jobs":1,"max_stored_mib":1}"#;
    let (status, changed) = json(&ports, request("PATCH", &format!("/v1/projects/{project}"), "operator", settings));
    assert_eq!((status, &changed["max_open_jobs"], &changed["max_stored_mib"]), (200, &1.into(), &1.into()));

    let (path, file) = announce(&ports, &token);
    assert_eq!(put(&ports, &path, "An invoice with a total amount due").0, 200);
    let (path, _) = announce(&ports, &token);
    let large: &'static str = Box::leak("x".repeat(1024 * 1024).into_boxed_str());
    assert_eq!(put(&ports, &path, large).0, 413);
    assert_eq!(ports.stored_files(), 1);

    let rules = value!([{ "label": "invoice", "description": "an invoice with a total amount due" }]);
    let (_, classifier) = json(
        &ports,
        request("POST", "/v1/classifiers", &token, value!({ "name": "post", "rules": rules }).to_string()),
    );
    let orchestrator = cuid::encode(&classifier["id"].as_str().unwrap().parse::<ClassifierId>().unwrap());
    let company = cuid::encode(&project.parse::<ProjectId>().unwrap());
    let mails = format!("/api/companies/{company}/orchestrators/{orchestrator}/classification-async");
    let mail = r#"{"mail":{"subject":"Invoice","body":"the total amount due"}}"#;
    let job = value!({ "file_input": file, "configuration": { "rules": [
        { "type": "invoice", "description": "an invoice with a total amount due" }] } });
    let limai = format!("/api/v1/classify/{orchestrator}/async");
    let limai_file = value!({ "fileId": cuid::encode(&file.parse::<crate::id::FileId>().unwrap()) }).to_string();
    let (status, created) = json(&ports, request("POST", "/api/v2/classify", &token, job.to_string()));
    assert_eq!(status, 200, "{created}");
    let message = "The project has as many open jobs as it may (1); try again later";
    for (uri, body, place) in [
        ("/api/v2/classify", job.to_string(), "/detail"),
        (mails.as_str(), mail.to_owned(), "/message"),
        (limai.as_str(), limai_file, "/error"),
    ] {
        let (response, answer) = send(&ports, request("POST", uri, &token, body));
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((response.status().as_u16(), answer.pointer(place)), (429, Some(&message.into())), "{answer}");
        assert_eq!(response.headers()["retry-after"], "10");
        assert!(!response.headers().contains_key("ratelimit"), "it is not a rate");
    }
    let cancel = format!("/api/v2/classify/{}/cancel", created["id"].as_str().unwrap());
    assert_eq!(json(&ports, request("POST", &cancel, &token, "")).0, 200);
    assert_eq!(json(&ports, request("POST", "/api/v2/classify", &token, job.to_string())).0, 200);
}

#[test]
fn nobody_keeps_a_response_or_guesses_its_type() {
    let ports = memory_ports();
    let token = token(&ports);
    let (path, file) = announce(&ports, &token);
    put(&ports, &path, "text");
    let (_, url) = json(&ports, request("GET", &format!("/api/v1/files/{file}/content"), &token, ""));
    let download = url["url"].as_str().unwrap();
    for (method, uri) in [
        ("GET", "/v1/health"),
        ("GET", "/openapi.json"),
        ("GET", "/v1/project"),
        ("GET", "/nowhere"),
        ("PATCH", "/api/v2/classify"),
        ("GET", "/api/v2/classify/x"),
        ("DELETE", "/v1/session"),
        ("GET", download),
        ("GET", "/files/x"),
    ] {
        let (response, _) = send(&ports, request(method, uri, &token, ""));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{method} {uri}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{method} {uri}");
    }
}

#[test]
fn urls_begin_with_the_configured_address() {
    let config = Config { admin_secret: Some("operator".into()), ..Config::default() };
    let local = Memory::new(config.clone());
    let public = Memory::new(Config { public_url: Some("https://sort.example/".to_owned()), ..config });
    for (ports, host, expected) in [
        (&local, "evil.example", "http://localhost/uploads/"),
        (&local, "localhost:8787", "http://localhost:8787/uploads/"),
        (&public, "evil.example", "https://sort.example/uploads/"),
        (&public, "localhost:8787", "https://sort.example/uploads/"),
    ] {
        let token = token(ports);
        let mut announce = request("PUT", "/api/v1/files", &token, r#"{"name":"a.txt"}"#);
        announce.headers_mut().insert("host", host.parse().unwrap());
        let (_, upload) = json(ports, announce);
        assert!(upload["url"].as_str().unwrap().starts_with(expected), "{host}: {upload}");
    }
}

#[test]
fn a_url_that_is_too_long_is_refused_in_the_dialect_of_its_path() {
    let ports = memory_ports();
    for (path, place) in [
        ("/v1/project", "/error/message"),
        ("/api/v2/classify", "/detail"),
        ("/api/v1/queue/x/status", "/error"),
        ("/api/companies/x", "/message"),
        ("", "/detail"),
    ] {
        for (is_too_long, status, message) in
            [(true, 414, "The URL is too long"), (false, 400, "The URL is not well formed")]
        {
            let response = reject_uri(&ports, path, is_too_long);
            assert_eq!(response.status(), status);
            assert!(response.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
            assert_eq!(response.headers()["cache-control"], "no-store");
            let chunks: Vec<_> = block_on(response.into_body().into_data_stream().collect());
            let body: Value = serde_json::from_slice(&chunks.into_iter().next().unwrap().unwrap()).unwrap();
            assert_eq!(body.pointer(place), Some(&message.into()), "{path}: {body}");
        }
    }
}
