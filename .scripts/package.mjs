// Builds the npm package into build/npm, and packs it with `pack`. Skips what is up to date.
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  Failure,
  ROOT,
  environment,
  hashOf,
  holds,
  isMain,
  log,
  main,
  npmBin,
  run,
  rustVersion,
  seconds,
} from "./lib.mjs";
import { setup } from "./setup.mjs";
import { CARGO_SOURCES, RUSTFLAGS, isCurrent, optimise, stampOf, takeData } from "./wasm.mjs";

const WEB = join(ROOT, "src", "web");
const OUT = join(ROOT, "build", "npm");

/** The embedding table: a file beside the modules. */
export const TABLE = join(ROOT, "src", "core", "text", "embedding.bin");

/** Each is a module of its own, so that a page loads what it uses; each is a feature of the crate. */
const PARTS = ["engine", "extractor", "reader"];

/** The module of the Worker: it answers whole calls. */
const CALLS = "calls";

/** The Worker runs these for every request, so there they are fast. A page runs them once, so here they are small. */
const SMALL = ["serde_json", "serde_core", "html5ever", "mail-parser", "quick-xml"].flatMap((crate) => [
  "--config",
  `profile.release.package.${crate}.opt-level="${crate.startsWith("serde") ? "s" : "z"}"`,
]);

/** What a page loads that classifies text and mails. */
const SLIM = [
  "browser.js",
  "public.js",
  "api.js",
  "wasm_module.js",
  "error.js",
  "types.js",
  "engine.js",
  "engine.wasm",
  "embedding.bin",
];

/** The bounds of what is loaded, in bytes after gzip -9. */
const BOUNDS = { slim: 1.53e6, all: 3.1e6 };

/** How long a build takes on two cores: with nothing compiled, and after a change of the core. */
const ESTIMATES = { release: "4 minutes the first time, then 2", local: "30 seconds the first time, then 15" };

