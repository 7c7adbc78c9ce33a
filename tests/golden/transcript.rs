//! The format of a transcript: requests as they are sent, each with the expected response.
//!
//! ```text
//! Lines before the first step are a comment.
//!
//! === create                                  a step and its title
//! POST /api/v2/classify?project_id={{project}}
//! authorization: Bearer {{token}}
//!
//! {"file_input": "{{file}}"}
//! --- 200                                     the expected status
//! x-request-id: <string>                      the expected headers, as patterns
//!
//! {"id": "<id:job>", "...": 0}                the expected body
//!
//! !settle
//! ```
//!
//! - Names: `{{name}}` stands for a value that an earlier response bound; `{{name|bare}}` for an id without its prefix,
//!   `{{name|cuid}}` for an id in the dialects' format of letters and digits, `{{name|path}}` for a URL
//!   without scheme and host, `{{name|last}}` for its last segment. Bound from the start are `token`, `project`,
//!   `organization`, the same with the prefix `other_` for a second project, `admin` (the operator's secret) and `64k`
//!   (a text of 64 Ki characters).
//! - Patterns, in an expected body or header: see [`crate::expect`]. The pattern `<absent>` of a header: the response has
//!   no such header.
//! - A request that begins with `curl` is a command copied from documentation; its host is replaced.
//! - The lines of a multipart body end in CR LF.
//! - `--- 200 like` compares the body by its shape only: see [`crate::expect::like`]. The pseudo header `nullable` then
//!   lists the members that may be null. `--- 200 verbatim` compares it byte by byte.
//! - Without an expected body, the body must be empty.
//! - `!saved` saves schemas and classifiers in the first project, for dialects without calls to save them: see
//!   [`crate::run::save_fixtures`].
//! - `!settle` lets the queue run until nothing is left to do; `!advance 60` advances the clock by 60 seconds, and ends
//!   the transcript if the transport cannot.
//! - `!memory-only` skips the next request if the service is not in this process. Skipped requests are counted, and
//!   [`crate::transcripts_over_http`] limits their number.

/// The pattern of a header that the response must not have.
pub const NO_HEADER: &str = "<absent>";

/// A step of a transcript.
#[derive(Debug)]
pub enum Step {
    /// Send a request and check the response.
    Exchange(Exchange),
    /// Save schemas and classifiers.
    Saved,
    /// Let the queue run.
    Settle,
    /// Advance the clock by some seconds.
    Advance(u64),
    /// Skip the next request unless the service is in this process, over in-memory ports.
    MemoryOnly,
}

/// A request, with names in it, and the expected response.
#[derive(Debug)]
pub struct Exchange {
    pub title: String,
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub expected: Expected,
}

/// An expected response, with names and patterns in it.
#[derive(Debug)]
pub struct Expected {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub comparison: Comparison,
}

/// How a body is compared.
#[derive(Debug)]
pub enum Comparison {
    /// By its values.
    Values,
    /// By its shape; these members may be null.
    Shape(Vec<String>),
    /// Byte by byte.
    Bytes,
}

pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(directive) = line.strip_prefix('!') {
            steps.push(match directive.split_once(' ') {
                None if directive == "saved" => Step::Saved,
                None if directive == "settle" => Step::Settle,
                None if directive == "memory-only" => Step::MemoryOnly,
                Some(("advance", seconds)) => Step::Advance(seconds.parse().map_err(|_| format!("no number: {line}"))?),
                _ => return Err(format!("no directive: {line}")),
            });
        }
        let Some(title) = line.strip_prefix("=== ") else { continue };
        let mut request = Vec::new();
        let status = loop {
            let line = lines.next().ok_or_else(|| format!("{title}: no answer"))?;
            match line.strip_prefix("--- ") {
                Some(status) => break status,
                None => request.push(line),
            }
        };
        let mut response = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("=== ") && !line.starts_with('!')) {
            response.push(line);
        }
        let exchange = exchange(title, &request, status, &response).map_err(|error| format!("{title}: {error}"))?;
        steps.push(Step::Exchange(exchange));
    }
    Ok(steps)
}

fn exchange(title: &str, request: &[&str], status: &str, response: &[&str]) -> Result<Exchange, String> {
    let expected = expected(status, response)?;
    let title = title.to_owned();
    if request.first().is_some_and(|line| line.starts_with("curl ")) {
        let (method, target, headers, body) = curl(&request.join("\n"))?;
        return Ok(Exchange { title, method, target, headers, body, expected });
    }
    let (first, rest) = request.split_first().ok_or("no request")?;
    let (method, target) = first.split_once(' ').ok_or("no method and target")?;
    let (headers, body) = head_and_body(rest)?;
    let multipart = headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("multipart/"));
    let body = if multipart { body.join("\r\n") + "\r\n" } else { body.join("\n") };
    Ok(Exchange { title, method: method.to_owned(), target: target.to_owned(), headers, body, expected })
}

fn expected(status: &str, response: &[&str]) -> Result<Expected, String> {
    let (status, comparison) = status.split_once(' ').unwrap_or((status, ""));
    let (mut headers, body) = head_and_body(response)?;
    let nullable = headers.extract_if(.., |(name, _)| name == "nullable").map(|(_, names)| names).collect::<Vec<_>>();
    let nullable = nullable.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned()).collect();
    Ok(Expected {
        status: status.parse().map_err(|_| format!("no status: {status}"))?,
        headers,
        body: body.join("\n").trim_end().to_owned(),
        comparison: match comparison {
            "" => Comparison::Values,
            "like" => Comparison::Shape(nullable),
            "verbatim" => Comparison::Bytes,
            _ => return Err(format!("no such comparison: {comparison}")),
        },
    })
}

type Headers = Vec<(String, String)>;

fn head_and_body<'a, 'l>(lines: &'a [&'l str]) -> Result<(Headers, &'a [&'l str]), String> {
    let end = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
    let (head, rest) = lines.split_at(end);
    let headers = head.iter().map(|line| match line.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned())),
        None => Err(format!("no header: {line}")),
    });
    Ok((headers.collect::<Result<_, _>>()?, rest.get(1..).unwrap_or_default()))
}

/// Parses a `curl` command of documentation: a URL, `-X`, `-H`, `-d`, words quoted or not, lines that end in a `\`.
fn curl(text: &str) -> Result<(String, String, Headers, String), String> {
    let mut words = words(&text.replace("\\\n", " ")).into_iter().skip(1);
    let (mut method, mut target, mut headers, mut body) = (None, None, Vec::new(), String::new());
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("nothing after {word}"));
        match word.as_str() {
            "-X" => method = Some(next()?),
            "-H" => {
                let header = next()?.replace("$LLAMA_CLOUD_API_KEY", "{{token}}");
                let (name, value) = header.split_once(':').ok_or("no header")?;
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            "-d" => body = next()?,
            url => {
                let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                target = Some(rest.find('/').map_or("/", |start| &rest[start..]).to_owned());
            }
        }
    }
    let method = method.unwrap_or_else(|| if body.is_empty() { "GET".into() } else { "POST".into() });
    Ok((method, target.ok_or("no URL")?, headers, body))
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars().chain([' ']) {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => word.push(c),
        }
    }
    words
}
