// `npm run bench:hostile`: hostile inputs and requests, sent to the Worker on workerd while another tenant works.
//
//   npm run bench:hostile                          all: some ten minutes
//   npm run bench:hostile -- DIR                   also each file of a folder
//   npm run bench:hostile -- DIR --only            only those
//   npm run bench:hostile -- --words pdf/ "lint"   only the inputs whose names contain one of the words
//   npm run bench:hostile -- --quick               no request that takes more than a few seconds
//   npm run bench:hostile -- --inputs DIR          documents and calls from this folder, which is made if it is missing
//
// Documents and calls are those of tests/hostile, each sent as a request that is answered at once and as a job; requests
// that are attacks themselves are in tests/e2e/attacks.mjs. Fails if an attack ends otherwise than in an answer or a
// clear error of the client, or if a request of the other tenant fails. Times are printed beside their aims.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, isMain, log, main, run } from "../../.scripts/lib.mjs";
import { Attacker, REQUEST_ATTACKS, hasJobs, isTooLargeForRequest } from "../e2e/attacks.mjs";
import { startBystander } from "../e2e/bystander.mjs";
import { scratch, startServer } from "../e2e/server.mjs";
import { median } from "./load.mjs";
import { number } from "./table.mjs";

/** The aims: seconds of processor time of a request and of a job, and milliseconds of the other tenant's requests. */
const REQUEST_SECONDS = 2;
const JOB_SECONDS = 10;
const BYSTANDER_MS = 250;

const HEADER = `CPU is that of workerd beyond what the other tenant's requests take; "!" marks what exceeds an aim: ${REQUEST_SECONDS} s for what is
answered at once, ${JOB_SECONDS} s for a job, ${BYSTANDER_MS} ms for each request of the other tenant. RSS is the memory of all of workerd with its
simulators; the engine has at most 80 MiB of it, the maximum of its WebAssembly.Memory (src/web/build.rs).`;

const COLUMNS = [
  ["", -62],
  ["way", -7],
  ["bytes", 10],
  ["outcome", -44],
  ["wall ms", 8],
  ["CPU ms", 8],
  ["others", 6],
  ["p50", 6],
  ["max", 7],
  ["failed", 6],
  ["RSS", 5],
];

const line = (cells) =>
  COLUMNS.map(([, width], at) => (width < 0 ? cells[at].padEnd(-width) : cells[at].padStart(width))).join("  ");

