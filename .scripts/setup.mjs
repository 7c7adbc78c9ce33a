// Everything a fresh machine lacks, each once. Rust (rustup), Node, npm, git and a C compiler are taken for granted.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, Failure, ROOT, hashOf, holds, lockedVersion, main, run, rustVersion, say, seconds } from "./lib.mjs";

/** The cache of compiled dependencies is thrown away past this, because cargo never cleans it itself. */
const TARGET_LIMIT_BYTES = 20e9;

async function npmPackages() {
  const folder = join(ROOT, "node_modules");
  const stamp = join(folder, ".sortroom-installed");
  const wanted = hashOf(["package.json", "package-lock.json"]);
  // npm would empty the folder it points to, which is another checkout's.
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Failure("node_modules is a link to another folder. Remove the link, and this checkout gets packages of its own.");
  }
  if (holds(stamp, wanted)) return;
  say("setup: npm packages");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, wanted);
}

async function wasmTarget() {
  const installed = await run("rustc", ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"], { quiet: true });
  if (existsSync(installed.trim())) return;
  say("setup: the wasm target of Rust");
  await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
}

/** Installs a program from crates.io into the cache, once a version, and gives its path. */
async function cargoTool(crate, version, program) {
  const folder = join(CACHE, "tools", `${crate}-${version}`);
  const path = join(folder, "bin", program);
  if (existsSync(path)) return path;
  say(`setup: ${crate} ${version} (about a minute, once)`);
  const since = performance.now();
  // Built aside and moved into place, so that an interrupted or a second set-up leaves no half of it.
  const aside = `${folder}.${process.pid}`;
  await run("cargo", ["install", crate, "--version", version, "--locked", "--root", aside], {
    // Unoptimised builds in a third of the time and hardly runs slower: it mostly waits for other programs.
    env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: "0", CARGO_TARGET_DIR: join(aside, "target") },
  });
  rmSync(join(aside, "target"), { recursive: true, force: true });
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  say(`setup: ${crate} is there after ${seconds(since)}`);
  return path;
}

/** The operator's secret of this checkout, where wrangler looks for it. */
function adminSecret() {
  const file = join(ROOT, ".dev.vars");
  if (existsSync(file) && /^ADMIN_SECRET=/m.test(readFileSync(file, "utf8"))) return;
  const kept = existsSync(file) ? `${readFileSync(file, "utf8").trimEnd()}\n` : "";
  writeFileSync(file, `${kept}ADMIN_SECRET=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}

function trimCache() {
  const folder = join(CACHE, "target");
  if (!existsSync(folder) || process.env.CARGO_TARGET_DIR) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const old = name !== rustVersion() && Date.now() - statSync(path).mtimeMs > 14 * 24 * 3600e3;
    if (old || sizeOf(path) > TARGET_LIMIT_BYTES) {
      say(`setup: dropping the compiled dependencies of ${name}`);
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

/** Makes the machine ready, and tells where the tools are. Does nothing that is done already. */
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
