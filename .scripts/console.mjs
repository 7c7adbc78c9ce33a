// Builds the console into www/dist, from www and the npm package. Does nothing when nothing changed.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, hashOf, holds, npmBin, run, say, seconds } from "./lib.mjs";
import { buildPackage } from "./package.mjs";

const WWW = join(ROOT, "www");
const DIST = join(WWW, "dist");

/** What the page links, or tools ask for, under the name it always has: there is no other place that it is known to be at. */
const AS_THEY_ARE = { "README.md": "README.md", "www/sortroom.schema.json": "sortroom.schema.json" };

/** The console as static files; gives their folder. */
export async function buildConsole(tools) {
  await buildPackage(tools);
  const stamp = join(ROOT, "build", "console.hash");
  const engine = readFileSync(join(ROOT, "build", "npm.hash"), "utf8");
  const hash = hashOf(["www", "tests/corpus", "README.md", "package-lock.json", ".scripts/console.mjs"], [engine]);
  if (holds(stamp, hash) && existsSync(join(DIST, "index.html"))) return DIST;
  say("build: the console");
  const since = performance.now();
  rmSync(stamp, { force: true });
  await run(npmBin("tsc"), ["--project", WWW]);
  await run(npmBin("vite"), ["build", WWW, "--logLevel", "error"]);
  for (const [from, to] of Object.entries(AS_THEY_ARE)) cpSync(join(ROOT, from), join(DIST, to));
  writeFileSync(stamp, hash);
  say(`build: done in ${seconds(since)}`);
  return DIST;
}