/** Builds the package and returns its folder. */
export async function buildPackage(tools, profile = "release") {
  const stamp = join(ROOT, "build", "npm.hash");
  const hash = hashOf(
    [...CARGO_SOURCES, "src/core", "src/web", ".scripts/package.mjs", "package-lock.json"],
    [rustVersion(), tools],
  );
  if (isCurrent(stamp, profile, hash) && existsSync(join(OUT, "package.json"))) return OUT;
  log(`build: the npm package (about ${ESTIMATES[profile]})`);
  const since = performance.now();
  rmSync(stamp, { force: true });
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const folders = profile === "local" ? [await buildPartsInOne(tools)] : await buildParts(tools);
  for (const folder of new Set(folders)) cpSync(folder, OUT, { recursive: true });
  writeFileSync(join(OUT, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  await run(npmBin("tsc"), ["--project", join(WEB, "tsconfig.json")]);
  const { transform } = await import("esbuild"); // not there before the set-up
  for (const file of filesMatching(/\.js$/)) {
    const small = await transform(readFileSync(join(OUT, file), "utf8"), {
      minifyWhitespace: true,
      minifySyntax: true,
    });
    writeFileSync(join(OUT, file), small.code);
  }
  for (const file of ["README.md", "LICENSE"]) cpSync(join(WEB, file), join(OUT, file));
  cpSync(TABLE, join(OUT, "embedding.bin"));
  writeFileSync(join(OUT, "NOTICES.md"), await notices());
  if (profile === "release") checkSizes();
  writeFileSync(stamp, stampOf(profile, hash));
  log(`build: done in ${seconds(since)}`);
  return OUT;
}

/** Builds the parts: each is compiled while those before it are optimised. Returns their folders. */
const buildParts = (tools) => Promise.all(PARTS.map((part) => buildPart(part, tools, SMALL)));

/**
 * Builds the module of the Worker: `calls.wasm` without the initial content of its memory, which is `calls.data`, and the
 * script `calls.js`. Returns their folder.
 */
export const buildCalls = (tools, profile = "release") => buildPart(CALLS, tools, [], profile);

/** Compiles a part into a folder of its own, unless its inputs are those of the last build. Returns the folder. */
async function buildPart(part, tools, args = [], profile = "release") {
  const folder = join(ROOT, "build", "npm-parts", profile === "release" ? part : `${part}-${profile}`);
  const stamp = `${folder}.hash`;
  const rust = readdirSync(WEB)
    .filter((file) => /\.(rs|toml)$/.test(file))
    .map((file) => `src/web/${file}`);
  const hash = hashOf([...CARGO_SOURCES, "src/core", ...rust, ".scripts/package.mjs"], [rustVersion(), tools]);
  if (holds(stamp, hash)) return folder;
  rmSync(stamp, { force: true });
  const module = await compile([part], folder, tools, profile, args);
  if (profile === "release") await optimise(module);
  if (part === CALLS) writeFileSync(join(folder, "calls.data"), takeData(module));
  writeFileSync(stamp, hash);
  return folder;
}

/** Builds one module with all parts, much faster than each alone. Returns its folder, with a copy for each part. */
async function buildPartsInOne(tools) {
  const folder = join(ROOT, "build", "npm-parts", "all");
  const [first, ...others] = PARTS;
  await compile(PARTS, folder, tools, "local");
  for (const part of others) {
    for (const end of [".js", ".d.ts", ".wasm"]) cpSync(join(folder, first + end), join(folder, part + end));
  }
  return folder;
}

let compiled = Promise.resolve();

/**
 * Compiles a module with some parts, as the first of them, into a folder; returns the path of the module. One after the
 * other, because cargo gives all modules the same name; what follows a compilation is done beside the next one.
 */
function compile(...args) {
  const result = compiled.then(() => compileNow(...args));
  compiled = result.catch(() => {});
  return result;
}

async function compileNow(parts, folder, tools, profile, args = []) {
  const [name] = parts;
  const target = "wasm32-unknown-unknown";
  await run(
    "cargo",
    ["build", "--profile", profile, "-p", "sortroom-web", "--features", parts.join(), "--target", target, ...args],
    {
      env: { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS },
    },
  );
  const built = join(environment().CARGO_TARGET_DIR, target, profile, "sortroom_web.wasm");
  await run(tools.wasmBindgen, [
    built,
    "--target",
    "web",
    "--out-dir",
    folder,
    "--out-name",
    name,
    // The entry points say where the module is, and an instance that trapped is followed by a fresh one.
    "--omit-default-module-path",
    "--experimental-reset-state-function",
    "--remove-producers-section",
  ]);
  rmSync(join(folder, `${name}_bg.wasm.d.ts`));
  const module = join(folder, `${name}.wasm`);
  renameSync(join(folder, `${name}_bg.wasm`), module);
  const script = join(folder, `${name}.js`);
  if (parts.includes(CALLS)) {
    keepMemory(script, "writeData");
    appendFileSync(script, WRITE_DATA);
    promiseAnew(script);
  } else {
    keepMemory(script);
  }
  return module;
}

/** The files of the package whose names match. */
const filesMatching = (like) => readdirSync(OUT).filter((file) => like.test(file));

/** The package's own description, with the version of the workspace. */
function manifest() {
  const version = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^version = "([^"]+)"/m)?.[1];
  if (!version) throw new Failure("Cargo.toml has no version");
  const { name, ...rest } = JSON.parse(readFileSync(join(WEB, "package.json"), "utf8"));
  return { name, version, ...rest };
}

/** Prints what is loaded when, and fails above the bounds. */
function checkSizes() {
  const size = (file) => gzipSync(readFileSync(join(OUT, file)), { level: 9 }).length;
  const loaded = filesMatching(/\.(js|wasm|bin)$/);
  const sum = (files) => files.reduce((bytes, file) => bytes + size(file), 0);
  const scripts = loaded.filter((file) => file.endsWith(".js"));
  const rows = [
    ...[...PARTS.map((part) => `${part}.wasm`), "embedding.bin"].map((file) => [file, size(file)]),
    ["all scripts", sum(scripts)],
    ["slim: to classify text and mails", sum(SLIM), BOUNDS.slim],
    ["everything", sum(loaded), BOUNDS.all],
  ];
  for (const [what, bytes, bound] of rows) {
    const of = bound ? ` of ${bound.toLocaleString("en")}` : "";
    log(`  ${what.padEnd(34)}${bytes.toLocaleString("en").padStart(10)}${of} bytes gzip`);
  }
  for (const [what, bytes, bound] of rows) {
    if (bytes > bound) throw new Failure(`${what} is ${bytes} bytes after gzip; the bound is ${bound}`);
  }
}

