// `npm run bench:engine`: compares the engine, without a server, with its peers, in one run and on one thread.
//
//   npm run bench:engine                    some minutes, and the first time as long again for the peers
//   npm run bench:engine -- --quick         under a minute: checks that it works, does not judge speed
//   npm run bench:engine -- --json FILE     also writes the figures as JSON
//
// Natively, criterion's bench `classify` runs. The same tasks run as wasm in Node and in workerd. The module has no
// clock, so each call repeats its task until it takes long enough, and is timed from outside. Engine and peer take turns
// there, and the ratio is the median of the rounds' ratios. The transformer is a Python program in its own environment.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RUSTFLAGS, optimise } from "../../.scripts/wasm.mjs";
import { ROOT, environment, hashOf, holds, log, main, run, rustVersion, seconds } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { Connection, median, request } from "./load.mjs";
import { transformerPython } from "./python.mjs";
import { number, table } from "./table.mjs";

const FOLDER = join(ROOT, "tests", "bench", "engine");
/** As in `src/core/benches/engine/texts.rs`. */
const DOCUMENTS = 20;

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, json: { type: "string" } } });
const PLAN = options.quick
  ? {
      rounds: 3,
      roundMs: 40,
      transformerSeconds: 0,
      criterion: ["--sample-size", "10", "--warm-up-time", "0.05", "--measurement-time", "0.1"],
    }
  : { rounds: 15, roundMs: 300, transformerSeconds: 10, criterion: [] };

/** The required and the stretch target of each ratio. With `ms`, they are milliseconds, and lower is better. */
const TARGETS = {
  embedding: { least: 1, stretch: 2 },
  whole: { least: 1, stretch: 0.3, ms: true },
  transformer: { least: 50, stretch: 500 },
};

/** What did not run, and the reason. */
const leftOut = [];

/** The cargo profile; what is only checked to work need not be optimised. */
const PROFILE = options.quick ? "local" : "release";

/**
 * The module is built twice: the linker vectorises the peer only if this package has level 3, and the engine ships with
 * the level of the workspace.
 */
const MODULES = {
  ours: [],
  peer: options.quick ? [] : ["--config", "profile.release.package.sortroom-engine.opt-level=3"],
};

/** Builds the modules for Node and workerd unless they are up to date, and returns their folder. */
async function buildEngine(tools) {
  const out = join(ROOT, "build", "engine");
  const stamp = join(ROOT, "build", "engine.hash");
  const sources = ["src/core", "tests/bench/engine", "Cargo.toml", "Cargo.lock", ".cargo", ".scripts/wasm.mjs"];
  const hash = hashOf(sources, [rustVersion(), tools, MODULES, PROFILE]);
  if (!holds(stamp, hash)) {
    const since = performance.now();
    rmSync(out, { recursive: true, force: true });
    const wasm = ["--target", "wasm32-unknown-unknown"];
    for (const [name, args] of Object.entries(MODULES)) {
      log(`engine: building the wasm module, ${name}`);
      await run("cargo", ["build", "--quiet", "--profile", PROFILE, "-p", "sortroom-engine", ...wasm, ...args], {
        env: { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: RUSTFLAGS },
      });
      const built = join(environment().CARGO_TARGET_DIR, wasm[1], PROFILE, "sortroom_engine.wasm");
      const folder = join(out, name);
      mkdirSync(folder, { recursive: true });
      await run(tools.wasmBindgen, [
        built,
        "--target",
        "web",
        "--no-typescript",
        "--out-dir",
        folder,
        "--out-name",
        "engine",
      ]);
      if (PROFILE === "release") await optimise(join(folder, "engine_bg.wasm"));
    }
    writeFileSync(stamp, hash);
    log(`engine: built in ${seconds(since)}`);
  }
  cpSync(join(FOLDER, "worker.mjs"), join(out, "worker.mjs"));
  return out;
}

/** Runs the bench by criterion, and returns a function from `group/name` to its median in nanoseconds. */
async function runCriterion() {
  log("engine: natively, by criterion");
  await run(
    "cargo",
    [
      "bench",
      "--quiet",
      "--profile",
      options.quick ? "local" : "bench",
      "-p",
      "sortroom",
      "--bench",
      "classify",
      "--",
      "--noplot",
      ...PLAN.criterion,
    ],
    { quiet: true },
  );
  const folder = join(environment().CARGO_TARGET_DIR, "criterion");
  return (id) =>
    JSON.parse(readFileSync(join(folder, ...id.split("/"), "new", "estimates.json"), "utf8")).median.point_estimate;
}

