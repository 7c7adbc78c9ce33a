// `npm run bench:worst`: what the most expensive inputs found for each call cost, natively, beside their bounds.
//
//   npm run bench:worst                     under a minute
//   npm run bench:worst -- lint "evaluate"  only the inputs whose names contain one of the words
//
// The program prints CPU time, memory and steps of work, and fails if a bound is exceeded. An instance of the engine
// takes about twice the time, which is why a step is charged for twice what it takes here.
import { log, main, run } from "../../.scripts/lib.mjs";

const PROGRAM = ["-p", "sortroom-tests", "--example", "worst"];

main(async () => {
  log("worst: building");
  await run("cargo", ["build", "--quiet", "--profile", "bench", ...PROGRAM]);
  await run("cargo", ["run", "--quiet", "--profile", "bench", ...PROGRAM, "--", ...process.argv.slice(2)]);
});
