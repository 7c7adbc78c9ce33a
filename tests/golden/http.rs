//! The service behind an address: workerd, with its queue holding messages for a moment.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

use crate::run::{Request, Response, Transport};

/// Between two requests, so that no two jobs are of the same millisecond and listings have one order.
const APART: Duration = Duration::from_millis(2);

/// How often, every [`POLL`], a settling service is asked whether anything is open.
const POLLS: u32 = 600;
const POLL: Duration = Duration::from_millis(50);

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// The words of the dialects for jobs that have not ended.
const OPEN: [&str; 3] = ["PENDING", "PROCESSING", "started"];

pub struct OverHttp {
    host: String,
    admin: String,
    /// The keys that were used, whose jobs settling waits for.
    keys: Vec<String>,
    /// Where jobs tell how far they are that the listing does not have, and the key of each.
    told: Vec<(String, String)>,
}

impl OverHttp {
    pub fn new(url: &str, admin: &str) -> Self {
        let host = url.strip_prefix("http://").expect("an http address").trim_end_matches('/');
        Self { host: host.to_owned(), admin: admin.to_owned(), keys: Vec::new(), told: Vec::new() }
    }

    /// What a `GET` answers; null when it is no JSON.
    fn get(&mut self, key: &str, target: String) -> Value {
        let headers = vec![("authorization".to_owned(), key.to_owned())];
        let response = self.exchange(Request { method: "GET".to_owned(), target, headers, body: Vec::new() });
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    fn open_jobs(&mut self, key: &str, status: &str) -> usize {
        // A key of another kind, or none, has no jobs.
        self.get(key, format!("/api/v2/classify?status={status}"))["items"].as_array().map_or(0, Vec::len)
    }

    /// Remembers where the jobs of an answer tell how far they are.
    fn remember(&mut self, key: &str, target: &str, answer: &Value) {
        if let Some(process) = answer["process_cuid"].as_str() {
            self.told.push((format!("{target}/{process}"), key.to_owned()));
        }
        let jobs = std::iter::once(answer).chain(answer["jobs"].as_array().into_iter().flatten());
        for job in jobs.filter_map(|answer| answer["jobId"].as_str()) {
            self.told.push((format!("/api/v1/queue/{job}/status"), key.to_owned()));
        }
    }

    /// Written by hand, because transcripts hold requests that no client library lets through.
    fn exchange(&mut self, request: Request) -> Response {
        sleep(APART);
        let Request { method, target, headers, body } = request;
        let told = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.host);
        for (name, value) in &headers {
            head += &format!("{name}: {value}\r\n");
            if name == "authorization" && !self.keys.contains(value) {
                self.keys.push(value.clone());
            }
        }
        let mut message = if told("transfer-encoding") {
            let mut chunk = format!("{:x}\r\n", body.len()).into_bytes();
            chunk.extend(body);
            chunk.extend(b"\r\n0\r\n\r\n");
            chunk
        } else {
            if !body.is_empty() && !told("content-length") {
                head += &format!("content-length: {}\r\n", body.len());
            }
            body
        };
        message.splice(0..0, format!("{head}\r\n").into_bytes());
        let mut stream = TcpStream::connect(&self.host).expect("the service listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        // The answer may come before the body was read; then the rest of the body goes nowhere.
        let _ = stream.write_all(&message);
        let mut answer = Vec::new();
        let mut part = [0; 64 * 1024];
        loop {
            // The server may keep the connection open, so that the answer itself has to say when it is whole.
            if let Some(response) = parse(&answer, method != "HEAD") {
                return response;
            }
            match stream.read(&mut part) {
                Ok(count) if count > 0 => answer.extend_from_slice(&part[..count]),
                ended => panic!("{method} {target}: no answer ({ended:?})"),
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
        self.remember(&key.unwrap_or_default(), &target, &answer);
        response
    }

    fn admin(&self) -> String {
        self.admin.clone()
    }

    fn settle(&mut self) {
        for _ in 0..POLLS {
            let keys = self.keys.clone();
            let open: usize =
                keys.iter().map(|key| self.open_jobs(key, "PENDING") + self.open_jobs(key, "RUNNING")).sum();
            for (target, key) in std::mem::take(&mut self.told) {
                let status = self.get(&key, target.clone())["status"].clone();
                if OPEN.iter().any(|word| status == *word) {
                    self.told.push((target, key));
                }
            }
            if open == 0 && self.told.is_empty() {
                return;
            }
            sleep(POLL);
        }
        panic!("jobs are still open after {:?}", POLL * POLLS);
    }

    fn pass(&mut self, _seconds: u64) -> bool {
        false
    }

    fn is_memory(&self) -> bool {
        false
    }
}

/// The answer, once it is whole.
fn parse(answer: &[u8], method_has_body: bool) -> Option<Response> {
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let rest = &answer[end + 4..];
    let body = if !method_has_body || status == 204 {
        Vec::new()
    } else if header("transfer-encoding") == Some("chunked") {
        unchunked(rest)?
    } else {
        rest.get(..header("content-length")?.parse().ok()?)?.to_vec()
    };
    Some(Response { status, headers, body })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
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
