// Runs the Python programs of the benchmarks in their own virtual environment, in the cache.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, Failure, ROOT, hashOf, log, run } from "../../.scripts/lib.mjs";

const FOLDER = join("tests", "bench", "transformer");

/**
 * The virtual environment of the transformer: its folder, and whether it is installed. Undefined if there is no Python.
 *
 * `run` returns the stdout of a script.
 */
export function transformerPython() {
  const python = spawnSync("python3", ["--version"], { encoding: "utf8" });
  if (python.status !== 0) return;
  const folder = join(CACHE, "python", hashOf([FOLDER], [python.stdout]).slice(0, 16));
  const program = join(folder, "bin", "python");
  const stamp = join(folder, "complete");
  return {
    folder,
    installed: existsSync(stamp),
    async install() {
      log("bench: installing onnxruntime for Python (once)");
      rmSync(folder, { recursive: true, force: true });
      await run("python3", ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
      await run(program, [...pip, "-r", join(ROOT, FOLDER, "requirements.txt")]);
      writeFileSync(stamp, "");
    },
    run(script, args, input) {
      // -B: compiled files beside the sources would change the hash of the folder.
      const result = spawnSync(program, ["-B", join(ROOT, script), ...args], {
        input,
        encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe"],
      });
      if (result.status !== 0) throw new Failure(`${script} failed:\n${result.stderr}`);
      return result.stdout;
    },
  };
}
