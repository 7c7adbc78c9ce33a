//! What a request brings along besides its own words.

use std::{collections::BTreeMap, marker::PhantomData, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, Uri, header, request::Parts},
};

use super::{
    auth, cuid,
    query::Query,
    reply::{Dialect, Failure},
};
use crate::{
    error::Error,
    service::{ports::Ports, tokens::Token},
};

/// Lent to every request by [`serve`](super::serve).
#[derive(Debug, Clone)]
pub struct Context<P> {
    /// The ports.
    pub ports: P,
    /// Where the caller found us.
    pub origin: Origin,
}

impl<P: Ports> Context<P> {
    /// The context of a request.
    ///
    /// # Errors
    ///
    /// `Internal` when the request did not come through [`serve`](super::serve).
    pub fn of(parts: &Parts) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("the request brought no ports"))
    }
}

/// The context as an argument of a handler that answers in the dialect `D`.
#[derive(Debug)]
pub struct Open<P, D>(pub Context<P>, PhantomData<fn() -> D>);

impl<P: Ports, D: Dialect, S: Sync> FromRequestParts<S> for Open<P, D> {
    type Rejection = Failure<D>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure<D>> {
        Ok(Self(Context::of(parts)?, PhantomData))
    }
}

/// A request of somebody with a token, for the project of that token, in the dialect `D`.
#[derive(Debug)]
pub struct Caller<P, D> {
    /// The ports.
    pub ports: P,
    /// Whose request it is.
    pub token: Token,
    /// Where the caller found us.
    pub origin: Origin,
    /// The query of the address.
    pub query: Query,
    dialect: PhantomData<fn() -> D>,
}

impl<P: Ports, D: Dialect, S: Sync> FromRequestParts<S> for Caller<P, D> {
    type Rejection = Failure<D>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure<D>> {
        let Context { ports, origin } = Context::<P>::of(parts)?;
        let token = auth::authenticate(&ports, &origin, &parts.method, &parts.headers).await?;
        Ok(Self { ports, token, origin, query: Query::of(&parts.uri), dialect: PhantomData })
    }
}

/// The variable segments of a path, by name, for a handler that answers in the dialect `D`.
#[derive(Debug)]
pub struct Segments<D>(BTreeMap<String, String>, PhantomData<fn() -> D>);

impl<D: Dialect, S: Send + Sync> FromRequestParts<S> for Segments<D> {
    type Rejection = Failure<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure<D>> {
        match Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Self(segments, PhantomData)),
            Err(_) => Err(Error::not_found("Not Found").into()),
        }
    }
}

impl<D> Segments<D> {
    /// The id in the segment `name`.
    ///
    /// # Errors
    ///
    /// `NotFound` with `missing` when there is no id: what is no id is of nothing we have.
    pub fn id<T: FromStr>(&self, name: &str, missing: &str) -> Result<T, Error> {
        self.0.get(name).and_then(|text| cuid::read(text)).ok_or_else(|| Error::not_found(missing))
    }
}

/// The one variable segment of a path, for a handler that answers in the dialect `D`.
#[derive(Debug)]
pub struct Segment<D>(pub String, PhantomData<fn() -> D>);

impl<D: Dialect, S: Send + Sync> FromRequestParts<S> for Segment<D> {
    type Rejection = Failure<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure<D>> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment, PhantomData)),
            // Bytes that are no text name nothing.
            Err(_) => Err(Error::not_found("Not Found").into()),
        }
    }
}

/// A scheme and a host, as in `https://sortroom.example`: where the caller found us, and thus where addresses that we
/// hand out must lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a request: of its address when that is absolute, else of its `Host`. Forwarding headers are not
    /// believed: anybody can send them.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = || headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = uri.authority().map(axum::http::uri::Authority::as_str).or_else(host).unwrap_or("localhost");
        Self(format!("{}://{authority}", uri.scheme_str().unwrap_or("http")).to_ascii_lowercase())
    }

    /// The address of `path` here.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether connections to it are encrypted.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether a browser's `Origin` header names it.
    pub fn is(&self, header: &str) -> bool {
        self.0.eq_ignore_ascii_case(header)
    }
}
