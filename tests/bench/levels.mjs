// `npm run bench:levels`: the size and the speed of the Worker by the compiler's optimisation level.
//
// Each level is built into build/worker-{level} and measured in turn, on workerd itself: pages of the corpus' PDFs per
// second, from the first create to the last COMPLETED, and listings of 50 jobs per second.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildWorker } from "../../.scripts/build.mjs";
import { ROOT, log, main } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { load, median, request } from "./load.mjs";

const LEVELS = ["z", "s", "3"];
const ROUNDS = 5;
/** How often every PDF is classified in a round. */
const TIMES = 3;
const LIST_MS = 1_500;

/** The number of pages of a PDF, from its page objects, which are uncompressed in the corpus. */
const pagesOf = (bytes) => bytes.toString("latin1").match(/\/Type\s*\/Page(?![A-Za-z])/g)?.length ?? 0;

async function prepare(level, { corpus, startOurs, until }) {
  const server = await startOurs({ variant: `worker-${level}` });
  const project = await server.project();
  const pdfs = [];
  for (const name of readdirSync(join(ROOT, "tests", "corpus", "pdf"))) {
    const bytes = corpus(`pdf/${name}`);
    const body = JSON.stringify({
      file_input: await project.upload(bytes, name),
      configuration_id: project.configuration,
    });
    pdfs.push({
      pages: pagesOf(bytes),
      create: request(server.url, "POST", "/api/v2/classify", { token: project.token, body }),
    });
  }
  const countWithStatus = async (status) =>
    (await project.request("GET", `/api/v2/classify?page_size=1&status=${status}`)).items.length;
  const list = request(server.url, "GET", "/api/v2/classify?page_size=50", project);
  return {
    level,
    stop: server.stop,
    pages: async () => {
      const all = Array.from({ length: TIMES }, () => pdfs).flat();
      let index = 0;
      const start = performance.now();
      await load({ url: server.url, connections: 4, requests: all.length, next: () => all[index++].create });
      await until(async () => (await countWithStatus("PENDING")) + (await countWithStatus("RUNNING")) === 0, {
        every: 2,
        what: "the last job",
      });
      const pages = all.reduce((sum, pdf) => sum + pdf.pages, 0);
      return pages / ((performance.now() - start) / 1000);
    },
    lists: async () => (await load({ url: server.url, connections: 16, ms: LIST_MS, next: () => list })).perSecond,
  };
}

await main(async () => {
  const tools = await setup();
  const sizes = {};
  for (const level of LEVELS) {
    const env = { CARGO_PROFILE_RELEASE_OPT_LEVEL: level };
    const wasm = readFileSync(
      join(await buildWorker("worker", tools, { env, out: `worker-${level}` }), "index_bg.wasm"),
    );
    sizes[level] = { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length };
  }
  const parts = { ...(await import("../e2e/server.mjs")), ...(await import("./servers.mjs")) };
  const servers = [];
  try {
    for (const level of LEVELS) servers.push(await prepare(level, parts));
    const results = Object.fromEntries(LEVELS.map((level) => [level, { pages: [], lists: [] }]));
    for (let round = -1; round < ROUNDS; round++) {
      log(round < 0 ? "levels: warming up" : `levels: round ${round + 1} of ${ROUNDS}`);
      for (const what of ["pages", "lists"]) {
        for (const server of servers) {
          const perSecond = await server[what]();
          if (round >= 0) results[server.level][what].push(perSecond);
        }
      }
    }
    console.log("\nlevel        wasm        gzip   pages/s   lists/s");
    for (const level of LEVELS) {
      const cells = [sizes[level].raw, sizes[level].gzip, median(results[level].pages), median(results[level].lists)];
      const widths = [12, 12, 10, 10];
      console.log(
        level.padEnd(5) +
          cells.map((cell, at) => Math.round(cell).toLocaleString("en-US").padStart(widths[at])).join(""),
      );
    }
  } finally {
    for (const server of servers) await server.stop();
  }
});
