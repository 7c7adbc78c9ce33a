// The published TypeScript SDK, unchanged, against workerd: the current release, and the last major version that knows
// only the older name of the input. Only the base URL differs from what their users write.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import LlamaCloud, { ConflictError, NotFoundError, UnprocessableEntityError } from "@llamaindex/llama-cloud";
import LlamaCloud1 from "llama-cloud-1";
import { HELD, corpus, newProject, startServer, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "contract", description: "Contract or agreement between parties with terms, obligations and signatures" },
  { type: "cv", description: "Curriculum vitae or resume with work experience, education and skills" },
];
const POLLING = { pollingInterval: 0.05, maxInterval: 0.2 };

const upload = (client, path, name = path.split("/").at(-1)) =>
  client.files.create({ file: new File([corpus(path)], name), purpose: "classify" });

describe("the current SDK", () => {
  let server, client, project;
  before(async () => {
    server = await startServer();
    project = await newProject(server.url);
    client = new LlamaCloud({ apiKey: project.token, baseURL: server.url });
  });
  after(() => server.stop());

  test("a PDF is uploaded, classified with rules, and waited for", async () => {
    const file = await upload(client, "pdf/invoice-en.pdf");
    assert.match(file.id, /^dfl-/);
    assert.equal(file.name, "invoice-en.pdf");
    assert.equal(file.file_type, "pdf");
    const job = await client.classify.run({ file_input: file.id, configuration: { rules: RULES } }, POLLING);
    assert.equal(job.status, "COMPLETED");
    assert.equal(job.result.type, "invoice");
    assert.ok(job.result.confidence > 0.5 && job.result.confidence <= 1, String(job.result.confidence));
    assert.match(job.result.reasoning, /invoice/i);
    assert.equal(job.file_input, file.id);
    assert.equal(job.document_input_value, file.id);
    assert.equal(job.document_input_type, "file_id");
    assert.deepEqual(job.configuration.rules, RULES);
    assert.equal(job.project_id, project.projectId);
  });

  test("a saved configuration is used as it was when the job was accepted", async () => {
    const file = await upload(client, "pdf/rechnung-de.pdf");
    const saved = await client.configurations.create({
      name: "papers",
      parameters: { product_type: "classify_v2", rules: RULES, mode: "FAST" },
    });
    assert.match(saved.id, /^cfg-/);
    const job = await client.classify.run({ file_input: file.id, configuration_id: saved.id }, POLLING);
    assert.equal(job.status, "COMPLETED", job.error_message);
    assert.equal(job.configuration_id, saved.id);
    assert.deepEqual(job.configuration.rules, RULES);

    const again = await client.configurations.create({
      name: "papers",
      parameters: { product_type: "classify_v2", rules: RULES.slice(0, 2) },
    });
    assert.equal(again.id, saved.id, "saving under the same name is a new version of the same configuration");
    assert.notEqual(again.version, saved.version);
    assert.equal((await client.configurations.retrieve(saved.id)).parameters.rules.length, 2);
    assert.equal((await client.classify.get(job.id)).configuration.rules.length, 3);

    const versions = [];
    for await (const item of client.configurations.list({ name: "papers", product_type: ["classify_v2"] }))
      versions.push(item);
    assert.equal(versions.length, 2);
    const latest = [];
    for await (const item of client.configurations.list({ name: "papers", latest_only: true })) latest.push(item);
    assert.deepEqual(
      latest.map((item) => item.version),
      [again.version],
    );

    await client.configurations.update(saved.id, { name: "papers, renamed" });
    assert.equal((await client.configurations.retrieve(saved.id)).name, "papers, renamed");
    await client.configurations.delete(saved.id);
    await assert.rejects(client.configurations.retrieve(saved.id), NotFoundError);
    await assert.rejects(client.classify.create({ file_input: file.id, configuration_id: saved.id }), NotFoundError);
  });

  test("the chain of a pipeline: parse, classify, pick a schema by the type, extract", async () => {
    const file = await upload(client, "pdf/invoice-en.pdf");
    const parsed = await client.parsing.parse(
      {
        file_id: file.id,
        tier: "cost_effective",
        version: "latest",
        expand: ["text", "markdown", "items", "metadata"],
      },
      POLLING,
    );
    assert.equal(parsed.job.status, "COMPLETED");
    assert.match(parsed.job.id, /^pjb-/);
    assert.match(parsed.text.pages[0].text, /invoice/i);
    assert.ok(parsed.markdown.pages[0].markdown.length > 0);
    const items = parsed.items.pages.flatMap((page) => page.items);
    assert.ok(
      items.some((item) => item.bbox?.[0].w > 0),
      "items have boxes",
    );
    const job = await client.classify.run({ file_input: parsed.job.id, configuration: { rules: RULES } }, POLLING);
    assert.equal(job.result.type, "invoice");
    assert.equal(job.parse_job_id, parsed.job.id);

    const string = (description) => ({ type: "string", description });
    const schemas = {
      invoice: {
        type: "object",
        properties: {
          invoice_number: string("The number of the invoice"),
          total_amount: { type: "number", description: "The amount due" },
          line_items: {
            type: "array",
            items: { type: "object", properties: { description: string("What was sold"), amount: { type: "number" } } },
          },
        },
      },
    };
    const { data_schema } = await client.extract.validateSchema({ data_schema: schemas[job.result.type] });
    const configuration = { data_schema, tier: "agentic", cite_sources: true, confidence_scores: true };
    const extracted = await client.extract.run({ file_input: job.parse_job_id, configuration }, POLLING);
    assert.equal(extracted.status, "COMPLETED", extracted.error_message);
    assert.ok(extracted.extract_result.invoice_number.length > 3, JSON.stringify(extracted.extract_result));
    assert.equal(typeof extracted.extract_result.total_amount, "number");
    const metadata = extracted.extract_metadata.field_metadata.document_metadata;
    assert.equal(metadata.invoice_number.citation[0].page, 1);
    assert.ok(metadata.invoice_number.citation[0].bounding_boxes[0].w > 0);
    assert.ok(metadata.total_amount.confidence > 0.5);

    const saved = await client.configurations.create({
      name: "invoices",
      parameters: { product_type: "extract_v2", ...configuration },
    });
    const again = await client.extract.run({ file_input: file.id, configuration_id: saved.id }, POLLING);
    assert.deepEqual(again.extract_result, extracted.extract_result);
    const listed = [];
    for await (const item of client.extract.list({ configuration_id: saved.id })) listed.push(item.id);
    assert.deepEqual(listed, [again.id]);
    const generated = await client.extract.generateSchema({ file_id: file.id });
    assert.ok(Object.keys(generated.parameters.data_schema.properties).length > 3);
    await client.extract.delete(again.id);
    await assert.rejects(client.extract.get(again.id), NotFoundError);
    const jobs = [];
    for await (const item of client.parsing.list({ status: "COMPLETED" })) jobs.push(item.id);
    assert.ok(jobs.includes(parsed.job.id));
  });

  test("a file that holds several documents is split, with a saved configuration and at the address of the beta", async () => {
    const pages = [
      "Invoice number: HL-34120\nTotal amount due: 2772.00\nPage 1 of 1",
      "Dear Mr Shaw,\n\nthank you for the visit of last week.\n\nKind regards,\nMaria Keller",
    ];
    const file = await client.files.create({
      file: new File([pages.join("\f")], "mixed.txt", { type: "text/plain" }),
      purpose: "split",
    });
    const categories = [
      { name: "invoice" },
      { name: "letter", description: "A letter with a salutation and a closing" },
    ];
    const saved = await client.configurations.create({
      name: "post",
      parameters: { product_type: "split_v1", categories },
    });
    const created = await client.split.create({ file_input: file.id, configuration_id: saved.id });
    const job = await until(async () => {
      const now = await client.split.get(created.id);
      return now.status === "completed" && now;
    });
    const expected = [
      ["invoice", [1]],
      ["letter", [2]],
    ];
    assert.deepEqual(
      job.result.segments.map(({ category, pages }) => [category, pages]),
      expected,
    );
    const document_input = { type: "file_id", value: file.id };
    const beta = await client.beta.split.split({ document_input, configuration: { categories } }, POLLING);
    assert.deepEqual(beta.result, job.result);
    const listed = [];
    for await (const item of client.split.list({ status: "completed" })) listed.push(item.id);
    assert.deepEqual(new Set(listed), new Set([created.id, beta.id]));
    await assert.rejects(client.split.cancel(created.id), ConflictError);
    await client.split.delete(created.id);
    await assert.rejects(client.split.get(created.id), NotFoundError);
  });

  test("files are listed, described, downloaded and removed", async () => {
    const bytes = corpus("pdf/facture-fr.pdf");
    const name = "Facture n° 7 — été.pdf";
    const file = await client.files.create({
      file: new File([bytes], name),
      purpose: "parse",
      external_file_id: "case-7",
    });
    assert.equal((await client.files.retrieve(file.id)).name, name);
    const listed = [];
    for await (const item of client.files.list({ external_file_id: "case-7", expand: ["download_url"] }))
      listed.push(item);
    assert.deepEqual(
      listed.map((item) => item.id),
      [file.id],
    );
    const { url, expires_at } = await client.files.content(file.id, { expires_at_seconds: 60 });
    assert.ok(new Date(expires_at) > new Date());
    for (const address of [url, listed[0].download_url.url]) {
      const got = await fetch(address);
      assert.equal(got.status, 200);
      assert.deepEqual(Buffer.from(await got.arrayBuffer()), bytes);
    }
    await client.files.delete(file.id);
    await assert.rejects(client.files.retrieve(file.id), NotFoundError);
    assert.equal((await fetch(url)).status, 404, "the signed URL of a removed file");
  });

  test("a large file is uploaded in parts, downloaded whole, and classified up to the size limit", async () => {
    const text = (bytes) => Buffer.alloc(bytes, "line of a long text that says nothing of any rule\n");
    const put = (bytes) => client.files.create({ file: new File([bytes], "long.txt"), purpose: "classify" });
    const whole = text(7 * 1024 * 1024 + 7);
    const file = await put(whole);
    const { url } = await client.files.content(file.id);
    assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(whole));
    const configuration = { rules: RULES };
    const job = await client.classify.run({ file_input: file.id, configuration }, POLLING);
    assert.equal(job.status, "COMPLETED", job.error_message);
    assert.equal(job.result.type, null);
    const beyond = await put(text(12 * 1024 * 1024));
    await assert.rejects(client.classify.run({ file_input: beyond.id, configuration }, POLLING), /DOCUMENT_TOO_LARGE/);
  });

  test("the SDK pages through 250 jobs, and every filter narrows them", async () => {
    const { token } = await newProject(server.url, "paging");
    const client = new LlamaCloud({ apiKey: token, baseURL: server.url });
    const file = await upload(client, `txt/${await firstText()}`);
    const saved = await client.configurations.create({
      name: "some",
      parameters: { product_type: "classify_v2", rules: RULES },
    });
    const created = [];
    for (let start = 0; start < 250; start += 25) {
      created.push(
        ...(await Promise.all(
          Array.from({ length: 25 }, (_, offset) =>
            client.classify.create(
              (start + offset) % 5 === 0
                ? { file_input: file.id, configuration_id: saved.id }
                : { file_input: file.id, configuration: { rules: RULES } },
            ),
          ),
        )),
      );
    }
    const all = async (query) => {
      const found = [];
      for await (const job of client.classify.list(query)) found.push(job);
      return found;
    };
    await until(async () => (await all({ status: "COMPLETED" })).length === 250, { what: "250 finished jobs" });
    const jobs = await all({});
    assert.equal(jobs.length, 250);
    assert.deepEqual(new Set(jobs.map((job) => job.id)), new Set(created.map((job) => job.id)));
    const times = jobs.map((job) => job.created_at);
    assert.deepEqual(times, times.toSorted().toReversed(), "newest first");

    assert.equal((await all({ page_size: 100, configuration_id: saved.id })).length, 50);
    assert.equal((await all({ status: "PENDING" })).length, 0);
    const ids = created.slice(0, 120).map((job) => job.id);
    assert.deepEqual(new Set((await all({ job_ids: ids })).map((job) => job.id)), new Set(ids));
    const cutoff = jobs[100].created_at;
    const since = await all({ created_at_on_or_after: cutoff });
    const before = await all({ created_at_on_or_before: cutoff });
    assert.ok(since.every((job) => job.created_at >= cutoff) && before.every((job) => job.created_at <= cutoff));
    assert.ok(since.length + before.length >= 251, "both bounds are inclusive");
    assert.equal((await all({ status: null, project_id: null })).length, 250, "an empty filter is no filter");
  });

  test("fifty concurrent creates with one idempotency key create one job", async () => {
    const file = await upload(client, "pdf/invoice-en.pdf");
    const jobs = await Promise.all(
      Array.from({ length: 50 }, () =>
        client.classify.create({ file_input: file.id, configuration: { rules: RULES }, transaction_id: "once" }),
      ),
    );
    assert.equal(new Set(jobs.map((job) => job.id)).size, 1);
    const other = await client.classify.create({
      file_input: file.id,
      configuration: { rules: RULES.slice(1) },
      transaction_id: "once",
    });
    assert.equal(other.id, jobs[0].id, "the new body is ignored");
    assert.equal(other.configuration.rules.length, 3);
  });

  test("a failed job has its reason, and waiting for it throws that", async () => {
    const failures = {
      "bad/password-aes.pdf": /PDF_IS_PROTECTED/,
      "bad/truncated.pdf": /PDF_IS_BROKEN/,
      "bad/picture.png": /UNSUPPORTED_FILE_TYPE/,
      "bad/scan-without-text.pdf": /NO_DATA_FOUND_IN_FILE/,
    };
    for (const [path, reason] of Object.entries(failures)) {
      const file = await upload(client, path);
      const job = await client.classify.create({ file_input: file.id, configuration: { rules: RULES } });
      await assert.rejects(client.classify.waitForCompletion(job.id, undefined, POLLING), reason, path);
      const failed = await client.classify.get(job.id);
      assert.equal(failed.status, "FAILED");
      assert.match(failed.error_message, reason);
      assert.equal(failed.result, null);
    }
  });

  test("a finished job is removed and cannot be cancelled; the SDK does not retry that", async () => {
    const file = await upload(client, "pdf/invoice-en.pdf");
    const job = await client.classify.run({ file_input: file.id, configuration: { rules: RULES } }, POLLING);
    const began = performance.now();
    await assert.rejects(client.classify.cancel(job.id), ConflictError);
    assert.ok(performance.now() - began < 400, "it was not retried");
  });

  test("rejections name the field, and another project's resources are not found", async () => {
    const file = await upload(client, "pdf/invoice-en.pdf");
    await assert.rejects(
      client.classify.create({ file_input: file.id, configuration: { rules: [{ type: "x", description: "short" }] } }),
      (error) => error instanceof UnprocessableEntityError && /description/.test(error.message),
    );
    await assert.rejects(
      client.classify.create({ file_input: "http://127.0.0.1/a.pdf", configuration: { rules: RULES } }),
      /file_input/,
    );
    const stranger = new LlamaCloud({ apiKey: (await newProject(server.url)).token, baseURL: server.url });
    const job = await client.classify.create({ file_input: file.id, configuration: { rules: RULES } });
    await assert.rejects(stranger.classify.get(job.id), NotFoundError);
    await assert.rejects(
      stranger.classify.create({ file_input: file.id, configuration: { rules: RULES } }),
      (error) => error.status === 400 && /File ID .* is not in Project ID/.test(error.message),
    );
    const unauthenticated = new LlamaCloud({ apiKey: "llx-not-ours", baseURL: server.url });
    await assert.rejects(unauthenticated.classify.list(), (error) => error.status === 401);
  });

  test("webhooks are saved, changed, named by a job, and removed", async () => {
    const hook = await client.webhookConfigs.create({
      webhook_url: "https://example.com/hook",
      webhook_events: ["sheets.success"],
      webhook_signing_secret: "whsec_x",
    });
    assert.deepEqual([hook.has_secret, hook.webhook_events], [true, ["sheets.success"]]);
    const changed = await client.webhookConfigs.update(hook.id, { webhook_headers: { "X-Env": "test" } });
    assert.deepEqual(changed.webhook_headers, { "x-env": "test" });
    assert.deepEqual(
      (await client.webhookConfigs.list()).map(({ id }) => id),
      [hook.id],
    );
    const file = await client.files.create({ file: new File(["Invoice 17"], "note.txt"), purpose: "classify" });
    const job = await client.classify.create({
      file_input: file.id,
      configuration: { rules: RULES },
      webhook_configuration_ids: [hook.id],
      webhook_configurations: [{ webhook_url: "https://example.com/inline", webhook_events: ["sheets.success"] }],
    });
    assert.match(job.id, /^clj-/);
    await client.webhookConfigs.delete(hook.id);
    await assert.rejects(client.webhookConfigs.retrieve(hook.id), { status: 404 });
  });

  test("projects", async () => {
    assert.deepEqual(
      (await client.projects.list()).map((item) => item.id),
      [project.projectId],
    );
    assert.equal((await client.projects.get(project.projectId)).name, "test");
  });
});

