// The entry point for workerd, which compiles the modules when the Worker is uploaded. They are imported here.
import { provide } from "./api.js";
import type { Source } from "./wasm_module.js";

const module = async (imported: Promise<{ default: Source }>) => (await imported).default;

provide({
  engine: () => module(import("./engine.wasm")),
  table: async () => (await import("./embedding.bin")).default,
  reader: () => module(import("./reader.wasm")),
  extractor: () => module(import("./extractor.wasm")),
});

export * from "./public.js";
