// `npm run bench:page`: zero-shot classification in a page of Chromium, by the npm package and by transformers.js.
//
//   npm run bench:page                    some minutes, and the first time as long again for the peer
//   npm run bench:page -- --quick         a minimal pass: checks that it works, does not judge speed
//   npm run bench:page -- --json FILE     also writes the figures as JSON
//
// Both are plain pages from a local server. The peer's pipeline is the one from its documentation. The model is
// generated here, with the shape of the documented model and random weights, so only bytes and time are compared.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { Failure, ROOT, hashOf, holds, log, main, run } from "../../.scripts/lib.mjs";
import { buildPackage } from "../../.scripts/package.mjs";
import { setup, setupTests } from "../../.scripts/setup.mjs";
import { launch } from "../browser/chromium.mjs";
import { median } from "./load.mjs";
import { transformerPython } from "./python.mjs";
import { number, table } from "./table.mjs";
import { serve } from "./zero-shot/server.mjs";

const FOLDER = join("tests", "bench", "zero-shot");
const CORPUS = join(ROOT, "tests", "corpus");
/** The length of a document: two pages, more than the peer reads. */
const WORDS = 1000;
/** Short enough that the peer reads all of it. */
const MAIL = join(CORPUS, "eml", "complaint-late-delivery-en.eml");
const RULES = 10;
/** The size of the published model (huggingface.co/Xenova/distilbert-base-uncased-mnli), and the tolerance for ours. */
const PUBLISHED = { bytes: 67.6e6, tolerance: 0.03 };
const MEGABITS = 10;
/** The peer's first answer takes seconds, and on a busy machine up to a minute. */
const FIRST_ANSWER_TIMEOUT_MS = 300_000;

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, json: { type: "string" } } });
const PLAN = options.quick ? { cold: 1, rounds: 1, roundMs: 50 } : { cold: 3, rounds: 7, roundMs: 500 };

const READ = "rules read each time";
const READY = "rules ready";
/** The pages, each loaded in its own context. */
const PAGES = {
  ours: { file: "sortroom.html" },
  peer: { file: "transformers.html" },
  peerThreads: { file: "transformers.html", isolated: true },
};

/** Installs the peer's library, which has its own lock file because nothing else needs it; returns node_modules. */
async function library() {
  const modules = join(ROOT, FOLDER, "node_modules");
  const stamp = join(modules, ".sortroom-installed");
  const expected = hashOf(["package.json", "package-lock.json"].map((file) => join(FOLDER, file)));
  if (!holds(stamp, expected)) {
    log("page: installing transformers.js (once)");
    // Its install scripts download files that only Node needs.
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: join(ROOT, FOLDER),
    });
    writeFileSync(stamp, expected);
  }
  return modules;
}

/** The folder with the model, which is generated if it is missing. */
async function model() {
  const python = transformerPython();
  if (!python) throw new Failure("There is no Python 3 on this machine, which makes the model.");
  if (!python.installed) await python.install();
  const script = join(FOLDER, "model.py");
  const folder = join(python.folder, `zero-shot-${hashOf([script]).slice(0, 16)}`);
  if (!existsSync(folder)) {
    log("page: making the model (once)");
    const temporary = `${folder}.${process.pid}`;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary);
    python.run(script, [temporary]);
    renameSync(temporary, folder);
  }
  const { size } = statSync(join(folder, "onnx", "model_quantized.onnx"));
  if (Math.abs(size / PUBLISHED.bytes - 1) > PUBLISHED.tolerance)
    throw new Failure(`the model has ${size} bytes, unlike the published one`);
  return { folder, size };
}

/** Documents of concatenated corpus texts, each starting with another text, so that no document repeats a text. */
function documents() {
  const corpus = JSON.parse(readFileSync(join(CORPUS, "index.json"), "utf8"));
  const files = corpus.documents.map(({ file }) => file).filter((file) => /-en\.(txt|md)$/.test(file));
  const texts = files.map((file) => readFileSync(join(CORPUS, file), "utf8"));
  return texts.map((_, index) =>
    [...texts.slice(index), ...texts.slice(0, index)]
      .join("\n")
      .split(/(?<=\s)(?=\S)/)
      .slice(0, WORDS)
      .join(""),
  );
}

