// The entry point for browsers and bundlers. The modules are files beside this one; bundlers find them by these URLs.
import { provide } from "./api.js";

provide({
  engine: () => new URL("./engine.wasm", import.meta.url),
  table: () => new URL("./embedding.bin", import.meta.url),
  reader: () => new URL("./reader.wasm", import.meta.url),
  extractor: () => new URL("./extractor.wasm", import.meta.url),
});

export * from "./public.js";
