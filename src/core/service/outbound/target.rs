//! Which URLs may be requested.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;
use crate::{
    error::{Error, ErrorKind, Result},
    service::ports::OutboundPolicy,
};

/// The longest URL, in characters: what browsers and servers commonly take.
pub const MAX_URL_CHARS: usize = 2_048;

/// Ends of names that are never public: RFC 6761, RFC 6762, RFC 8375, RFC 9476, and the name that ICANN reserved for
/// private use.
const PRIVATE_SUFFIXES: [&str; 9] =
    ["localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt", "localdomain"];

/// A URL that may be requested, as far as it says itself: a name still has to lead to public addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// The target of a URL.
    ///
    /// # Errors
    ///
    /// `Invalid` with the reason in a sentence: it is no URL, or not one that `policy` permits.
    pub fn parse(text: &str, policy: &OutboundPolicy) -> Result<Self> {
        if text.chars().count() > MAX_URL_CHARS {
            return Err(refused(format!("The URL is longer than {MAX_URL_CHARS} characters")));
        }
        let url = Url::parse(text).map_err(|error| refused(format!("The URL is not well formed: {error}")))?;
        Self::checked(url, policy)
    }

    /// The target that a redirect leads to. `location` may be relative.
    ///
    /// # Errors
    ///
    /// As [`Target::parse`].
    pub(super) fn redirected(&self, location: &str, policy: &OutboundPolicy) -> Result<Self> {
        let url = self.0.join(location);
        let url = url.map_err(|error| refused(format!("The server redirects to a malformed URL: {error}")))?;
        if self.0.scheme() == "https" && url.scheme() == "http" {
            return Err(refused("The server redirects from https to http".to_owned()));
        }
        Self::checked(url, policy)
    }

    fn checked(mut url: Url, policy: &OutboundPolicy) -> Result<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(format!("Only http and https URLs are requested, not {}", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("The URL has a user name or a password in it".to_owned()));
        }
        // Never sent, and no part of what is requested.
        url.set_fragment(None);
        if let Some(port) = url.port()
            && !policy.ports.contains(&port)
            && !policy.allow_private
        {
            return Err(refused(format!("The port {port} is not permitted")));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => require_public(address.into(), policy)?,
            Some(Host::Ipv6(address)) => require_public(address.into(), policy)?,
            Some(Host::Domain(name)) => require_public_name(name, policy)?,
            None => return Err(refused("The URL has no host".to_owned())),
        }
        Ok(Self(url))
    }

    /// The URL as it is requested.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name whose addresses have to be looked up. None if the host is an address.
    pub(super) fn name(&self) -> Option<&str> {
        match self.0.host() {
            Some(Host::Domain(name)) => Some(name.trim_end_matches('.')),
            _ => None,
        }
    }

    /// The last segment of the path, decoded, or else the host: what a file from here is called.
    pub fn file_name(&self) -> String {
        let last = self.0.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
        let name = decoded.chars().filter(|character| !character.is_control() && !"/\\".contains(*character));
        let name: String = name.collect();
        if name.trim().is_empty() { self.0.host_str().unwrap_or_default().to_owned() } else { name }
    }
}

/// Fails unless an address is public or `policy` permits private ones.
///
/// # Errors
///
/// `Invalid`.
pub(super) fn require_public(address: IpAddr, policy: &OutboundPolicy) -> Result<()> {
    if is_public(address) || policy.allow_private {
        return Ok(());
    }
    Err(refused("The URL leads to an address that is not public".to_owned()))
}

fn require_public_name(name: &str, policy: &OutboundPolicy) -> Result<()> {
    let name = name.trim_end_matches('.');
    // The syntax of URLs permits more, and no host has such a name: what looks one up may take `&` or `=` for its own.
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(refused("The host of the URL has characters that no name of a host has".to_owned()));
    }
    let is_private = !name.contains('.')
        || PRIVATE_SUFFIXES
            .iter()
            .any(|suffix| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    if is_private && !policy.allow_private {
        return Err(refused("The URL leads to a name that is not public".to_owned()));
    }
    Ok(())
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}
