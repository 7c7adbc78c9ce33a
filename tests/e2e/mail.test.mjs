// The flow of mails against workerd: many at once beside documents, killed in the middle, and byte for byte.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HELD, ROOT, corpus, scratch, startGroup, startServer, until } from "./server.mjs";
import { each, newWorkplace } from "./workplace.mjs";

const MAILS = 500;
const FILES = 20;
const AT_ONCE = 50;

const SAYINGS = [
  ["refund_request", "Hi, I would like to request a refund for my recent order"],
  ["delivery_problem", "My parcel is late, and the last one arrived damaged"],
  ["invoice_question", "I have a question about the payment of your invoice"],
];

const mail = (at) => ({
  mail: { subject: `Message ${at}`, body: `${SAYINGS[at % SAYINGS.length][1]}, number ${at}.` },
  external_ref: `ref-${at}`,
  external_metadata: { at },
});

/** Submits mails, and queues the extraction of files meanwhile; gives what they are followed by. */
async function begin(place) {
  const files = await each(Array.from({ length: FILES }), 10, () => place.put(corpus("pdf/invoice-en.pdf"), "invoice.pdf"));
  const [mails, told] = await Promise.all([
    each(Array.from({ length: MAILS }), AT_ONCE, (_, at) => place.submit(mail(at))),
    each(files, 5, (fileId) => place.ask("POST", `/api/v1/classify/${place.classifier}/async`, { body: { fileId } })),
  ]);
  assert.equal(new Set(mails).size, MAILS, "every mail has a process of its own");
  assert.ok(told.every((one) => one.deploymentName === "Invoice Processing"));
  return { mails, files };
}

/** Waits for the end of everything, and holds each result against what was sent. */
async function end(place, { mails, files }) {
  const done = await each(mails, AT_ONCE, (cuid) =>
    until(async () => {
      const process = await place.process(cuid);
      return process.status !== "started" && process;
    }, { ms: 120_000, every: 250, what: "the end of a mail" }),
  );
  done.forEach((process, at) => {
    assert.equal(process.status, "completed", process.error);
    assert.equal(process.result.classification, SAYINGS[at % SAYINGS.length][0], `mail ${at}`);
    assert.equal(process.external_ref, `ref-${at}`);
    assert.deepEqual(process.external_metadata, { at });
  });
  const data = await each(files, AT_ONCE, (fileId) =>
    until(async () => {
      const file = await place.data(fileId);
      return file.status !== "PROCESSING" && file;
    }, { ms: 120_000, every: 250, what: "the end of a file" }),
  );
  for (const file of data) {
    assert.equal(file.status, "COMPLETED", file.errorMessage);
    const [table] = Object.values(file.data.tables);
    assert.equal(table.rows.length, 1);
    assert.equal(table.rows[0].cells.invoice_number.value, "INV-2026-0147");
  }
  // Whatever else was on its way has no effect on what has ended.
  assert.deepEqual(await each(mails, AT_ONCE, (cuid) => place.process(cuid)), done);
  assert.deepEqual(await each(files, AT_ONCE, (fileId) => place.data(fileId)), data);
}

describe("mails", () => {
  let server, place;
  before(async () => {
    server = await startServer();
    place = await newWorkplace(server.url);
  });
  after(() => server.stop());

  test("500 at once beside the extraction of 20 files end, each as its own", async () => {
    await end(place, await begin(place));
  });

  test("what comes with a mail comes back byte for byte", async () => {
    const metadata = '{"z" : 12345678901234567890123, "a":1.0,"b":1e400,\t"a":[ "\\u00e9é\\/\\ud800😀" ], "日本語":-0}';
    const headers = { authorization: `Bearer ${place.token}` };
    const sent = await fetch(`${server.url}${place.mails}/classification-async`, {
      method: "POST",
      headers,
      body: `{"external_metadata":  ${metadata} ,"mail":{"body":"Refund, please"}}`,
    });
    const { process_cuid: cuid } = await sent.json();
    await until(async () => (await place.process(cuid)).status === "completed");
    const answer = await (await fetch(`${server.url}${place.mails}/classification-async/${cuid}`, { headers })).text();
    assert.ok(answer.endsWith(`"external_metadata":${metadata}}`), answer);
  });

  test("at once and later, every mail of the corpus has the same answer", async () => {
    const index = JSON.parse(readFileSync(join(ROOT, "tests/corpus/index.json"), "utf8"));
    const texts = index.documents.filter((one) => /\.(eml|txt|md)$/.test(one.file));
    assert.ok(texts.length > 25);
    await each(texts, 5, async ({ file, facts }) => {
      const one = { subject: facts?.subject ?? file, body: corpus(file).toString() };
      const now = await place.classifyMail(one);
      const cuid = await place.submit({ mail: one });
      const later = await until(async () => {
        const process = await place.process(cuid);
        return process.status === "completed" && process;
      });
      const { main_prediction, predictions } = later.result;
      assert.deepEqual({ main_prediction, predictions }, now, file);
    });
  });
});

test("500 mails and 20 files outlive kill -9 of every process, before they begin and in the middle", async (t) => {
  const state = scratch("mails-");
  const vars = { INLINE_MAX_BYTES: "0" };
  // The queue holds its messages in memory, so that the kill loses them all.
  let server = await startGroup({ state, vars, queues: { "sortroom-stages": HELD } });
  try {
    let place = await newWorkplace(server.url);
    const begun = await begin(place);
    const statuses = await each(begun.mails.slice(0, 50), AT_ONCE, async (cuid) => (await place.process(cuid)).status);
    assert.deepEqual(new Set(statuses), new Set(["started"]), "every mail is short of its end");
    await server.kill();

    server = await startGroup({ state, vars });
    place = place.at(server.url);
    // Only some are asked: the others have to wake by their own alarms.
    const asked = begun.mails.filter((_, at) => at % 10 === 0);
    const some = await until(
      async () => {
        const now = await each(asked, AT_ONCE, async (cuid) => (await place.process(cuid)).status);
        const count = now.filter((status) => status === "completed").length;
        return count >= asked.length / 3 && count;
      },
      { ms: 60_000, every: 50, what: "the end of a third of the mails" },
    );
    await server.kill();
    t.diagnostic(`killed again with ${some} of ${asked.length} at their end`);

    server = await startGroup({ state, vars });
    await end(place.at(server.url), begun);
  } finally {
    await server.kill();
    rmSync(state, { recursive: true, force: true });
  }
});
