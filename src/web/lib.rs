//! The browser and Node face of Sortroom: the same core, called from JavaScript.

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the engine, as results carry it.
#[wasm_bindgen(js_name = engineVersion)]
pub fn engine_version() -> String {
    sortroom::ENGINE_VERSION.to_owned()
}
