// The entry point for Node. The modules are files beside this one.
import { readFile } from "node:fs/promises";
import { provide } from "./api.js";

const file = (name: string) => () => readFile(new URL(name, import.meta.url));

provide({
  engine: file("./engine.wasm"),
  table: file("./embedding.bin"),
  reader: file("./reader.wasm"),
  extractor: file("./extractor.wasm"),
});

export * from "./public.js";