/**
 * Makes every instance of a module use the same memory, filled with zeros. The script that wasm-bindgen generates makes
 * a memory for each instance, and memories that were dropped are not collected in time. `prepare` is the name of a
 * function of the script to which each instance's memory is passed first.
 */
function keepMemory(script, prepare = "") {
  const made = "memory || new WebAssembly.Memory(";
  const parts = readFileSync(script, "utf8").split(made);
  if (parts.length !== 2) throw new Failure(`${script} does not make its memory in one place`);
  const kept = `
let keptMemory;
function keepMemory(limits) {
    if (keptMemory) new Uint8Array(keptMemory.buffer).fill(0);
    keptMemory ??= new WebAssembly.Memory(limits);${prepare && `\n    ${prepare}(keptMemory);`}
    return keptMemory;
}
`;
  writeFileSync(script, `${parts.join("memory || keepMemory(")}${kept}`);
}

/** What a script needs to write the records of `takeData`. */
const WRITE_DATA = `
let data;
export function installData(records) {
    data = records;
}
function writeData(memory) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let offset = 0; offset < data.length; ) {
        const length = view.getUint32(offset + 4, true);
        new Uint8Array(memory.buffer).set(data.subarray(offset + 8, offset + 8 + length), view.getUint32(offset, true));
        offset += 8 + length;
    }
}
`;

/** Makes a script call the current instance: wasm-bindgen keeps the suspendable function of the first one. */
function promiseAnew(script) {
  const kept = "__wbg_jspi_answer ??= WebAssembly.promising(";
  const parts = readFileSync(script, "utf8").split(kept);
  if (parts.length !== 2) throw new Failure(`${script} does not make its suspendable function in one place`);
  writeFileSync(script, parts.join("WebAssembly.promising("));
}

/** The licences of the crates that are compiled in, each text once. */
async function notices() {
  const metadataArgs = [
    "metadata",
    "--format-version",
    "1",
    "--filter-platform",
    "wasm32-unknown-unknown",
    "--features",
    "sortroom-web/reader",
  ];
  const { packages, resolve } = JSON.parse(await run("cargo", metadataArgs, { quiet: true }));
  const byId = new Map(packages.map((one) => [one.id, one]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const isMacro = (one) => one.targets.some((target) => target.kind.includes("proc-macro"));
  const seen = new Set();
  const visit = (id) => {
    if (seen.has(id) || isMacro(byId.get(id))) return;
    seen.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(packages.find((one) => one.name === "sortroom-web").id);
  const crates = [...seen].map((id) => byId.get(id)).filter((one) => one.source !== null);
  crates.sort((a, b) => (a.name < b.name ? -1 : 1));
  const texts = new Map();
  for (const one of crates) {
    const folder = dirname(one.manifest_path);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|unlicense)/i.test(file));
    for (const file of files.filter((file) => existsSync(join(folder, file)) && !/\.(rs|d)$/.test(file))) {
      let text;
      try {
        text = readFileSync(join(folder, file), "utf8").trim();
      } catch {
        continue; // a folder
      }
      texts.set(text, [...(texts.get(text) ?? []), `${one.name} ${one.version} (${basename(file)})`]);
    }
  }
  const table = JSON.parse(readFileSync(join(ROOT, "src/core/text/embedding.json"), "utf8"));
  const lines = [
    "# What is in this package besides Sortroom",
    "",
    `- ${table.what}. Teacher: ${table.teacher}. ${table.licence}.`,
    ...crates.map((one) => `- ${one.name} ${one.version}: ${one.license ?? "see below"}`),
  ];
  for (const [text, of] of texts) lines.push("", `## ${of.join(", ")}`, "", "```", text, "```");
  return `${lines.join("\n")}\n`;
}

if (isMain(import.meta)) {
  main(async () => {
    const folder = await buildPackage(await setup());
    if (process.argv[2] === "pack") {
      const output = await run("npm", ["pack", folder, "--pack-destination", join(ROOT, "build"), "--silent"], {
        quiet: true,
      });
      log(`build/${output.trim().split("\n").pop()}`);
    }
  });
}
