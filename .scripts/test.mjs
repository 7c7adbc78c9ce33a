// Runs every check, or those named: `node .scripts/test.mjs lint native`. Each step is also an npm script, test:{step}.
import { join } from "node:path";
import { buildWorker } from "./build.mjs";
import { buildConsole } from "./console.mjs";
import { Failure, ROOT, main, npmBin, run, say, seconds } from "./lib.mjs";
import { setup } from "./setup.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
/** What only runs inside workerd or a page. */
const NOT_WASM = ["sortroom-worker", "sortroom-web", "sortroom-bare", "sortroom-engine"].flatMap((crate) => ["--exclude", crate]);
const DENY = ["--", "-D", "warnings"];

const nodeTests = (...files) => run(npmBin("node"), ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files]);

let tools;

/** Every step in the order in which a mistake is found soonest. */
const STEPS = {
  setup: async () => {
    tools = await setup();
  },
  format: () => run("cargo", ["fmt", "--all", "--check"]),
  lint: async () => {
    await run("cargo", ["clippy", "--workspace", ...NOT_WASM, "--all-targets", "--all-features", ...DENY]);
    await run("cargo", ["clippy", "-p", "sortroom-worker", "-p", "sortroom-web", "-p", "sortroom-bare", "-p", "sortroom-engine", "--all-features", ...WASM, ...DENY]);
  },
  docs: () => run("cargo", ["doc", "--workspace", "--no-deps", "--document-private-items", "--all-features"], { env: { RUSTDOCFLAGS: "-D warnings" } }),
  native: () => run("cargo", ["test", "--workspace", ...NOT_WASM, "--all-features"]),
  build: async () => {
    tools ??= await setup();
    await buildWorker("worker", tools);
    await buildWorker("contract", tools);
    await buildConsole(tools);
  },
  deploy: () => run(npmBin("wrangler"), ["deploy", "--dry-run", "--outdir", "build/deploy"]),
  /** The npm package, packed and installed, in Node, workerd and Chromium. */
  npm: () => nodeTests("tests/npm/node.test.mjs", "tests/npm/workerd.test.mjs", "tests/npm/browser.test.mjs"),
  /** The console in Chromium, from workerd and from a plain host. */
  browser: () => nodeTests("tests/browser/try.test.mjs"),
  contract: () => nodeTests("tests/e2e/contract.test.mjs"),
  golden: () => nodeTests("tests/e2e/golden.test.mjs"),
  sdk: () => nodeTests("tests/e2e/sdk.test.mjs"),
  python: () => nodeTests("tests/e2e/sdk_python.test.mjs"),
  limai: () => nodeTests("tests/e2e/limai.test.mjs"),
  mail: () => nodeTests("tests/e2e/mail.test.mjs"),
  faults: () => nodeTests("tests/e2e/faults.test.mjs"),
  upgrade: () => nodeTests("tests/e2e/upgrade.test.mjs"),
  start: () => nodeTests("tests/e2e/start.test.mjs"),
  apply: () => nodeTests("tests/e2e/apply.test.mjs"),
  /** Whether the benchmarks work; speed is never asserted. */
  bench: () => run(npmBin("node"), ["tests/bench/run.mjs", "--quick"]),
  engine: () => run(npmBin("node"), ["tests/bench/engine.mjs", "--quick"]),
  corpus: async () => {
    const cwd = join(ROOT, "tests/corpus/generate");
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
    await run("npm", ["run", "--silent", "check"], { cwd });
  },
};

main(async () => {
  const wanted = process.argv.slice(2);
  for (const name of wanted) {
    if (!(name in STEPS)) throw new Failure(`there is no step ${name}; there are ${Object.keys(STEPS).join(", ")}`);
  }
  const told = [];
  for (const [name, step] of Object.entries(STEPS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say(`\n=== ${name}`);
    const since = performance.now();
    try {
      await step();
    } catch (error) {
      say(`\n=== ${name} failed after ${seconds(since)}. Alone: npm run test:${name}`);
      throw error;
    }
    told.push(`${name.padEnd(10)} ${seconds(since)}`);
  }
  say(`\n=== all ${told.length} steps passed\n${told.join("\n")}`);
  console.log(`steps: ${told.length} passed, 0 failed`);
});
