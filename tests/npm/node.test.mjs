// The package in Node: its results, its errors and its types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { npmBin } from "../../.scripts/lib.mjs";
import { MAIL, PDF, answers, bytesOf, engineVersion, files, project, rules, schema, vectors } from "./packed.mjs";

let folder;
let native;
let sortroom;

before(async () => {
  folder = await project("node", {
    "index.mjs": `
      import { readFile } from "node:fs/promises";
      import { Classifier, readDocument } from "sortroom";
      const [rules, ...files] = process.argv.slice(2);
      const classifier = new Classifier(JSON.parse(await readFile(rules, "utf8")));
      for (const file of files) console.log(JSON.stringify(await classifier.classify(await readDocument(await readFile(file)))));`,
  });
  native = await answers();
  sortroom = await imported("sortroom");
});

const at = (path) => pathToFileURL(join(folder, "node_modules", "sortroom", path)).href;
const imported = (name) => import(pathToFileURL(createRequire(join(folder, "x.js")).resolve(name)).href);
const again = (text) => JSON.stringify(JSON.parse(text));

test("a project classifies a PDF and a mail", () => {
  const corpus = join(import.meta.dirname, "..", "corpus");
  const args = [join(import.meta.dirname, "rules.json"), join(corpus, PDF), join(corpus, MAIL)];
  const printed = execFileSync(process.execPath, ["index.mjs", ...args], { cwd: folder, encoding: "utf8" });
  assert.deepEqual(
    printed.trimEnd().split("\n"),
    [PDF, MAIL].map((file) => again(native.get(file).classified)),
  );
});

test("the example of the README runs", () => {
  const [, example] = readFileSync(join(folder, "node_modules", "sortroom", "README.md"), "utf8").match(
    /^```js\n(.*?)^```/ms,
  );
  writeFileSync(join(folder, "example.mjs"), example);
  writeFileSync(join(folder, "invoice.pdf"), bytesOf(PDF));
  const printed = execFileSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8" });
  assert.match(printed, /^invoice 0\.\d+ Matches "invoice" .* 5291\.40\n$/s);
});

test("every file of the corpus has the same result as natively", async () => {
  assert.ok(files.length >= 100, `${files.length} files`);
  const classifier = new sortroom.Classifier(rules);
  for (const file of files) {
    const expected = native.get(file);
    try {
      const document = await sortroom.readDocument(bytesOf(file));
      const [decision, extraction] = [await classifier.classify(document), await sortroom.extract(document, schema)];
      assert.equal(JSON.stringify(decision), again(expected.classified), file);
      assert.equal(JSON.stringify(extraction), again(expected.extracted), file);
    } catch (error) {
      if (!(error instanceof sortroom.SortroomError)) throw error;
      assert.deepEqual({ code: error.code, message: error.message }, expected, file);
    }
  }
});

test("a result as JSON text is what the server sends, byte for byte", async () => {
  const { SortroomWorker } = await imported("sortroom/worker");
  const worker = new SortroomWorker();
  const classifier = new sortroom.Classifier(rules);
  for (const file of [PDF, MAIL, "eml/invoice-attached-en.eml"]) {
    const document = await sortroom.readDocument(bytesOf(file));
    const { classified, extracted } = native.get(file);
    assert.equal(await classifier.classifyJson(document), classified);
    assert.equal(await worker.classifyJson(document, rules), classified);
    assert.equal(await sortroom.extractJson(document, schema), extracted);
    assert.equal(await worker.extractJson(document, schema), extracted);
  }
  worker.close();
});

test("every file of the corpus is parsed as natively, byte for byte", async () => {
  const { SortroomWorker } = await imported("sortroom/worker");
  const worker = new SortroomWorker();
  for (const file of files) {
    const expected = native.get(file);
    try {
      assert.equal(await sortroom.parseJson(bytesOf(file)), expected.parsed, file);
    } catch (error) {
      if (!(error instanceof sortroom.SortroomError)) throw error;
      assert.deepEqual({ code: error.code, message: error.message }, expected, file);
    }
  }
  assert.equal(await worker.parseJson(bytesOf(PDF)), native.get(PDF).parsed);
  worker.close();
  const { pages, format } = await sortroom.parse({ subject: "Roof", html: "<ul><li><a href=http://a>Tiles</a></ul>" });
  assert.deepEqual([format, pages[0].markdown], ["eml", "# Roof\n\n- [Tiles](http://a)"]);
  const second = await sortroom.parse(bytesOf("pdf/invoice-two-pages-en.pdf"), { pages: "2" });
  assert.deepEqual(
    second.pages.map(({ number }) => number),
    [2],
  );
});

