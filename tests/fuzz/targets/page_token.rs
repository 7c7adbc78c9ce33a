//! The tokens by which callers go from page to page.

use axum::Router;
use serde_json::{Value, json};
use sortroom::{
    api::{
        self,
        checked::Checked,
        page_token::{self, Paging},
    },
    service::{
        index::{Cursor, PageRequest},
        memory::Memory,
    },
};

use super::{
    Check, Target,
    service::{Service, check_response, percent_encoded},
};
use crate::verdict::{Verdict, require};

pub const PAGE_TOKEN: Target = Target {
    name: "page-token",
    seeds: || tokens(&listed(&api::router::<Memory>())).into_iter().map(String::into_bytes).collect(),
    dictionary: &[
        b"eyJ2IjoxLCJsIjoi",
        b"eyJ2IjoyLCJsIjoi",
        b"=",
        b"==",
        b"+",
        b"/",
        b"-",
        b"_",
        b"e30",
        b"bnVsbA",
        b"W10",
        b"AAAA",
        b"____",
        b" ",
        b"{\"v\":1,\"l\":\"jobs\",\"k\":\"\",\"i\":\"\"}",
        b"%",
        b"\xc3\xa4",
    ],
    inside: None,
    check: || check(),
};

/// The listings, each with the name of its items' key.
const LISTINGS: [(&str, &str); 4] =
    [("/v1/classifiers", "id"), ("/v1/schemas", "id"), ("/api/v2/classify", "id"), ("/api/v1/beta/files", "id")];

/// A service with several things in each listing.
fn listed(router: &Router) -> Service {
    let service = Service::new(router);
    let send = |target: &str, body: Value| {
        let response = service.send("POST", target, &[], body.to_string().into()).expect("a request");
        assert!(response.status < 300, "{response:?}");
    };
    for name in ["Ärger", "\u{1f4ee}", "a\"b\\c", "z"] {
        let rules = json!([{ "label": "invoice", "description": "asks for the payment of an invoice" }]);
        send("/v1/classifiers", json!({ "name": name, "rules": rules }));
        send("/v1/schemas", json!({ "name": name, "fields": [{ "name": "total" }] }));
        let rules = json!([{ "type": "invoice", "description": "asks for the payment of an invoice" }]);
        send("/api/v2/classify", json!({ "file_input": service.file, "configuration": { "rules": rules } }));
        service.ports.advance(std::time::Duration::from_millis(1));
    }
    service
}

/// The ids of a page, and the token of the next one.
fn page(answer: &Value, key: &str) -> (Vec<String>, Option<String>) {
    let ids = answer["items"].as_array().into_iter().flatten().filter_map(|item| item[key].as_str());
    (ids.map(str::to_owned).collect(), answer["next_page_token"].as_str().map(str::to_owned))
}

/// Every token that the service gives out.
fn tokens(service: &Service) -> Vec<String> {
    let mut tokens = Vec::new();
    for (listing, key) in LISTINGS {
        let mut target = format!("{listing}?page_size=1");
        while let (_, Some(token)) = page(&service.get(&target).expect("a request").json(), key) {
            target = format!("{listing}?page_size=1&page_token={}", percent_encoded(&token));
            tokens.push(token);
        }
    }
    tokens
}

/// What a token means in the listing `jobs`; None if it is refused.
fn decode(token: &str) -> Option<PageRequest> {
    let mut query = Checked::<Paging>::new("query", json!({ "page_token": token }));
    let page = page_token::page(&mut query, "jobs");
    query.finish().is_ok().then_some(page)
}

fn check() -> Check {
    let service = listed(&api::router::<Memory>());
    let all = LISTINGS.map(|(listing, key)| page(&service.get(listing).expect("a request").json(), key).0);
    Box::new(move |bytes| {
        let token = String::from_utf8_lossy(bytes);
        check_encoding(&token)?;
        let mut verdict = "refused";
        for ((listing, key), all) in LISTINGS.iter().zip(&all) {
            let target = format!("{listing}?page_size=2&page_token={}", percent_encoded(&token));
            // A URL that is too long cannot be sent.
            let Some(response) = service.get(&target) else { continue };
            check_response(&target, &response)?;
            require!([200, 400, 422].contains(&response.status), "{target}: {}", response.status);
            if response.status == 200 {
                let (ids, _) = page(&response.json(), key);
                let is_part = ids.is_empty() || all.windows(ids.len()).any(|part| part == ids);
                require!(is_part, "{target}: {ids:?} is no part of {all:?}");
                if !token.is_empty() {
                    verdict = "accepted";
                }
            }
        }
        Ok(verdict)
    })
}

/// Checks that any cursor comes out of its token again, and that a token that is read is the one of its cursor.
fn check_encoding(text: &str) -> Verdict {
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (key, id) = text.split_at(half);
    let cursor = Cursor { key: key.to_owned(), id: id.to_owned() };
    let token = page_token::encode("jobs", &cursor);
    // The longest token that is read.
    if token.len() <= 32 * 1024 {
        let read = decode(&token).and_then(|page| page.after);
        require!(read.as_ref() == Some(&cursor), "{cursor:?} becomes {read:?}");
    }
    require!(decode(&page_token::encode("files", &cursor)).is_none(), "a token of another listing is read");
    if let Some(PageRequest { after: Some(cursor), .. }) = decode(text) {
        let again = decode(&page_token::encode("jobs", &cursor)).and_then(|page| page.after);
        require!(again.as_ref() == Some(&cursor), "{cursor:?} becomes {again:?}");
    }
    Ok("ok")
}
