// `npm run bench`: Sortroom against a bare Worker, on workerd itself, in one run on one machine.
//
//   npm run bench                    about two minutes
//   npm run bench -- --quick         a few seconds: checks that it works, does not judge speed
//   npm run bench -- --json FILE     also writes the figures as JSON
//   npm run bench -- --build NAME    measures build/NAME instead of a fresh build of the Worker
//
// Both servers run at once and are measured in turn, so that other load on the machine affects both. The result is the
// median of the rounds' ratios. Every accepted job must be COMPLETED at the end.
//
// `mail` and `limai` are also compared with the bare Worker's create: `mail` submits a mail, and `limai` classifies a
// text file synchronously and queues its extraction. A file allows one such request at a time, so a round of `limai`
// has one request per file, and the next round starts when all extractions have ended.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { buildWorker } from "../../.scripts/build.mjs";
import { ROOT, log, main } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { Connection, load, median, percentile, request } from "./load.mjs";
import { table } from "./table.mjs";

const CONNECTIONS = 16;
/** The number of objects that `get` reads in turn; also the number of jobs that `list` lists. */
const OBJECTS = 64;
const PAGE = 50;
/** The number of files of the `limai` workload. */
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

/** Returns a function that returns the elements of `list` in turn, endlessly. */
function cycle(list) {
  let index = 0;
  return () => list[index++ % list.length];
}

/** Creates a job over `connection` and waits until it has ended; returns the milliseconds. */
async function classifyOne(url, token, connection, create) {
  const start = performance.now();
  const response = await connection.send(create);
  const get = request(url, "GET", `/api/v2/classify/${field(response.body, "id")}`, { token });
  for (;;) {
    const { body } = await connection.send(get);
    const status = field(body, "status");
    if (status === "COMPLETED") return performance.now() - start;
    if (status !== "PENDING" && status !== "RUNNING") throw new Error(`a job ended as ${status}: ${body}`);
  }
}

