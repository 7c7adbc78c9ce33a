// `npm run bench:levels`: what the compiler's levels of optimisation cost in bytes and give in speed.
//
// Each level is built into build/worker-{level} and asked in turn, on workerd itself: pages of the corpus' PDFs a
// second, from the first create to the last COMPLETED, and listings of 50 jobs a second.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildWorker } from "../../.scripts/build.mjs";
import { ROOT, main, say } from "../../.scripts/lib.mjs";
import { setup } from "../../.scripts/setup.mjs";
import { load, median, request } from "./load.mjs";

const LEVELS = ["z", "s", "3"];
const ROUNDS = 5;
/** How often every PDF is classified in a round. */
const TIMES = 3;
const LIST_MS = 1_500;

/** Every page of a PDF says that it is one; those of the corpus say so in plain sight. */
const pagesOf = (bytes) => bytes.toString("latin1").match(/\/Type\s*\/Page(?![A-Za-z])/g)?.length ?? 0;

async function prepare(level, { corpus, startOurs, until }) {
  const server = await startOurs({ variant: `worker-${level}` });
  const project = await server.project();
  const pdfs = [];
  for (const name of readdirSync(join(ROOT, "tests", "corpus", "pdf"))) {
    const bytes = corpus(`pdf/${name}`);
    const body = JSON.stringify({ file_input: await project.upload(bytes, name), configuration_id: project.configuration });
    pdfs.push({ pages: pagesOf(bytes), create: request(server.url, "POST", "/api/v2/classify", { token: project.token, body }) });
  }
  const open = async (status) => (await project.ask("GET", `/api/v2/classify?page_size=1&status=${status}`)).items.length;
  const list = request(server.url, "GET", "/api/v2/classify?page_size=50", project);
  return {
    level,
    stop: server.stop,
    pages: async () => {
      const all = Array.from({ length: TIMES }, () => pdfs).flat();
      let at = 0;
      const start = performance.now();
      await load({ url: server.url, connections: 4, requests: all.length, next: () => all[at++].create });
      await until(async () => (await open("PENDING")) + (await open("RUNNING")) === 0, { every: 2, what: "the last job" });
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
    const wasm = readFileSync(join(await buildWorker("worker", tools, { env, out: `worker-${level}` }), "index_bg.wasm"));
    sizes[level] = { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length };
  }
  const parts = { ...(await import("../e2e/server.mjs")), ...(await import("./servers.mjs")) };
  const servers = [];
  try {
    for (const level of LEVELS) servers.push(await prepare(level, parts));
    const told = Object.fromEntries(LEVELS.map((level) => [level, { pages: [], lists: [] }]));
    for (let round = -1; round < ROUNDS; round++) {
      say(round < 0 ? "levels: warming up" : `levels: round ${round + 1} of ${ROUNDS}`);
      for (const what of ["pages", "lists"]) {
        for (const server of servers) {
          const perSecond = await server[what]();
          if (round >= 0) told[server.level][what].push(perSecond);
        }
      }
    }
    console.log("\nlevel        wasm        gzip   pages/s   lists/s");
    for (const level of LEVELS) {
      const cells = [sizes[level].raw, sizes[level].gzip, median(told[level].pages), median(told[level].lists)];
      const widths = [12, 12, 10, 10];
      console.log(level.padEnd(5) + cells.map((cell, at) => Math.round(cell).toLocaleString("en-US").padStart(widths[at])).join(""));
    }
  } finally {
    for (const server of servers) await server.stop();
  }
});
