//! Authentication.
//!
//! A token comes as `Authorization: Bearer` or, from a browser, in the cookie [`SESSION_COOKIE`]. Browsers also attach
//! cookies to requests that other sites cause, so a write that authenticates by cookie must carry our own origin in
//! `Origin`, which no other site can send.

use axum::http::{HeaderMap, Method, header};

use super::origin::Origin;
use crate::{
    error::{Error, ErrorKind, Result},
    service::{
        access,
        ports::{Clock, Environment, Index, Tokens},
        tokens::Token,
    },
};

/// The name of the cookie that holds a token.
pub const SESSION_COOKIE: &str = "session";

fn missing() -> Error {
    Error::new(ErrorKind::Unauthenticated, format!("{}: there is none in the request", access::INVALID_TOKEN))
}

/// The bearer token of a request; None if it has none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The bearer token of a request that accepts no other credential.
///
/// # Errors
///
/// `Unauthenticated` if there is none.
pub fn required_bearer(headers: &HeaderMap) -> Result<&str> {
    bearer(headers).ok_or_else(missing)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value.trim_matches('"'))
        .filter(|value| !value.is_empty())
}

/// The token that a request authenticates with. `own_origins` are those at which clients reach us.
///
/// # Errors
///
/// `Unauthenticated` without a valid token; `Forbidden` for a write by cookie from another origin; `Upstream`.
pub async fn authenticate(
    ports: &(impl Tokens + Index + Clock + Environment),
    own_origins: &[&Origin],
    method: &Method,
    headers: &HeaderMap,
) -> Result<Token> {
    // An invalid Authorization header is refused even if the cookie is valid: the caller meant the header.
    if headers.contains_key(header::AUTHORIZATION) {
        return access::authenticate(ports, required_bearer(headers)?).await;
    }
    let token = access::authenticate(ports, cookie(headers).ok_or_else(missing)?).await?;
    if ![Method::GET, Method::HEAD].contains(method) {
        same_origin(own_origins, headers)?;
    }
    Ok(token)
}

/// Checks that a page of one of our own origins sent the request.
///
/// # Errors
///
/// `Forbidden` if `Origin` is absent or names another origin.
pub fn same_origin(own_origins: &[&Origin], headers: &HeaderMap) -> Result<()> {
    match headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) {
        Some(value) if own_origins.iter().any(|own| own.matches(value)) => Ok(()),
        _ => Err(Error::new(ErrorKind::Forbidden, "A request by cookie must come from a page of this service")),
    }
}

/// The `Set-Cookie` value that makes a browser keep `token` until it is closed or, with an empty token, delete it.
pub fn session_cookie(token: &str, own_origins: &[&Origin]) -> String {
    let secure = if own_origins.iter().any(|own| own.is_secure()) { "; Secure" } else { "" };
    let max_age = if token.is_empty() { "; Max-Age=0" } else { "" };
    format!("{SESSION_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/{max_age}{secure}")
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::service::{memory::Memory, ports::Config};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn send(ports: &Memory, method: &Method, pairs: &[(&'static str, &str)]) -> Result<Token, ErrorKind> {
        let headers = headers(pairs);
        let origin = Origin::from_request(&"https://sort.example/x".parse().unwrap(), &headers);
        block_on(authenticate(ports, &[&origin], method, &headers)).map_err(|error| error.kind())
    }

    #[test]
    fn authenticates_by_header_and_by_cookie() {
        let ports = Memory::new(Config { admin_secret: Some("operator".to_owned()), ..Config::default() });
        let project = block_on(access::create_project(&ports, "p".into(), "o".into(), 30)).unwrap();
        let (token, text) = block_on(access::create_token(&ports, project.id, access::NewToken::default())).unwrap();
        // The first use is noted.
        let token = Token { last_used_at: Some(ports.now()), ..token };
        let bearer = format!("bEaReR {text}");
        let cookies = format!("theme=dark; session={text}");
        let foreign = "https://elsewhere.example";

        assert_eq!(send(&ports, &Method::POST, &[("authorization", &bearer)]), Ok(token.clone()));
        assert_eq!(send(&ports, &Method::POST, &[("authorization", &bearer), ("origin", foreign)]), Ok(token.clone()));
        assert_eq!(send(&ports, &Method::GET, &[("cookie", &cookies)]), Ok(token.clone()));
        assert_eq!(send(&ports, &Method::HEAD, &[("cookie", "a=b"), ("cookie", &cookies)]), Ok(token.clone()));
        let same_origin = [("cookie", cookies.as_str()), ("origin", "https://sort.example")];
        assert_eq!(send(&ports, &Method::DELETE, &same_origin), Ok(token));

        assert_eq!(send(&ports, &Method::POST, &[("cookie", &cookies)]), Err(ErrorKind::Forbidden));
        assert_eq!(
            send(&ports, &Method::POST, &[("cookie", &cookies), ("origin", foreign)]),
            Err(ErrorKind::Forbidden)
        );
        assert_eq!(send(&ports, &Method::PUT, &[("cookie", &cookies), ("origin", "null")]), Err(ErrorKind::Forbidden));
        let other_scheme = [("cookie", cookies.as_str()), ("origin", "http://sort.example")];
        assert_eq!(send(&ports, &Method::PUT, &other_scheme), Err(ErrorKind::Forbidden));

        assert_eq!(send(&ports, &Method::GET, &[]), Err(ErrorKind::Unauthenticated));
        assert_eq!(send(&ports, &Method::GET, &[("cookie", "session=")]), Err(ErrorKind::Unauthenticated));
        assert_eq!(send(&ports, &Method::GET, &[("authorization", "Bearer llx-1")]), Err(ErrorKind::Unauthenticated));
        let both = [("authorization", "Basic eA=="), ("cookie", cookies.as_str())];
        assert_eq!(send(&ports, &Method::GET, &both), Err(ErrorKind::Unauthenticated));
    }

    #[test]
    fn finds_the_origin() {
        let url = |uri: &str, pairs: &[(&'static str, &str)]| {
            Origin::from_request(&uri.parse().unwrap(), &headers(pairs)).url("/x")
        };
        assert_eq!(url("https://Sort.example:8443/y?z", &[("host", "evil.example")]), "https://sort.example:8443/x");
        for host in ["localhost:8787", "127.0.0.1", "[::1]:8787", "LOCALHOST"] {
            let expected = format!("http://{}/x", host.to_lowercase());
            assert_eq!(url("/y", &[("host", host), ("x-forwarded-proto", "https")]), expected);
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1", "localhost:x"] {
            assert_eq!(url("/y", &[("host", host)]), "http://localhost/x", "{host}");
        }
        assert_eq!(Origin::configured("https://sort.example/").url("/x"), "https://sort.example/x");
    }

    #[test]
    fn sets_the_cookie() {
        let origin = |uri: &str| Origin::from_request(&uri.parse().unwrap(), &HeaderMap::new());
        assert_eq!(
            session_cookie("srt_x", &[&origin("http://sort.example/"), &origin("https://sort.example/")]),
            "session=srt_x; HttpOnly; SameSite=Strict; Path=/; Secure"
        );
        assert_eq!(
            session_cookie("", &[&origin("http://localhost/")]),
            "session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }
}