/** Waits until the project has no pending or running job. */
async function waitUntilDrained(project) {
  for (;;) {
    const open = await Promise.all(
      ["PENDING", "RUNNING"].map((status) => project.request("GET", `/api/v2/classify?page_size=1&status=${status}`)),
    );
    if (open.every((page) => page.items.length === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Polls the mails with the requests `gets` until all have ended, and fails if one has failed. */
async function waitForMails(url, gets) {
  const open = [...gets];
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(url)));
  await Promise.all(
    connections.map(async (connection) => {
      for (let get = open.shift(); get; get = open.shift()) {
        const { body } = await connection.send(get);
        const status = field(body, "status");
        if (status === "started") open.push(get);
        else if (status !== "completed") throw new Error(`a mail ended as ${status}: ${body}`);
      }
      connection.close();
    }),
  );
}

async function countListed(project, query) {
  let found = 0;
  for (let token = ""; token !== null; ) {
    const page = await project.request(
      "GET",
      `/api/v2/classify?page_size=100${query}${token && `&page_token=${token}`}`,
    );
    found += page.items.length;
    token = page.next_page_token;
  }
  return found;
}

/** Prepares the workloads: the same requests in the API of each server. */
async function prepare(ours, bare) {
  const { corpus, until } = await import("../e2e/server.mjs");
  const { mapConcurrently } = await import("../e2e/fixtures.mjs");
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
  for (let made = 0; made < OBJECTS; made++) ids.push(field((await connection.send(fill)).body, "id"));
  connection.close();
  await until(async () => (await countListed(reading, "&status=COMPLETED")) === OBJECTS, { what: "the first jobs" });

  // The rows of the bare Worker are byte for byte what our Worker responds.
  const row = JSON.stringify(await reading.request("GET", `/api/v2/classify/${ids[0]}`));
  const put = (path, method = "PUT") =>
    fetch(`${bare.url}${path}`, { method, body: row }).then((response) => response.text());
  for (let made = 0; made < OBJECTS; made++) await put(`/row-${made}/1`);
  await put(`/many/${OBJECTS}`);

  const get = (server, path, token) => request(server.url, "GET", path, { token });
  const bareCreate = { next: cycle([request(bare.url, "POST", "/create", { body: row })]) };
  const fixtures = await ours.fixtures();
  const post = (path, body) => request(ours.url, "POST", path, { token: fixtures.token, body: JSON.stringify(body) });
  const mail = {
    subject: "Request for refund",
    body: "Hi, I would like to request a refund for my recent order. ".repeat(10),
  };
  const files = await mapConcurrently(Array.from({ length: FILES }), CONNECTIONS, () =>
    fixtures.put(corpus(TEXT), "receipt.txt"),
  );
  let submitted = [];
  let created = 0;
  return {
    rowBytes: row.length,
    creating,
    pdf: await createIn(reading, PDF),
    token: reading.token,
    /** Waits for all created jobs, and fails if one is lost or has failed. */
    settle: async () => {
      await waitUntilDrained(creating);
      const completed = await countListed(creating, "&status=COMPLETED");
      if ((await countListed(fixtures, "&status=FAILED")) > 0) throw new Error("an extraction has failed");
      if (completed !== created) throw new Error(`${created} jobs were accepted, and ${completed} are COMPLETED`);
      return created;
    },
    workloads: {
      create: {
        ours: {
          next: cycle([await createIn(creating, TEXT)]),
          onResponse: () => created++,
          after: () => waitUntilDrained(creating),
        },
        bare: bareCreate,
      },
      get: {
        ours: { next: cycle(ids.map((id) => get(ours, `/api/v2/classify/${id}`, reading.token))) },
        bare: { next: cycle(ids.map((_, at) => get(bare, `/row-${at}/1`))) },
      },
      list: {
        ours: { next: cycle([get(ours, `/api/v2/classify?page_size=${PAGE}`, reading.token)]) },
        bare: { next: cycle([get(bare, `/many/${PAGE}`)]) },
      },
      mail: {
        ours: {
          next: cycle([post(`${fixtures.mails}/classification-async`, { mail, external_ref: "bench" })]),
          onResponse: (body) =>
            submitted.push(
              get(ours, `${fixtures.mails}/classification-async/${field(body, "process_cuid")}`, fixtures.token),
            ),
          after: () => waitForMails(ours.url, submitted).then(() => (submitted = [])),
        },
        bare: bareCreate,
      },
      limai: {
        ours: {
          requests: FILES,
          next: cycle(files.map((fileId) => post(`/api/v1/classify/${fixtures.classifier}/async`, { fileId }))),
          after: () => waitUntilDrained(fixtures),
        },
        bare: bareCreate,
      },
    },
  };
}

/** Runs a workload on both servers in turn, and returns the medians over the rounds. */
async function compare(servers, workloads) {
  const rounds = { ours: [], bare: [] };
  for (let round = -1; round < PLAN.rounds; round++) {
    const ms = round < 0 ? PLAN.warmUpMs : PLAN.roundMs;
    for (const server of ["ours", "bare"]) {
      const measured = await load({ url: servers[server].url, connections: CONNECTIONS, ms, ...workloads[server] });
      await workloads[server].after?.();
      if (round >= 0) rounds[server].push(measured);
    }
  }
  const medianOf = (server, figure) => median(rounds[server].map((round) => round[figure]));
  const figures = (server) => ({
    perSecond: medianOf(server, "perSecond"),
    p50Ms: medianOf(server, "p50"),
    p99Ms: medianOf(server, "p99"),
    requests: rounds[server].reduce((sum, round) => sum + round.requests, 0),
  });
  const ratios = rounds.ours.map((round, at) => round.perSecond / rounds.bare[at].perSecond);
  return { ours: figures("ours"), bare: figures("bare"), ratio: median(ratios), ratios };
}

const size = (folder) => {
  const bytes = readFileSync(join(folder, "index_bg.wasm"));
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
};

const number = (value, digits = 0) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const verdict = (met) => (options.quick ? "not judged" : met ? "met" : "missed");

function printReport(result) {
  const rows = [["", "requests/s", "p50 ms", "p99 ms", "bare /s", "p50 ms", "p99 ms", "ratio", "target", ""]];
  for (const [name, { ours, bare, ratio }] of Object.entries(result.requests)) {
    rows.push([
      name,
      ...[ours, bare].flatMap((figures) => [
        number(figures.perSecond),
        number(figures.p50Ms, 1),
        number(figures.p99Ms, 1),
      ]),
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
  const { workloads, settle, pdf, token, rowBytes } = await prepare(ours, bare);
  const requests = {};
  for (const name of Object.keys(workloads)) {
    log(`bench: ${name}`);
    requests[name] = await compare({ ours, bare }, workloads[name]);
  }
  const jobs = await settle();

  log("bench: create to COMPLETED");
  const connection = await Connection.open(ours.url);
  const took = [];
  for (let run = -3; run < PLAN.sequential; run++) {
    const ms = await classifyOne(ours.url, token, connection, pdf);
    if (run >= 0) took.push(ms);
  }
  connection.close();
  took.sort((left, right) => left - right);
  const completed = { runs: took.length, p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99) };
  return {
    quick: Boolean(options.quick),
    cores: availableParallelism(),
    rowBytes,
    targets: TARGETS,
    requests,
    completed,
    jobs,
  };
}

await main(async () => {
  const tools = await setup();
  const folders = {
    ours: options.build ? join(ROOT, "build", options.build) : await buildWorker("worker", tools),
    bare: await buildWorker("bare", tools, { profile: options.quick ? "local" : "release" }),
  };
  // Imported late: its dependencies are installed by the setup.
  const { startBare, startOurs } = await import("./servers.mjs");
  const ours = await startOurs({ variant: options.build });
  try {
    const bare = await startBare();
    try {
      const result = { ...(await measure(ours, bare)), wasm: { ours: size(folders.ours), bare: size(folders.bare) } };
      printReport(result);
      if (options.json) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
    } finally {
      await bare.stop();
    }
  } finally {
    await ours.stop();
  }
});