/** Writes the documents and calls of tests/hostile to a folder. */
export async function writeInputs(folder, words = []) {
  const program = ["-p", "sortroom-tests", "--example", "hostile-requests"];
  await run("cargo", ["run", "--quiet", "--profile", "bench", ...program, "--", folder, ...words]);
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

function existing(folder) {
  try {
    return filesBelow(folder);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** The attacks of a document: at once, and as a job. */
function* attacksOfFile(name, path) {
  const bytes = readFileSync(path);
  // A larger one would be refused by its size.
  if (!isTooLargeForRequest(bytes)) {
    yield { name, way: "at once", bytes: bytes.length, aim: REQUEST_SECONDS, run: (by) => by.classifyNow(bytes) };
  }
  yield { name, way: "job", bytes: bytes.length, aim: JOB_SECONDS, run: (by) => by.classifyAsJob(bytes) };
}

function* attacksOfCall(path, isSelected) {
  const text = readFileSync(path, "utf8");
  const call = JSON.parse(text);
  if (!isSelected(call.name)) return;
  const attack = { name: call.name, bytes: Buffer.byteLength(text) };
  if (!isTooLargeForRequest(Buffer.from(call.text ?? ""))) {
    yield { ...attack, way: "at once", aim: REQUEST_SECONDS, run: (by) => by.callNow(call) };
  }
  if (hasJobs(call)) {
    yield { ...attack, way: "job", aim: JOB_SECONDS, run: (by) => by.callAsJob(call) };
  }
}

function* allAttacks({ inputs, folder, words, isQuick }) {
  const isSelected = (name) => words.length === 0 || words.some((word) => name.includes(word));
  if (folder) {
    for (const path of filesBelow(folder)) yield* attacksOfFile(relative(folder, path), path);
  }
  if (!inputs) return;
  const files = join(inputs, "files");
  for (const path of existing(files)) {
    const name = relative(files, path);
    if (isSelected(name)) yield* attacksOfFile(name, path);
  }
  for (const path of existing(join(inputs, "calls"))) yield* attacksOfCall(path, isSelected);
  for (const { name, isSlow, run } of REQUEST_ATTACKS) {
    // No aim: each is many requests.
    if (isSelected(name) && !(isSlow && isQuick)) yield { name, way: "many", bytes: undefined, aim: Infinity, run };
  }
}

/** How long the other tenant's request in flight may take until the server counts as stuck, in ms. */
const STUCK_MS = 60_000;

/** A server with a bystander whose cost by itself is known. */
class Field {
  static async start() {
    const field = new Field();
    field.state = scratch("hostile-");
    field.server = await startServer({ state: field.state });
    field.bystander = await startBystander(field.server.url);
    await field.bystander.measured();
    const before = field.server.processorTime();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    field.calm = await field.bystander.measured();
    field.calmSeconds = field.server.processorTime() - before;
    return field;
  }

  /** What the bystander measured since the last call; undefined if the server is stuck. */
  measured() {
    let late;
    const isStuck = new Promise((resolve) => {
      late = setTimeout(resolve, STUCK_MS);
    });
    return Promise.race([this.bystander.measured(), isStuck]).finally(() => clearTimeout(late));
  }

  /** The seconds of processor time of workerd without what `count` requests of the bystander take. */
  processorTime(count) {
    return this.server.processorTime() - (this.calmSeconds / this.calm.took.length) * count;
  }

  async stop() {
    await this.bystander.stop();
    await this.server.stop();
    rmSync(this.state, { recursive: true, force: true });
  }
}

const ms = (value) => number(value, 0);

/** Prints a line about an attack. */
function show({ name, way = "", bytes = "", outcome = "", wall = "", seconds, measured, memory, mark = "" }) {
  const { took, failures } = measured ?? { took: [], failures: ["stuck"] };
  const times = took.length > 0 ? [ms(median(took)), ms(Math.max(...took))] : ["", "stuck"];
  const cells = [name, way, String(bytes), outcome, wall, ms(seconds * 1_000), String(took.length), ...times];
  console.log(`${line([...cells, String(failures.length), ms(memory)])}${mark}`);
}

/** Runs attacks, and prints a line for each. Returns what went wrong and what exceeds an aim. */
async function runAttacks(attacks) {
  let field = await Field.start();
  log(`\n${HEADER}\n`);
  console.log(line(COLUMNS.map(([name]) => name)));
  const memory = () => field.server.memory();
  show({ name: "nothing, for 3 s", seconds: field.calmSeconds, measured: field.calm, memory: memory() });
  const [faults, exceeded] = [[], []];
  try {
    for (const { name, way, bytes, aim, run } of attacks) {
      const attacker = await Attacker.create(field.server.url);
      const before = await field.measured();
      faults.push(...(before?.failures ?? []).map((failure) => `another tenant, before ${name}: ${failure}`));
      const [since, processor] = [performance.now(), field.processorTime(0)];
      const outcome = await run(attacker, field.state).catch((error) => {
        faults.push(`${name}, ${way}: ${error.message}`);
        return "NOT CLEAR";
      });
      const wall = ms(performance.now() - since);
      const measured = await field.measured();
      const seconds = Math.max(0, field.processorTime(measured?.took.length ?? 0) - processor);
      const failures = measured?.failures ?? ["the server is stuck"];
      faults.push(...failures.map((failure) => `another tenant during ${name}, ${way}: ${failure}`));
      const slowest = measured ? Math.max(...measured.took) : STUCK_MS;
      const marks = [];
      if (seconds > aim) marks.push(`${number(seconds)} s of CPU, of ${aim}`);
      if (slowest > BYSTANDER_MS) marks.push(`another tenant waited ${ms(slowest)} ms, of ${BYSTANDER_MS}`);
      if (marks.length > 0) exceeded.push(`${name}, ${way}: ${marks.join("; ")}`);
      const mark = marks.length > 0 ? " !" : "";
      show({ name, way, bytes, outcome, wall, seconds, measured, memory: memory(), mark });
      if (!measured) {
        log("hostile: the server is stuck, so the next attacks meet a new one");
        field.server.kill();
        await field.stop();
        field = await Field.start();
      }
    }
  } finally {
    await field.stop();
  }
  return { faults, exceeded };
}

async function bench(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: "boolean" },
      quick: { type: "boolean" },
      words: { type: "boolean" },
      inputs: { type: "string" },
    },
  });
  const words = values.words ? positionals : [];
  const [folder, ...others] = values.words ? [] : positionals;
  if (others.length > 0) throw new Failure(`not understood: ${others.join(" ")}`);
  const temporary = values.only || values.inputs ? undefined : mkdtempSync(join(tmpdir(), "sortroom-hostile-"));
  const inputs = values.inputs ?? temporary;
  try {
    if (inputs && existing(inputs).length === 0) {
      log("hostile: making the inputs");
      await writeInputs(inputs, words);
    }
    const attacks = allAttacks({ inputs, folder: folder && resolve(folder), words, isQuick: values.quick });
    const { faults, exceeded } = await runAttacks(attacks);
    if (exceeded.length > 0) console.log(`\nBeyond an aim: ${exceeded.length}\n${exceeded.join("\n")}`);
    if (faults.length > 0) throw new Failure(`${faults.length} faults:\n${faults.join("\n")}`);
    console.log("\nEvery attack ended in an answer or a clear error, and no request of another tenant failed.");
  } finally {
    if (temporary) rmSync(temporary, { recursive: true, force: true });
  }
}

if (isMain(import.meta)) await main(() => bench(process.argv.slice(2)));
