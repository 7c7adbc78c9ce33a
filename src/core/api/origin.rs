//! The origin of a request.

use axum::http::{HeaderMap, Uri, header};

/// A scheme and a host, as in `https://sortroom.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a request: from its URI, as the platform routed it. A URI without one is that of a request on this
    /// machine. `Host` names another machine only if its sender says so, and forwarding headers may come from anyone,
    /// so neither is believed.
    pub fn from_request(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_local(host));
        let authority = uri.authority().map(axum::http::uri::Authority::as_str).or_else(host).unwrap_or("localhost");
        Self(format!("{}://{authority}", uri.scheme_str().unwrap_or("http")).to_ascii_lowercase())
    }

    /// The origin that the operator configured: the address without a slash at its end.
    pub fn configured(address: &str) -> Self {
        Self(address.trim_end_matches('/').to_owned())
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

/// Whether a host, with or without a port, is this machine.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}
