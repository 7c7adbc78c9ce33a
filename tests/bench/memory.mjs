// `npm run bench:memory`: the memory of workerd under ten minutes of mixed load, beside that of a bare Worker.
//
//   npm run bench:memory -- 120      two minutes
//   npm run bench:memory -- 600 40   ten minutes, at most 40 requests a second
//
// The load is texts and PDFs that are answered at once, jobs, mails, listings, uploads that are accepted, refused or break
// off, and documents that trap the engine (so the Worker is the variant `contract`). For each request the bare Worker
// (`build/bare`, if it was built) gets one of its own: where ours makes a job it makes an object with a row and sends a
// message, and else it reads a row, or fifty. So what it grows by is of the simulator: objects, rows and messages.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, ROOT, main } from "../../.scripts/lib.mjs";
import { WAYS, refusedBodies, sendRefused } from "../e2e/attacks.mjs";
import { corpus, workerds } from "../e2e/server.mjs";
import { startBare, startOurs } from "./servers.mjs";
import { number, table } from "./table.mjs";

/** How often the memory is printed, and after which time it should be flat, in seconds. */
const INTERVAL = 30;
const WARM_UP = 120;

/** How many requests are in flight at most. */
const CONCURRENCY = 4;

/** The size of the listings. */
const PAGE = 50;

/** A server and the process of its workerd. */
async function withProcess(start) {
  const before = new Set(workerds().map(({ pid }) => pid));
  const server = await start();
  const { pid } = workerds().find(({ pid }) => !before.has(pid));
  return { ...server, mebibytes: () => workerds().find((row) => row.pid === pid).mebibytes };
}

/** The load: functions that each send a request and fail if it is not answered as it should be. */
async function prepare(ours, bare) {
  const project = await ours.project();
  const fixtures = await ours.fixtures();
  const { token } = project;
  const expect = async (method, path, { status = [200], body, headers } = {}) => {
    const response = await fetch(ours.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });
    const text = await response.text();
    if (!status.includes(response.status)) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text;
  };
  const json = (method, path, body, status) =>
    expect(method, path, { body: JSON.stringify(body), headers: { "content-type": "application/json" }, status });
  const form = (parts) => {
    const body = new FormData();
    for (const [name, part] of Object.entries(parts)) body.set(name, part);
    return body;
  };
  const pdf = (name) => new File([corpus(name)], name);
  const rules = [
    { label: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
    { label: "receipt", description: "Receipt of a purchase that was paid at a till, by cash or by card" },
  ];
  const schema = {
    fields: [
      { name: "invoice_number", kind: "id" },
      { name: "total", kind: "money" },
    ],
  };
  const text = corpus("txt/receipt-taxi-en.txt").toString();
  const file = await project.upload(corpus("pdf/invoice-en.pdf"), "invoice.pdf");
  const job = async () =>
    JSON.parse(await json("POST", "/api/v2/classify", { file_input: file, configuration_id: project.configuration }));
  let last = await job();
  const announced = JSON.parse(await json("PUT", "/api/v1/files", { name: "a.txt" }));
  const { authorized, strangers } = refusedBodies(project, new URL(announced.url).pathname);
  const refused = [...authorized, ...strangers];
  let sent = 0;
  const row = JSON.stringify({ text: text.slice(0, 1_000) });
  const bareSend = async (method, path) => {
    if (bare) await (await fetch(bare.url + path, { method, body: method === "GET" ? undefined : row })).text();
  };
  await bareSend("PUT", "/row-0/1");
  await bareSend("PUT", `/many/${PAGE}`);
  const mirrors = {
    makes: () => bareSend("POST", "/create"),
    reads: () => bareSend("GET", "/row-0/1"),
    lists: () => bareSend("GET", `/many/${PAGE}`),
  };
  const load = [
    ["reads", () => json("POST", "/v1/classify", { text, rules })],
    ["makes", async () => (last = await job())],
    [
      "reads",
      () =>
        expect("POST", "/v1/classify", {
          body: form({ file: pdf("pdf/invoice-en.pdf"), rules: JSON.stringify(rules) }),
        }),
    ],
    ["reads", () => expect("GET", `/api/v2/classify/${last.id}`)],
    ["lists", () => expect("GET", `/api/v2/classify?page_size=${PAGE}`)],
    ["makes", () => project.upload(corpus("pdf/invoice-en.pdf"), "invoice.pdf")],
    [
      "reads",
      () =>
        expect("POST", "/v1/extract", {
          body: form({ file: pdf("pdf/invoice-en.pdf"), schema: JSON.stringify(schema) }),
        }),
    ],
    ["reads", () => sendRefused(ours.url, refused[sent % refused.length], WAYS[sent % WAYS.length])],
    ["makes", () => fixtures.submit({ mail: { subject: "Request for refund", body: "I would like a refund." } })],
    ["lists", () => expect("GET", `/api/v1/beta/files?page_size=${PAGE}`)],
    ["reads", () => json("POST", "/v1/classify", { text: "SORTROOM-SWELL", rules }, [400])],
    ["makes", async () => (last = await job())],
  ];
  /** Sends the next request of the load, and its mirror to the bare Worker. */
  return async () => {
    const [kind, send] = load[sent++ % load.length];
    await Promise.all([send(), mirrors[kind]()]);
  };
}

