// Shared by the WebAssembly builds.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure, holds, npmTool, run } from "./lib.mjs";
import { setupRelease } from "./setup.mjs";

/** Inputs of every WebAssembly build. */
export const CARGO_SOURCES = ["Cargo.toml", "Cargo.lock", ".cargo", ".scripts/wasm.mjs"];

/**
 * Flags of every WebAssembly build. The same flags for all, so that they share compiled dependencies. Messages of panics
 * name source files, and what is published must not name folders of the machine that built it.
 */
export const RUSTFLAGS = (() => {
  const home = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  return `--remap-path-prefix=${home.replaceAll("\\", "/")}=cargo`;
})();

/** The line in the stamp of a build by which it is known to be up to date. */
export const stampOf = (profile, hash) => `${profile} ${hash}`;

/**
 * Whether a build with this stamp need not be repeated.
 *
 * There are two cargo profiles. `release` is published, deployed and tested. `local` compiles in less than half of the
 * time, for `npm start` and `wrangler dev`; its modules are two to three times larger. A release build also serves where
 * a local one would do.
 */
export const isCurrent = (stamp, profile, hash) =>
  holds(stamp, stampOf(profile, hash)) || holds(stamp, stampOf("release", hash));

/** The features that the compiler and wasm-bindgen use. wasm-opt must not emit others: a target may lack them. */
const WASM_FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
  "simd",
];

/** Optimises a module in place and strips its name section. */
export async function optimise(file, level = "-O3") {
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  await setupRelease();
  const { folder, program } = npmTool("wasm-opt");
  await run(join(folder, program), [file, "-o", file, level, "--strip-debug", ...features]);
  assertStripped(file);
}

/** Symbol names would add a quarter of the size of the code. */
function assertStripped(file) {
  if (customSections(readFileSync(file)).includes("name")) throw new Failure(`${file} still has its name section`);
}

/** The names of a module's custom sections. Parsed by hand, because old versions of Node cannot compile the module. */
function customSections(bytes) {
  let offset = 8; // after magic and version
  const readVarint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[offset++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const names = [];
  while (offset < bytes.length) {
    const id = bytes[offset++];
    const length = readVarint();
    const end = offset + length;
    if (id === 0) {
      const size = readVarint();
      names.push(bytes.toString("utf8", offset, offset + size));
    }
    offset = end;
  }
  return names;
}
