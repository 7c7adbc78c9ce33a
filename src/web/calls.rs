//! Answers the calls of a server.

use sortroom::{engine::Request, error::Error};
use wasm_bindgen::prelude::wasm_bindgen;

/// Answers a [`Request`] about the document in `bytes`. Returns the JSON of serde's `Result`: `{"Ok": reply}` or
/// `{"Err": error}`.
#[wasm_bindgen]
pub fn answer(request: &[u8], bytes: &[u8]) -> Vec<u8> {
    let reply = serde_json::from_slice::<Request>(request)
        .map_err(|error| Error::internal(format!("cannot parse call: {error}")))
        .and_then(|request| request.answer(bytes));
    let json = match reply {
        Ok(reply) => format!(r#"{{"Ok":{reply}}}"#),
        Err(error) => serde_json::to_string(&Err::<(), _>(error)).unwrap_or_default(),
    };
    json.into_bytes()
}
