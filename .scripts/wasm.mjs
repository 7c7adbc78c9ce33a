// Shared by the WebAssembly builds.
import { readFileSync, writeFileSync } from "node:fs";
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
  const bytes = readFileSync(file);
  const names = [...sections(bytes)].filter(({ id }) => id === CUSTOM).map(({ start }) => nameAt(bytes, start));
  if (names.includes("name")) throw new Failure(`${file} still has its name section`);
}

// The binary format: webassembly.github.io/spec/core/binary/modules.html
const CUSTOM = 0;
const DATA = 11;
const DATA_COUNT = 12;
const HEADER_BYTES = 8;
const ACTIVE = 0;
const I32_CONST = 0x41;
const END = 0x0b;

/** An unsigned number at an offset, and the offset after it. */
function varint(bytes, offset) {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[offset++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, offset];
  }
}

/** The sections of a module. Parsed by hand, because old versions of Node cannot compile the module. */
function* sections(bytes) {
  let offset = HEADER_BYTES;
  while (offset < bytes.length) {
    const begin = offset;
    const [length, start] = varint(bytes, offset + 1);
    offset = start + length;
    yield { id: bytes[begin], begin, start, end: offset };
  }
}

function nameAt(bytes, offset) {
  const [length, start] = varint(bytes, offset);
  return bytes.toString("utf8", start, start + length);
}

/**
 * Takes the initial content of the memory out of a module. Returns it as records: the address and the length, each as 32
 * bits, little-endian, and the bytes. A script that instantiates the module has to write them into its memory first.
 */
export function takeData(file) {
  const bytes = readFileSync(file);
  const all = [...sections(bytes)];
  const records = all.filter(({ id }) => id === DATA).flatMap(({ start }) => dataRecords(bytes, start));
  if (records.length === 0) throw new Failure(`${file} has no data`);
  const code = all.filter(({ id }) => id !== DATA && id !== DATA_COUNT);
  const kept = code.map(({ begin, end }) => bytes.subarray(begin, end));
  writeFileSync(file, Buffer.concat([bytes.subarray(0, HEADER_BYTES), ...kept]));
  return Buffer.concat(records.flat());
}

function dataRecords(bytes, start) {
  let [count, offset] = varint(bytes, start);
  const records = [];
  for (; count > 0; count -= 1) {
    // Addresses are written as signed numbers, which look like unsigned ones below 2^31.
    const [address, afterAddress] = varint(bytes, offset + 2);
    const isFixed = bytes[offset] === ACTIVE && bytes[offset + 1] === I32_CONST && bytes[afterAddress] === END;
    if (!isFixed) throw new Failure("a data segment has no fixed address");
    const [length, content] = varint(bytes, afterAddress + 1);
    offset = content + length;
    const header = Buffer.alloc(8);
    header.writeUInt32LE(address, 0);
    header.writeUInt32LE(length, 4);
    records.push([header, bytes.subarray(content, offset)]);
  }
  return records;
}
