// What the benches run in Python, in an environment of its own in the cache.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, Failure, ROOT, hashOf, run, say } from "../../.scripts/lib.mjs";

const FOLDER = join("tests", "bench", "transformer");

/**
 * Where the environment of the transformer lies, and whether it is installed; nothing where there is no Python.
 *
 * `run` gives what a program of it prints.
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
      say("bench: installing onnxruntime for Python (once)");
      rmSync(folder, { recursive: true, force: true });
      await run("python3", ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
      await run(program, [...pip, "-r", join(ROOT, FOLDER, "requirements.txt")]);
      writeFileSync(stamp, "");
    },
    run(script, args, input) {
      // Compiled files beside the sources would change the hash of their folder.
      const told = spawnSync(program, ["-B", join(ROOT, script), ...args], { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
      if (told.status !== 0) throw new Failure(`${script} failed:\n${told.stderr}`);
      return told.stdout;
    },
  };
}