test("every file of the corpus is split as natively, byte for byte", async () => {
  const { SortroomWorker } = await imported("sortroom/worker");
  const worker = new SortroomWorker();
  for (const file of files.filter((file) => native.get(file).split)) {
    const document = await sortroom.readDocument(bytesOf(file));
    assert.equal(await sortroom.splitJson(document, rules), native.get(file).split, file);
  }
  assert.equal(await worker.splitJson(bytesOf(PDF), rules), native.get(PDF).split);
  const { segments } = await worker.split("Invoice number 1\fDear Ann", rules, { pages: "2", min_pages_per_split: 1 });
  assert.deepEqual(
    segments.map(({ pages }) => pages),
    [[2]],
  );
  worker.close();
  const document = await sortroom.readDocument("Dear Ann");
  await assert.rejects(sortroom.split(document, rules, { min_pages_per_split: 0 }), { code: "INVALID" });
});

test("the golden decisions", async () => {
  assert.equal(sortroom.version, engineVersion);
  const golden = vectors(sortroom.version);
  assert.ok(golden.length > 3);
  for (const { name, request, expected } of golden) {
    const classifier = new sortroom.Classifier(request.rules, request.settings);
    const document = await sortroom.readDocument(request.text ?? request.mail);
    assert.deepEqual(await classifier.classify(document), expected, name);
  }
});

test("input comes in any shape", async () => {
  const bytes = bytesOf("txt/poem-en.txt");
  const expected = await sortroom.readDocument(bytes);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  for (const input of [new Blob([bytes]), buffer, bytes.toString()]) {
    assert.deepEqual(await sortroom.readDocument(input), expected);
  }
  const mail = await sortroom.readDocument({ subject: "Refund", body: "Please refund me." });
  assert.deepEqual([mail.format, mail.title, mail.attachments], ["eml", "Refund", []]);
  // Its attachments are read, by the part that reads every format if need be.
  const attached = ["txt/receipt-taxi-en.txt", "pdf/invoice-en.pdf"].map(bytesOf);
  const attachments = attached.map((bytes, index) => ({ name: String(index), content: bytes.toString("base64") }));
  const withFiles = await sortroom.readDocument({ attachments });
  assert.deepEqual(
    withFiles.attachments.map(({ name, document }) => [name, document.format]),
    [
      ["0", "plain"],
      ["1", "pdf"],
    ],
  );
  assert.deepEqual(Buffer.from(withFiles.attachments[1].bytes), attached[1]);
  const pages = await sortroom.readDocument(bytesOf("pdf/invoice-two-pages-en.pdf"), { pages: "2" });
  assert.deepEqual(
    pages.pages.map((page) => page.number),
    [2],
  );
  const [attachment] = (await sortroom.readDocument(bytesOf("eml/invoice-attached-en.eml"))).attachments;
  assert.equal(new TextDecoder().decode(attachment.bytes.subarray(0, 5)), "%PDF-");
  assert.equal(attachment.document.format, "pdf");
});

test("the language can be set", async () => {
  const classifier = new sortroom.Classifier(rules);
  const document = await sortroom.readDocument("Bitte um Rechnung");
  const settled = await new sortroom.Classifier(rules, { language: "de" }).classify(document);
  assert.deepEqual(await classifier.classify(document, { lang: "de" }), settled);
});

test("evaluation, comparison and lint", async () => {
  const cases = [
    { text: "Invoice 12 with a total amount due of 80.00", label: "invoice" },
    { text: "The willows sleep by the river.", label: null },
  ];
  const report = await sortroom.evaluate(rules, cases, { published: { rules: rules.slice(1) } });
  assert.equal(report.answers.length, 2);
  assert.deepEqual(
    report.comparison.fixes.map(({ case: at }) => at),
    [0],
  );
  assert.equal(report.engine_version, sortroom.version);
  const { findings } = await sortroom.lint([...rules, { ...rules[0], label: "bill" }]);
  assert.ok(findings.some(({ kind }) => kind === "duplicate" || kind === "shadowed"));
});

