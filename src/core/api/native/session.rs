//! Sessions: a token in a cookie, for browsers.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{Public, Reply};
use crate::{
    api::{auth, context::Context, origin::Origin, reply},
    error::Error,
    service::{access, ports::Ports},
};

fn with_cookie(token: &str, origin: &Origin) -> Result<Response, Error> {
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    let cookie = HeaderValue::from_str(&auth::session_cookie(token, origin)).map_err(Error::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /v1/session`
pub(super) async fn open<P: Ports>(open: Public<P>, headers: HeaderMap) -> Reply {
    let Context { ports, origin } = open.0;
    let token = auth::required_bearer(&headers)?;
    access::authenticate(&ports, token).await?;
    Ok(with_cookie(token, &origin)?)
}

/// `DELETE /v1/session`
pub(super) async fn close<P: Ports>(open: Public<P>, headers: HeaderMap) -> Reply {
    // Programs need not send `Origin`. Browsers do, and other sites must not sign our users out.
    if headers.contains_key(header::ORIGIN) {
        auth::same_origin(&open.0.origin, &headers)?;
    }
    Ok(with_cookie("", &open.0.origin)?)
}
