// Builds the Worker and the console. Does nothing when nothing changed: wrangler calls it before every start.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Failure, ROOT, hashOf, holds, main, npmBin, run, rustVersion, say, seconds } from "./lib.mjs";
import { setup } from "./setup.mjs";

const SOURCES = ["Cargo.toml", "Cargo.lock", ".cargo", ".scripts/build.mjs"];
const OURS = { crate: "src/worker", sources: ["src/core", "src/worker"], args: [] };

/** What a build of a Worker is made of. */
const VARIANTS = {
  worker: OURS,
  /** With what only tests need. */
  contract: { ...OURS, args: ["--features", "contract"] },
  /** What the benchmark holds ours against. */
  bare: { crate: "tests/bench/bare", sources: ["tests/bench/bare"], args: [] },
};

/** Builds a variant of the Worker into `build/{variant}` unless its inputs are those of the last build. */
export async function buildWorker(variant, tools, { env = {}, out = variant } = {}) {
  if (!(variant in VARIANTS)) throw new Failure(`there is no variant ${variant} of the Worker`);
  const { crate, sources, args } = VARIANTS[variant];
  const folder = join(ROOT, "build", out);
  const stamp = join(ROOT, "build", `${out}.hash`);
  const hash = hashOf([...sources, ...SOURCES], [variant, env, rustVersion(), tools]);
  if (holds(stamp, hash) && existsSync(join(folder, "index.js"))) return folder;
  say(`build: the Worker${variant === "worker" ? "" : ` (${variant})`}`);
  const since = performance.now();
  rmSync(stamp, { force: true });
  await run(tools.workerBuild, ["--release", "--out-dir", relative(join(ROOT, crate), folder), ...args], {
    cwd: join(ROOT, crate),
    env: {
      WASM_BINDGEN_BIN: tools.wasmBindgen,
      ESBUILD_BIN: npmBin("esbuild"),
      ...env,
    },
  });
  await optimise(join(folder, "index_bg.wasm"));
  writeFileSync(stamp, hash);
  say(`build: done in ${seconds(since)}`);
  return folder;
}

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

/** The console as static files. */
export function buildConsole() {
  const dist = join(ROOT, "www", "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  for (const file of ["index.html", "sortroom.schema.json"]) cpSync(join(ROOT, "www", file), join(dist, file));
  // The page links it, and there is no other place that a checkout knows its README to be at.
  cpSync(join(ROOT, "README.md"), join(dist, "README.md"));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  main(async () => {
    const tools = await setup();
    await buildWorker(process.argv[2] ?? "worker", tools);
    buildConsole();
  });
}
