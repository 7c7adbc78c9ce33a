//! Extractors: what handlers get from a request besides its body.

use std::{collections::BTreeMap, marker::PhantomData, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use futures_util::future::BoxFuture;

use super::{
    auth,
    cors::ForeignOrigin,
    cuid,
    origin::Origin,
    query::Query,
    reply::{ApiError, Dialect},
    routes::Route,
};
use crate::{
    error::Error,
    service::{access, ports::Ports, rate_limits, tokens::Token},
};

/// Added to every request by [`serve`](super::serve).
#[derive(Debug, Clone)]
pub struct Context<P> {
    /// The ports.
    pub ports: P,
    /// The origin that the request was sent to.
    pub origin: Origin,
    /// The origin that URLs begin with which clients get.
    pub public_origin: Origin,
    /// The origin of the page that sent the request, if it is not ours.
    pub foreign: ForeignOrigin,
}

impl<P: Ports> Context<P> {
    /// The context of a request.
    ///
    /// # Errors
    ///
    /// `Internal` if the request did not come through [`serve`](super::serve).
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("the request brought no ports"))
    }

    /// The origins at which clients reach us.
    pub const fn own_origins(&self) -> [&Origin; 2] {
        [&self.origin, &self.public_origin]
    }

    /// The token of a request, if its holder may make it.
    ///
    /// # Errors
    ///
    /// Those of [`auth::authenticate`]; `RateLimited`; `Forbidden` if the token lacks the scope that the route needs.
    pub fn caller<'a>(&'a self, parts: &'a Parts) -> BoxFuture<'a, Result<Token, Error>> {
        // Boxed, so that not every handler has a copy of this code.
        Box::pin(async {
            let token = auth::authenticate(&self.ports, &self.own_origins(), &parts.method, &parts.headers).await?;
            self.foreign.admit(&self.ports, token.project).await?;
            rate_limits::admit(&self.ports, &token).await?;
            if let Some(scope) = parts.extensions.get::<Route>().and_then(|route| route.scope) {
                access::permit(&token, scope)?;
            }
            Ok(token)
        })
    }
}

/// The context, for a handler of the dialect `D` that needs no token.
#[derive(Debug)]
pub struct Public<P, D>(pub Context<P>, PhantomData<fn() -> D>);

impl<P: Ports, D: Dialect, S: Sync> FromRequestParts<S> for Public<P, D> {
    type Rejection = ApiError<D>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<D>> {
        Ok(Self(Context::from_parts(parts)?, PhantomData))
    }
}

/// An authenticated request in the dialect `D`. It acts on the project of its token.
#[derive(Debug)]
pub struct Caller<P, D> {
    /// The ports.
    pub ports: P,
    /// The token it authenticated with.
    pub token: Token,
    /// The origin that URLs begin with which the caller gets.
    pub public_origin: Origin,
    /// The query string.
    pub query: Query,
    dialect: PhantomData<fn() -> D>,
}

impl<P: Ports, D: Dialect, S: Sync> FromRequestParts<S> for Caller<P, D> {
    type Rejection = ApiError<D>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError<D>> {
        let context = Context::<P>::from_parts(parts)?;
        let token = context.caller(parts).await?;
        let Context { ports, public_origin, .. } = context;
        Ok(Self { ports, token, public_origin, query: query::<D>(parts)?, dialect: PhantomData })
    }
}

/// The query string of a request in the dialect `D`.
///
/// # Errors
///
/// `Invalid` with the parameters that the route does not declare, if the dialect refuses them.
pub fn query<D: Dialect>(parts: &Parts) -> Result<Query, Error> {
    let query = Query::from_uri(&parts.uri);
    if D::KNOWN_PARAMETERS_ONLY
        && let Some(route) = parts.extensions.get::<Route>()
    {
        query.deny_unknown(route.query)?;
    }
    Ok(query)
}

/// The path parameters by name, for a handler of the dialect `D`.
#[derive(Debug)]
pub struct PathParams<D>(BTreeMap<String, String>, PhantomData<fn() -> D>);

impl<D: Dialect, S: Send + Sync> FromRequestParts<S> for PathParams<D> {
    type Rejection = ApiError<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError<D>> {
        match Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Self(segments, PhantomData)),
            Err(_) => Err(Error::not_found("Not Found").into()),
        }
    }
}

impl<D> PathParams<D> {
    /// The id in the path parameter `name`.
    ///
    /// # Errors
    ///
    /// `NotFound` with the message `missing` if it is not an id: a malformed id names nothing that exists.
    pub fn id<T: FromStr>(&self, name: &str, missing: &str) -> Result<T, Error> {
        self.0.get(name).and_then(|text| cuid::decode(text)).ok_or_else(|| Error::not_found(missing))
    }
}

/// The only path parameter, for a handler of the dialect `D`.
#[derive(Debug)]
pub struct PathParam<D>(pub String, PhantomData<fn() -> D>);

impl<D: Dialect, S: Send + Sync> FromRequestParts<S> for PathParam<D> {
    type Rejection = ApiError<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError<D>> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment, PhantomData)),
            // A segment that is not UTF-8 names nothing.
            Err(_) => Err(Error::not_found("Not Found").into()),
        }
    }
}
