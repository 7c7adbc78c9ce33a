// What the builds of WebAssembly share.
import { readFileSync } from "node:fs";
import { Failure, npmBin, run } from "./lib.mjs";

/** What every one of them depends on. */
export const CARGO_SOURCES = ["Cargo.toml", "Cargo.lock", ".cargo", ".scripts/wasm.mjs"];

/** What the compiler and wasm-bindgen use, and no more: wasm-opt must not write what an engine of ours cannot read. */
const WASM_FEATURES = [
  "mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types",
  "exception-handling", "simd",
];

/** Optimises a module in place and drops its names. */
export async function optimise(file, level = "-O3") {
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  await run(npmBin("wasm-opt"), [file, "-o", file, level, "--strip-debug", ...features]);
  assertStripped(file);
}

/** A name section would ship as many bytes of symbol names as a quarter of the code. */
function assertStripped(file) {
  if (customSections(readFileSync(file)).includes("name")) throw new Failure(`${file} still has its name section`);
}

/** The names of a module's custom sections. Read by hand, because an old Node cannot compile what workerd runs. */
function customSections(bytes) {
  let at = 8; // after magic and version
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const names = [];
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = number();
    const end = at + length;
    if (id === 0) {
      const size = number();
      names.push(bytes.toString("utf8", at, at + size));
    }
    at = end;
  }
  return names;
}
