//! placeholder
use crate::service::ports::Ports;
use axum::{Router, body::Body};
/// r
pub fn router<P: Ports>() -> Router {
    Router::new()
}
/// s
pub async fn serve<P: Ports>(_router: &Router, _ports: P, _request: http::Request<Body>) -> http::Response<Body> {
    http::Response::new(Body::empty())
}
