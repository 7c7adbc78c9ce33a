//! The exchanges of the transcripts, and the one of each operation that shows it best.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{
    document::{Operation, find, operations},
    memory::InMemory,
    run::{self, Request, Response, Transport},
    transcript,
};

/// A request that was sent, and its response.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The transcript and the number of the request in it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the messages of tests"))]
    pub place: String,
    /// The folder of the transcript: a dialect.
    pub folder: String,
    pub request: Request,
    pub response: Response,
}

impl Exchange {
    /// The JSON of the request; None if its body is none.
    pub fn request_json(&self) -> Option<Value> {
        let is_form = self.header("content-type").is_some_and(|kind| kind.starts_with("multipart/"));
        if is_form { None } else { serde_json::from_slice(&self.request.body).ok() }
    }

    /// The JSON of the response; None if its body is none.
    pub fn response_json(&self) -> Option<Value> {
        serde_json::from_slice(&self.response.body).ok()
    }

    /// Whether its transcript sends numbers that no float holds, so that its JSON cannot be read here.
    #[cfg(test)]
    pub fn has_raw_numbers(&self) -> bool {
        self.place.contains("metadata.http")
    }

    /// Whether its transcript repeats a `transaction_id`, and then anything else that the request has is ignored; or has
    /// requests of clients that are answered although they do not keep to the document.
    #[cfg(test)]
    pub fn may_be_invalid(&self) -> bool {
        ["reused_key.http", "other_clients.http"].iter().any(|transcript| self.place.contains(transcript))
    }

    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A service in memory whose exchanges are kept.
struct Recorder {
    service: InMemory,
    sent: Vec<(Request, Response)>,
}

impl Transport for Recorder {
    fn send(&mut self, request: Request) -> Response {
        let response = self.service.send(request.clone());
        self.sent.push((request, response.clone()));
        response
    }

    fn admin(&self) -> String {
        self.service.admin()
    }

    fn settle(&mut self) {
        self.service.settle();
    }

    fn advance_clock(&mut self, seconds: u64) -> bool {
        self.service.advance_clock(seconds)
    }

    fn is_memory(&self) -> bool {
        self.service.is_memory()
    }
}

/// Runs every transcript. A transcript that fails is the business of its own test, but its exchanges would be lost.
pub fn record() -> Vec<Exchange> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let folders = fs::read_dir(&root).unwrap().filter_map(|folder| fs::read_dir(folder.unwrap().path()).ok());
    let mut files: Vec<_> = folders.flatten().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    files.sort();
    let mut exchanges = Vec::new();
    for path in files {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let folder = name.split('/').next().unwrap_or_default().to_owned();
        let steps = transcript::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut recorder = Recorder { service: InMemory::new(), sent: Vec::new() };
        run::run(&steps, &mut recorder).unwrap_or_else(|error| panic!("{name}: {error}"));
        exchanges.extend(recorder.sent.into_iter().enumerate().map(|(index, (request, response))| Exchange {
            place: format!("{name}, request {} ({} {})", index + 1, request.method, request.target),
            folder: folder.clone(),
            request,
            response,
        }));
    }
    exchanges
}

/// The longest example, request and response together, in bytes. Longer ones are taken only where there is no other.
const MAX_BYTES: usize = 1_500;

/// The exchange of each operation that shows it best, by the key of the operation: the longest that is short enough,
/// of the operation's own dialect if it can be, with a JSON body if the operation takes one.
pub fn examples(document: &Value, exchanges: &[Exchange]) -> BTreeMap<String, Exchange> {
    let operations = operations(document);
    let mut best: BTreeMap<String, (Rank, Exchange)> = BTreeMap::new();
    for exchange in exchanges {
        let Some(operation) = find(&operations, &exchange.request) else { continue };
        if !operation.is_success(exchange.response.status) {
            continue;
        }
        let rank = rank(operation, exchange);
        let key = operation.key();
        if best.get(&key).is_none_or(|(known, _)| rank > *known) {
            best.insert(key, (rank, exchange.clone()));
        }
    }
    best.into_iter().map(|(key, (_, exchange))| (key, abridged(exchange))).collect()
}

/// Whether the dialect is the operation's, the body is of the first kind that the operation takes, the exchange is
/// short enough, and how long it is, which counts the other way round if it is too long.
type Rank = (bool, bool, bool, isize);

fn rank(operation: &Operation<'_>, exchange: &Exchange) -> Rank {
    let dialect = operation.value["tags"][0].as_str().unwrap_or_default().to_lowercase().replace(' ', "");
    let takes_json = operation.value.pointer("/requestBody/content/application~1json").is_some();
    let bytes = exchange.request.body.len() + exchange.response.body.len();
    let is_short = bytes <= MAX_BYTES;
    let length = isize::try_from(bytes).unwrap_or(isize::MAX);
    let is_first_kind = !takes_json || exchange.request_json().is_some();
    (exchange.folder == dialect, is_first_kind, is_short, if is_short { length } else { -length })
}

/// The exchange without secrets, and of an answer that is much too long only what is short: the document of the API has
/// no example of itself.
fn abridged(mut exchange: Exchange) -> Exchange {
    if let Some(mut answer) = exchange.response_json() {
        if answer.to_string().len() > 4 * MAX_BYTES
            && let Value::Object(members) = &mut answer
        {
            members.retain(|_, value| !value.is_object() && !value.is_array());
        }
        hide_secrets(&mut answer);
        exchange.response.body = answer.to_string().into_bytes();
    }
    exchange
}

/// Shortens tokens and the tickets of signed URLs, which open nothing but look as if they did.
fn hide_secrets(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("srt_") => "srt_...".clone_into(text),
        Value::String(text) if text.starts_with("llx-srt_") => "llx-srt_...".clone_into(text),
        Value::String(text) if text.starts_with("http") => {
            if let Some((before, ticket)) = text.rsplit_once('/')
                && ticket.len() > 40
            {
                *text = format!("{before}/...");
            }
        }
        Value::Object(members) => members.values_mut().for_each(hide_secrets),
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}
