// Installs what a fresh machine lacks, each thing once. Rust (rustup), Node, npm, git and a C compiler must be present.
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  CACHE,
  Failure,
  NODE,
  ROOT,
  hashOf,
  holds,
  isMain,
  lockedVersion,
  log,
  main,
  npmTool,
  run,
  rustVersion,
  seconds,
} from "./lib.mjs";

/** A larger cache of compiled dependencies is deleted, because cargo never cleans it up. */
const TARGET_LIMIT_BYTES = 20e9;

/** Installs the npm packages of a folder of the checkout, unless they are those of its lock file. */
async function npmPackages(folder, estimate) {
  const modules = join(ROOT, folder, "node_modules");
  const stamp = join(modules, ".sortroom-installed");
  const expected = hashOf(["package.json", "package-lock.json"].map((file) => join(folder, file)));
  // npm would empty the target of the link, which belongs to another checkout.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Failure(
      `${modules} is a link to another folder. Remove the link, and this checkout gets packages of its own.`,
    );
  }
  if (holds(stamp, expected)) return;
  log(`setup: npm packages${folder === "" ? "" : ` of ${folder}`} (${estimate})`);
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: join(ROOT, folder), quiet: true });
  writeFileSync(stamp, expected);
}

async function wasmTarget() {
  const installed = await run("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"], {
    quiet: true,
  });
  if (existsSync(installed.trim())) return;
  log("setup: the wasm target of Rust");
  await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
}

/** Fills a folder of the cache once. `fill` writes into a temporary folder, so that an interrupted setup leaves nothing. */
async function cached(folder, program, what, fill) {
  const path = join(folder, program);
  if (existsSync(path)) return path;
  log(`setup: ${what}`);
  const since = performance.now();
  const temporary = `${folder}.${process.pid}`;
  await fill(temporary);
  try {
    renameSync(temporary, folder);
  } catch (error) {
    // Another setup was faster.
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  log(`setup: done in ${seconds(since)}`);
  return path;
}

/** Installs the tools of an npm package in `.scripts/tools` into the cache, once per version. */
async function installNpmTool(name) {
  const { folder, program } = npmTool(name);
  await cached(folder, program, `${name} (about 10 seconds, once)`, async (temporary) => {
    cpSync(join(ROOT, ".scripts", "tools", name), temporary, { recursive: true });
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: temporary, quiet: true });
  });
}

/** Installs a program of a crate of crates.io into the cache, once per version, and returns its path. */
function cargoTool(crate, version, program) {
  const folder = join(CACHE, "tools", `${crate}-${version}`);
  return cached(folder, join("bin", program), `${crate} ${version} (about a minute, once)`, (temporary) =>
    run("cargo", ["install", crate, "--version", version, "--locked", "--root", temporary], {
      quiet: true,
      // An unoptimised tool builds in a third of the time and is hardly slower: it mostly waits for other programs. The
      // tools share what they both depend on.
      env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: "0", CARGO_TARGET_DIR: TOOLS_TARGET },
    }),
  );
}

/** What the installation of cargo tools compiles; deleted after it. */
const TOOLS_TARGET = join(CACHE, "tools", `target.${process.pid}`);

/** The operator's secret of this checkout, where wrangler looks for it. */
function adminSecret() {
  const file = join(ROOT, ".dev.vars");
  if (existsSync(file) && /^ADMIN_SECRET=/m.test(readFileSync(file, "utf8"))) return;
  const existing = existsSync(file) ? `${readFileSync(file, "utf8").trimEnd()}\n` : "";
  writeFileSync(file, `${existing}ADMIN_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}

function trimCache() {
  const folder = join(CACHE, "target");
  if (!existsSync(folder) || process.env.CARGO_TARGET_DIR) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { name } = entry;
    const path = join(folder, name);
    const old = name !== rustVersion() && Date.now() - statSync(path).mtimeMs > 14 * 24 * 3600e3;
    if (old || sizeOf(path) > TARGET_LIMIT_BYTES) {
      log(`setup: dropping the compiled dependencies of ${name}`);
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function sizeOf(path) {
  let bytes = 0;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) bytes += sizeOf(inside);
    else bytes += statSync(inside, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

async function cargoTools(install) {
  try {
    return await install();
  } finally {
    rmSync(TOOLS_TARGET, { recursive: true, force: true });
  }
}

/** The tools of every build. Their versions are those of the crates that they belong to. */
const buildTools = () =>
  cargoTools(async () => ({
    wasmBindgen: await cargoTool("wasm-bindgen-cli", lockedVersion("wasm-bindgen"), "wasm-bindgen"),
    workerBuild: await cargoTool("worker-build", lockedVersion("worker"), "worker-build"),
  }));

/** Installs what `npm start` needs, and returns the paths of the tools. Skips what is there already. */
export async function setup() {
  rustVersion();
  mkdirSync(join(CACHE, "tools"), { recursive: true });
  adminSecret();
  const npm = (async () => {
    await npmPackages("", "about 20 seconds");
    if (NODE.tool) await installNpmTool(NODE.tool);
  })();
  const rust = (async () => {
    await wasmTarget();
    return buildTools();
  })();
  const [tools] = await Promise.all([rust, npm]);
  return tools;
}

let release;
/** Installs what release builds also need, once for builds that run at the same time. */
export const setupRelease = () => {
  release ??= installNpmTool("wasm-opt");
  return release;
};

/** Installs what tests also need. */
export async function setupTests() {
  await setupRelease();
  await npmPackages("tests", "about 20 seconds");
  trimCache();
}

/** Installs cargo-deny and returns its path. */
export const cargoDeny = () => cargoTools(() => cargoTool("cargo-deny", "0.20.2", "cargo-deny"));

if (isMain(import.meta)) {
  main(async () => {
    await setup();
    await setupTests();
  });
}
