// The package in Chromium, as bundlers make it and without any, under a strict policy and cut off from everything else.
import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ROOT, npmBin, run } from "../../.scripts/lib.mjs";
import { launch } from "../browser/chromium.mjs";
import { MAIL, PDF, answers, files, project, rules, schema, vectors } from "./packed.mjs";

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; object-src 'none'";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** What every page does: `loading` is how the package comes in. */
const page = (loading) => `
  ${loading}
  const bytes = async (file) => new Uint8Array(await (await fetch("/corpus/" + file)).arrayBuffer());
  const told = async (work) => {
    try {
      return JSON.stringify(await work());
    } catch (error) {
      if (!(error instanceof SortroomError)) throw error;
      return JSON.stringify({ code: error.code, message: error.message });
    }
  };
  globalThis.version = version;
  globalThis.classify = (rules, files) => {
    const classifier = new Classifier(rules);
    return Promise.all(files.map((file) => told(async () => classifier.classify(await readDocument(await bytes(file))))));
  };
  globalThis.decide = async ({ text, mail, rules, settings }) => new Classifier(rules, settings).classify(await readDocument(text ?? mail));
  globalThis.extracted = (schema, file) => told(async () => extract(await readDocument(await bytes(file)), schema));
  globalThis.aside = async (rules, file) => {
    const worker = new SortroomWorker(workerOptions);
    const stages = [];
    const decision = await told(async () => worker.classify(new Blob([await bytes(file)]), rules, { onStage: (stage) => stages.push(stage) }));
    const stop = new AbortController();
    const stopped = worker.classify(await bytes(file), rules, { signal: stop.signal, onStage: () => stop.abort() });
    const name = await stopped.catch((error) => error.name);
    const again = await told(async () => worker.classify(await bytes(file), rules));
    worker.close();
    return { decision, stages, name, again };
  };
  globalThis.ready = true;`;

const WHOLE = `
  import { Classifier, SortroomError, extract, readDocument, version } from "sortroom";
  import { SortroomWorker } from "sortroom/worker";
  const workerOptions = {};`;

const HTML = '<!doctype html><meta charset="utf-8"><title>try</title><script type="module" src="./main.js"></script>';

/** Each makes a project and gives the folder that is served. */
const WAYS = {
  async "no bundler"() {
    const here = (name) => `"./node_modules/sortroom/${name}.js"`;
    const loading = WHOLE.replace('"sortroom"', here("browser")).replace('"sortroom/worker"', here("worker"));
    return project("plain", { "index.html": HTML, "main.js": page(loading) });
  },
  async vite() {
    const folder = await project("vite", {
      "index.html": HTML,
      "main.js": page(WHOLE),
      // A worker that imports when it needs is a module; vite's default is a classic script.
      "vite.config.mjs": 'export default { worker: { format: "es" }, build: { target: "es2022" } };',
    });
    await run(npmBin("vite"), ["build", "--logLevel", "error"], { cwd: folder, quiet: true });
    return join(folder, "dist");
  },
  async webpack() {
    const folder = await project("webpack", { "dist/index.html": HTML, "main.js": page(WHOLE) });
    const options = ["--entry", "./main.js", "--mode", "production", "--output-path", "dist", "--output-filename", "main.js", "--no-performance"];
    await run(npmBin("webpack"), ["build", ...options], { cwd: folder, quiet: true });
    return join(folder, "dist");
  },
  async esbuild() {
    const loading = `
      import { Classifier, SortroomError, extract, init, readDocument, version } from "sortroom/slim";
      import { SortroomWorker } from "sortroom/worker";
      import engine from "sortroom/engine.wasm";
      import extractor from "sortroom/extractor.wasm";
      import reader from "sortroom/reader.wasm";
      const address = (file) => new URL(file, import.meta.url).href;
      const sources = { engine: address(engine), reader: address(reader), extractor: address(extractor) };
      await init(sources);
      const workerOptions = { sources, worker: () => new Worker(new URL("./thread.js", import.meta.url), { type: "module" }) };`;
    const folder = await project("esbuild", { "dist/index.html": HTML, "main.js": page(loading) });
    const options = ["--bundle", "--splitting", "--format=esm", "--outdir=dist", "--loader:.wasm=file", "--log-level=error"];
    await run(npmBin("esbuild"), ["main.js", "thread=sortroom/thread", ...options], { cwd: folder, quiet: true });
    return join(folder, "dist");
  },
};

let browser;
let native;

before(async () => {
  [browser, native] = await Promise.all([launch(), answers()]);
});

after(() => browser?.close());

const again = (text) => JSON.stringify(JSON.parse(text));
const said = (file) => (native.get(file).classified ? again(native.get(file).classified) : JSON.stringify(native.get(file)));

for (const [way, make] of Object.entries(WAYS)) {
  describe(way, () => {
    let site;
    let tab;
    const faults = [];
    const asked = [];

    before(async () => {
      site = await serve(await make());
      const context = await browser.newContext();
      tab = await context.newPage();
      tab.on("pageerror", (error) => faults.push(error.stack));
      tab.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      tab.on("request", (request) => asked.push(request.url()));
      await tab.goto(`${site.url}/index.html`);
      // Asked again and again: a condition that waits in the page would be a text to evaluate, which the policy forbids.
      for (let tries = 0; !(await tab.evaluate(() => globalThis.ready)); tries += 1) {
        assert.ok(tries < 200 && faults.length === 0, `the page is not ready\n${faults.join("\n")}`);
        await setTimeout(50);
      }
    });

    after(() => site?.close());

    const classify = (files) => tab.evaluate(([rules, files]) => globalThis.classify(rules, files), [rules, files]);
    const parts = () => asked.filter((url) => url.endsWith(".wasm")).length;

    test("classifies a mail with the engine alone, and a PDF with the reader", async () => {
      assert.deepEqual(await classify([MAIL]), [said(MAIL)]);
      assert.equal(parts(), 1);
      assert.deepEqual(await classify([PDF]), [said(PDF)]);
      assert.equal(parts(), 2);
    });

    test("extracts", async () => {
      const extraction = await tab.evaluate(([schema, file]) => globalThis.extracted(schema, file), [schema, PDF]);
      assert.equal(extraction, again(native.get(PDF).extracted));
    });

    test("does the same in a worker, which an abort ends", async () => {
      const aside = await tab.evaluate(([rules, file]) => globalThis.aside(rules, file), [rules, PDF]);
      assert.deepEqual(aside, { decision: said(PDF), stages: ["reading", "classifying"], name: "AbortError", again: said(PDF) });
    });

    if (way === "no bundler") {
      test("the golden decisions", async () => {
        for (const { name, asked, expected } of vectors(await tab.evaluate(() => globalThis.version))) {
          assert.deepEqual(await tab.evaluate((asked) => globalThis.decide(asked), asked), expected, name);
        }
      });

      test("every file of the corpus is answered as natively", async () => {
        const answered = await classify(files);
        files.forEach((file, at) => assert.equal(answered[at], said(file), file));
      });
    }

    test("nothing was refused by the policy, and nobody else was asked", () => {
      assert.deepEqual(faults, []);
      assert.deepEqual(asked.filter((url) => !url.startsWith(site.url)), []);
    });
  });
}

/** Serves a folder, and the corpus, under the policy. */
async function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const file = path.startsWith("/corpus/") ? join(ROOT, "tests", path) : join(folder, path);
    response.setHeader("content-security-policy", POLICY);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
