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

/// The statuses of jobs that have not ended, in the answers of the status URLs of Limai and Dial Once.
const OPEN_STATUSES: [&str; 3] = ["PENDING", "PROCESSING", "started"];

pub struct OverHttp {
    host: String,
    admin: String,
    /// The API keys that were used; `settle` waits for their jobs.
    keys: Vec<String>,
    /// The status URLs of jobs that the listing does not have, each with its API key.
    status_urls: Vec<(String, String)>,
}

impl OverHttp {
    pub fn new(url: &str, admin: &str) -> Self {
        let host = url.strip_prefix("http://").expect("an http address").trim_end_matches('/');
        Self { host: host.to_owned(), admin: admin.to_owned(), keys: Vec::new(), status_urls: Vec::new() }
    }

    /// The response to a `GET`; null if it is not JSON.
    fn get(&mut self, key: &str, target: String) -> Value {
        let headers = vec![("authorization".to_owned(), key.to_owned())];
        let response = self.exchange(Request { method: "GET".to_owned(), target, headers, body: Vec::new() });
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    fn open_jobs(&mut self, key: &str, status: &str) -> usize {
        // A key of another kind, or an empty one, has no jobs.
        let listings = ["classify", "parse", "extract"];
        let open = |listing| {
            self.get(key, format!("/api/v2/{listing}?status={status}"))["items"].as_array().map_or(0, Vec::len)
        };
        listings.into_iter().map(open).sum()
    }

    /// Stores the status URLs of the jobs in a response.
    fn add_status_urls(&mut self, key: &str, target: &str, answer: &Value) {
        if let Some(process) = answer["process_cuid"].as_str() {
            self.status_urls.push((format!("{target}/{process}"), key.to_owned()));
        }
        let jobs = std::iter::once(answer).chain(answer["jobs"].as_array().into_iter().flatten());
        for job in jobs.filter_map(|job| job["jobId"].as_str()) {
            self.status_urls.push((format!("/api/v1/queue/{job}/status"), key.to_owned()));
        }
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
        let target = request.target.clone();
        let key = request.headers.iter().find(|(name, _)| name == "authorization").map(|(_, key)| key.clone());
        let response = self.exchange(request);
        let answer = serde_json::from_slice(&response.body).unwrap_or_default();
        self.add_status_urls(&key.unwrap_or_default(), &target, &answer);
        response
    }

    fn admin(&self) -> String {
        self.admin.clone()
    }

    fn settle(&mut self) {
        for _ in 0..MAX_POLLS {
            let keys = self.keys.clone();
            let open: usize =
                keys.iter().map(|key| self.open_jobs(key, "PENDING") + self.open_jobs(key, "RUNNING")).sum();
            for (target, key) in std::mem::take(&mut self.status_urls) {
                let status = self.get(&key, target.clone())["status"].clone();
                if OPEN_STATUSES.iter().any(|word| status == *word) {
                    self.status_urls.push((target, key));
                }
            }
            if open == 0 && self.status_urls.is_empty() {
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
