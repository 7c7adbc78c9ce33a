//! Answers the calls of a server.

#![expect(
    deprecated,
    reason = "wasm-bindgen marks its support of suspended calls as experimental; its version is pinned"
)]

use sortroom::{
    engine::Request,
    error::{Error, Result},
    reply,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{JsResult, to_js_error};

#[wasm_bindgen]
extern "C" {
    /// Suspends the call until others have had their turn.
    #[wasm_bindgen(suspending, js_namespace = sortroomEngine)]
    fn pause();
}

/// Answers a [`Request`] about the document in `bytes`. Returns the body of the reply, see [`reply`]. A long call pauses
/// between its turns.
#[wasm_bindgen(jspi)]
pub fn answer(request: &[u8], bytes: &[u8]) -> JsResult<Vec<u8>> {
    to_body(parse(request).and_then(|request| {
        let budget = request.budget.budget(bytes.len()).pausing(pause);
        request.answer(bytes, &budget)
    }))
}

/// As [`answer`], but in one turn, which costs less because it cannot be suspended. None if the call needs another.
#[wasm_bindgen(js_name = answerInOneTurn)]
pub fn answer_in_one_turn(request: &[u8], bytes: &[u8]) -> JsResult<Option<Vec<u8>>> {
    let mut needs_another_turn = false;
    let reply = parse(request).and_then(|request| {
        let budget = request.budget.budget(bytes.len()).in_one_turn();
        let reply = request.answer(bytes, &budget);
        needs_another_turn = budget.needs_another_turn();
        reply
    });
    if needs_another_turn { Ok(None) } else { to_body(reply).map(Some) }
}

fn parse(request: &[u8]) -> Result<Request> {
    serde_json::from_slice(request).map_err(|error| Error::internal(format!("cannot parse call: {error}")))
}

fn to_body(reply: Result<String>) -> JsResult<Vec<u8>> {
    Ok(reply::to_body(reply).map_err(to_js_error)?.into_bytes())
}