test("a pending job can be cancelled, and a cancelled job removed", async () => {
  const server = await startServer({ vars: { INLINE_MAX_BYTES: "0" }, queues: { "sortroom-stages": HELD } });
  try {
    const { token } = await newProject(server.url);
    const client = new LlamaCloud({ apiKey: token, baseURL: server.url });
    const file = await upload(client, "pdf/invoice-en.pdf");
    const job = await client.classify.create({ file_input: file.id, configuration: { rules: RULES } });
    assert.equal(job.status, "PENDING");
    await assert.rejects(client.delete(`/api/v2/classify/${job.id}`), ConflictError);
    assert.equal((await client.classify.cancel(job.id)).status, "CANCELLED");
    const listed = [];
    for await (const item of client.classify.list({ status: "CANCELLED" })) listed.push(item.id);
    assert.deepEqual(listed, [job.id]);
    assert.equal((await client.delete(`/api/v2/classify/${job.id}`)).id, job.id);
    await assert.rejects(client.classify.get(job.id), NotFoundError);
  } finally {
    await server.stop();
  }
});

test("an SDK that knows only the older name of the input", async () => {
  const server = await startServer();
  try {
    const { token } = await newProject(server.url);
    const client = new LlamaCloud1({ apiKey: token, baseURL: server.url });
    const file = await upload(client, "pdf/invoice-en.pdf");
    const job = await client.classify.create({ file_id: file.id, configuration: { rules: RULES } });
    assert.equal(job.document_input_value, file.id);
    const done = await until(async () => {
      const now = await client.classify.get(job.id);
      return now.status === "COMPLETED" && now;
    });
    assert.equal(done.result.type, "invoice");
    const listed = [];
    for await (const item of client.classify.list({ job_ids: [job.id], page_size: 1 }))
      listed.push(item.document_input_value);
    assert.deepEqual(listed, [file.id]);
  } finally {
    await server.stop();
  }
});

async function firstText() {
  const index = JSON.parse(corpus("index.json"));
  return index.documents.find((item) => item.file.startsWith("txt/")).file.slice(4);
}
