// For browsers and bundlers: the parts lie beside this, and a bundler sees where.
import { provide } from "./api.js";

provide({
  engine: () => new URL("./engine.wasm", import.meta.url),
  reader: () => new URL("./reader.wasm", import.meta.url),
  extractor: () => new URL("./extractor.wasm", import.meta.url),
});

export * from "./public.js";
