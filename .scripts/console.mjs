// Builds the console into www/dist, from www and the npm package, unless it is up to date.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT, hashOf, holds, log, npmBin, run, seconds } from "./lib.mjs";
import { buildPackage } from "./package.mjs";

const WWW = join(ROOT, "www");
const DIST = join(WWW, "dist");

/** Files copied without a hash in their name, because pages and tools link to them by a fixed name. */
const COPIED = {
  "README.md": "README.md",
  "www/sortroom.schema.json": "sortroom.schema.json",
  // The Worker's engine gets it from the static assets, so that it does not count as a part of the script.
  "src/core/text/embedding.bin": "engine/embedding.bin",
};

let assetsInUse = Promise.resolve();

/** Runs `change` when no other change of the assets runs. */
function changeAssets(change) {
  const result = assetsInUse.then(change);
  assetsInUse = result.catch(() => {});
  return result;
}

/**
 * Copies the data of the engine of each built Worker to the static assets, where the Worker gets it, and removes that of
 * earlier builds. The builds of the Worker and of the console both do it at their end, since either may be the later one.
 */
export const copyEngineData = () => changeAssets(copyData);

function copyData() {
  const isData = (name) => /^engine-.*\.data$/.test(name);
  const build = join(ROOT, "build");
  const folders = readdirSync(build, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.flatMap(({ name }) => readdirSync(join(build, name)).map((file) => join(name, file)));
  const current = new Map(names.filter((name) => isData(basename(name))).map((name) => [basename(name), name]));
  const assets = join(DIST, "engine");
  mkdirSync(assets, { recursive: true });
  for (const old of readdirSync(assets).filter(isData))
    if (!current.has(old)) rmSync(join(assets, old), { force: true });
  for (const [name, from] of current) cpSync(join(build, from), join(assets, name));
}

/** Builds the console as static files and returns their folder. `profile` is that of the npm package in it. */
export async function buildConsole(tools, profile = "release") {
  await buildPackage(tools, profile);
  const stamp = join(ROOT, "build", "console.hash");
  const engine = readFileSync(join(ROOT, "build", "npm.hash"), "utf8");
  const hash = hashOf(["www", "tests/corpus", "README.md", "package-lock.json", ".scripts/console.mjs"], [engine]);
  if (holds(stamp, hash) && existsSync(join(DIST, "index.html"))) return DIST;
  log("build: the console (some seconds)");
  const since = performance.now();
  rmSync(stamp, { force: true });
  await run(npmBin("tsc"), ["--project", WWW]);
  await changeAssets(() => run(npmBin("vite"), ["build", WWW, "--logLevel", "error"]));
  for (const [from, to] of Object.entries(COPIED)) cpSync(join(ROOT, from), join(DIST, to));
  await copyEngineData();
  writeFileSync(stamp, hash);
  log(`build: done in ${seconds(since)}`);
  return DIST;
}
