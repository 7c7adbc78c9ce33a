// The mail flow against workerd: many at once beside documents, killed in the middle, and metadata byte for byte.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HELD, ROOT, corpus, scratch, startGroup, startServer, until } from "./server.mjs";
import { createFixtures, mapConcurrently } from "./fixtures.mjs";

const MAILS = 500;
const FILES = 20;
const CONCURRENCY = 50;

const BODIES = [
  ["refund_request", "Hi, I would like to request a refund for my recent order"],
  ["delivery_problem", "My parcel is late, and the last one arrived damaged"],
  ["invoice_question", "I have a question about the payment of your invoice"],
];

const mail = (index) => ({
  mail: { subject: `Message ${index}`, body: `${BODIES[index % BODIES.length][1]}, number ${index}.` },
  external_ref: `ref-${index}`,
  external_metadata: { at: index },
});

/** Submits the mails while queueing the extraction of the files; returns the ids of both. */
async function submitAll(fixtures) {
  const files = await mapConcurrently(Array.from({ length: FILES }), 10, () =>
    fixtures.put(corpus("pdf/invoice-en.pdf"), "invoice.pdf"),
  );
  const [mails, classified] = await Promise.all([
    mapConcurrently(Array.from({ length: MAILS }), CONCURRENCY, (_, index) => fixtures.submit(mail(index))),
    mapConcurrently(files, 5, (fileId) =>
      fixtures.request("POST", `/api/v1/classify/${fixtures.classifier}/async`, { body: { fileId } }),
    ),
  ]);
  assert.equal(new Set(mails).size, MAILS, "every mail has a process of its own");
  assert.ok(classified.every((answer) => answer.deploymentName === "Invoice Processing"));
  return { mails, files };
}

/** Waits until everything has ended, and compares each result with what was sent. */
async function assertAllEnd(fixtures, { mails, files }) {
  const done = await mapConcurrently(mails, CONCURRENCY, (cuid) =>
    until(
      async () => {
        const process = await fixtures.process(cuid);
        return process.status !== "started" && process;
      },
      { ms: 120_000, every: 250, what: "the end of a mail" },
    ),
  );
  done.forEach((process, index) => {
    assert.equal(process.status, "completed", process.error);
    assert.equal(process.result.classification, BODIES[index % BODIES.length][0], `mail ${index}`);
    assert.equal(process.external_ref, `ref-${index}`);
    assert.deepEqual(process.external_metadata, { at: index });
  });
  const data = await mapConcurrently(files, CONCURRENCY, (fileId) =>
    until(
      async () => {
        const file = await fixtures.data(fileId);
        return file.status !== "PROCESSING" && file;
      },
      { ms: 120_000, every: 250, what: "the end of a file" },
    ),
  );
  for (const file of data) {
    assert.equal(file.status, "COMPLETED", file.errorMessage);
    const [table] = Object.values(file.data.tables);
    assert.equal(table.rows.length, 1);
    assert.equal(table.rows[0].cells.invoice_number.value, "INV-2026-0147");
  }
  // Late messages and alarms have no effect on work that has ended.
  assert.deepEqual(await mapConcurrently(mails, CONCURRENCY, (cuid) => fixtures.process(cuid)), done);
  assert.deepEqual(await mapConcurrently(files, CONCURRENCY, (fileId) => fixtures.data(fileId)), data);
}

describe("mails", () => {
  let server, fixtures;
  before(async () => {
    server = await startServer();
    fixtures = await createFixtures(server.url);
  });
  after(() => server.stop());

  test("500 mails beside the extraction of 20 files all end with the right result", async () => {
    await assertAllEnd(fixtures, await submitAll(fixtures));
  });

  test("the metadata of a mail is returned byte for byte", async () => {
    const metadata = '{"z" : 12345678901234567890123, "a":1.0,"b":1e400,\t"a":[ "\\u00e9é\\/\\ud800😀" ], "日本語":-0}';
    const headers = { authorization: `Bearer ${fixtures.token}` };
    const sent = await fetch(`${server.url}${fixtures.mails}/classification-async`, {
      method: "POST",
      headers,
      body: `{"external_metadata":  ${metadata} ,"mail":{"body":"Refund, please"}}`,
    });
    const { process_cuid: cuid } = await sent.json();
    await until(async () => (await fixtures.process(cuid)).status === "completed");
    const answer = await (
      await fetch(`${server.url}${fixtures.mails}/classification-async/${cuid}`, { headers })
    ).text();
    assert.ok(answer.endsWith(`"external_metadata":${metadata}}`), answer);
  });

  test("synchronous and queued, every text of the corpus has the same result", async () => {
    const index = JSON.parse(readFileSync(join(ROOT, "tests/corpus/index.json"), "utf8"));
    const texts = index.documents.filter((document) => /\.(eml|txt|md)$/.test(document.file));
    assert.ok(texts.length > 25);
    await mapConcurrently(texts, 5, async ({ file, facts }) => {
      const mail = { subject: facts?.subject ?? file, body: corpus(file).toString() };
      const immediate = await fixtures.classifyMail(mail);
      const cuid = await fixtures.submit({ mail });
      const queued = await until(async () => {
        const process = await fixtures.process(cuid);
        return process.status === "completed" && process;
      });
      const { main_prediction, predictions } = queued.result;
      assert.deepEqual({ main_prediction, predictions }, immediate, file);
    });
  });
});

test("500 mails and 20 files survive kill -9 of all processes, before they start and in the middle", async (t) => {
  const state = scratch("mails-");
  const vars = { INLINE_MAX_BYTES: "0" };
  // The queue keeps its messages in memory, so the kill loses them all.
  let server = await startGroup({ state, vars, queues: { "sortroom-stages": HELD } });
  try {
    let fixtures = await createFixtures(server.url);
    const submitted = await submitAll(fixtures);
    const statuses = await mapConcurrently(
      submitted.mails.slice(0, 50),
      CONCURRENCY,
      async (cuid) => (await fixtures.process(cuid)).status,
    );
    assert.deepEqual(new Set(statuses), new Set(["started"]), "no mail has ended");
    await server.kill();

    server = await startGroup({ state, vars });
    fixtures = fixtures.withUrl(server.url);
    // Only some are polled: the others must wake by their own alarms.
    const polled = submitted.mails.filter((_, index) => index % 10 === 0);
    const completed = await until(
      async () => {
        const now = await mapConcurrently(polled, CONCURRENCY, async (cuid) => (await fixtures.process(cuid)).status);
        const count = now.filter((status) => status === "completed").length;
        return count >= polled.length / 3 && count;
      },
      { ms: 60_000, every: 50, what: "the end of a third of the mails" },
    );
    await server.kill();
    t.diagnostic(`killed again with ${completed} of ${polled.length} at their end`);

    server = await startGroup({ state, vars });
    await assertAllEnd(fixtures.withUrl(server.url), submitted);
  } finally {
    await server.kill();
    rmSync(state, { recursive: true, force: true });
  }
});
