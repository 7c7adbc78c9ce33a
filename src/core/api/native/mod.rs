//! Our own dialect: what no other has. Projects and tokens for the operator, sessions for the console, health.
//!
//! | Method and path | Who | Answer |
//! |---|---|---|
//! | `GET /v1/health` | anybody | 200 `{status, version}` |
//! | `POST /v1/session` | a token as bearer | 204, and the cookie `session` |
//! | `DELETE /v1/session` | anybody | 204, and the cookie is gone |
//! | `POST /v1/projects` `{name, organization_name?}` | the operator | 201 |
//! | `POST /v1/projects/{id}/tokens` `{name?, expires_at?}` | the operator | 201; the token's text is shown this once |
//! | `DELETE /v1/tokens/{id}` | the operator | 204 |
//!
//! The operator shows the operator's secret as bearer. Errors are
//! `{"error": {"code", "message", "fields": [{"pointer", "message"}]}}`.

mod access;
mod error;
mod session;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    routing::{delete, get, post},
};
use serde_json::json;

pub use self::error::Native;
use super::{
    auth,
    context::{self, Context},
    reply::{self, Failure},
};
use crate::{
    ENGINE_VERSION,
    service::{access::authenticate_admin, ports::Ports},
};

type Reply = Result<axum::response::Response, Failure<Native>>;
type Open<P> = context::Open<P, Native>;
type Segment = context::Segment<Native>;

/// The routes.
pub fn routes<P: Ports>() -> Router {
    Router::new()
        .route(
            "/v1/health",
            get(|| async { reply::json(StatusCode::OK, &json!({ "status": "ok", "version": ENGINE_VERSION })) }),
        )
        .route("/v1/session", post(session::open::<P>).delete(session::close::<P>))
        .route("/v1/projects", post(access::create_project::<P>))
        .route("/v1/projects/{id}/tokens", post(access::create_token::<P>))
        .route("/v1/tokens/{id}", delete(access::revoke_token::<P>))
}

/// A request of the operator's.
#[derive(Debug)]
pub(super) struct Operator<P> {
    ports: P,
}

impl<P: Ports, S: Sync> FromRequestParts<S> for Operator<P> {
    type Rejection = Failure<Native>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure<Native>> {
        let Context { ports, .. } = Context::<P>::of(parts)?;
        authenticate_admin(&ports, auth::required_bearer(&parts.headers)?)?;
        Ok(Self { ports })
    }
}
