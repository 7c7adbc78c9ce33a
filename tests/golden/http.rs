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

pub struct OverHttp {
    host: String,
    admin: String,
    /// The keys that were used, whose jobs settling waits for.
    keys: Vec<String>,
}

impl OverHttp {
    pub fn new(url: &str, admin: &str) -> Self {
        let host = url.strip_prefix("http://").expect("an http address").trim_end_matches('/');
        Self { host: host.to_owned(), admin: admin.to_owned(), keys: Vec::new() }
    }

    fn open_jobs(&mut self, key: &str, status: &str) -> usize {
        let response = self.send(Request {
            method: "GET".to_owned(),
            target: format!("/api/v2/classify?status={status}"),
            headers: vec![("authorization".to_owned(), key.to_owned())],
            body: Vec::new(),
        });
        // A key of another kind, or none, has no jobs.
        let listing: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        listing["items"].as_array().map_or(0, Vec::len)
    }
}

impl Transport for OverHttp {
    /// Written by hand, because transcripts hold requests that no client library lets through.
    fn send(&mut self, request: Request) -> Response {
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

    fn admin(&self) -> String {
        self.admin.clone()
    }

    fn settle(&mut self) {
        for _ in 0..POLLS {
            let keys = self.keys.clone();
            let open: usize =
                keys.iter().map(|key| self.open_jobs(key, "PENDING") + self.open_jobs(key, "RUNNING")).sum();
            if open == 0 {
                return;
            }
            sleep(POLL);
        }
        panic!("jobs are still open after {:?}", POLL * POLLS);
    }

    fn pass(&mut self, _seconds: u64) -> bool {
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
