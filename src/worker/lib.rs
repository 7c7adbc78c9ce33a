//! The Cloudflare face of Sortroom.

use worker::{Context, Env, HttpRequest, Response, Result, event};

#[event(fetch)]
async fn fetch(_request: HttpRequest, _env: Env, _context: Context) -> Result<Response> {
    Response::error("Not Found", 404)
}