/** The slope of the line nearest to the points, of time in seconds and value, per minute. */
function perMinute(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [time, value] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const covariance = points.reduce((sum, [at, what]) => sum + (at - time) * (what - value), 0);
  return (60 * covariance) / points.reduce((sum, [at]) => sum + (at - time) ** 2, 0);
}

main(async () => {
  const [duration = 600, rate = 40] = process.argv.slice(2).map(Number);
  if (!(duration > 0 && rate > 0)) throw new Failure("the arguments are seconds and requests a second");
  const ours = await withProcess(() => startOurs({ variant: "contract" }));
  const hasBare = existsSync(join(ROOT, "build", "bare", "index.js"));
  const bare = hasBare ? await withProcess(startBare) : undefined;
  try {
    const next = await prepare(ours, bare);
    const start = performance.now();
    const elapsed = () => (performance.now() - start) / 1_000;
    let sent = 0;
    const work = async () => {
      while (elapsed() < duration) {
        const due = (++sent / rate) * 1_000 - (performance.now() - start);
        if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
        await next();
      }
    };
    const samples = [];
    const sample = () => {
      samples.push({ at: elapsed(), sent, ours: ours.mebibytes(), bare: bare?.mebibytes() });
      const { at, ours: mebibytes, bare: others } = samples.at(-1);
      const beside = others === undefined ? "" : `, the bare Worker's ${number(others, 0)}`;
      console.log(
        `${number(at, 0).padStart(4)} s  ${String(sent).padStart(6)} requests  ${number(mebibytes, 0)} MiB${beside}`,
      );
    };
    sample();
    const timer = setInterval(sample, INTERVAL * 1_000);
    try {
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
    } finally {
      clearInterval(timer);
    }
    sample();
    const warm = samples.filter(({ at }) => at >= WARM_UP);
    if (warm.length < 3) {
      console.log(`\nToo short to say whether it is flat after ${WARM_UP} s.`);
      return;
    }
    const requests = warm.at(-1).sent - warm[0].sent;
    const rows = [["from the third minute on", "MiB a minute", "KiB a request"]];
    for (const [name, key] of [
      ["Sortroom", "ours"],
      ["bare Worker", "bare"],
    ]) {
      if (warm[0][key] === undefined) continue;
      const growth = perMinute(warm.map((row) => [row.at, row[key]]));
      const minutes = (warm.at(-1).at - warm[0].at) / 60;
      rows.push([name, number(growth), number((growth * minutes * 1024) / requests)]);
    }
    console.log(`\n${table(rows)}`);
  } finally {
    await Promise.all([ours.stop(), bare?.stop()]);
  }
});
