// What is accepted can be stored, pages and error lists are bounded, and ids that were never given cost no object: on
// workerd, whose storage has limits of its own.
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { newProject, request, scratch, startServer, until } from "./server.mjs";

/** A character of four bytes. */
const WIDE = "\u{1f4c4}";

/** As many rules as there may be, with labels and descriptions of maximum length. The first fits an invoice. */
const LARGEST_RULES = [
  { label: "invoice", description: "asks for payment and lists positions with a total amount" },
  ...Array.from({ length: 199 }, (_, number) => ({
    label: `${number}`.padStart(3, "0") + WIDE.repeat(47),
    description: WIDE.repeat(2_000),
  })),
];

/** A schema of 1.1 MB. */
const largeFields = () => [
  { name: "total", kind: "money", synonyms: ["total amount"] },
  ...Array.from({ length: 99 }, (_, number) => ({
    name: `field ${number}`,
    description: WIDE.repeat(2_000),
    synonyms: Array.from({ length: 30 }, (_, synonym) => `${synonym} ${WIDE.repeat(20)}`),
  })),
];

const INVOICE = "Invoice 17\n\nPlease pay the total amount of 119.00 EUR for the positions listed.\n";

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

describe("rows", () => {
  let server, state, project, send;
  before(async () => {
    state = scratch("rows-");
    server = await startServer({ state });
    project = await newProject(server.url, "rows");
    send = (method, path, body, status) =>
      request(server.url, method, path, { token: project.token, body, ...(status && { status }) });
  });
  after(async () => {
    await server?.stop();
    rmSync(state, { recursive: true, force: true });
  });

  test("the largest mail is classified by the largest rules", async () => {
    const { id } = await send("POST", "/v1/classifiers", { name: "largest", rules: LARGEST_RULES });
    const mails = `/api/companies/${project.projectId}/orchestrators/${id}`;
    const mail = { subject: "Invoice 17", body: INVOICE.repeat(Math.floor((2 ** 20 - 200) / (INVOICE.length + 3))) };
    const submitted = await send("POST", `${mails}/classification-async`, {
      mail,
      external_metadata: { text: "x".repeat(60_000) },
    });
    const ended = await until(
      async () => {
        const process = await send("GET", `${mails}/classification-async/${submitted.process_cuid}`);
        return process.status !== "started" && process;
      },
      { what: "the end of the mail" },
    );
    assert.equal(ended.status, "completed");
    assert.equal(ended.result.classification, "invoice");
    assert.equal(ended.external_metadata.text.length, 60_000);
  });

  test("a hundred routes to a schema of a megabyte cost one of it", async () => {
    const schema = await send("POST", "/v1/schemas", { name: "large", fields: largeFields() });
    assert.ok(JSON.stringify(schema).length > 500_000);
    const rules = [
      LARGEST_RULES[0],
      ...Array.from({ length: 99 }, (_, number) => ({
        label: `other ${number}`,
        description: "something else entirely",
      })),
    ];
    const routes = rules.map(({ label }) => ({ label, deployment: "Accounting", schema_id: schema.id }));
    const classifier = await send("POST", "/v1/classifiers", { name: "routed", rules, routes });
    const announced = await send("GET", `/api/v1/classify/${classifier.id}/get-url?filename=bill.txt`);
    assert.equal((await fetch(announced.url, { method: "PUT", body: INVOICE })).status, 200);
    await send("POST", `/api/v1/classify/${classifier.id}/async`, { fileId: announced.fileId });
    // The schema changes at once; the job extracts by the one that it was accepted with.
    await send("PUT", `/v1/schemas/${schema.id}`, { fields: [{ name: "another" }] });
    const data = await until(
      async () => {
        const found = await send("GET", `/api/v1/document/get-file-data?fileId=${announced.fileId}`);
        assert.notEqual(found.status, "FAILED", found.errorMessage);
        return found.status === "COMPLETED" && found;
      },
      { what: "the end of the extraction" },
    );
    const [table] = Object.values(data.data.tables);
    assert.equal(table.columns.length, 100);
    assert.equal(table.rows[0].cells.total.value, "119.00");
  });

  test("what no row has room for is refused with its size", async () => {
    const examples = Array.from({ length: 20 }, () => "y".repeat(5_000));
    const rules = LARGEST_RULES.map((rule, index) => (index < 3 ? { ...rule, examples } : rule));
    const { error } = await send("POST", "/v1/classifiers", { name: "too large", rules }, 413);
    assert.equal(error.code, "TOO_LARGE");
    assert.match(error.message, /has \d{7} bytes; the limit is \d{7}/);
  });

  test("a page of large versions is bounded", async () => {
    let classifier;
    for (let version = 0; version < 6; version++)
      classifier = await send("POST", "/v1/classifiers", { name: "versions", rules: LARGEST_RULES.slice(version, 80) });
    const seen = [];
    let token = "";
    do {
      const path = `/v1/classifiers/${classifier.id}/versions?page_size=100${token && `&page_token=${token}`}`;
      const page = await send("GET", path);
      assert.ok(JSON.stringify(page.items).length < 2_000_000, "the page is bounded");
      assert.ok(page.items.length > 0, "the page is not empty");
      seen.push(...page.items.map(({ version }) => version));
      token = page.next_page_token;
    } while (token);
    assert.equal(new Set(seen).size, 6);
    assert.deepEqual(seen, [...seen].sort().reverse());
  });

  test("an error lists a hundred faults", async () => {
    const fields = Array.from({ length: 100 }, () => Object.fromEntries(Array.from({ length: 40 }, (_, n) => [n, 0])));
    const answer = await send("POST", "/v1/schemas", { name: "faults", fields }, 422);
    assert.equal(answer.error.fields.length, 101);
    assert.match(answer.error.fields[100].message, /^\d+ more errors are not listed$/);
  });

  test("ids that were never given leave no files", async () => {
    // Every request before it opens what a request of this token needs.
    await send("GET", "/api/v2/classify?page_size=1");
    await send("GET", `/api/v2/classify/${randomUUID()}`, undefined, 404);
    const before = [...filesUnder(state)].length;
    const mails = `/api/companies/${project.projectId}/orchestrators/${randomUUID()}`;
    for (let count = 0; count < 40; count++) {
      const id = randomUUID();
      await send("GET", `/api/v2/classify/${id}`, undefined, 404);
      await send("POST", `/api/v2/classify/${id}/cancel`, undefined, 404);
      await send("DELETE", `/api/v2/classify/${id}`, undefined, 404);
      await send("GET", `/api/v1/queue/${id}/status`, undefined, 404);
      await send("GET", `${mails}/classification-async/${id}`, undefined, 404);
      await send("PUT", `/v1/jobs/${id}/correction`, { label: "invoice" }, 404);
    }
    assert.ok([...filesUnder(state)].length <= before, "no object was created");
  });
});
