//! Tickets: addresses that open one file for one purpose until a moment, without a token.
//!
//! A ticket is its claims and a message authentication code over them (HMAC-SHA256, RFC 2104) under a key that is
//! derived from the operator's secret. Nothing is stored: changing the secret voids every ticket.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::ports::FileKey;
use crate::{
    error::{Error, Kind, Result},
    time::Timestamp,
};

/// What a ticket opens its file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Read its bytes.
    Download,
    /// Store its bytes.
    Upload,
}

/// The claims of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The file.
    pub file: FileKey,
    /// The purpose.
    pub grant: Grant,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// Separates these codes from others under the same secret.
const PURPOSE: &[u8] = b"sortroom ticket v1\n";

fn mac(secret: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(Error::internal)?;
    mac.update(PURPOSE);
    Ok(mac)
}

/// Spells a ticket: letters, digits, `-`, `_` and one `.`.
///
/// # Errors
///
/// `Internal`, which does not happen for any secret.
pub fn seal(ticket: &Ticket, secret: &str) -> Result<String> {
    let claims = serde_json::to_vec(ticket).map_err(Error::internal)?;
    let mut mac = mac(secret)?;
    mac.update(&claims);
    Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(&claims), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// Reads a ticket that [`seal`] spelt for `grant`.
///
/// # Errors
///
/// `Forbidden` when it is not one of ours or for another purpose, `Gone` when its time has passed.
pub fn open(text: &str, grant: Grant, secret: &str, now: Timestamp) -> Result<Ticket> {
    let forged = || Error::new(Kind::Forbidden, "The address is not one that this service signed");
    let (claims, code) = text.split_once('.').ok_or_else(forged)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| forged())?;
    let code = URL_SAFE_NO_PAD.decode(code).map_err(|_| forged())?;
    let mut mac = mac(secret)?;
    mac.update(&claims);
    mac.verify_slice(&code).map_err(|_| forged())?;
    let ticket: Ticket = serde_json::from_slice(&claims).map_err(|_| forged())?;
    if ticket.grant != grant {
        return Err(forged());
    }
    if ticket.expires_at <= now {
        return Err(Error::new(Kind::Gone, "The address has expired"));
    }
    Ok(ticket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FileId, ProjectId};

    fn ticket() -> Ticket {
        Ticket {
            file: FileKey { project: ProjectId::from_random([1; 16]), file: FileId::from_random([2; 16]) },
            grant: Grant::Download,
            expires_at: Timestamp::from_millis(1_000),
        }
    }

    #[test]
    fn opens_what_it_was_sealed_for_and_nothing_else() {
        let sealed = seal(&ticket(), "secret").unwrap();
        let at = |now| Timestamp::from_millis(now);
        assert_eq!(open(&sealed, Grant::Download, "secret", at(999)).unwrap(), ticket());
        let kind = |result: Result<Ticket>| result.unwrap_err().kind();
        assert_eq!(kind(open(&sealed, Grant::Download, "secret", at(1_000))), Kind::Gone);
        assert_eq!(kind(open(&sealed, Grant::Upload, "secret", at(0))), Kind::Forbidden);
        assert_eq!(kind(open(&sealed, Grant::Download, "other", at(0))), Kind::Forbidden);
        let (claims, code) = sealed.split_once('.').unwrap();
        let longer = URL_SAFE_NO_PAD
            .encode(String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap().replace("1000", "9000"));
        assert_eq!(kind(open(&format!("{longer}.{code}"), Grant::Download, "secret", at(0))), Kind::Forbidden);
        assert_eq!(kind(open("", Grant::Download, "secret", at(0))), Kind::Forbidden);
    }
}