/** The engine in this process. `take` runs a task such as `ours/embed` and returns the milliseconds. */
async function openNode(out) {
  const engines = {};
  for (const name of Object.keys(MODULES)) {
    const { Engine, initSync } = await import(join(out, name, "engine.js"));
    initSync({ module: readFileSync(join(out, name, "engine_bg.wasm")) });
    engines[name] = new Engine();
  }
  const take = async (task, times) => {
    const [build, method] = task.split("/");
    const start = performance.now();
    engines[build][method](times);
    return performance.now() - start;
  };
  return { engine: engines.ours, take, stop: () => {} };
}

/** The engine in workerd. `take` subtracts the time of an empty request. */
async function openWorkerd(out) {
  const [{ Log, LogLevel, Miniflare, convertV4MiniflareOptions }, { unstable_readConfig: readConfig }] =
    await Promise.all([import("miniflare"), import("wrangler")]);
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: "127.0.0.1",
      port: 0,
      log: new Log(LogLevel.ERROR),
      compatibilityDate: readConfig({ config: join(ROOT, "wrangler.toml") }).compatibility_date,
      rootPath: out,
      modulesRoot: out,
      modules: [
        { type: "ESModule", path: join(out, "worker.mjs") },
        ...Object.keys(MODULES).flatMap((name) => [
          { type: "ESModule", path: join(out, name, "engine.js") },
          { type: "CompiledWasm", path: join(out, name, "engine_bg.wasm") },
        ]),
      ],
    }),
  );
  const url = (await miniflare.ready).origin;
  const connection = await Connection.open(url);
  const timeRequest = async (task, times) => {
    const start = performance.now();
    const { status, body } = await connection.send(request(url, "GET", `/${task}/${times}`));
    if (status !== 200) throw new Error(`workerd answered ${status}: ${body.toString().slice(0, 500)}`);
    return performance.now() - start;
  };
  const empty = [];
  for (let sent = 0; sent < 50; sent++) empty.push(await timeRequest("nobody/nothing", 0));
  const overhead = median(empty);
  return {
    take: async (task, times) => (await timeRequest(task, times)) - overhead,
    stop: async () => {
      connection.close();
      await miniflare.dispose();
    },
  };
}

/** The number of repetitions of `task` that fill a round. Also warms it up: JavaScript engines recompile hot code. */
async function repeats(take, task) {
  for (let times = 1; ; times *= 2) {
    const ms = await take(task, times);
    if (ms > PLAN.roundMs / 2) return Math.max(1, Math.round((times * PLAN.roundMs) / ms));
  }
}

/** The milliseconds of one repetition of each task, by round. The tasks take turns. */
async function inTurn(take, tasks) {
  const times = [];
  for (const task of tasks) times.push(await repeats(take, task));
  const rounds = tasks.map(() => []);
  for (let round = 0; round < PLAN.rounds; round++) {
    for (const [index, task] of tasks.entries()) rounds[index].push((await take(task, times[index])) / times[index]);
  }
  return rounds;
}

/** The milliseconds of all tasks of the module, with the `take` of Node or of workerd. */
async function measure({ take }) {
  const [ours, peer] = await inTurn(take, ["ours/embed", "peer/embed_peer"]);
  const [decide, classify] = await inTurn(take, ["ours/decide", "ours/classify"]);
  const [withExamples, classifyWithExamples] = await inTurn(take, [
    "ours/decide_with_examples",
    "ours/classify_with_examples",
  ]);
  const [word] = await inTurn(take, ["ours/decide_longest_word"]);
  return {
    embed: median(ours),
    embedPeer: median(peer),
    ratio: median(ours.map((ms, at) => peer[at] / ms)),
    decide: median(decide) / DOCUMENTS,
    classify: median(classify) / DOCUMENTS,
    withExamples: { decide: median(withExamples) / DOCUMENTS, classify: median(classifyWithExamples) },
    word: median(word),
  };
}

/** The milliseconds of the transformer for the same texts and rules, or undefined if it cannot run. */
async function transformer(texts) {
  const python = transformerPython();
  if (!python) return void leftOut.push("the transformer: there is no Python 3 on this machine");
  if (!python.installed) {
    if (options.quick)
      return void leftOut.push("the transformer: --quick installs nothing, and it is not installed yet");
    await python.install();
  }
  log("engine: the transformer");
  const script = join("tests", "bench", "transformer", "transformer.py");
  return JSON.parse(python.run(script, [join(python.folder, "model"), String(PLAN.transformerSeconds)], texts));
}

function verdict(value, { least, stretch, ms }) {
  const target = ms ? `<= ${least} (${stretch}) ms` : `>= ${least} (${stretch})`;
  const reaches = (bound) => (ms ? value <= bound : value >= bound);
  return [target, options.quick ? "not judged" : reaches(stretch) ? "stretch met" : reaches(least) ? "met" : "missed"];
}

