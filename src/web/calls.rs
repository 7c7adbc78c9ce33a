//! Answers the calls of a server.

#![expect(
    deprecated,
    reason = "wasm-bindgen marks its support of suspended calls as experimental; its version is pinned"
)]

use sortroom::{engine::Request, error::Error, reply};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{JsResult, to_js_error};

#[wasm_bindgen]
extern "C" {
    /// Suspends the call until others have had their turn.
    #[wasm_bindgen(suspending, js_namespace = sortroomEngine)]
    fn pause();
}

/// Answers a [`Request`] about the document in `bytes`. Returns the body of the reply, see [`reply`].
///
/// A long call pauses between its turns, if it may. Else it has one turn, and None is returned if it needs another.
#[wasm_bindgen(jspi)]
pub fn answer(request: &[u8], bytes: &[u8], may_pause: bool) -> JsResult<Option<Vec<u8>>> {
    let reply = match serde_json::from_slice::<Request>(request) {
        Ok(request) => {
            let budget = request.budget.budget(bytes.len());
            let budget = if may_pause { budget.pausing(pause) } else { budget.in_one_turn() };
            let reply = request.answer(bytes, &budget);
            if budget.needs_another_turn() {
                return Ok(None);
            }
            reply
        }
        Err(error) => Err(Error::internal(format!("cannot parse call: {error}"))),
    };
    Ok(Some(reply::to_body(reply).map_err(to_js_error)?.into_bytes()))
}
