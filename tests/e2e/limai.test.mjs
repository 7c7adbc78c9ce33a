// Limai's flow against workerd: the code that its documentation prints, and every kind of document, at once and queued.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, corpus, startServer, until } from "./server.mjs";
import { each, newWorkplace } from "./workplace.mjs";

// As printed. What a user fills in is bound when it is run: names, the base address, and how long a wait is.
const CLASSIFY = `
const response = await fetch(
\`https://app.limai.io/api/v1/classify/\${CLASSIFIER_ID}/async\`,
{
  method: "POST",
  headers: {
    "Authorization": \`Bearer \${API_TOKEN}\`,
    "Content-Type": "application/json"
  },
  body: JSON.stringify({ fileId })
}
)
const { fileId: classifiedFileId, deploymentName, extractionSchemaId } = await response.json()
`;
const POLL = `
async function pollForResults(fileId) {
while (true) {
  const response = await fetch(
    \`https://app.limai.io/api/v1/document/get-file-data?fileId=\${fileId}\`,
    { headers: { "Authorization": \`Bearer \${API_TOKEN}\` } }
  )
  const data = await response.json()

  if (data.status === "COMPLETED") return data
  if (data.status === "FAILED") throw new Error(data.errorMessage)

  await new Promise(r => setTimeout(r, 5000))
}
}
`;

/** Runs printed code whose last words are `last`, with `names` bound. */
function run(code, last, names) {
  const text = `return (async () => { ${code}\n${last} })()`;
  return new Function(...Object.keys(names), text)(...Object.values(names));
}

const index = JSON.parse(readFileSync(join(ROOT, "tests/corpus/index.json"), "utf8"));

/** What was extracted, by field. */
function values(data) {
  const [table] = Object.values(data.tables);
  return Object.fromEntries(Object.entries(table.rows[0].cells).map(([name, cell]) => [name, cell.value]));
}

/** Data without what names the job that found it. */
const withoutRows = (data) => JSON.parse(JSON.stringify(data, (key, value) => (/^row_/.test(value) ? "row" : value)));

describe("Limai", () => {
  let server, place, names;
  before(async () => {
    server = await startServer();
    place = await newWorkplace(server.url);
    names = {
      API_TOKEN: place.token,
      CLASSIFIER_ID: place.classifier,
      fetch: (address, options) => fetch(address.replace("https://app.limai.io", server.url), options),
      setTimeout: (done, ms) => {
        assert.equal(ms, 5000);
        setTimeout(done, 50);
      },
    };
  });
  after(() => server.stop());

  const poll = (fileId) => run(POLL, "return pollForResults(fileId)", { ...names, fileId });
  const ended = (fileId) =>
    until(async () => {
      const data = await place.data(fileId);
      return !["CLASSIFYING", "PROCESSING"].includes(data.status) && data;
    });

  test("the printed code leads from a file to its fields", async () => {
    const { facts } = index.documents.find((one) => one.file === "pdf/invoice-en.pdf");
    const fileId = await place.put(corpus("pdf/invoice-en.pdf"), "invoice-en.pdf");
    const told = await run(CLASSIFY, "return { classifiedFileId, deploymentName, extractionSchemaId }", { ...names, fileId });
    assert.equal(told.classifiedFileId, fileId);
    assert.equal(told.deploymentName, "Invoice Processing");
    const data = await poll(told.classifiedFileId);
    assert.equal(data.fileId, fileId);
    assert.equal(data.extractionSchemaId, told.extractionSchemaId);
    assert.equal(data.deployment.name, "Invoice Processing");
    const found = values(data.data);
    for (const [name, value] of Object.entries(found)) assert.equal(value, facts[name], name);
    assert.equal(Object.keys(found).length, 8);
  });

  test("the printed code throws what is wrong with a file", async () => {
    const fileId = await place.put(corpus("bad/password-aes.pdf"), "locked.pdf");
    const told = await run(CLASSIFY, "return response.status", { ...names, fileId });
    assert.equal(told, 400);
    await assert.rejects(poll(fileId), /^Error: PDF_IS_PROTECTED: /);
  });

  test("queueing by hand right after the synchronous answer is not refused", async () => {
    await each(Array.from({ length: 20 }), 4, async () => {
      const fileId = await place.put(corpus("txt/receipt-taxi-en.txt"), "receipt.txt");
      const told = await place.ask("POST", `/api/v1/classify/${place.classifier}`, { body: { fileId } });
      assert.equal(told.deploymentName, "Expenses");
      await place.ask("POST", `/api/v1/document/${told.extractionSchemaId}/process-file-async/${fileId}`, { body: {} });
      assert.deepEqual(values((await poll(fileId)).data), { total: "38.40" });
      // And again, as soon as it is done.
      const again = await place.ask("POST", `/api/v1/document/${told.extractionSchemaId}/process-file/${fileId}`, { body: {} });
      assert.deepEqual(values(again.data), { total: "38.40" });
    });
  });

  test("an address to put to is good for one file, and cannot be made up", async () => {
    const { url } = await place.ask("GET", `/api/v1/classify/${place.classifier}/get-url?filename=a.txt`);
    const made = new URL(url);
    const at = made.pathname.length - 8;
    made.pathname = made.pathname.slice(0, at) + (made.pathname[at] === "A" ? "B" : "A") + made.pathname.slice(at + 1);
    for (const method of ["PUT", "GET"]) {
      const answer = await fetch(made, { method, body: method === "PUT" ? "abc" : undefined });
      assert.ok([403, 405].includes(answer.status), String(answer.status));
    }
  });

  test("at once and queued, every kind of document has the same answer", async (t) => {
    // A file without a byte is refused when it is put.
    const files = [...index.documents, ...index.bad].map((one) => one.file).filter((file) => corpus(file).length > 0);
    assert.ok(files.length >= 100);
    const told = {};
    await each(files, 4, async (path) => {
      const fileId = await place.put(corpus(path), path.split("/").at(-1));
      const answers = (kind) => place.ask("POST", `/api/v1/classify/${place.classifier}${kind}`, { body: { fileId }, status: [200, 400] });
      const now = await answers("");
      assert.deepEqual(await answers("/async"), now, path);
      const state = await ended(fileId);
      const wanted = now.error ? "FAILED" : now.extractionSchemaId ? "COMPLETED" : "UNCLASSIFIED";
      assert.equal(state.status, wanted, path);
      told[wanted] = (told[wanted] ?? 0) + 1;

      const schema = now.extractionSchemaId ?? place.schemas.invoice;
      const process = (kind) => place.ask("POST", `/api/v1/document/${schema}/process-file${kind}/${fileId}`, { body: {}, status: [200, 400] });
      const atOnce = await process("");
      await process("-async");
      const later = await ended(fileId);
      if (now.error) {
        assert.equal(atOnce.error, now.error, path);
        assert.equal(later.errorMessage, now.error, path);
      } else {
        assert.deepEqual(withoutRows(later.data), withoutRows(atOnce.data), path);
        if (state.data) assert.deepEqual(withoutRows(state.data), withoutRows(later.data), path);
      }
    });
    t.diagnostic(JSON.stringify(told));
    assert.ok(told.COMPLETED > 20 && told.FAILED > 5 && told.UNCLASSIFIED > 20);
  });
});
