// `npm run bench`: Sortroom against a bare Worker, on workerd itself, in one run on one machine.
//
//   npm run bench                    about two minutes
//   npm run bench -- --quick         a few seconds: whether it works, not how fast
//   npm run bench -- --json FILE     the figures for tools as well
//   npm run bench -- --build NAME    build/NAME as it is, instead of the Worker as it would be built now
//
// Both servers run at once and are asked in turn, so that whatever else the machine does meanwhile hits both; what is
// compared is the median of the rounds' ratios. Every job that was accepted must be COMPLETED in the end.
//
// `mail` and `limai` are held against the bare Worker's create as well: a mail that is submitted, and a text file that is
// classified in the answer while its extraction is queued. A file takes one such request at a time, so a round of `limai`
// has as many requests as there are files, and the next begins when all extractions have ended.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { buildWorker } from "../../.scripts/build.mjs";
import { ROOT, main, say } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { Connection, load, median, percentile, request } from "./load.mjs";
import { table } from "./table.mjs";

const CONNECTIONS = 16;
/** Objects that get is asked for in turn; also the jobs of the project that is listed. */
const OBJECTS = 64;
const PAGE = 50;
/** Files of the project that is asked in Limai's words. */
const FILES = 512;
const TEXT = "txt/receipt-taxi-en.txt";
const PDF = "pdf/invoice-two-pages-en.pdf";
const TARGETS = { create: 0.5, get: 0.7, list: 0.7, completed: 150 };

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, json: { type: "string" }, build: { type: "string" } },
});
const PLAN = options.quick
  ? { rounds: 1, warmUpMs: 100, roundMs: 300, sequential: 5 }
  : { rounds: 7, warmUpMs: 1_000, roundMs: 3_000, sequential: 100 };

const field = (body, name) => new RegExp(`"${name}":"([^"]+)"`).exec(body.toString())[1];

/** Gives the elements of `list` in turn, over and over. */
function inTurn(list) {
  let at = 0;
  return () => list[at++ % list.length];
}

/** Creates a job over `connection` and waits until it has ended; gives the milliseconds that took. */
async function classifyOne(url, token, connection, create) {
  const start = performance.now();
  const answer = await connection.ask(create);
  const get = request(url, "GET", `/api/v2/classify/${field(answer.body, "id")}`, { token });
  for (;;) {
    const { body } = await connection.ask(get);
    const status = field(body, "status");
    if (status === "COMPLETED") return performance.now() - start;
    if (status !== "PENDING" && status !== "RUNNING") throw new Error(`a job ended as ${status}: ${body}`);
  }
}