/** The subject and the text of the mail. */
function mail() {
  const [head, ...text] = readFileSync(MAIL, "utf8").split(/(?:\r?\n){2}/);
  return [head.match(/^Subject: (.*)/m)[1], ...text].join("\n\n").trim();
}

/** Loads a page in a context with an empty cache, and waits for its first answer. */
async function open(browser, folders, input, { file, isolated }) {
  const server = await serve(folders, { isolated });
  const context = await browser.newContext();
  const close = async () => {
    await context.close();
    server.stop();
  };
  try {
    const page = await context.newPage();
    const failed = new Promise((_, reject) => page.on("pageerror", reject));
    await page.addInitScript((input) => (globalThis.input = input), input);
    const answered = page
      .goto(`${server.url}/pages/${file}`)
      .then(() => page.waitForFunction(() => globalThis.answeredMs, null, { timeout: FIRST_ANSWER_TIMEOUT_MS }));
    const answeredMs = await (await Promise.race([answered, failed])).jsonValue();
    return { page, answeredMs, loaded: server.loaded(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Milliseconds per document of a kind. Takes them in turn, starting at the round's, until the round is full. */
const take = ({ page }, method, kind, round) =>
  page.evaluate(
    async ({ method, kind, round, roundMs }) => {
      const texts = globalThis.input[kind];
      const start = performance.now();
      for (let done = 1; ; done++) {
        await globalThis.methods[method](texts[(round + done) % texts.length]);
        const took = performance.now() - start;
        if (took >= roundMs) return took / done;
      }
    },
    { method, kind, round, roundMs: PLAN.roundMs },
  );

const sum = (loaded, column) => loaded.reduce((bytes, file) => bytes + file[column], 0);
const ratios = (peer, ours) => median(peer.map((value, at) => value / ours[at]));

/** The loaded bytes and the time to the first answer, by page. */
async function cold(load) {
  const firstAnswers = { ours: [], peer: [] };
  const bytes = {};
  for (let round = 0; round < PLAN.cold; round++) {
    for (const name of ["ours", "peer"]) {
      const { answeredMs, loaded, close } = await load(PAGES[name]);
      await close();
      firstAnswers[name].push(answeredMs);
      bytes[name] = { raw: sum(loaded, 1), hosted: sum(loaded, 2), files: loaded };
    }
  }
  return {
    bytes,
    firstMs: {
      ours: median(firstAnswers.ours),
      peer: median(firstAnswers.peer),
      ratio: ratios(firstAnswers.peer, firstAnswers.ours),
    },
  };
}

/** Milliseconds per document by page, method and kind. The tasks take turns, in pages that stay open. */
async function warm(load) {
  const tasks = {
    read: ["ours", READ, "pages"],
    ready: ["ours", READY, "pages"],
    peer: ["peer", READ, "pages"],
    peerThreads: ["peerThreads", READ, "pages"],
    mail: ["ours", READ, "mail"],
    peerMail: ["peer", READ, "mail"],
  };
  const pages = {};
  const rounds = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]));
  try {
    for (const name of Object.keys(PAGES)) pages[name] = await load(PAGES[name]);
    const answer = await pages.peer.page.evaluate(() => globalThis.answer);
    // The first round warms up: browsers recompile hot code.
    for (let round = 0; round <= PLAN.rounds; round++) {
      for (const [name, [page, ...task]] of Object.entries(tasks))
        rounds[name][round] = await take(pages[page], ...task, round);
    }
    for (const taken of Object.values(rounds)) taken.shift();
    const compareTasks = (peer, ours) => ({
      ours: median(rounds[ours]),
      peer: median(rounds[peer]),
      ratio: ratios(rounds[peer], rounds[ours]),
    });
    const perDocumentMs = {
      read: compareTasks("peer", "read"),
      ready: compareTasks("peer", "ready"),
      threads: compareTasks("peerThreads", "read"),
      mail: compareTasks("peerMail", "mail"),
    };
    return { perDocumentMs, sameForAllRules: new Set(answer.scores).size === 1 };
  } finally {
    for (const { close } of Object.values(pages)) await close();
  }
}

function printReport({
  bytes,
  firstMs,
  overNetworkMs,
  perDocumentMs,
  modelBytes,
  mailWords,
  version,
  chromium,
  sameForAllRules,
}) {
  const row = (what, { ours, peer, ratio = peer / ours }, scale = 1) => {
    return [what, number(ours / scale), number(peer / scale), number(ratio, ratio < 10 ? 1 : 0)];
  };
  const of = (column) => ({ ours: bytes.ours[column], peer: bytes.peer[column] });
  const cores = availableParallelism();
  const rows = [
    ["", "Sortroom", "transformers.js", "ratio"],
    row("until the first answer, MB, as hosts send it", of("hosted"), 1e6),
    row("the same without compression, MB", of("raw"), 1e6),
    row("time to the first answer, s, server on this machine", firstMs, 1e3),
    row(`the same and the download at ${MEGABITS} Mbit/s, s (computed)`, overNetworkMs, 1e3),
    row(`${number(WORDS, 0)} words, rules read each time, ms`, perDocumentMs.read),
    row(`the same, the peer on ${cores} threads in an isolated page, ms`, perDocumentMs.threads),
    row("the same with our rules ready, ms", perDocumentMs.ready),
    row(`a mail of ${mailWords} words, rules read each time, ms`, perDocumentMs.mail),
  ];
  console.log(`
${table(rows)}

${RULES} rules, ${chromium}, ${cores} cores, one thread each unless said; medians of ${PLAN.cold} cold pages and ${PLAN.rounds} rounds in turn
as hosts send it: scripts, wasm and json by gzip -9, the model as it is; ratio: the peer's over ours, of times the median of the rounds'
transformers.js ${version}, device wasm, dtype q8, the model of ${number(modelBytes / 1e6, 1)} MB in the shape of distilbert-base-uncased-mnli (published: ${PUBLISHED.bytes / 1e6} MB), random weights
it reads the text once for each rule and 512 tokens at most, ours reads all; the first answer is on the longer text; quality is not compared`);
  if (sameForAllRules)
    console.log("its tokenizer cuts the rule off with the end of the longer text: all rules got the same score");
}

await main(async () => {
  const tools = await setup();
  await setupTests();
  const ours = await buildPackage(tools);
  const modules = await library();
  const { folder, size } = await model();
  const transformers = join(modules, "@huggingface", "transformers");
  const folders = {
    pages: join(ROOT, FOLDER),
    sortroom: ours,
    transformers: join(transformers, "dist"),
    onnxruntime: join(modules, "onnxruntime-web", "dist"),
    models: dirname(folder),
  };
  const rules = JSON.parse(readFileSync(join(ROOT, "tests", "npm", "rules.json"), "utf8"));
  const plain = rules.slice(0, RULES).map(({ label, description }) => ({ label, description }));
  const input = { pages: documents(), mail: [mail()], rules: plain, model: basename(folder) };
  const browser = await launch();
  const load = (page) => open(browser, folders, input, page);
  try {
    log("page: cold pages");
    const { bytes, firstMs } = await cold(load);
    log("page: documents");
    const { perDocumentMs, sameForAllRules } = await warm(load);
    const network = (name) => firstMs[name] + (8 * bytes[name].hosted) / (MEGABITS * 1e3);
    const overNetworkMs = { ours: network("ours"), peer: network("peer") };
    const { version } = JSON.parse(readFileSync(join(transformers, "package.json"), "utf8"));
    const facts = {
      modelBytes: size,
      mailWords: input.mail[0].split(/\s+/).length,
      version,
      chromium: `Chromium ${browser.version()}`,
    };
    const result = {
      quick: Boolean(options.quick),
      bytes,
      firstMs,
      overNetworkMs,
      perDocumentMs,
      sameForAllRules,
      ...facts,
    };
    printReport(result);
    if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await browser.close();
  }
});
