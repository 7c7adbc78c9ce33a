//! Requests to other servers, by the platform's `fetch`. Names are looked up over HTTPS (RFC 8484 names the idea; the
//! resolvers' JSON form needs no parser of DNS messages), because the platform has no call for it.

use std::{net::IpAddr, time::Duration};

use futures_util::{TryStreamExt, stream};
use serde::Deserialize;
use sortroom::{
    error::{Error, ErrorKind, Result},
    service::ports::{
        self, BoxedByteStream, Outbound, OutboundMethod, OutboundPolicy, OutboundRequest, OutboundResponse,
    },
};
use worker::{
    Fetch, Headers, Method, Request, RequestInit, RequestRedirect, ResponseBody, js_sys::Uint8Array, send::SendFuture,
};

use crate::ports::WorkerPorts;

/// The resolver of names, unless configured otherwise.
const RESOLVER: &str = "https://cloudflare-dns.com/dns-query";

/// How long looking up a name may take. Resolvers give up on a name server sooner.
const RESOLVER_TIME: Duration = Duration::from_secs(5);

/// The largest answer of the resolver that is read, in bytes: a name with a thousand addresses has less.
const RESOLVER_BYTES: usize = 64 * 1024;

/// The types of the records that have an address: A and AAAA (RFC 1035, RFC 3596).
const ADDRESS_TYPES: [u16; 2] = [1, 28];

/// What the resolver answers.
#[derive(Deserialize)]
struct Lookup {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(default, rename = "Answer")]
    answers: Vec<Record>,
}

/// A record of a name, or of one that it stands for.
#[derive(Deserialize)]
struct Record {
    r#type: u16,
    data: String,
}

/// The policy of the variables of `wrangler.toml`.
pub(crate) fn policy(text: impl Fn(&str) -> Option<String>) -> OutboundPolicy {
    let ports = text("OUTBOUND_PORTS").unwrap_or_default();
    OutboundPolicy {
        ports: ports.split(',').filter_map(|port| port.trim().parse().ok()).collect(),
        allow_private: text("OUTBOUND_PRIVATE").is_some_and(|value| value == "true"),
    }
}

/// The error of a name that could not be looked up.
fn unresolved(cause: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Upstream { retryable: true }, "Names cannot be looked up").with_source(cause)
}

fn unreachable_server(error: &worker::Error) -> Error {
    let error_kind = ErrorKind::Remote { retryable: true };
    Error::new(error_kind, "The server of the URL cannot be reached").with_source(error.to_string())
}

async fn fetch(request: &OutboundRequest) -> worker::Result<worker::Response> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_headers(headers).with_redirect(RequestRedirect::Manual).with_method(match request.method {
        OutboundMethod::Get => Method::Get,
        OutboundMethod::Post => Method::Post,
    });
    if !request.body.is_empty() {
        init.with_body(Some(Uint8Array::from(&*request.body).into()));
    }
    Fetch::Request(Request::new_with_init(&request.url, &init)?).send().await
}

/// The chunks of a body; none if the answer has no body.
fn chunks(response: worker::Response) -> BoxedByteStream {
    match response.into_parts().1 {
        ResponseBody::Stream(stream) => Box::pin(worker::Body::new(stream).map_err(|error| unreachable_server(&error))),
        ResponseBody::Body(bytes) => Box::pin(stream::iter([Ok(bytes.into())])),
        ResponseBody::Empty => Box::pin(stream::empty()),
    }
}

impl WorkerPorts {
    async fn look_up(&self, name: &str, record_type: &str) -> Result<Vec<Record>> {
        let resolver = self.text("DNS_RESOLVER").unwrap_or_else(|| RESOLVER.to_owned());
        let mut request = OutboundRequest::get(&format!("{resolver}?name={name}&type={record_type}"));
        request.headers = vec![("accept".to_owned(), "application/dns-json".to_owned())];
        let body = ports::within(self, RESOLVER_TIME, async {
            let response = fetch(&request).await.map_err(unresolved)?;
            if response.status_code() != 200 {
                return Err(unresolved(format!("the resolver answered {}", response.status_code())));
            }
            let mut body = Vec::new();
            let mut chunks = chunks(response);
            while let Some(chunk) = chunks.try_next().await? {
                body.extend_from_slice(&chunk);
                if body.len() > RESOLVER_BYTES {
                    return Err(unresolved("the resolver answered too much"));
                }
            }
            Ok(body)
        });
        let lookup: Lookup = serde_json::from_slice(&body.await?).map_err(unresolved)?;
        // NXDOMAIN is an answer: there is no such name. Other codes say that there was none to be had.
        match lookup.status {
            0 => Ok(lookup.answers),
            3 => Ok(Vec::new()),
            code => Err(unresolved(format!("the resolver answered with the code {code}"))),
        }
    }
}

impl Outbound for WorkerPorts {
    fn addresses(&self, name: &str) -> impl Future<Output = Result<Vec<IpAddr>>> + Send {
        SendFuture::new(async move {
            let (v4, v6) = futures_util::future::try_join(self.look_up(name, "A"), self.look_up(name, "AAAA")).await?;
            let addresses = v4.into_iter().chain(v6).filter(|record| ADDRESS_TYPES.contains(&record.r#type));
            Ok(addresses.filter_map(|record| record.data.parse().ok()).collect())
        })
    }

    fn request(&self, request: OutboundRequest) -> impl Future<Output = Result<OutboundResponse>> + Send {
        SendFuture::new(async move {
            let response = fetch(&request).await.map_err(|error| unreachable_server(&error))?;
            let status = response.status_code();
            let headers =
                response.headers().entries().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
            Ok(OutboundResponse { status, headers, body: chunks(response) })
        })
    }
}
