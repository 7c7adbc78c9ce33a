//! The service over in-memory ports.

use std::time::Duration;

use axum::{Router, body::Body, http};
use futures_executor::block_on;
use futures_util::StreamExt;
use sortroom::{
    api,
    service::{
        memory::{Memory, MemoryAnswer},
        ports::Config,
    },
};

use crate::run::{Request, Response, Transport};

const ADMIN: &str = "the operator's secret";

pub struct InMemory {
    ports: Memory,
    router: Router,
}

impl InMemory {
    pub fn new() -> Self {
        let config = Config { admin_secret: Some(ADMIN.to_owned()), ..Config::default() };
        let ports = Memory::new(config);
        let page = "<!DOCTYPE html><title>Offer</title><p>We offer paper at a price of 4.50.</p>";
        let headers = [("content-type", "text/html")];
        ports.serve("https://files.example.com/offers/7.html?key=1", [MemoryAnswer::new(200, &headers, page)]);
        ports.serve("https://files.example.com/gone.pdf", [MemoryAnswer::new(404, &headers, page)]);
        Self { ports, router: api::router::<Memory>() }
    }
}

impl Transport for InMemory {
    fn send(&mut self, request: Request) -> Response {
        // No two requests are in the same millisecond, so that the order of listings is deterministic.
        self.ports.advance(Duration::from_millis(1));
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.target);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        builder = builder.header("host", "sortroom.test");
        if !request.body.is_empty() && !request.headers.iter().any(|(name, _)| name == "transfer-encoding") {
            builder = builder.header("content-length", request.body.len());
        }
        let request = builder.body(Body::from(request.body)).unwrap();
        let (parts, body) = block_on(api::serve(&self.router, self.ports.clone(), request)).into_parts();
        let chunks: Vec<_> = block_on(body.into_data_stream().collect());
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Response {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(header).collect(),
            body: chunks.into_iter().flat_map(Result::unwrap).collect(),
        }
    }

    fn admin(&self) -> String {
        ADMIN.to_owned()
    }

    fn settle(&mut self) {
        block_on(async {
            self.ports.run_queue().await;
            self.ports.run_calls(sortroom::api::calls::build).await;
        });
    }

    fn advance_clock(&mut self, seconds: u64) -> bool {
        self.ports.advance(Duration::from_secs(seconds));
        true
    }

    fn is_memory(&self) -> bool {
        true
    }
}
