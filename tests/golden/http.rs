//! The service at a URL: workerd, whose queue delivers messages after a short delay.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

use crate::run::{Request, Response, Transport};

/// The interval between requests, so that no two jobs have the same millisecond and the order of listings is
/// deterministic.
const REQUEST_INTERVAL: Duration = Duration::from_millis(2);

/// How many times `settle` polls for open jobs, one [`POLL_INTERVAL`] apart.
const MAX_POLLS: u32 = 600;
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The timeout of a read from the connection.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

pub struct OverHttp {
    host: String,
    admin: String,
    /// The API keys that were used; `settle` waits for their jobs.
    keys: Vec<String>,
}

impl OverHttp {
    pub fn new(url: &str, admin: &str) -> Self {
        let host = url.strip_prefix("http://").expect("an http address").trim_end_matches('/');
        Self { host: host.to_owned(), admin: admin.to_owned(), keys: Vec::new() }
    }

    /// The response to a `GET`; null if it is not JSON.
    fn get(&mut self, key: &str, target: String) -> Value {
        let headers = vec![("authorization".to_owned(), key.to_owned())];
        let response = self.exchange(Request { method: "GET".to_owned(), target, headers, body: Vec::new() });
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    /// Whether a project has jobs of any dialect with a status. A key that reads no jobs, or is none, has no jobs.
    fn has_jobs(&mut self, key: &str, status: &str) -> bool {
        let listing = self.get(key, format!("/v1/jobs?page_size=1&status={status}"));
        listing["items"].as_array().is_some_and(|items| !items.is_empty())
    }

    /// Sends a request and reads the response. No HTTP client is used, because transcripts have requests that none
    /// allows.
    fn exchange(&mut self, request: Request) -> Response {
        sleep(REQUEST_INTERVAL);
        let Request { method, target, headers, body } = request;
        let has_header = |expected: &str| headers.iter().any(|(name, _)| name == expected);
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host);
        for (name, value) in &headers {
            head += &format!("{name}: {value}\r\n");
            if name == "authorization" && !self.keys.contains(value) {
                self.keys.push(value.clone());
            }
        }
        let mut message = if has_header("transfer-encoding") {
            let mut chunk = format!("{:x}\r\n", body.len()).into_bytes();
            chunk.extend(body);
            chunk.extend(b"\r\n0\r\n\r\n");
            chunk
        } else {
            if !body.is_empty() && !has_header("content-length") {
                head += &format!("content-length: {}\r\n", body.len());
            }
            body
        };
        message.splice(0..0, format!("{head}\r\n").into_bytes());
        let mut stream = TcpStream::connect(&self.host).expect("the service listens");
        stream.set_read_timeout(Some(READ_TIMEOUT)).expect("a time limit");
        // The server may respond before it has read the body; then the rest of the body is not sent.
        let _ = stream.write_all(&message);
        let mut bytes = Vec::new();
        let mut chunk = [0; 64 * 1024];
        loop {
            // The server may keep the connection open, so the end of the response is found by parsing it.
            if let Some(response) = parse(&bytes, method != "HEAD") {
                return response;
            }
            match stream.read(&mut chunk) {
                Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
                end => panic!("{method} {target}: no answer ({end:?})"),
            }
        }
    }
}

impl Transport for OverHttp {
    fn send(&mut self, request: Request) -> Response {
        self.exchange(request)
    }

    fn admin(&self) -> String {
        self.admin.clone()
    }

    fn settle(&mut self) {
        for _ in 0..MAX_POLLS {
            let keys = self.keys.clone();
            if !keys.iter().any(|key| self.has_jobs(key, "queued") || self.has_jobs(key, "running")) {
                return;
            }
            sleep(POLL_INTERVAL);
        }
        panic!("jobs are still open after {:?}", POLL_INTERVAL * MAX_POLLS);
    }

    fn advance_clock(&mut self, _seconds: u64) -> bool {
        false
    }

    fn is_memory(&self) -> bool {
        false
    }
}

/// Parses a response; None if it is not complete yet.
fn parse(bytes: &[u8], method_has_body: bool) -> Option<Response> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |expected: &str| headers.iter().find(|(name, _)| name == expected).map(|(_, value)| value.as_str());
    let rest = &bytes[end + 4..];
    let body = if !method_has_body || status == 204 {
        Vec::new()
    } else if header("transfer-encoding") == Some("chunked") {
        decode_chunked(rest)?
    } else {
        rest.get(..header("content-length")?.parse().ok()?)?.to_vec()
    };
    Some(Response { status, headers, body })
}

fn decode_chunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|part| part == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 4 + size..)?;
    }
}
