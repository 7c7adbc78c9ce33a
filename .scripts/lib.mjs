// Shared by the commands: paths, running programs, hashing inputs, logging.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Large tools and compiled dependencies, shared by all checkouts of a user. */
export const CACHE =
  process.env.SORTROOM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sortroom");

const WINDOWS = process.platform === "win32";
const BIN = join(ROOT, "node_modules", ".bin");
const command = (name) => (WINDOWS ? `${name}.cmd` : name);

/** The program of an npm package of this checkout. */
export const npmBin = (name) => join(BIN, command(name));

/** The program of an npm package that only tests need. */
export const testBin = (name) => join(ROOT, "tests", "node_modules", ".bin", command(name));

/** Where the npm tool of a folder of `.scripts/tools` is installed, and its program in that folder. */
export function npmTool(name) {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, ".scripts", "tools", name, "package.json"), "utf8"));
  const [version] = Object.values(dependencies);
  const bin = join("node_modules", ".bin");
  return { folder: join(CACHE, "tools", `${name}-${version}`), bin, program: join(bin, command(name)) };
}

/** The oldest Node that wrangler runs on. */
const WRANGLER_NODE = [22, 12];

/** The Node that runs wrangler and the tests: that of the machine if it is recent enough, else a tool of the cache. */
export const NODE = (() => {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const isRecent = major > WRANGLER_NODE[0] || (major === WRANGLER_NODE[0] && minor >= WRANGLER_NODE[1]);
  if (isRecent) return { program: process.execPath, path: [] };
  const { folder, bin, program } = npmTool("node");
  return { tool: "node", program: join(folder, program), path: [join(folder, bin)] };
})();

/** Writes a line to stderr, for people: progress, and what to do about failures. */
export const log = (line) => process.stderr.write(`${line}\n`);

/** An error with a message for people: printed without a stack. */
export class Failure extends Error {}

/** Whether the script with this `import.meta` is what Node was started with, and not imported. */
export const isMain = (meta) => process.argv[1] === fileURLToPath(meta.url);

/** Runs `run`. If it fails, prints the message of a `Failure`, or the stack of any other error, and exits with 1. */
export const main = (run) =>
  run().catch((error) => {
    log(error instanceof Failure ? `\nsortroom: ${error.message}` : error.stack);
    process.exitCode = 1;
  });

/** The environment of every program that is run: npm's programs and `NODE` come first on PATH, telemetry is off. */
export const environment = (extra = {}) => ({
  ...process.env,
  PATH: [...NODE.path, BIN, process.env.PATH].join(delimiter),
  CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(CACHE, "target", rustVersion()),
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  DO_NOT_TRACK: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  // Overrides the caller's environment. .env has the reasons, and turns them off for wrangler run by hand.
  X_LOCAL_EXPLORER: "false",
  X_LOCAL_OBSERVABILITY: "false",
  ...extra,
});

let rust;
/** The version of the compiler, as the name of a folder. */
export function rustVersion() {
  if (rust === undefined) {
    const result = spawnSync("rustc", ["-V"], { encoding: "utf8" });
    if (result.status !== 0) throw new Failure("Rust is missing. Install it from https://rustup.rs and try again.");
    rust = result.stdout.trim().split(" ").slice(0, 2).join("-");
  }
  return rust;
}

/** Runs a program in the checkout and fails if it fails. If `quiet`, returns its stdout and hides its output. */
export function run(program, args, { env = {}, cwd = ROOT, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: environment(env),
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    const [output, stdout] = [[], []];
    child.stdout?.on("data", (data) => (output.push(data), stdout.push(data)));
    child.stderr?.on("data", (data) => output.push(data));
    child.on("error", (error) => reject(new Failure(`${program} cannot be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(stdout).toString());
      process.stderr.write(Buffer.concat(output));
      reject(new Failure(`${[program, ...args].join(" ")} failed (${signal ?? code})`));
    });
  });
}

/** The exact version of a crate in the lock file. */
export function lockedVersion(crate) {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const found = lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`));
  if (!found) throw new Failure(`${crate} is not in Cargo.lock`);
  return found[1];
}

function* filesUnder(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (name === "node_modules" || name === "dist" || name === "target") continue;
    yield* filesUnder(join(path, name));
  }
}

/** One hash over the contents of files and folders of the checkout, and over `facts`. */
export function hashOf(paths, facts = []) {
  const hash = createHash("sha256").update(JSON.stringify(facts));
  for (const path of paths) {
    for (const file of filesUnder(join(ROOT, path))) {
      hash.update(`\0${file.slice(ROOT.length)}\0`).update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

/** Whether the content of `file` is exactly `text`. */
export const holds = (file, text) => existsSync(file) && readFileSync(file, "utf8") === text;

/** The time since `since`, as in `1.2 s`. */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
