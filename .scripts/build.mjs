// Builds the Worker, the npm package and the console, unless they are up to date. Wrangler runs it at every start.
import { createHash } from "node:crypto";
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { buildConsole, copyEngineData } from "./console.mjs";
import { Failure, ROOT, hashOf, isMain, log, main, npmBin, run, rustVersion, seconds } from "./lib.mjs";
import { buildCalls } from "./package.mjs";
import { setup } from "./setup.mjs";
import { CARGO_SOURCES, RUSTFLAGS, isCurrent, optimise, stampOf } from "./wasm.mjs";

const WORKER = { crate: "src/worker", sources: ["src/core", "src/worker", "src/web"], args: [], hasEngine: true };

/** The inputs of each Worker build. */
const VARIANTS = {
  worker: WORKER,
  /** Includes code that only tests need. */
  contract: { ...WORKER, args: ["--features", "contract"] },
  /** The baseline of the benchmark. */
  bare: { crate: "tests/bench/bare", sources: ["tests/bench/bare"], args: [] },
};

/** How long a build takes on two cores: with nothing compiled, and after a change of the core. */
const ESTIMATES = { release: "5 minutes the first time, then 2", local: "2 minutes the first time, then 15 seconds" };

/** Builds a variant of the Worker into `build/{variant}` unless its inputs are those of the last build. */
export async function buildWorker(variant, tools, { env = {}, out = variant, profile = "release" } = {}) {
  if (!(variant in VARIANTS)) throw new Failure(`there is no variant ${variant} of the Worker`);
  const { crate, sources, args, hasEngine } = VARIANTS[variant];
  const folder = join(ROOT, "build", out);
  const stamp = join(ROOT, "build", `${out}.hash`);
  const hash = hashOf(
    [...sources, ...CARGO_SOURCES, ".scripts/build.mjs", ".scripts/package.mjs"],
    [variant, env, rustVersion(), tools],
  );
  if (isCurrent(stamp, profile, hash) && existsSync(join(folder, "index.js"))) return folder;
  log(`build: the Worker${variant === "worker" ? "" : `, variant ${variant}`} (about ${ESTIMATES[profile]})`);
  const since = performance.now();
  rmSync(stamp, { force: true });
  await run(tools.workerBuild, ["--profile", profile, "--out-dir", relative(join(ROOT, crate), folder), ...args], {
    cwd: join(ROOT, crate),
    env: {
      WASM_BINDGEN_BIN: tools.wasmBindgen,
      ESBUILD_BIN: npmBin("esbuild"),
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS,
      ...env,
    },
  });
  if (profile === "release") await optimise(join(folder, "index_bg.wasm"));
  if (hasEngine) await addEngine(folder, await buildCalls(tools, profile), variant === "contract");
  await copyEngineData();
  writeFileSync(stamp, stampOf(profile, hash));
  log(`build: done in ${seconds(since)}`);
  return folder;
}

/**
 * Adds the engine, whose module, data and script are in the folder `calls`, to a built Worker. Its data is a static asset,
 * so that it does not count as a part of the script; the name has its checksum, because other data would be garbage to it.
 */
async function addEngine(folder, calls, isTest) {
  cpSync(join(calls, "calls.wasm"), join(folder, "engine.wasm"));
  const data = readFileSync(join(calls, "calls.data"));
  const dataFile = `engine-${createHash("sha256").update(data).digest("hex").slice(0, 16)}.data`;
  writeFileSync(join(folder, dataFile), data);
  const earlier = readdirSync(folder).filter((file) => file.endsWith(".data") && file !== dataFile);
  for (const file of earlier) rmSync(join(folder, file));
  renameSync(join(folder, "index.js"), join(folder, "shell.js"));
  const { build } = await import("esbuild"); // not there before the set-up
  await build({
    entryPoints: [join(ROOT, "src", "worker", "engine.js")],
    outfile: join(folder, "index.js"),
    bundle: true,
    format: "esm",
    minify: true,
    external: ["./shell.js", "./engine.wasm", "cloudflare:workers"],
    define: { IS_TEST: String(isTest), DATA_FILE: JSON.stringify(dataFile) },
    alias: { "engine-glue": join(calls, "calls.js") },
    logLevel: "warning",
  });
}

if (isMain(import.meta)) {
  main(async () => {
    // Set by wrangler, which runs this before it starts or deploys the Worker.
    const profile = process.env.WRANGLER_COMMAND === "dev" ? "local" : "release";
    const tools = await setup();
    // At the same time: one compiles while the other is optimised.
    await Promise.all([buildWorker(process.argv[2] ?? "worker", tools, { profile }), buildConsole(tools, profile)]);
  });
}
