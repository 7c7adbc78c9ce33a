//! Sessions: a token in a cookie, for browsers.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{Public, Reply};
use crate::{
    api::{auth, origin::Origin, reply},
    error::Error,
    service::{access, ports::Ports},
};

fn with_cookie(token: &str, own_origins: &[&Origin]) -> Result<Response, Error> {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let cookie = HeaderValue::from_str(&auth::session_cookie(token, own_origins)).map_err(Error::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /v1/session`
pub(super) async fn open<P: Ports>(open: Public<P>, headers: HeaderMap) -> Reply {
    let token = auth::required_bearer(&headers)?;
    access::authenticate(&open.0.ports, token).await?;
    Ok(with_cookie(token, &open.0.own_origins())?)
}

/// `DELETE /v1/session`
pub(super) async fn close<P: Ports>(open: Public<P>, headers: HeaderMap) -> Reply {
    // Programs need not send `Origin`. Browsers do, and other sites must not sign our users out.
    if headers.contains_key(header::ORIGIN) {
        auth::same_origin(&open.0.own_origins(), &headers)?;
    }
    Ok(with_cookie("", &open.0.own_origins())?)
}
