//! Other servers, in memory: what each URL answers, and what was requested.

use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future, stream};

use super::Memory;
use crate::{
    error::{Error, ErrorKind, Result},
    service::ports::{Outbound, OutboundRequest, OutboundResponse},
};

/// What a server does when it is asked.
#[derive(Debug, Clone, Default)]
pub struct MemoryAnswer {
    /// The status; None if the connection is refused.
    pub status: Option<u16>,
    /// The headers: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The chunks of the body.
    pub chunks: Vec<Bytes>,
    /// How the body goes on after its chunks.
    pub end: BodyEnd,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyEnd {
    /// It is complete.
    #[default]
    Complete,
    /// The connection breaks.
    Broken,
    /// Nothing follows, and the connection stays open.
    Never,
}

impl MemoryAnswer {
    /// A complete answer.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { status: Some(status), headers, chunks: vec![body.into()], end: BodyEnd::Complete }
    }
}

/// The other servers.
#[derive(Debug, Default)]
pub(super) struct MemoryServers {
    /// The answers of each URL, each for one request; the last stays.
    answers: BTreeMap<String, VecDeque<MemoryAnswer>>,
    /// The addresses of names. All others have a public one.
    addresses: BTreeMap<String, Vec<IpAddr>>,
    requests: Vec<OutboundRequest>,
}

impl Memory {
    /// Makes a URL answer: the first request gets the first answer, and all after the last one that.
    pub fn serve(&self, url: &str, answers: impl IntoIterator<Item = MemoryAnswer>) {
        self.state().servers.answers.insert(url.to_owned(), answers.into_iter().collect());
    }

    /// Makes a name lead to these addresses.
    pub fn resolve(&self, name: &str, addresses: &[IpAddr]) {
        self.state().servers.addresses.insert(name.to_owned(), addresses.to_vec());
    }

    /// The requests that other servers got.
    pub fn outbound_requests(&self) -> Vec<OutboundRequest> {
        self.state().servers.requests.clone()
    }

    fn answer(&self, request: OutboundRequest) -> Option<MemoryAnswer> {
        let mut state = self.state();
        let answers = state.servers.answers.get_mut(&request.url);
        let answer =
            answers.and_then(|answers| if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() });
        state.servers.requests.push(request);
        answer
    }
}

fn unreachable_server() -> Error {
    Error::new(ErrorKind::Remote { retryable: true }, "The server of the URL cannot be reached")
}

impl Outbound for Memory {
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>> {
        /// An address that is nobody's: any public one would do.
        const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
        Ok(self.state().servers.addresses.get(name).cloned().unwrap_or_else(|| vec![PUBLIC]))
    }

    async fn request(&self, request: OutboundRequest) -> Result<OutboundResponse> {
        let answer = self.answer(request).unwrap_or_default();
        let MemoryAnswer { status, headers, chunks, end } = answer;
        let Some(status) = status else { return Err(unreachable_server()) };
        let chunks = stream::iter(chunks.into_iter().filter(|chunk| !chunk.is_empty()).map(Ok));
        let body = match end {
            BodyEnd::Complete => chunks.boxed(),
            BodyEnd::Broken => chunks.chain(stream::iter([Err(unreachable_server())])).boxed(),
            BodyEnd::Never => chunks.chain(future::pending().into_stream()).boxed(),
        };
        Ok(OutboundResponse { status, headers, body })
    }
}
