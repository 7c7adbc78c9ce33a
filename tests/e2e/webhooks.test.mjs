// Webhooks, on workerd: a receiver gets every event of 300 jobs, each signed, through a kill of all processes.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
// The reference implementation of the specification verifies our signatures.
import { Webhook } from "standardwebhooks";
import { upload } from "./faults.mjs";
import { createFixtures, mapConcurrently } from "./fixtures.mjs";
import { corpus, newProject, request, scratch, startGroup, startServer, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "letter", description: "A letter from one person to another with a salutation and a greeting" },
];

/** How many jobs there are of each kind. */
const EACH = 75;

/** How many requests are in flight. */
const CONCURRENCY = 10;

/** A receiver whose paths answer in the ways that receivers do, and that keeps what it gets. */
async function startReceiver() {
  const calls = [];
  const answers = {
    "/500": (response) => response.writeHead(500).end("broken"),
    "/410": (response) => response.writeHead(410).end(),
    "/redirect": (response) => response.writeHead(302, { location: "/" }).end(),
    "/hang": () => {},
    "/reset": (response) => response.destroy(),
  };
  const server = createServer((message, response) => {
    const chunks = [];
    message.on("data", (chunk) => chunks.push(chunk));
    message.on("end", () => {
      const raw = Buffer.concat(chunks).toString();
      const body = JSON.parse(raw);
      calls.push({ path: message.url, headers: message.headers, raw, body });
      const answer = answers[message.url];
      if (answer) answer(response);
      else response.writeHead(200).end(JSON.stringify({ challenge: body.challenge }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    calls,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const hmac = (secret, raw) => `sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`;

test("every event of 300 mixed jobs arrives, signed, through kill -9 of all processes", async (t) => {
  const receiver = await startReceiver();
  const state = scratch("webhooks-");
  const vars = { OUTBOUND_PRIVATE: "true", INLINE_MAX_BYTES: "0" };
  let server = await startGroup({ state, vars });
  try {
    const fixtures = await createFixtures(server.url);
    const send = (method, path, body) => fixtures.withUrl(server.url).request(method, path, { body });
    // Every job calls this one; what LlamaCloud's clients name is called beside it.
    const standard = await send("POST", "/v1/webhooks", { url: `${receiver.url}/standard` });
    const limai = await send("POST", "/v1/webhooks", {
      url: `${receiver.url}/limai`,
      format: "limai",
      secret: "limai's secret",
    });
    assert.equal(limai.format, "limai");
    const saved = await send("POST", "/api/v1/beta/webhook-configs", {
      webhook_url: `${receiver.url}/saved`,
      webhook_signing_secret: "the saved secret",
    });
    const file = await upload(server.url, fixtures.token, corpus("pdf/invoice-en.pdf"));
    const inline = [{ webhook_url: `${receiver.url}/inline`, webhook_signing_secret: "the inline secret" }];
    const creations = {
      classify: () =>
        send("POST", "/api/v2/classify", {
          file_input: file,
          configuration: { rules: RULES },
          webhook_configurations: inline,
        }).then(({ id }) => id),
      parse: () =>
        send("POST", "/api/v2/parse", {
          file_id: file,
          tier: "fast",
          version: "latest",
          webhook_configuration_ids: [saved.id],
        }).then(({ id }) => id),
      mail: () =>
        send("POST", `${fixtures.mails}/classification-async`, {
          mail: { subject: "Refund", body: "I want my money back for the last order." },
        }).then(({ process_cuid }) => process_cuid),
      extract: async () => {
        const id = await fixtures.withUrl(server.url).put(corpus("pdf/invoice-en.pdf"), "invoice.pdf");
        await send("POST", `/api/v1/classify/${fixtures.classifier}/async`, { fileId: id });
        return id;
      },
    };
    const jobs = Object.fromEntries(Object.keys(creations).map((kind) => [kind, []]));
    const work = Object.keys(creations).flatMap((kind) => Array.from({ length: EACH }, () => kind));
    await mapConcurrently(work, CONCURRENCY, async (kind) => jobs[kind].push(await creations[kind]()));
    assert.equal(Object.values(jobs).flat().length, 300);

    // The queues keep their messages in memory, so the kill loses those that are waiting.
    await until(() => receiver.calls.length > 300, { ms: 60_000, what: "the first calls" });
    const before = receiver.calls.length;
    await server.kill();
    server = await startGroup({ state, vars });

    const expected = () => {
      const got = (path, pick) => new Set(receiver.calls.filter((call) => call.path === path).map(pick));
      const event = ({ body }) => `${body.event_type} ${body.data.id}`;
      const inlineEvents = got("/inline", event);
      const savedEvents = got("/saved", event);
      const missing = [];
      for (const id of jobs.classify)
        for (const name of ["classify.pending", "classify.running", "classify.success"])
          if (!inlineEvents.has(`${name} ${id}`)) missing.push(`${name} ${id}`);
      for (const id of jobs.parse)
        for (const name of ["parse.pending", "parse.running", "parse.success"])
          if (!savedEvents.has(`${name} ${id}`)) missing.push(`${name} ${id}`);
      const extracted = got("/limai", ({ body }) => `${body.eventType} ${body.fileId} ${body.data?.status}`);
      for (const id of jobs.extract)
        if (!extracted.has(`DOCUMENT_EXTRACTED ${id} success`)) missing.push(`DOCUMENT_EXTRACTED ${id}`);
      const ended = got("/standard", ({ body }) => body.type === "job.succeeded" && body.data.id);
      ended.delete(false);
      if (ended.size < 300) missing.push(`${300 - ended.size} of job.succeeded`);
      return missing;
    };
    await until(() => expected().length === 0, { ms: 240_000, every: 500, what: "every event" }).catch((error) => {
      throw new Error(`${error.message}: ${expected().slice(0, 5)}`);
    });
    t.diagnostic(`killed after ${before} calls; ${receiver.calls.length} in all`);

    // The vendors' documented checks, on every call.
    const verifier = new Webhook(standard.secret);
    for (const { path, headers, raw, body } of receiver.calls) {
      assert.ok(Buffer.byteLength(raw) < 4096);
      if (path === "/standard") assert.deepEqual(verifier.verify(raw, headers), body);
      else if (path === "/limai") assert.equal(headers["x-webhook-signature"], hmac("limai's secret", raw));
      else {
        const secret = path === "/saved" ? "the saved secret" : "the inline secret";
        assert.equal(headers["lc-signature"], hmac(secret, raw));
        assert.equal(headers["x-webhook-event-id"], body.event_id);
      }
    }
    // One id for one event, however often it arrives.
    const ids = new Map();
    for (const { body, path } of receiver.calls.filter((call) => call.path === "/inline" || call.path === "/saved")) {
      const event = `${path} ${body.event_type} ${body.data.id}`;
      assert.equal(ids.get(event) ?? body.event_id, body.event_id);
      ids.set(event, body.event_id);
    }
  } finally {
    await server.kill();
    await receiver.stop();
    rmSync(state, { recursive: true, force: true });
  }
});

describe("endpoints that fail", () => {
  let receiver, server, token, send;
  before(async () => {
    receiver = await startReceiver();
    server = await startServer({ vars: { OUTBOUND_PRIVATE: "true" } });
    ({ token } = await newProject(server.url));
    send = (method, path, options) => request(server.url, method, path, { token, ...options });
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  for (const [path, expected] of [
    ["/500", { status: 500, answer: "broken", error: null }],
    ["/redirect", { status: 302, answer: "", error: null }],
    ["/reset", { status: null, answer: null, error: "The server of the URL cannot be reached" }],
    ["/hang", { status: null, answer: null, error: "There is no answer within 15 s" }],
  ]) {
    test(`a test call says what ${path} does`, async () => {
      const webhook = await send("POST", "/v1/webhooks", { body: { url: receiver.url + path } });
      const tested = await send("POST", `/v1/webhooks/${webhook.id}/test`);
      assert.equal(tested.is_delivered, false);
      const { status, answer, error } = tested.attempt;
      assert.deepEqual({ status, answer, error }, expected);
      await send("DELETE", `/v1/webhooks/${webhook.id}`);
    });
  }

  test("410 disables a webhook, and the job is done all the same", async () => {
    const webhook = await send("POST", "/v1/webhooks", { body: { url: `${receiver.url}/410` } });
    const file_id = await upload(server.url, token, "Invoice 17. Total due 9.00");
    const { id } = await send("POST", "/api/v2/parse", { body: { file_id, tier: "fast", version: "latest" } });
    await until(async () => (await send("GET", `/api/v2/parse/${id}`)).job.status === "COMPLETED");
    const disabled = await until(async () => {
      const shown = await send("GET", `/v1/webhooks/${webhook.id}`);
      return !shown.enabled && shown;
    });
    assert.match(disabled.disabled_reason, /410/);
  });

  test("no webhook leads to a private address unless the operator permits it", async () => {
    const closed = await startServer();
    try {
      const { token } = await newProject(closed.url);
      for (const url of ["http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/hook", "http://localhost/"]) {
        const refused = await request(closed.url, "POST", "/v1/webhooks", { token, body: { url }, status: 422 });
        assert.equal(refused.error.fields[0].pointer, "/url");
      }
    } finally {
      await closed.stop();
    }
  });
});
