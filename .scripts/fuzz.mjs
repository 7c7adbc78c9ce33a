// Fuzzing: `npm run fuzz -- --seconds 60 --seed 1 pdf mail`. Without seconds it runs until it is stopped, without a seed
// with another one each time, without targets with all of them. tests/fuzz/main.rs says how it works.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure, ROOT, isMain, main, run } from "./lib.mjs";

/** The case that runs; gone when the program ends in good order. */
const RUNNING = join(ROOT, "tests/fuzz/failures/running");

export async function fuzz(args) {
  // Cargo starts the program in the folder of its crate.
  const absolute = args.map((word, index) => (args[index - 1] === "--file" ? resolve(word) : word));
  try {
    await run("cargo", ["test", "--profile", "fuzz", "-p", "sortroom-tests", "--test", "fuzz", "--", ...absolute]);
  } catch (error) {
    if (existsSync(RUNNING)) {
      const running = readFileSync(RUNNING, "utf8").trim();
      if (running !== "") throw new Failure(`${error.message}\nThe program ended during this case: ${running}`);
    }
    throw error;
  }
}

if (isMain(import.meta)) main(() => fuzz(process.argv.slice(2)));