/** Waits until the project has no open job. */
async function drained(project) {
  for (;;) {
    const open = await Promise.all(
      ["PENDING", "RUNNING"].map((status) => project.ask("GET", `/api/v2/classify?page_size=1&status=${status}`)),
    );
    if (open.every((page) => page.items.length === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until each of the processes that `gets` ask for has ended, and fails when one has failed. */
async function followed(url, gets) {
  const open = [...gets];
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(url)));
  await Promise.all(
    connections.map(async (connection) => {
      for (let get = open.shift(); get; get = open.shift()) {
        const { body } = await connection.ask(get);
        const status = field(body, "status");
        if (status === "started") open.push(get);
        else if (status !== "completed") throw new Error(`a mail ended as ${status}: ${body}`);
      }
      connection.close();
    }),
  );
}

async function listed(project, query) {
  let found = 0;
  for (let token = ""; token !== null; ) {
    const page = await project.ask("GET", `/api/v2/classify?page_size=100${query}${token && `&page_token=${token}`}`);
    found += page.items.length;
    token = page.next_page_token;
  }
  return found;
}

/** What both are asked, each in its own words. */
async function prepare(ours, bare) {
  const { corpus, until } = await import("../e2e/server.mjs");
  const { each } = await import("../e2e/workplace.mjs");
  const creating = await ours.project();
  const reading = await ours.project();
  const createIn = async (project, path) =>
    request(ours.url, "POST", "/api/v2/classify", {
      token: project.token,
      body: JSON.stringify({
        file_input: await project.upload(corpus(path), path.split("/").at(-1)),
        configuration_id: project.configuration,
      }),
    });
  const fill = await createIn(reading, TEXT);
  const connection = await Connection.open(ours.url);
  const ids = [];
  for (let made = 0; made < OBJECTS; made++) ids.push(field((await connection.ask(fill)).body, "id"));
  connection.close();
  await until(async () => (await listed(reading, "&status=COMPLETED")) === OBJECTS, { what: "the first jobs" });

  // The rows of the bare Worker are, byte for byte, what ours answers.
  const row = JSON.stringify(await reading.ask("GET", `/api/v2/classify/${ids[0]}`));
  const put = (path, method = "PUT") => fetch(`${bare.url}${path}`, { method, body: row }).then((answer) => answer.text());
  for (let made = 0; made < OBJECTS; made++) await put(`/row-${made}/1`);
  await put(`/many/${OBJECTS}`);

  const get = (server, path, token) => request(server.url, "GET", path, { token });
  const bareCreate = { next: inTurn([request(bare.url, "POST", "/create", { body: row })]) };
  const place = await ours.workplace();
  const post = (path, body) => request(ours.url, "POST", path, { token: place.token, body: JSON.stringify(body) });
  const mail = { subject: "Request for refund", body: "Hi, I would like to request a refund for my recent order. ".repeat(10) };
  const files = await each(Array.from({ length: FILES }), CONNECTIONS, () => place.put(corpus(TEXT), "receipt.txt"));
  let submitted = [];
  let created = 0;
  return {
    rowBytes: row.length,
    creating,
    pdf: await createIn(reading, PDF),
    token: reading.token,
    /** Waits for all created jobs, and fails when one is lost or has failed. */
    settle: async () => {
      await drained(creating);
      const completed = await listed(creating, "&status=COMPLETED");
      if ((await listed(place, "&status=FAILED")) > 0) throw new Error("an extraction has failed");
      if (completed !== created) throw new Error(`${created} jobs were accepted, and ${completed} are COMPLETED`);
      return created;
    },
    asks: {
      create: {
        ours: { next: inTurn([await createIn(creating, TEXT)]), answered: () => created++, after: () => drained(creating) },
        bare: bareCreate,
      },
      get: {
        ours: { next: inTurn(ids.map((id) => get(ours, `/api/v2/classify/${id}`, reading.token))) },
        bare: { next: inTurn(ids.map((_, at) => get(bare, `/row-${at}/1`))) },
      },
      list: {
        ours: { next: inTurn([get(ours, `/api/v2/classify?page_size=${PAGE}`, reading.token)]) },
        bare: { next: inTurn([get(bare, `/many/${PAGE}`)]) },
      },
      mail: {
        ours: {
          next: inTurn([post(`${place.mails}/classification-async`, { mail, external_ref: "bench" })]),
          answered: (body) => submitted.push(get(ours, `${place.mails}/classification-async/${field(body, "process_cuid")}`, place.token)),
          after: () => followed(ours.url, submitted).then(() => (submitted = [])),
        },
        bare: bareCreate,
      },
      limai: {
        ours: {
          requests: FILES,
          next: inTurn(files.map((fileId) => post(`/api/v1/classify/${place.classifier}/async`, { fileId }))),
          after: () => drained(place),
        },
        bare: bareCreate,
      },
    },
  };
}

/** Asks both servers in turn, and gives the medians over the rounds. */
async function compare(servers, asks) {
  const rounds = { ours: [], bare: [] };
  for (let round = -1; round < PLAN.rounds; round++) {
    const ms = round < 0 ? PLAN.warmUpMs : PLAN.roundMs;
    for (const who of ["ours", "bare"]) {
      const measured = await load({ url: servers[who].url, connections: CONNECTIONS, ms, ...asks[who] });
      await asks[who].after?.();
      if (round >= 0) rounds[who].push(measured);
    }
  }
  const middle = (who, figure) => median(rounds[who].map((round) => round[figure]));
  const figures = (who) => ({
    perSecond: middle(who, "perSecond"),
    p50Ms: middle(who, "p50"),
    p99Ms: middle(who, "p99"),
    requests: rounds[who].reduce((sum, round) => sum + round.requests, 0),
  });
  const ratios = rounds.ours.map((round, at) => round.perSecond / rounds.bare[at].perSecond);
  return { ours: figures("ours"), bare: figures("bare"), ratio: median(ratios), ratios };
}

const size = (folder) => {
  const bytes = readFileSync(join(folder, "index_bg.wasm"));
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
};

const number = (value, digits = 0) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const verdict = (met) => (options.quick ? "not judged" : met ? "met" : "missed");

function tell(result) {
  const rows = [["", "requests/s", "p50 ms", "p99 ms", "bare /s", "p50 ms", "p99 ms", "ratio", "target", ""]];
  for (const [name, { ours, bare, ratio }] of Object.entries(result.requests)) {
    rows.push([
      name,
      ...[ours, bare].flatMap((one) => [number(one.perSecond), number(one.p50Ms, 1), number(one.p99Ms, 1)]),
      number(ratio, 2),
      ...(name in TARGETS ? [`>= ${TARGETS[name]}`, verdict(ratio >= TARGETS[name])] : ["", ""]),
    ]);
  }
  const { completed, wasm } = result;
  console.log(`
${table(rows)}

create to COMPLETED   p50 ${number(completed.p50Ms, 1)} ms, p99 ${number(completed.p99Ms, 1)} ms over ${completed.runs} runs of a two-page PDF; target p50 < ${TARGETS.completed} ms: ${verdict(completed.p50Ms < TARGETS.completed)}
jobs                  ${number(result.jobs)} accepted, ${number(result.jobs)} COMPLETED
wasm                  ${number(wasm.ours.raw)} bytes, ${number(wasm.ours.gzip)} gzip (bare: ${number(wasm.bare.raw)}, ${number(wasm.bare.gzip)})

${CONNECTIONS} connections, ${PLAN.rounds} rounds of ${PLAN.roundMs / 1000} s each in turn, on workerd itself, ${result.cores} cores shared by client and servers
rows of ${number(result.rowBytes)} bytes; the ratio is the median of the rounds' ratios`);
}

async function measure(ours, bare) {
  const { asks, settle, pdf, token, rowBytes } = await prepare(ours, bare);
  const requests = {};
  for (const name of Object.keys(asks)) {
    say(`bench: ${name}`);
    requests[name] = await compare({ ours, bare }, asks[name]);
  }
  const jobs = await settle();

  say("bench: create to COMPLETED");
  const connection = await Connection.open(ours.url);
  const took = [];
  for (let run = -3; run < PLAN.sequential; run++) {
    const ms = await classifyOne(ours.url, token, connection, pdf);
    if (run >= 0) took.push(ms);
  }
  connection.close();
  took.sort((left, right) => left - right);
  const completed = { runs: took.length, p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99) };
  return { quick: Boolean(options.quick), cores: availableParallelism(), rowBytes, targets: TARGETS, requests, completed, jobs };
}

await main(async () => {
  const tools = await setup();
  const folders = { ours: options.build ? join(ROOT, "build", options.build) : await buildWorker("worker", tools), bare: await buildWorker("bare", tools) };
  // Only now: what it needs is there after the set-up.
  const { startBare, startOurs } = await import("./servers.mjs");
  const ours = await startOurs({ variant: options.build });
  try {
    const bare = await startBare();
    try {
      const result = { ...(await measure(ours, bare)), wasm: { ours: size(folders.ours), bare: size(folders.bare) } };
      tell(result);
      if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
    } finally {
      await bare.stop();
    }
  } finally {
    await ours.stop();
  }
});
