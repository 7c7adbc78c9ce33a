// Limai's flow against workerd: the code from its documentation, and every kind of document, synchronous and queued.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, corpus, startServer, until } from "./server.mjs";
import { createFixtures, mapConcurrently } from "./fixtures.mjs";

// Verbatim from the documentation. `run` binds what a user fills in: the ids, the base URL and the polling interval.
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

/** Runs code followed by the statement `last`, with `names` bound. */
function run(code, last, names) {
  const text = `return (async () => { ${code}\n${last} })()`;
  return new Function(...Object.keys(names), text)(...Object.values(names));
}

const index = JSON.parse(readFileSync(join(ROOT, "tests/corpus/index.json"), "utf8"));

/** The extracted values by field. */
function values(data) {
  const [table] = Object.values(data.tables);
  return Object.fromEntries(Object.entries(table.rows[0].cells).map(([name, cell]) => [name, cell.value]));
}

/** Data without row ids, which contain the id of the job. */
const withoutRows = (data) => JSON.parse(JSON.stringify(data, (_key, value) => (/^row_/.test(value) ? "row" : value)));

describe("Limai", () => {
  let server, fixtures, names;
  before(async () => {
    server = await startServer();
    fixtures = await createFixtures(server.url);
    names = {
      API_TOKEN: fixtures.token,
      CLASSIFIER_ID: fixtures.classifier,
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
      const data = await fixtures.data(fileId);
      return !["CLASSIFYING", "PROCESSING"].includes(data.status) && data;
    });

  test("the documented code leads from a file to its fields", async () => {
    const { facts } = index.documents.find((entry) => entry.file === "pdf/invoice-en.pdf");
    const fileId = await fixtures.put(corpus("pdf/invoice-en.pdf"), "invoice-en.pdf");
    const classified = await run(CLASSIFY, "return { classifiedFileId, deploymentName, extractionSchemaId }", {
      ...names,
      fileId,
    });
    assert.equal(classified.classifiedFileId, fileId);
    assert.equal(classified.deploymentName, "Invoice Processing");
    const data = await poll(classified.classifiedFileId);
    assert.equal(data.fileId, fileId);
    assert.equal(data.extractionSchemaId, classified.extractionSchemaId);
    assert.equal(data.deployment.name, "Invoice Processing");
    const found = values(data.data);
    for (const [name, value] of Object.entries(found)) assert.equal(value, facts[name], name);
    assert.equal(Object.keys(found).length, 8);
  });

  test("the documented code throws the error of a file", async () => {
    const fileId = await fixtures.put(corpus("bad/password-aes.pdf"), "locked.pdf");
    const status = await run(CLASSIFY, "return response.status", { ...names, fileId });
    assert.equal(status, 400);
    await assert.rejects(poll(fileId), /^Error: DOCUMENT_ENCRYPTED: /);
  });

  test("the documented code ends on every other outcome", async () => {
    const put = (path) => fixtures.put(corpus(path), path.split("/").at(-1));
    const classify = (fileId) =>
      run(CLASSIFY, "return { classifiedFileId, deploymentName, extractionSchemaId }", { ...names, fileId });

    // A label without a route.
    const fileId = await put("pdf/service-agreement-en.pdf");
    const labelled = await classify(fileId);
    assert.deepEqual([labelled.classifiedFileId, labelled.extractionSchemaId], [fileId, null]);
    const data = await poll(labelled.classifiedFileId);
    assert.deepEqual([data.label, data.deployment.name], ["contract", labelled.deploymentName]);
    assert.deepEqual(data.data, { tables: {} });

    // No rule fits: the answer has no id, and the code polls `fileId=null`.
    const odd = await put("txt/poem-en.txt");
    const none = await classify(odd);
    assert.equal(none.classifiedFileId, null);
    await assert.rejects(poll(none.classifiedFileId), /^Error: File not found/);
    await assert.rejects(poll(odd), /^Error: UNCLASSIFIED: /);

    // Nothing of that name, and no right to ask.
    await assert.rejects(poll("file_abc123def456"), /^Error: File not found$/);
    await assert.rejects(
      run(POLL, "return pollForResults(fileId)", { ...names, API_TOKEN: "nonsense", fileId }),
      /^Error: Authentication required$/,
    );
  });

  test("queueing right after the synchronous response is accepted", async () => {
    await mapConcurrently(Array.from({ length: 20 }), 4, async () => {
      const fileId = await fixtures.put(corpus("txt/receipt-taxi-en.txt"), "receipt.txt");
      const classified = await fixtures.request("POST", `/api/v1/classify/${fixtures.classifier}`, {
        body: { fileId },
      });
      assert.equal(classified.deploymentName, "Expenses");
      await fixtures.request("POST", `/api/v1/document/${classified.extractionSchemaId}/process-file-async/${fileId}`, {
        body: {},
      });
      assert.deepEqual(values((await poll(fileId)).data), { total: "38.40" });
      // And synchronously, as soon as the queued job has ended.
      const again = await fixtures.request(
        "POST",
        `/api/v1/document/${classified.extractionSchemaId}/process-file/${fileId}`,
        { body: {} },
      );
      assert.deepEqual(values(again.data), { total: "38.40" });
    });
  });

  test("an upload URL is valid for one file, and cannot be forged", async () => {
    const { url } = await fixtures.request("GET", `/api/v1/classify/${fixtures.classifier}/get-url?filename=a.txt`);
    const forged = new URL(url);
    const position = forged.pathname.length - 8;
    forged.pathname =
      forged.pathname.slice(0, position) +
      (forged.pathname[position] === "A" ? "B" : "A") +
      forged.pathname.slice(position + 1);
    for (const method of ["PUT", "GET"]) {
      const response = await fetch(forged, { method, body: method === "PUT" ? "abc" : undefined });
      assert.ok([403, 405].includes(response.status), String(response.status));
    }
  });

  test("synchronous and queued, every kind of document has the same result", async (t) => {
    // An empty file is rejected on upload.
    const files = [...index.documents, ...index.bad]
      .map((entry) => entry.file)
      .filter((file) => corpus(file).length > 0);
    assert.ok(files.length >= 100);
    const counts = {};
    await mapConcurrently(files, 4, async (path) => {
      const fileId = await fixtures.put(corpus(path), path.split("/").at(-1));
      const classify = (kind) =>
        fixtures.request("POST", `/api/v1/classify/${fixtures.classifier}${kind}`, {
          body: { fileId },
          status: [200, 400],
        });
      const immediate = await classify("");
      assert.deepEqual(await classify("/async"), immediate, path);
      const state = await ended(fileId);
      assert.equal(state.status, immediate.error || immediate.fileId === null ? "FAILED" : "COMPLETED", path);
      const outcome = immediate.error ? "error" : (immediate.status ?? (state.label ? "unrouted" : "routed"));
      counts[outcome] = (counts[outcome] ?? 0) + 1;

      const schema = immediate.extractionSchemaId ?? fixtures.schemas.invoice;
      const process = (kind) =>
        fixtures.request("POST", `/api/v1/document/${schema}/process-file${kind}/${fileId}`, {
          body: {},
          status: [200, 400],
        });
      const extracted = await process("");
      await process("-async");
      const queued = await ended(fileId);
      if (immediate.error) {
        assert.equal(extracted.error, immediate.error, path);
        assert.equal(queued.errorMessage, immediate.error, path);
      } else {
        assert.deepEqual(withoutRows(queued.data), withoutRows(extracted.data), path);
        if (immediate.extractionSchemaId) assert.deepEqual(withoutRows(state.data), withoutRows(queued.data), path);
      }
    });
    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.routed > 20 && counts.error > 5 && counts.UNCLASSIFIED + (counts.unrouted ?? 0) > 20);
  });
});