function printReport({ pieces, withARow, embedding, whole, peers, growth }) {
  const tokens = (ms) => `${number(pieces / ms / 1000)} M/s`;
  const rows = [["embedding, tokens a second", "ours", "model2vec-rs", "ratio", "target", ""]];
  for (const [where, { ours, peer, ratio }] of Object.entries(embedding)) {
    rows.push([`  ${where}`, tokens(ours), tokens(peer), number(ratio), ...verdict(ratio, TARGETS.embedding)]);
  }
  rows.push(["", "", "", "", "", ""], ["two pages, ten rules, ms", "decide", "with the rules read", "", "target", ""]);
  for (const [where, { decide, classify }] of Object.entries(whole)) {
    const judged = where === "native" ? ["", ""] : verdict(classify, TARGETS.whole);
    rows.push([`  ${where}`, number(decide, 3), number(classify, 3), "", ...judged]);
  }
  rows.push(["", "", "", "", "", ""], ["the same with 160 examples, ms", "decide", "with the rules read", "", "", ""]);
  for (const [where, { withExamples }] of Object.entries(whole)) {
    rows.push([`  ${where}`, number(withExamples.decide, 3), number(withExamples.classify, 1), "", "", ""]);
  }
  rows.push(["", "", "", "", "", ""], ["one word of 10 MB, ms", "decide", "", "", "", ""]);
  for (const [where, { word }] of Object.entries(whole)) rows.push([`  ${where}`, number(word, 1), "", "", "", ""]);
  if (peers) {
    rows.push(
      ["", "", "", "", "", ""],
      ["beside the transformer, ms", "with the rules read", "transformer", "ratio", "target", ""],
    );
    for (const precision of ["int8", "f32"]) {
      for (const [where, { classify }] of Object.entries(whole)) {
        const ratio = peers[precision].ms / classify;
        const judged = precision === "int8" ? verdict(ratio, TARGETS.transformer) : ["", ""];
        rows.push([
          `  ${precision}, ours ${where}`,
          number(classify, 3),
          number(peers[precision].ms),
          number(ratio, 0),
          ...judged,
        ]);
      }
    }
  }
  for (const [what, points] of Object.entries(growth)) {
    rows.push(["", "", "", "", "", ""], [`native decide against ${what}, ms`, "whole", "each more, µs", "", "", ""]);
    for (const [at, { count, ms }] of points.entries()) {
      const before = points[at - 1];
      const perItem = before ? number((1000 * (ms - before.ms)) / (count - before.count), 1) : "";
      rows.push([`  ${count}`, number(ms, 3), perItem, "", "", ""]);
    }
  }
  console.log(`
${table(rows)}

${DOCUMENTS} documents of two pages, ${number(pieces / DOCUMENTS, 0)} tokens each, of which ${number(100 * withARow, 0)} % have a row in our table; both read all of them
${PLAN.rounds} rounds of ${PLAN.roundMs} ms each in turn in wasm; natively criterion's medians; ${availableParallelism()} cores, one thread each${
    peers
      ? `\nthe transformer is all-MiniLM-L6-v2 through onnxruntime ${peers.version}, and reads the first ${peers.tokens} tokens; its rules are ready, ours are read each time`
      : ""
  }`);
  for (const what of leftOut) console.log(`left out: ${what}`);
}

await main(async () => {
  const tools = await setup();
  const out = await buildEngine(tools);
  const medianNs = await runCriterion();
  const ms = (id) => medianNs(id) / 1e6;
  const [ours, peer] = [ms("embedding/sortroom"), ms("embedding/model2vec-rs")];
  const embedding = { native: { ours, peer, ratio: peer / ours } };
  const both = (group) => ({ decide: ms(`${group}/decide`), classify: ms(`${group}/classify`) });
  const whole = {
    native: { ...both("two_pages"), withExamples: both("with_examples"), word: ms("longest_word/decide") },
  };
  const points = (what, counts) => counts.map((count) => ({ count, ms: ms(`${what}/${count}`) }));
  const growth = { rules: points("rules", [1, 10, 100, 1000]), pages: points("pages", [1, 2, 20, 200]) };

  const facts = {};
  for (const [where, open] of [
    ["wasm in Node", openNode],
    ["wasm in workerd", openWorkerd],
  ]) {
    log(`engine: ${where}`);
    const runtime = await open(out);
    try {
      if (runtime.engine) {
        facts.pieces = runtime.engine.pieces();
        facts.withARow = runtime.engine.share_with_row();
        facts.texts = runtime.engine.texts();
      }
      const { embed, embedPeer, ratio, ...decisions } = await measure(runtime);
      embedding[where] = { ours: embed, peer: embedPeer, ratio };
      whole[where] = decisions;
    } finally {
      await runtime.stop();
    }
  }
  const { texts, ...counted } = facts;
  const peers = await transformer(texts);
  const result = {
    quick: Boolean(options.quick),
    ...counted,
    embedding,
    whole,
    peers,
    growth,
    leftOut,
    targets: TARGETS,
  };
  printReport(result);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
});
