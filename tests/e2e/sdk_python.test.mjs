// The published Python SDK against workerd, in its own virtual environment (kept in the per-user cache).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CACHE, hashOf, run } from "../../.scripts/lib.mjs";
import { ROOT, newProject, startServer } from "./server.mjs";

const python = spawnSync("python3", ["--version"], { encoding: "utf8" });
const missing = python.status !== 0;
// Skipped only on a developer's machine: in CI, a missing Python is a failure.
const skip = missing && !process.env.CI ? "there is no Python 3 on this machine" : false;

/** A virtual environment with the packages of requirements.txt, created once for each content of that file. */
async function environment() {
  const folder = join(CACHE, "python", hashOf(["tests/e2e/requirements.txt"], [python.stdout]).slice(0, 16));
  const program = join(folder, "bin", "python");
  const stamp = join(folder, "complete");
  if (!existsSync(stamp)) {
    rmSync(folder, { recursive: true, force: true });
    await run("python3", ["-m", "venv", folder]);
    await run(program, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "-r",
      join(ROOT, "tests/e2e/requirements.txt"),
    ]);
    writeFileSync(stamp, "");
  }
  return program;
}

test("the Python SDK", { skip }, async (t) => {
  assert.ok(!missing, "there is no Python 3 on this machine");
  const program = await environment();
  const server = await startServer();
  try {
    const { token } = await newProject(server.url);
    const output = await run(program, [join(ROOT, "tests/e2e/sdk.py"), server.url, token, join(ROOT, "tests/corpus")], {
      quiet: true,
    });
    for (const line of output.trim().split("\n")) t.diagnostic(line);
    assert.equal(output.match(/: ok$/gm)?.length, 10);
  } finally {
    await server.stop();
  }
});
