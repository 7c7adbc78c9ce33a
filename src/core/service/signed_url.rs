//! Signed URLs: each gives access to one file for one purpose until it expires, without a token.
//!
//! A signed URL ends in its claims and their signature, a message authentication code (HMAC-SHA256, RFC 2104) keyed
//! with the operator's secret. Nothing is stored: changing the secret invalidates every signed URL.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use serde::{Deserialize, Serialize};

use super::{keyed, ports::FileKey};
use crate::{
    error::{Error, ErrorKind, Result},
    time::Timestamp,
};

/// What a signed URL permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Reading the bytes of the file.
    Download,
    /// Storing the bytes of the file.
    Upload,
}

/// The claims of a signed URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedUrl {
    /// The file.
    pub file: FileKey,
    /// What it permits.
    pub grant: Grant,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The purpose of the signatures.
const PURPOSE: &str = "sortroom ticket v1";

/// Encodes and signs the claims, as one path segment of letters, digits, `-`, `_` and one `.`.
///
/// # Errors
///
/// `Internal`, which no secret causes.
pub fn sign(url: &SignedUrl, secret: &str) -> Result<String> {
    let claims = serde_json::to_vec(url).map_err(Error::internal)?;
    let mut mac = keyed::mac(secret, PURPOSE)?;
    mac.update(&claims);
    Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(&claims), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// Verifies and decodes what [`sign`] returned, and checks that it permits `grant`.
///
/// # Errors
///
/// `Forbidden` if the signature is invalid or it permits something else, `Gone` if it has expired.
pub fn verify(text: &str, grant: Grant, secret: &str, now: Timestamp) -> Result<SignedUrl> {
    let invalid = || Error::new(ErrorKind::Forbidden, "The address is not one that this service signed");
    let (claims, signature) = text.split_once('.').ok_or_else(invalid)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| invalid())?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid())?;
    let mut mac = keyed::mac(secret, PURPOSE)?;
    mac.update(&claims);
    mac.verify_slice(&signature).map_err(|_| invalid())?;
    let url: SignedUrl = serde_json::from_slice(&claims).map_err(|_| invalid())?;
    if url.grant != grant {
        return Err(invalid());
    }
    if url.expires_at <= now {
        return Err(Error::new(ErrorKind::Gone, "The address has expired"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FileId, ProjectId};

    fn signed_url() -> SignedUrl {
        SignedUrl {
            file: FileKey { project: ProjectId::from_bytes([1; 16]), file: FileId::from_bytes([2; 16]) },
            grant: Grant::Download,
            expires_at: Timestamp::from_millis(1_000),
        }
    }

    #[test]
    fn permits_what_it_was_signed_for_and_nothing_else() {
        let signed = sign(&signed_url(), "secret").unwrap();
        let at = |now| Timestamp::from_millis(now);
        assert_eq!(verify(&signed, Grant::Download, "secret", at(999)).unwrap(), signed_url());
        let kind = |result: Result<SignedUrl>| result.unwrap_err().kind();
        assert_eq!(kind(verify(&signed, Grant::Download, "secret", at(1_000))), ErrorKind::Gone);
        assert_eq!(kind(verify(&signed, Grant::Upload, "secret", at(0))), ErrorKind::Forbidden);
        assert_eq!(kind(verify(&signed, Grant::Download, "other", at(0))), ErrorKind::Forbidden);
        let (claims, signature) = signed.split_once('.').unwrap();
        let extended = URL_SAFE_NO_PAD
            .encode(String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap().replace("1000", "9000"));
        let extended = format!("{extended}.{signature}");
        assert_eq!(kind(verify(&extended, Grant::Download, "secret", at(0))), ErrorKind::Forbidden);
        assert_eq!(kind(verify("", Grant::Download, "secret", at(0))), ErrorKind::Forbidden);
    }
}