test("errors point to the invalid input", async () => {
  const errorOf = async (call) => {
    try {
      await call();
    } catch (error) {
      assert.ok(error instanceof sortroom.SortroomError, String(error));
      return [error.code, error.pointer, error.message];
    }
    assert.fail("the call did not fail");
  };
  const document = await sortroom.readDocument("text");
  const short = new sortroom.Classifier([{ label: "a", description: "x" }]);
  assert.deepEqual((await errorOf(() => short.classify(document))).slice(0, 2), ["INVALID", "/rules/0/description"]);
  assert.deepEqual((await errorOf(() => sortroom.extract(document, { fields: [{}] }))).slice(0, 2), [
    "INVALID",
    "/schema/fields/0/name",
  ]);
  assert.deepEqual((await errorOf(() => sortroom.readDocument("x", { pages: "0" }))).slice(0, 2), [
    "INVALID",
    "/pages",
  ]);
  assert.deepEqual((await errorOf(() => sortroom.readDocument("x", { page: "1" }))).slice(0, 2), ["INVALID", "/page"]);
  assert.deepEqual(await errorOf(() => sortroom.readDocument(bytesOf("bad/password-aes.pdf"))), [
    "DOCUMENT_ENCRYPTED",
    null,
    "The PDF is protected by a password",
  ]);
  assert.equal((await errorOf(() => sortroom.evaluate(rules, [{ text: "x", label: "nothing" }])))[1], "/cases/0/label");
  assert.equal(
    (await errorOf(() => sortroom.evaluate(rules, [{ text: "%PDF-1.7", label: null }])))[1],
    "/cases/0/text",
  );
  assert.equal((await errorOf(() => short.classify({ pages: [], attachments: [] })))[0], "INVALID");
});

test("after a trap the next call gets a fresh instance", async () => {
  const { WasmModule } = await import(at("wasm_module.js"));
  const glue = await import(at("engine.js"));
  const module = new WasmModule(
    async () => glue,
    () => readFileSync(new URL(at("engine.wasm"))),
    {
      source: () => readFileSync(new URL(at("embedding.bin"))),
      install: (engine, bytes) => engine.installTable(bytes),
    },
  );
  const classifiers = [];
  const classify = () =>
    module.run((engine, instance) => {
      classifiers[instance] ??= new engine.Classifier(JSON.stringify({ rules }));
      return classifiers[instance].classify(engine.readIfIncluded(bytesOf(MAIL), "{}").json);
    });
  assert.equal(await classify(), native.get(MAIL).classified);
  // No document is known to trap: a real trap of the same engine, by a pointer far out of its memory.
  const trap = () =>
    module.run((engine) => {
      const stray = engine.ReadOutput.prototype;
      return Reflect.get(
        stray,
        "json",
        Object.create(stray, { __wbg_ptr: { value: 0xfffffff0 }, __wbg_inst: { value: undefined } }),
      );
    });
  await assert.rejects(trap, (error) => error.code === "INTERNAL" && error.cause instanceof WebAssembly.RuntimeError);
  assert.equal(await classify(), native.get(MAIL).classified);
  assert.equal(classifiers.length, 2);
});

