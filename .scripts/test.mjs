// Runs all checks, or the named ones: `node .scripts/test.mjs lint native`. Each is also an npm script, test:{step}.
import { join } from "node:path";
import { buildWorker } from "./build.mjs";
import { buildConsole } from "./console.mjs";
import { fuzz } from "./fuzz.mjs";
import { Failure, NODE, ROOT, log, main, run, seconds, testBin } from "./lib.mjs";
import { cargoDeny, setup, setupTests } from "./setup.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
/** Crates that only run in workerd or a page. */
const WASM_CRATES = ["sortroom-worker", "sortroom-web", "sortroom-bare", "sortroom-engine"];
const EXCLUDE_WASM_CRATES = WASM_CRATES.flatMap((crate) => ["--exclude", crate]);
const ONLY_WASM_CRATES = [...WASM_CRATES.flatMap((crate) => ["-p", crate]), ...WASM];
const DENY = ["--", "-D", "warnings"];

const nodeTests = (...files) => run(NODE.program, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files]);

let tools;

/** The steps, ordered so that mistakes are found as early as possible. */
const STEPS = {
  setup: async () => {
    tools = await setup();
    await setupTests();
  },
  format: async () => {
    await run("cargo", ["fmt", "--all", "--check"]);
    await run(testBin("biome"), ["format", "."]);
  },
  words: () => nodeTests("tests/words/words.test.mjs"),
  /** Licences, sources and versions of the dependencies. The advisories need more than the registries: see ci.yml. */
  deny: async () => run(await cargoDeny(), ["--all-features", "check", "bans", "licenses", "sources"]),
  lint: async () => {
    await run(testBin("biome"), ["lint", "--error-on-warnings", "."]);
    await run("cargo", ["clippy", "--workspace", ...EXCLUDE_WASM_CRATES, "--all-targets", "--all-features", ...DENY]);
    // Targets that `cargo test` leaves to steps of their own are no part of --all-targets.
    const apart = ["hostile", "hostile-reading", "fuzz"].flatMap((name) => ["--test", name]);
    await run("cargo", ["clippy", "-p", "sortroom-tests", "--all-features", ...apart, ...DENY]);
    // The parts of the npm package have few of the core's features.
    for (const features of ["", "pdf", "office", "charsets"]) {
      await run("cargo", [
        "clippy",
        "-p",
        "sortroom",
        "--lib",
        "--no-default-features",
        "--features",
        features,
        ...DENY,
      ]);
    }
    await run("cargo", ["clippy", ...ONLY_WASM_CRATES, "--all-features", ...DENY]);
  },
  docs: async () => {
    // Each crate for the target of its lint, so that its dependencies need not be checked again.
    for (const crates of [["--workspace", ...EXCLUDE_WASM_CRATES], ONLY_WASM_CRATES]) {
      await run("cargo", ["doc", ...crates, "--no-deps", "--document-private-items", "--all-features"], {
        env: { RUSTDOCFLAGS: "-D warnings" },
      });
    }
  },
  native: () => run("cargo", ["test", "--workspace", ...EXCLUDE_WASM_CRATES, "--all-features"]),
  /** The most expensive inputs found: each ends within its budget. */
  hostile: () =>
    run("cargo", [
      "test",
      "--profile",
      "bench",
      "-p",
      "sortroom-tests",
      "--test",
      "hostile",
      "--test",
      "hostile-reading",
    ]),
  /** Always the same mutants of the corpus. */
  mutants: () => fuzz(["--mutants"]),
  /** Always with the same seed, so that a run that fails does so because of a change; `npm run fuzz` looks for more. */
  fuzz: () => fuzz(["--seconds", "60", "--seed", "1"]),
  build: async () => {
    const workers = async () => {
      await buildWorker("worker", tools);
      // What only tests run need not be optimised.
      await buildWorker("contract", tools, { profile: "local" });
    };
    // At the same time: one compiles while the other is optimised.
    await Promise.all([workers(), buildConsole(tools)]);
  },
  deploy: () => nodeTests("tests/deploy/size.test.mjs"),
  /** The npm package, packed and installed, in Node, workerd and Chromium. */
  npm: () => nodeTests("tests/npm/node.test.mjs", "tests/npm/workerd.test.mjs", "tests/npm/browser.test.mjs"),
  /** The console in Chromium, from workerd and from a static host. */
  browser: () => nodeTests("tests/browser/try.test.mjs", "tests/browser/server.test.mjs"),
  contract: () => nodeTests("tests/e2e/contract.test.mjs"),
  golden: () => nodeTests("tests/e2e/golden.test.mjs"),
  sdk: () => nodeTests("tests/e2e/sdk.test.mjs"),
  python: () => nodeTests("tests/e2e/sdk_python.test.mjs"),
  limai: () => nodeTests("tests/e2e/limai.test.mjs"),
  mail: () => nodeTests("tests/e2e/mail.test.mjs"),
  urls: () => nodeTests("tests/e2e/urls.test.mjs"),
  webhooks: () => nodeTests("tests/e2e/webhooks.test.mjs"),
  rows: () => nodeTests("tests/e2e/rows.test.mjs"),
  shares: () => nodeTests("tests/e2e/shares.test.mjs"),
  resilience: () => nodeTests("tests/e2e/resilience.test.mjs"),
  /** The state on a disk that is full. */
  disk: () => nodeTests("tests/e2e/disk.test.mjs"),
  /** Hostile inputs and requests on workerd, while another tenant works. */
  attacks: () => nodeTests("tests/e2e/attacks.test.mjs"),
  upgrade: () => nodeTests("tests/e2e/upgrade.test.mjs"),
  start: () => nodeTests("tests/e2e/start.test.mjs"),
  apply: () => nodeTests("tests/e2e/apply.test.mjs"),
  /** Whether the benchmarks work; speed is never asserted. */
  bench: () => run(NODE.program, ["tests/bench/run.mjs", "--quick"]),
  engine: () => run(NODE.program, ["tests/bench/engine.mjs", "--quick"]),
  corpus: async () => {
    const cwd = join(ROOT, "tests/corpus/generate");
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
    await run("npm", ["run", "--silent", "check"], { cwd });
  },
};

main(async () => {
  const selected = process.argv.slice(2);
  for (const name of selected) {
    if (!(name in STEPS)) throw new Failure(`there is no step ${name}; there are ${Object.keys(STEPS).join(", ")}`);
  }
  const timings = [];
  for (const [name, step] of Object.entries(STEPS)) {
    // Every step needs the set-up.
    if (selected.length > 0 && !selected.includes(name) && name !== "setup") continue;
    log(`\n=== ${name}`);
    const since = performance.now();
    try {
      await step();
    } catch (error) {
      log(`\n=== ${name} failed after ${seconds(since)}. Alone: npm run test:${name}`);
      throw error;
    }
    timings.push(`${name.padEnd(10)} ${seconds(since)}`);
  }
  log(`\n=== all ${timings.length} steps passed\n${timings.join("\n")}`);
  console.log(`steps: ${timings.length} passed, 0 failed`);
});
