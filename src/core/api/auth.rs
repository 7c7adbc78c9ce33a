//! Who is asking.
//!
//! A token comes as `Authorization: Bearer`, or, from a browser, in the cookie [`SESSION`]. A browser sends cookies
//! along with requests that other sites make it send; therefore a write by cookie must name our own origin in
//! `Origin`, which no other site can.

use axum::http::{HeaderMap, Method, header};

use super::context::Origin;
use crate::{
    error::{Error, Kind, Result},
    service::{
        access,
        ports::{Clock, Tokens},
        tokens::Token,
    },
};

/// The name of the cookie that holds a token.
pub const SESSION: &str = "session";

fn missing() -> Error {
    Error::new(Kind::Unauthenticated, "Invalid API Key: there is none in the request")
}

/// The bearer token of a request; nothing when it shows none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The bearer token of a request that takes nothing else.
///
/// # Errors
///
/// `Unauthenticated` when there is none.
pub fn required_bearer(headers: &HeaderMap) -> Result<&str> {
    bearer(headers).ok_or_else(missing)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION).map(|(_, value)| value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// Whose request this is.
///
/// # Errors
///
/// `Unauthenticated` without a good token; `Forbidden` for a write by cookie from elsewhere; `Upstream`.
pub async fn authenticate(
    ports: &(impl Tokens + Clock),
    origin: &Origin,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Token> {
    // A bad Authorization header is refused although there may be a good cookie: the caller meant the header.
    if headers.contains_key(header::AUTHORIZATION) {
        return access::authenticate(ports, required_bearer(headers)?).await;
    }
    let token = access::authenticate(ports, cookie(headers).ok_or_else(missing)?).await?;
    if ![Method::GET, Method::HEAD].contains(method) {
        same_origin(origin, headers)?;
    }
    Ok(token)
}

/// Checks that a page of our own sent the request.
///
/// # Errors
///
/// `Forbidden` when `Origin` is absent or names another.
pub fn same_origin(origin: &Origin, headers: &HeaderMap) -> Result<()> {
    match headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) {
        Some(named) if origin.is(named) => Ok(()),
        _ => Err(Error::new(Kind::Forbidden, "A request by cookie must come from a page of this service")),
    }
}

/// The `Set-Cookie` that makes a browser keep `token` until it is closed, or, with an empty token, forget it.
pub fn session_cookie(token: &str, origin: &Origin) -> String {
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    let age = if token.is_empty() { "; Max-Age=0" } else { "" };
    format!("{SESSION}={token}; HttpOnly; SameSite=Strict; Path=/{age}{secure}")
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::service::{memory::Memory, ports::Config};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ask(ports: &Memory, method: &Method, pairs: &[(&'static str, &str)]) -> Result<Token, Kind> {
        let headers = headers(pairs);
        let origin = Origin::of(&"https://sort.example/x".parse().unwrap(), &headers);
        block_on(authenticate(ports, &origin, method, &headers)).map_err(|error| error.kind())
    }

    #[test]
    fn knows_callers_by_header_and_by_cookie() {
        let ports = Memory::new(Config::default());
        let project = block_on(access::create_project(&ports, "p".into(), "o".into(), 30)).unwrap();
        let (token, text) = block_on(access::create_token(&ports, project.id, "t".into(), None)).unwrap();
        let bearer = format!("bEaReR {text}");
        let cookies = format!("theme=dark; session={text}");
        let foreign = "https://elsewhere.example";

        assert_eq!(ask(&ports, &Method::POST, &[("authorization", &bearer)]), Ok(token.clone()));
        assert_eq!(ask(&ports, &Method::POST, &[("authorization", &bearer), ("origin", foreign)]), Ok(token.clone()));
        assert_eq!(ask(&ports, &Method::GET, &[("cookie", &cookies)]), Ok(token.clone()));
        assert_eq!(ask(&ports, &Method::HEAD, &[("cookie", "a=b"), ("cookie", &cookies)]), Ok(token.clone()));
        let ours = [("cookie", cookies.as_str()), ("origin", "https://sort.example")];
        assert_eq!(ask(&ports, &Method::DELETE, &ours), Ok(token));

        assert_eq!(ask(&ports, &Method::POST, &[("cookie", &cookies)]), Err(Kind::Forbidden));
        assert_eq!(ask(&ports, &Method::POST, &[("cookie", &cookies), ("origin", foreign)]), Err(Kind::Forbidden));
        assert_eq!(ask(&ports, &Method::PUT, &[("cookie", &cookies), ("origin", "null")]), Err(Kind::Forbidden));
        let other_scheme = [("cookie", cookies.as_str()), ("origin", "http://sort.example")];
        assert_eq!(ask(&ports, &Method::PUT, &other_scheme), Err(Kind::Forbidden));

        assert_eq!(ask(&ports, &Method::GET, &[]), Err(Kind::Unauthenticated));
        assert_eq!(ask(&ports, &Method::GET, &[("cookie", "session=")]), Err(Kind::Unauthenticated));
        assert_eq!(ask(&ports, &Method::GET, &[("authorization", "Bearer llx-1")]), Err(Kind::Unauthenticated));
        let both = [("authorization", "Basic eA=="), ("cookie", cookies.as_str())];
        assert_eq!(ask(&ports, &Method::GET, &both), Err(Kind::Unauthenticated));
    }

    #[test]
    fn finds_the_origin() {
        let of = |uri: &str, pairs: &[(&'static str, &str)]| {
            Origin::of(&uri.parse().unwrap(), &headers(pairs)).address("/x")
        };
        assert_eq!(of("https://Sort.example:8443/y?z", &[("host", "evil.example")]), "https://sort.example:8443/x");
        assert_eq!(of("/y", &[("host", "localhost:8787"), ("x-forwarded-proto", "https")]), "http://localhost:8787/x");
    }

    #[test]
    fn sets_the_cookie() {
        let origin = |uri: &str| Origin::of(&uri.parse().unwrap(), &HeaderMap::new());
        assert_eq!(
            session_cookie("srt_x", &origin("https://sort.example/")),
            "session=srt_x; HttpOnly; SameSite=Strict; Path=/; Secure"
        );
        assert_eq!(
            session_cookie("", &origin("http://localhost/")),
            "session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }
}