test("the slim entry loads the modules that it is given", async () => {
  const script = `
    import { readFile } from "node:fs/promises";
    import { Classifier, init, readDocument } from "sortroom/slim";
    const [mail, pdf] = process.argv.slice(2);
    const early = await readDocument("x").catch((error) => error.code);
    const file = (name) => readFile(new URL(import.meta.resolve("sortroom/" + name)));
    const table = () => file("embedding.bin");
    const lost = await init({ engine: () => Promise.reject(new Error("gone")), table }).catch((error) => error.code);
    await init({ engine: await WebAssembly.compile(await file("engine.wasm")), table });
    const document = await readDocument(await readFile(mail));
    const missed = await readDocument(await readFile(pdf)).catch((error) => error.code);
    console.log(early, lost, document.format, missed);`;
  writeFileSync(join(folder, "slim.mjs"), script);
  const corpus = join(import.meta.dirname, "..", "corpus");
  const printed = execFileSync(process.execPath, ["slim.mjs", join(corpus, MAIL), join(corpus, PDF)], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(printed.trim(), "NOT_LOADED NOT_LOADED eml NOT_LOADED");
});

test("a worker gives the same results, reports stages, and can be aborted", async (t) => {
  const { SortroomWorker } = await imported("sortroom/worker");
  const worker = new SortroomWorker();
  t.after(() => worker.close());
  const stages = [];
  const onStage = (stage) => stages.push(stage);
  const decision = await worker.classify(bytesOf(PDF), rules, { onStage });
  assert.equal(JSON.stringify(decision), again(native.get(PDF).classified));
  const extraction = await worker.extract(bytesOf(PDF), schema, { onStage });
  assert.equal(JSON.stringify(extraction), again(native.get(PDF).extracted));
  assert.deepEqual(stages, ["reading", "classifying", "reading", "extracting"]);
  await assert.rejects(worker.classify("x", []), { code: "INVALID", pointer: "/rules" });

  const stop = new AbortController();
  const stopped = worker.classify(bytesOf(PDF), rules, { signal: stop.signal, onStage: () => stop.abort() });
  const behind = worker.classify(bytesOf(MAIL), rules);
  await assert.rejects(stopped, { name: "AbortError" });
  assert.equal(JSON.stringify(await behind), again(native.get(MAIL).classified));
  await assert.rejects(worker.lint(rules, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a late message of a terminated worker answers no later call", async () => {
  const { SortroomWorker } = await import(at("worker.js"));
  const begun = [];
  const worker = () => begun[begun.push({ postMessage() {}, terminate() {} }) - 1];
  const remote = new SortroomWorker({ worker });
  const stop = new AbortController();
  const stopped = remote.lint(rules, { signal: stop.signal });
  const next = remote.lint(rules);
  stop.abort();
  await assert.rejects(stopped, { name: "AbortError" });
  begun[0].onmessage({ data: { value: "late" } });
  begun[0].onerror({ message: "late" });
  begun[1].onmessage({ data: { value: "in time" } });
  assert.equal(await next, "in time");
});

test("a queued call is not started if its signal aborts it together with the current call", async () => {
  const { SortroomWorker } = await import(at("worker.js"));
  const posted = [];
  const worker = () => ({ postMessage: ({ task }) => posted.push(task.kind), terminate() {} });
  const remote = new SortroomWorker({ worker });
  const stop = new AbortController();
  const { signal } = stop;
  const ended = [remote.lint(rules, { signal }), remote.classify("x", rules, { signal })];
  stop.abort();
  for (const call of ended) await assert.rejects(call, { name: "AbortError" });
  assert.deepEqual(posted, ["lint"]);
});

test("the types compile with every module resolution", () => {
  writeFileSync(
    join(folder, "types.ts"),
    `
    import { Classifier, SortroomError, evaluate, extract, lint, readDocument, version, type Decision, type Rule } from "sortroom";
    import { init } from "sortroom/slim";
    import { SortroomWorker } from "sortroom/worker";
    const rules: Rule[] = [{ label: "invoice", description: "An invoice with a total amount due" }];
    export async function decide(file: Blob): Promise<Decision> {
      const document = await readDocument(file, { pages: "1-3" });
      const decision = await new Classifier(rules, { no_match_bias: 1 }).classify(document, { lang: "en" });
      const kind: "word" | "name" | "meaning" | "example" | undefined = decision.evidence[0]?.kind;
      const first: string | null | undefined = (await extract(document, { fields: [{ name: "total", kind: "money" }] })).values[0]?.value;
      const [bytes] = document.attachments.map((file): Uint8Array => file.bytes);
      await evaluate(rules, [{ text: "x", label: null }]);
      (await lint(rules)).findings.map((finding) => finding.kind);
      await init({ engine: new URL("https://example.org/engine.wasm"), table: "https://example.org/embedding.bin" });
      await new SortroomWorker().classify(file, rules, { signal: AbortSignal.timeout(1), onStage: (stage) => void (stage satisfies string) });
      // @ts-expect-error a kind that there is not
      await extract(document, { fields: [{ name: "total", kind: "sum" }] });
      void [kind, first, bytes, version, SortroomError];
      return decision;
    }`,
  );
  const common = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--lib",
    "es2022,dom,esnext.disposable",
    "--types",
    "",
    "types.ts",
  ];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["node16", "node16"],
    ["esnext", "bundler"],
  ]) {
    for (const conditions of [[], ["--customConditions", "workerd"]]) {
      execFileSync(npmBin("tsc"), ["--module", module, "--moduleResolution", resolution, ...conditions, ...common], {
        cwd: folder,
        stdio: "inherit",
      });
    }
  }
});
