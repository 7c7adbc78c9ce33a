//! Requests that no route serves: answered in the dialect whose path it is, with the name of what is not served.

use axum::{
    body::Body,
    http::{Method, Response, Uri},
};

use super::{
    dialonce::DialOnce,
    limai::Limai,
    llamacloud::LlamaCloud,
    native::Native,
    reply::{self, Dialect, Render},
};
use crate::error::{Error, ErrorKind};

/// The first segments of the paths of Limai. Those of LlamaCloud begin in the same way.
const LIMAI: [&str; 5] =
    ["/api/v1/classify", "/api/v1/document", "/api/v1/queue", "/api/v1/extraction-schema", "/api/v1/bucket"];

/// Products of the vendors that are not served here, by how their paths begin. `*` is any one segment.
const PRODUCTS: [(&str, &str); 28] = [
    ("/api/alpha/verify", "Verification is"),
    ("/api/companies/*/orchestrators/*/generation", "Generating answers is"),
    ("/api/companies/*/orchestrators/*/generation-async", "Generating answers is"),
    ("/api/v1/beta/agent-data", "Agent data is"),
    ("/api/v1/beta/batch-processing", "Batches are"),
    ("/api/v1/beta/chat", "Chat is"),
    ("/api/v1/beta/directories", "Directories are"),
    ("/api/v1/beta/extraction-agents", "Extraction agents are"),
    ("/api/v1/beta/parse-configurations", "Parsing is"),
    ("/api/v1/beta/sheets", "Sheets are"),
    ("/api/v1/billing", "Billing is"),
    ("/api/v1/chat", "Chat is"),
    ("/api/v1/classifier", "Version 1 of the classifier is"),
    ("/api/v1/data-sinks", "Data sinks are"),
    ("/api/v1/data-sources", "Data sources are"),
    ("/api/v1/embedding-model-configs", "Embedding models are"),
    ("/api/v1/extraction", "Extraction jobs are"),
    ("/api/v1/extraction-schema", "Reading all data of a schema is"),
    ("/api/v1/extractionv2", "Extraction jobs are"),
    ("/api/v1/indexes", "Indexes are"),
    ("/api/v1/jobs", "The list of jobs of all products is"),
    ("/api/v1/pipelines", "Pipelines are"),
    ("/api/v1/projects/*/deployments", "Listing deployments is"),
    ("/api/v1/reports", "Reports are"),
    ("/api/v1/retrieval", "Retrieval is"),
    ("/api/v1/retrievers", "Retrievers are"),
    ("/api/v2/batches", "Batches are"),
    ("/api/v2/pipelines", "Pipelines are"),
];

/// How errors about `path` are rendered: in the dialect that it belongs to.
pub(super) fn render_of(path: &str) -> Render {
    if begins_with(path, "/v1") {
        Native::render
    } else if begins_with(path, "/api/companies") {
        DialOnce::render
    } else if LIMAI.iter().any(|start| begins_with(path, start)) || begins_with(path, "/api/v1/projects/*/deployments")
    {
        Limai::render
    } else {
        LlamaCloud::render
    }
}

/// Whether the first segments of `path` are those of `start`.
fn begins_with(path: &str, start: &str) -> bool {
    let mut segments = path.split('/');
    start.split('/').all(|expected| segments.next().is_some_and(|segment| expected == "*" || segment == expected))
}

/// The response to a request whose path no route has.
pub(super) async fn not_found(uri: Uri) -> Response<Body> {
    let path = uri.path();
    let product = PRODUCTS.iter().find(|(start, _)| begins_with(path, start));
    let message = product.map_or_else(
        || format!("Not Found: {}", super::without_secrets(path)),
        |(_, product)| format!("{product} not served here"),
    );
    reply::pending(Error::not_found(message), render_of(path))
}

/// The response to a request whose path only routes of other methods have.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Response<Body> {
    let message = format!("Method Not Allowed: {method} {}", super::without_secrets(uri.path()));
    reply::pending(Error::new(ErrorKind::MethodNotAllowed, message), render_of(uri.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::{json, memory_ports, request};

    #[test]
    fn every_dialect_answers_for_its_paths() {
        let ports = memory_ports();
        let answer = |method: &str, path: &str| json(&ports, request(method, path, "", ""));
        let not_found = |path: &str| format!("Not Found: {path}");
        for path in ["/nowhere", "/api/v1/classifying", "/v10/x", "/api/v3/x", "/metrics"] {
            assert_eq!(answer("GET", path), (404, serde_json::json!({ "detail": not_found(path) })));
        }
        for path in ["/v1", "/v1/nowhere", "/v1/jobs/1/2/3"] {
            let error = serde_json::json!({ "code": "NOT_FOUND", "message": not_found(path), "fields": [] });
            assert_eq!(answer("GET", path), (404, serde_json::json!({ "error": error })));
        }
        let path = "/api/v1/queue/x/y/z";
        assert_eq!(answer("GET", path), (404, serde_json::json!({ "error": not_found(path) })));
        let path = "/api/companies/1/nowhere";
        let error = serde_json::json!({ "statusCode": 404, "message": not_found(path), "error": "Not Found" });
        assert_eq!(answer("GET", path), (404, error));
    }

    #[test]
    fn products_are_named() {
        let ports = memory_ports();
        let answer = |path: &str| json(&ports, request("POST", path, "", "{}")).1;
        for (path, sentence) in [
            ("/api/v2/batches", "Batches are not served here"),
            ("/api/v1/beta/sheets/jobs/7?x=1", "Sheets are not served here"),
            ("/api/v2/batchesandmore", "Not Found: /api/v2/batchesandmore"),
        ] {
            assert_eq!(answer(path), serde_json::json!({ "detail": sentence }));
        }
        assert_eq!(
            answer("/api/companies/1/orchestrators/2/generation-async/3")["message"],
            "Generating answers is not served here"
        );
        assert_eq!(answer("/api/v1/projects/1/deployments")["error"], "Listing deployments is not served here");
    }

    #[test]
    fn products_are_listed_once_and_none_is_a_route() {
        assert!(PRODUCTS.is_sorted_by(|left, right| left.0 < right.0));
        let ports = memory_ports();
        for (start, product) in PRODUCTS {
            let (status, body) = json(&ports, request("GET", &start.replace('*', "x"), "", ""));
            assert_eq!(status, 404, "{start}");
            assert!(body.to_string().contains(&format!("{product} not served here")), "{start}: {body}");
        }
    }

    #[test]
    fn other_methods_are_named() {
        let ports = memory_ports();
        let (response, body) = crate::api::tests::send(&ports, request("DELETE", "/v1/classifiers", "", ""));
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], "METHOD_NOT_ALLOWED");
        assert_eq!(body["error"]["message"], "Method Not Allowed: DELETE /v1/classifiers");
    }
}
