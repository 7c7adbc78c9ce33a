// For workerd: modules are compiled when the Worker is uploaded, and imported.
import { provide } from "./api.js";
import type { Source } from "./part.js";

const module = async (imported: Promise<{ default: Source }>) => (await imported).default;

provide({
  engine: () => module(import("./engine.wasm")),
  reader: () => module(import("./reader.wasm")),
  extractor: () => module(import("./extractor.wasm")),
});

export * from "./public.js";
