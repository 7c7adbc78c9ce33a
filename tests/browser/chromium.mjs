// The browser of the tests: `CHROMIUM`, else an installed one, else the one from npm.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { CACHE, ROOT } from "../../.scripts/lib.mjs";

const INSTALLED = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * Launches a headless Chromium. The environment variable `CHROMIUM` overrides the path of the program.
 *
 * Without an installed browser, the tests use the one from npm, and unpack each version once into the cache.
 */
export async function launch() {
  const installed = process.env.CHROMIUM ?? findInstalled();
  const { path, env } = installed ? { path: installed, env: {} } : await fromNpm();
  // As root or in a container, the sandbox of the browser cannot be set up.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return chromium.launch({ executablePath: path, args, headless: true, env: { ...process.env, ...env } });
}

function findInstalled() {
  for (const name of INSTALLED) {
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    } catch {
      // Try the next name.
    }
  }
}

/** Unpacks the browser from npm, and the libraries that a minimal machine lacks. */
async function fromNpm() {
  const source = join(ROOT, "tests", "node_modules", "@sparticuz", "chromium");
  const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  const folder = join(CACHE, "chromium", version);
  if (!existsSync(folder)) {
    // Unpacked elsewhere and then moved, so that an interrupted or concurrent run leaves no incomplete folder.
    const temporary = `${folder}.${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    await unpack(join(source, "bin"), temporary);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  const libraries = join(folder, "al2023", "lib");
  const path = join(folder, "chromium");
  return { path, env: { LD_LIBRARY_PATH: lacksLibraries(path) ? libraries : "" } };
}

async function unpack(from, to) {
  // `inflate` unpacks into the folder for temporary files.
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
function lacksLibraries(program) {
  try {
    return execFileSync("ldd", [program], { encoding: "utf8" }).includes("not found");
  } catch {
    return true;
  }
}
