//! Page tokens: cursors into listings that callers pass from page to page.
//!
//! A token is opaque to callers but not secret: it names a listing and the cursor where the next page begins. A token
//! of another listing, or of another order of the same one, is refused, because its cursor would mean something else
//! there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::checked::Checked;
use crate::service::index::{Cursor, PageRequest};
use crate::validate::{
    declare::declare,
    shape::{Declared, OPEN, Shape},
};

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

declare! {
    /// A page of a listing.
    #[derive(Debug)]
    pub struct Paging(OPEN) {
        /// How many items to answer at most.
        pub page_size: u32 = default(Shape::integer(1..=100), DEFAULT_SIZE),
        /// The `next_page_token` of the page before; absent for the first page.
        pub page_token: Option<String> = optional(TOKEN),
    }
}

declare! {
    /// A page of a listing of small items.
    #[derive(Debug)]
    pub struct LargePaging(OPEN) {
        /// How many items to answer at most.
        pub page_size: u32 = default(Shape::integer(1..=LARGE_SIZE), DEFAULT_SIZE),
        /// The `next_page_token` of the page before; absent for the first page.
        pub page_token: Option<String> = optional(TOKEN),
    }
}

/// The most items of a page of a listing of small items.
pub const LARGE_SIZE: u32 = 1_000;

/// A page token.
pub const TOKEN: Shape = Shape::text(1..=MAX_TOKEN_CHARS);

/// The number of items if the caller names none.
pub const DEFAULT_SIZE: u32 = 50;

/// The page of `listing` that a part of a request asks for by the members of [`Paging`] or [`LargePaging`]. Reports a
/// token of another listing.
pub fn page<T: Declared>(request: &mut Checked<T>, listing: &str) -> PageRequest {
    let (input, check) = request.parts();
    // If there is none, a fault has been reported.
    let Some(Paging { page_size: size, page_token }) = input.read() else {
        return PageRequest { size: 1, after: None };
    };
    let after = page_token.as_ref().and_then(|token| decode(listing, token));
    let field = input.get("page_token");
    if after.is_none() && page_token.is_some_and(|token| (1..=MAX_TOKEN_CHARS).contains(&token.chars().count())) {
        check.reject_value(&field, "not a page token of this listing");
    }
    PageRequest { size, after }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn page_of(input: &Value) -> Result<PageRequest, crate::error::Error> {
        let mut query = Checked::<Paging>::new("query", input.clone());
        let page = page(&mut query, "jobs");
        query.finish().map(|_| page)
    }

    #[test]
    fn tokens_round_trip() {
        let cursor = Cursor { key: "Rechnung März.pdf".into(), id: "7".into() };
        let page = page_of(&json!({ "page_token": encode("jobs", &cursor), "page_size": "7" })).unwrap();
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
            let error = page_of(&json!({ "page_token": token })).unwrap_err();
            assert_eq!(error.violations()[0].pointer[1], "page_token".into());
        }
        assert_eq!(page_of(&json!({ "page_size": 101, "page_token": "x" })).unwrap_err().violations().len(), 2);
        assert!(page_of(&json!({ "page_size": 0 })).is_err());
    }
}
