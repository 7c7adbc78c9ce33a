//! Requests to servers that callers name: where documents are fetched from, and who is notified.
//!
//! A caller must not reach what only this service reaches: hosts of the operator's network, or the machine itself. So
//! a URL has to be a [`Target`] that the operator's policy permits, and every address of its name a public one, at
//! each request and again at each redirect. The name is looked up apart from the request, so a name server that
//! answers differently the second time is a matter of the platform, which connects to public addresses only.

mod address;
mod target;

pub use self::target::{MAX_URL_CHARS, Target};
use super::ports::{Environment, Outbound, OutboundRequest, OutboundResponse};
use crate::{
    error::{Error, ErrorKind, Result},
    limits,
};

/// Requests `target`, and follows redirects, which are checked like the first URL. Returns the last target and what it
/// answered, which is not a redirect.
///
/// # Errors
///
/// `Invalid` with the reason if a URL is not permitted; `Remote` if a server cannot be reached or redirects more than
/// [`limits::MAX_REDIRECTS`] times; `Upstream` if names cannot be looked up.
pub async fn get(ports: &(impl Outbound + Environment), target: Target) -> Result<(Target, OutboundResponse)> {
    let mut target = target;
    for _ in 0..=limits::MAX_REDIRECTS {
        let response = send(ports, &target, OutboundRequest::get(target.as_str())).await?;
        let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
        match response.header("location").filter(|_| is_redirect) {
            Some(location) => target = target.redirected(location, &ports.config().outbound)?,
            None => return Ok((target, response)),
        }
    }
    let message = format!("The server redirects more than {} times", limits::MAX_REDIRECTS);
    Err(Error::new(ErrorKind::Remote { retryable: false }, message))
}

/// Sends a request to `target`. A redirect is returned as it is.
///
/// # Errors
///
/// As [`get`].
pub async fn send(
    ports: &(impl Outbound + Environment),
    target: &Target,
    request: OutboundRequest,
) -> Result<OutboundResponse> {
    let policy = &ports.config().outbound;
    if let Some(name) = target.name().filter(|_| !policy.allow_private) {
        let addresses = ports.addresses(name).await?;
        if addresses.is_empty() {
            let message = format!("The name {name} has no address");
            return Err(Error::new(ErrorKind::Remote { retryable: true }, message));
        }
        for address in addresses {
            target::require_public(address, policy)?;
        }
    }
    // The URL as it was checked, which other parsers may read in another way.
    ports.request(OutboundRequest { url: target.as_str().to_owned(), ..request }).await
}

#[cfg(test)]
mod tests;
