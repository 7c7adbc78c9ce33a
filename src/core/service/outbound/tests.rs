//! The table of URLs, redirects, and names that lead to addresses that are not public.

use futures_executor::block_on;
use futures_util::TryStreamExt;

use super::*;
use crate::service::{
    memory::{Memory, MemoryAnswer},
    ports::{Config, OutboundPolicy},
};

#[test]
fn urls_of_the_table() {
    let lines = include_str!("cases.txt").lines().filter(|line| !line.starts_with('#'));
    let cases: Vec<_> = lines.map(|line| line.split_once('\t').unwrap()).collect();
    assert!(cases.len() >= 80);
    for (expected, url) in cases {
        let outcome = Target::parse(url, &OutboundPolicy::default());
        match outcome {
            Ok(target) => assert_eq!(expected, "yes", "{url} is {target:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Invalid);
                assert!(error.message().starts_with(expected), "{url}: expected {expected:?}, got {}", error.message());
            }
        }
    }
}

#[test]
fn every_special_character_of_a_host_is_checked_as_what_it_stands_for() {
    // Each of these characters is a full stop or a digit one in some way of writing it.
    for stop in ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'] {
        let url = format!("http://127{stop}0{stop}0{stop}1/");
        assert!(Target::parse(&url, &OutboundPolicy::default()).is_err(), "{url}");
    }
}

#[test]
fn an_operator_may_permit_ports_or_everything() {
    let ports = OutboundPolicy { ports: vec![8443], allow_private: false };
    assert!(Target::parse("https://example.com:8443/", &ports).is_ok());
    assert!(Target::parse("https://example.com:8444/", &ports).is_err());
    assert!(Target::parse("http://127.0.0.1:8443/", &ports).is_err());
    let all = OutboundPolicy { ports: Vec::new(), allow_private: true };
    assert!(Target::parse("http://localhost:9000/a", &all).is_ok());
    assert!(Target::parse("http://user@localhost:9000/a", &all).is_err(), "credentials are never sent");
    assert!(Target::parse("file:///etc/passwd", &all).is_err());
}

#[test]
fn a_long_url_is_refused() {
    let url = |chars: usize| format!("https://example.com/{}", "a".repeat(chars - 20));
    assert!(Target::parse(&url(MAX_URL_CHARS), &OutboundPolicy::default()).is_ok());
    assert!(Target::parse(&url(MAX_URL_CHARS + 1), &OutboundPolicy::default()).is_err());
}

#[test]
fn names_of_files() {
    for (url, expected) in [
        ("https://example.com/files/Rechnung%20M%C3%A4rz.pdf?x=1#p2", "Rechnung März.pdf"),
        ("https://example.com/", "example.com"),
        ("https://example.com/a/", "example.com"),
        ("https://example.com/%2e%2e%2fpasswd", "..passwd"),
        ("https://example.com/a%00b%0a.pdf", "ab.pdf"),
        ("https://example.com/%ff.pdf", "\u{fffd}.pdf"),
    ] {
        assert_eq!(Target::parse(url, &OutboundPolicy::default()).unwrap().file_name(), expected, "{url}");
    }
}

fn memory() -> Memory {
    Memory::new(Config::default())
}

fn redirect(to: &str) -> [MemoryAnswer; 1] {
    [MemoryAnswer::new(302, &[("location", to)], "")]
}

fn body(memory: &Memory, url: &str) -> Result<String> {
    let target = Target::parse(url, &memory.config().outbound)?;
    block_on(async {
        let (_, response) = get(memory, target).await?;
        let chunks: Vec<_> = response.body.try_collect().await?;
        Ok(String::from_utf8(chunks.concat()).unwrap())
    })
}

#[test]
fn redirects_are_followed_and_checked() {
    let memory = memory();
    memory.serve("https://a.example/1", redirect("/2"));
    memory.serve("https://a.example/2", redirect("https://b.example/3"));
    memory.serve("https://b.example/3", [MemoryAnswer::new(200, &[], "text")]);
    assert_eq!(body(&memory, "https://a.example/1").unwrap(), "text");
    for to in [
        "http://127.0.0.1/",
        "https://localhost/",
        "//[::1]/",
        "file:///a",
        "https://u@b.example/",
        "http://a.example/",
    ] {
        memory.serve("https://a.example/1", redirect(to));
        let before = memory.outbound_requests().len();
        assert_eq!(body(&memory, "https://a.example/1").unwrap_err().kind(), ErrorKind::Invalid, "{to}");
        assert_eq!(memory.outbound_requests().len(), before + 1, "{to} was not requested");
    }
}

#[test]
fn redirects_end() {
    let memory = memory();
    memory.serve("https://a.example/", redirect("https://a.example/"));
    let error = body(&memory, "https://a.example/").unwrap_err();
    assert_eq!(error.message(), "The server redirects more than 5 times");
    assert_eq!(memory.outbound_requests().len(), 6);
}

#[test]
fn a_redirect_without_a_location_is_an_answer() {
    let memory = memory();
    memory.serve("https://a.example/", [MemoryAnswer::new(304, &[], "")]);
    assert_eq!(body(&memory, "https://a.example/").unwrap(), "");
}

#[test]
fn a_name_that_leads_to_one_private_address_is_refused() {
    let memory = memory();
    memory.serve("https://a.example/", [MemoryAnswer::new(200, &[], "secret")]);
    memory.resolve("a.example", &["8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap()]);
    assert_eq!(body(&memory, "https://a.example/").unwrap_err().kind(), ErrorKind::Invalid);
    memory.resolve("a.example", &[]);
    assert_eq!(body(&memory, "https://a.example/").unwrap_err().kind(), ErrorKind::Remote { retryable: true });
    assert!(memory.outbound_requests().is_empty());
}

#[test]
fn nothing_but_the_request_is_sent() {
    let memory = memory();
    memory.serve("https://a.example/x", [MemoryAnswer::new(200, &[], "text")]);
    body(&memory, "https://a.example/x#fragment").unwrap();
    let request = memory.outbound_requests().remove(0);
    assert_eq!(request.url, "https://a.example/x");
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["accept", "user-agent"]);
}
