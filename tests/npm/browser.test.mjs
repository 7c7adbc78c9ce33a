// The package in Chromium, with each bundler and without one, under a strict content security policy.
import assert from "node:assert/strict";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ROOT, npmBin, run, testBin } from "../../.scripts/lib.mjs";
import { launch } from "../browser/chromium.mjs";
import { MAIL, PDF, answers, files, project, rules, schema, vectors } from "./packed.mjs";

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; object-src 'none'";
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** The script of every page. `imports` is the code that imports the package. */
const page = (imports) => `
  ${imports}
  const bytes = async (file) => new Uint8Array(await (await fetch("/corpus/" + file)).arrayBuffer());
  const resultText = async (work) => {
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
    return Promise.all(files.map((file) => resultText(async () => classifier.classify(await readDocument(await bytes(file))))));
  };
  globalThis.decide = async ({ text, mail, rules, settings }) => new Classifier(rules, settings).classify(await readDocument(text ?? mail));
  globalThis.extract = (schema, file) => resultText(async () => extract(await readDocument(await bytes(file)), schema));
  globalThis.classifyInWorker = async (rules, file) => {
    const worker = new SortroomWorker(workerOptions);
    const stages = [];
    const decision = await resultText(async () => worker.classify(new Blob([await bytes(file)]), rules, { onStage: (stage) => stages.push(stage) }));
    const controller = new AbortController();
    const aborted = worker.classify(await bytes(file), rules, { signal: controller.signal, onStage: () => controller.abort() });
    const name = await aborted.catch((error) => error.name);
    const again = await resultText(async () => worker.classify(await bytes(file), rules));
    worker.close();
    return { decision, stages, name, again };
  };
  globalThis.ready = true;`;

const IMPORTS = `
  import { Classifier, SortroomError, extract, readDocument, version } from "sortroom";
  import { SortroomWorker } from "sortroom/worker";
  const workerOptions = {};`;

const HTML = '<!doctype html><meta charset="utf-8"><title>try</title><script type="module" src="./main.js"></script>';

/** Each creates a project, and returns the folder to serve. */
const SETUPS = {
  async "no bundler"() {
    const path = (name) => `"./node_modules/sortroom/${name}.js"`;
    const imports = IMPORTS.replace('"sortroom"', path("browser")).replace('"sortroom/worker"', path("worker"));
    return project("plain", { "index.html": HTML, "main.js": page(imports) });
  },
  async vite() {
    const folder = await project("vite", {
      "index.html": HTML,
      "main.js": page(IMPORTS),
      // A worker with dynamic imports must be a module; vite's default is a classic script.
      "vite.config.mjs": 'export default { worker: { format: "es" }, build: { target: "es2022" } };',
    });
    await run(npmBin("vite"), ["build", "--logLevel", "error"], { cwd: folder, quiet: true });
    return join(folder, "dist");
  },
  async webpack() {
    const folder = await project("webpack", { "dist/index.html": HTML, "main.js": page(IMPORTS) });
    const options = [
      "--entry",
      "./main.js",
      "--mode",
      "production",
      "--output-path",
      "dist",
      "--output-filename",
      "main.js",
      "--no-performance",
    ];
    await run(testBin("webpack"), ["build", ...options], { cwd: folder, quiet: true });
    return join(folder, "dist");
  },
  async esbuild() {
    const imports = `
      import { Classifier, SortroomError, extract, init, readDocument, version } from "sortroom/slim";
      import { SortroomWorker } from "sortroom/worker";
      import table from "sortroom/embedding.bin";
      import engine from "sortroom/engine.wasm";
      import extractor from "sortroom/extractor.wasm";
      import reader from "sortroom/reader.wasm";
      const address = (file) => new URL(file, import.meta.url).href;
      const sources = { engine: address(engine), table: address(table), reader: address(reader), extractor: address(extractor) };
      await init(sources);
      const workerOptions = { sources, worker: () => new Worker(new URL("./thread.js", import.meta.url), { type: "module" }) };`;
    const folder = await project("esbuild", { "dist/index.html": HTML, "main.js": page(imports) });
    const options = [
      "--bundle",
      "--splitting",
      "--format=esm",
      "--outdir=dist",
      "--loader:.bin=file",
      "--loader:.wasm=file",
      "--log-level=error",
    ];
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

/** JSON text as JavaScript serializes it. */
const canonical = (text) => JSON.stringify(JSON.parse(text));
const expectedResult = (file) => {
  const result = native.get(file);
  return result.classified ? canonical(result.classified) : JSON.stringify(result);
};

for (const [name, setUp] of Object.entries(SETUPS)) {
  describe(name, () => {
    let site;
    let tab;
    const errors = [];
    const requests = [];

    before(async () => {
      site = await serve(await setUp());
      const context = await browser.newContext();
      tab = await context.newPage();
      tab.on("pageerror", (error) => errors.push(error.stack));
      tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      tab.on("request", (request) => requests.push(request.url()));
      await tab.goto(`${site.url}/index.html`);
      // `waitForFunction` would evaluate a text in the page, which the policy forbids.
      for (let tries = 0; !(await tab.evaluate(() => globalThis.ready)); tries += 1) {
        assert.ok(tries < 200 && errors.length === 0, `the page is not ready\n${errors.join("\n")}`);
        await setTimeout(50);
      }
    });

    after(() => site?.close());

    const classify = (files) => tab.evaluate(([rules, files]) => globalThis.classify(rules, files), [rules, files]);
    const loadedModules = () => requests.filter((url) => url.endsWith(".wasm")).length;

    test("classifies a mail with the engine alone, and a PDF with the reader", async () => {
      assert.deepEqual(await classify([MAIL]), [expectedResult(MAIL)]);
      assert.equal(loadedModules(), 1);
      assert.deepEqual(await classify([PDF]), [expectedResult(PDF)]);
      assert.equal(loadedModules(), 2);
    });

    test("extracts", async () => {
      const extraction = await tab.evaluate(([schema, file]) => globalThis.extract(schema, file), [schema, PDF]);
      assert.equal(extraction, canonical(native.get(PDF).extracted));
    });

    test("gives the same results in a worker, before and after an abort", async () => {
      const result = await tab.evaluate(([rules, file]) => globalThis.classifyInWorker(rules, file), [rules, PDF]);
      const decision = expectedResult(PDF);
      assert.deepEqual(result, { decision, stages: ["reading", "classifying"], name: "AbortError", again: decision });
    });

    if (name === "no bundler") {
      test("gives the golden decisions", async () => {
        for (const { name, request, expected } of vectors(await tab.evaluate(() => globalThis.version))) {
          assert.deepEqual(await tab.evaluate((request) => globalThis.decide(request), request), expected, name);
        }
      });

      test("gives the results of the native build for every file of the corpus", async () => {
        const results = await classify(files);
        files.forEach((file, index) => assert.equal(results[index], expectedResult(file), file));
      });
    }

    test("violates no policy, and sends no requests to other origins", () => {
      assert.deepEqual(errors, []);
      assert.deepEqual(
        requests.filter((url) => !url.startsWith(site.url)),
        [],
      );
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
