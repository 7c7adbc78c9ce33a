//! Places in listings, as callers carry them from page to page.
//!
//! A token is opaque to callers and no secret: it says where in which listing the next page begins. A token of another
//! listing, or of another order of the same one, is refused, because its place would mean something else there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::service::index::{Cursor, PageRequest};
use crate::validate::{Check, Field};

/// The form of tokens. A token of another form is refused.
const VERSION: u32 = 1;

/// The longest token: the longest sort key is a name of 3,000 characters, in Base64.
const LONGEST: usize = 32 * 1024;

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

/// Spells a place in `listing`.
pub fn spell(listing: &str, place: &Cursor) -> String {
    let Cursor { key, id } = place.clone();
    let token = Token { version: VERSION, listing: listing.to_owned(), key, id };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

fn read(listing: &str, text: &str) -> Option<Cursor> {
    let token: Token = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    (token.version == VERSION && token.listing == listing).then_some(Cursor { key: token.key, id: token.id })
}

/// The size of pages: when nobody says, and at most.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// When nobody says.
    pub default: u32,
    /// At most.
    pub most: u32,
}

/// Which part of `listing` is asked for by a size and a token.
pub fn request(
    check: &mut Check,
    listing: &str,
    sizes: Sizes,
    size: &Field<'_>,
    token: &Field<'_>,
) -> Option<PageRequest> {
    let size = match check.integer(size, 1..=sizes.most) {
        None if !size.is_absent() => None,
        size => size.or(Some(sizes.default)),
    };
    let after = match check.text(token, 1..=LONGEST) {
        None => token.is_absent().then_some(None),
        Some(text) => {
            let place = read(listing, text);
            if place.is_none() {
                check.refuse_value(token, "not a page token of this listing");
            }
            place.map(Some)
        }
    };
    Some(PageRequest { size: size?, after: after? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SIZES: Sizes = Sizes { default: 50, most: 100 };

    fn ask(input: &Value) -> Result<PageRequest, crate::error::Error> {
        let input = Field::root("query", Some(input));
        let mut check = Check::default();
        let page = request(&mut check, "jobs", SIZES, &input.get("size"), &input.get("token"));
        check.finish(page)
    }

    #[test]
    fn comes_back_as_it_went() {
        let place = Cursor { key: "Rechnung März.pdf".into(), id: "7".into() };
        let page = ask(&json!({ "token": spell("jobs", &place), "size": "7" })).unwrap();
        assert_eq!(page, PageRequest { size: 7, after: Some(place) });
        assert_eq!(ask(&json!({})).unwrap(), PageRequest { size: 50, after: None });
    }

    #[test]
    fn refuses_what_is_not_ours() {
        let place = Cursor { key: "1".into(), id: "7".into() };
        let newer = json!({ "v": 2, "l": "jobs", "k": "1", "i": "7" }).to_string();
        for token in [
            spell("files", &place),
            URL_SAFE_NO_PAD.encode(newer),
            "page-2".to_owned(),
            "!".to_owned(),
            URL_SAFE_NO_PAD.encode("[]"),
        ] {
            let error = ask(&json!({ "token": token })).unwrap_err();
            assert_eq!(error.violations()[0].pointer[1], "token".into());
        }
        assert_eq!(ask(&json!({ "size": 101, "token": "x" })).unwrap_err().violations().len(), 2);
        assert!(ask(&json!({ "size": 0 })).is_err());
    }
}
