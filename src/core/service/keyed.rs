//! Message authentication codes (HMAC-SHA256, RFC 2104) keyed with the operator's secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// A code that has taken in `purpose`, so that a code for another purpose under the same secret never matches. A purpose
/// is one line.
///
/// # Errors
///
/// `Internal`, which no secret causes.
pub fn mac(secret: &str, purpose: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(Error::internal)?;
    mac.update(purpose.as_bytes());
    mac.update(b"\n");
    Ok(mac)
}
