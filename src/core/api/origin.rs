//! The origin of a request.

use axum::http::{HeaderMap, Uri, header};

/// A scheme and a host, as in `https://sortroom.example`: where the caller reached us, so URLs that we hand out start
/// with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a request: from its URI if that is absolute, else from its `Host`. Forwarding headers are ignored,
    /// because anyone can send them.
    pub fn from_request(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = uri.authority().map(axum::http::uri::Authority::as_str).or_else(host).unwrap_or("localhost");
        Self(format!("{}://{authority}", uri.scheme_str().unwrap_or("http")).to_ascii_lowercase())
    }

    /// The URL of `path` at this origin.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it is an HTTPS origin.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether the value of a browser's `Origin` header is this origin.
    pub fn matches(&self, header: &str) -> bool {
        self.0.eq_ignore_ascii_case(header)
    }
}
