//! Page tokens: cursors into listings that callers pass from page to page.
//!
//! A token is opaque to callers but not secret: it names a listing and the cursor where the next page begins. A token
//! of another listing, or of another order of the same one, is refused, because its cursor would mean something else
//! there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::service::index::{Cursor, PageRequest};
use crate::validate::{Input, Validator};

/// The version of the token format. Tokens of other versions are refused.
const VERSION: u32 = 1;

/// The longest token: the longest sort key is a name of 3,000 characters, in Base64.
const MAX_TOKEN_CHARS: usize = 32 * 1024;

#[derive(Serialize, Deserialize)]
struct Token {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "l")]
    listing: String,
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "i")]
    id: String,
}

/// Encodes a cursor into `listing`.
pub fn encode(listing: &str, cursor: &Cursor) -> String {
    let Cursor { key, id } = cursor.clone();
    let token = Token { version: VERSION, listing: listing.to_owned(), key, id };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn decode(listing: &str, text: &str) -> Option<Cursor> {
    let token: Token = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    (token.version == VERSION && token.listing == listing).then_some(Cursor { key: token.key, id: token.id })
}

/// The page sizes of a listing.
#[derive(Debug, Clone, Copy)]
pub struct PageSizes {
    /// The size if the caller names none.
    pub default: u32,
    /// The largest that callers may ask for.
    pub max: u32,
}

/// The page of `listing` that a size and a token ask for.
pub fn request(
    check: &mut Validator,
    listing: &str,
    sizes: PageSizes,
    size: &Input<'_>,
    token: &Input<'_>,
) -> Option<PageRequest> {
    let size = match check.integer(size, 1..=sizes.max) {
        None if !size.is_absent() => None,
        size => size.or(Some(sizes.default)),
    };
    let after = match check.text(token, 1..=MAX_TOKEN_CHARS) {
        None => token.is_absent().then_some(None),
        Some(text) => {
            let cursor = decode(listing, text);
            if cursor.is_none() {
                check.reject_value(token, "not a page token of this listing");
            }
            cursor.map(Some)
        }
    };
    Some(PageRequest { size: size?, after: after? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SIZES: PageSizes = PageSizes { default: 50, max: 100 };

    fn page_of(input: &Value) -> Result<PageRequest, crate::error::Error> {
        let input = Input::root("query", Some(input));
        let mut check = Validator::default();
        let page = request(&mut check, "jobs", SIZES, &input.get("size"), &input.get("token"));
        check.finish(page)
    }

    #[test]
    fn tokens_round_trip() {
        let cursor = Cursor { key: "Rechnung März.pdf".into(), id: "7".into() };
        let page = page_of(&json!({ "token": encode("jobs", &cursor), "size": "7" })).unwrap();
        assert_eq!(page, PageRequest { size: 7, after: Some(cursor) });
        assert_eq!(page_of(&json!({})).unwrap(), PageRequest { size: 50, after: None });
    }

    #[test]
    fn refuses_other_tokens() {
        let cursor = Cursor { key: "1".into(), id: "7".into() };
        let newer_version = json!({ "v": 2, "l": "jobs", "k": "1", "i": "7" }).to_string();
        for token in [
            encode("files", &cursor),
            URL_SAFE_NO_PAD.encode(newer_version),
            "page-2".to_owned(),
            "!".to_owned(),
            URL_SAFE_NO_PAD.encode("[]"),
        ] {
            let error = page_of(&json!({ "token": token })).unwrap_err();
            assert_eq!(error.violations()[0].pointer[1], "token".into());
        }
        assert_eq!(page_of(&json!({ "size": 101, "token": "x" })).unwrap_err().violations().len(), 2);
        assert!(page_of(&json!({ "size": 0 })).is_err());
    }
}
