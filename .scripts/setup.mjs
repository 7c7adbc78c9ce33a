// Installs what a fresh machine lacks, each thing once. Rust (rustup), Node, npm, git and a C compiler must be present.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, Failure, ROOT, hashOf, holds, lockedVersion, log, main, run, rustVersion, seconds } from "./lib.mjs";

/** A larger cache of compiled dependencies is deleted, because cargo never cleans it up. */
const TARGET_LIMIT_BYTES = 20e9;

async function npmPackages() {
  const folder = join(ROOT, "node_modules");
  const stamp = join(folder, ".sortroom-installed");
  const expected = hashOf(["package.json", "package-lock.json"]);
  // npm would empty the target of the link, which belongs to another checkout.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Failure("node_modules is a link to another folder. Remove the link, and this checkout gets packages of its own.");
  }
  if (holds(stamp, expected)) return;
  log("setup: npm packages");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, expected);
}

async function wasmTarget() {
  const installed = await run("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"], { quiet: true });
  if (existsSync(installed.trim())) return;
  log("setup: the wasm target of Rust");
  await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
}

/** Installs a program from crates.io into the cache, once per version, and returns its path. */
async function cargoTool(crate, version, program) {
  const folder = join(CACHE, "tools", `${crate}-${version}`);
  const path = join(folder, "bin", program);
  if (existsSync(path)) return path;
  log(`setup: ${crate} ${version} (about a minute, once)`);
  const since = performance.now();
  // Built in a temporary folder and renamed, so that an interrupted or concurrent setup leaves no partial install.
  const aside = `${folder}.${process.pid}`;
  await run("cargo", ["install", crate, "--version", version, "--locked", "--root", aside], {
    // An unoptimised tool builds in a third of the time and is hardly slower: it mostly waits for other programs.
    env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: "0", CARGO_TARGET_DIR: join(aside, "target") },
  });
  rmSync(join(aside, "target"), { recursive: true, force: true });
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  log(`setup: ${crate} is there after ${seconds(since)}`);
  return path;
}

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
  for (const name of readdirSync(folder)) {
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

/** Sets up the machine and returns the paths of the tools. Skips what is done already. */
export async function setup() {
  rustVersion();
  mkdirSync(join(CACHE, "tools"), { recursive: true });
  await npmPackages();
  await wasmTarget();
  const tools = {
    wasmBindgen: await cargoTool("wasm-bindgen-cli", lockedVersion("wasm-bindgen"), "wasm-bindgen"),
    workerBuild: await cargoTool("worker-build", lockedVersion("worker"), "worker-build"),
  };
  adminSecret();
  return tools;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  main(async () => {
    await setup();
    trimCache();
  });
}

export { Failure };
