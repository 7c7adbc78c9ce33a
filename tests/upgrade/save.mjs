// Saves the storage of a service on workerd as this version writes it, and its responses. Run for each release.
//
//   npm run build:worker && node tests/upgrade/save.mjs
//
// writes `state.tar.gz` and `expected.json` into the folder of the version. tests/e2e/upgrade.test.mjs opens them with
// every later version. The files of a release never change. The secrets are those of the tests, used nowhere else.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { main, run } from "../../.scripts/lib.mjs";
import { HELD, ROOT, corpus, request, scratch, startServer, until } from "../e2e/server.mjs";

const [, VERSION] = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^version = "([^"]+)"/m);
const FOLDER = join(ROOT, "tests", "upgrade", VERSION);

/** The maximum retention of a project, so that nothing expires for ten years. */
const RETENTION_DAYS = 3660;

const RULES = [
  { label: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due", examples: ["Invoice 12, total due 80.00"] },
  { label: "receipt", description: "Receipt of a purchase that was paid at a till, by cash or by card" },
];
const LABELS = [
  { label: "refund_request", description: "The customer asks for a refund of a recent order" },
  { label: "delivery_problem", description: "A parcel is late, lost or arrived damaged" },
];
/** The rules as LlamaCloud writes them. */
const TYPES = RULES.map(({ label, description }) => ({ type: label, description }));

/** Creates everything that the storage is to contain, and returns the ids. */
async function createAll(url) {
  const project = await request(url, "POST", "/v1/projects", { body: { name: "Accounts", organization_name: "Acme", retention_days: RETENTION_DAYS } });
  const { token } = await request(url, "POST", `/v1/projects/${project.id}/tokens`, { body: { name: "upgrade" } });
  const send = (method, path, body) => request(url, method, path, { token, body });
  const upload = async (name, bytes) => {
    const form = new FormData();
    form.set("purpose", "classify");
    form.set("external_file_id", `crm-${name}`);
    form.set("file", new File([bytes], name));
    const response = await fetch(`${url}/api/v1/beta/files`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: form });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()).id;
  };
  const receipt = await upload("receipt.txt", corpus("txt/receipt-taxi-en.txt"));
  const locked = await upload("locked.pdf", corpus("bad/password-aes.pdf"));

  const schema = await send("POST", "/v1/schemas", {
    name: "Invoice",
    fields: [{ name: "invoice_number", kind: "id" }, { name: "total", kind: "money", synonyms: ["total due"] }],
    tables: [{ name: "items", fields: [{ name: "price", kind: "money" }] }],
  });
  const classifier = await send("POST", "/v1/classifiers", {
    name: "documents",
    rules: RULES,
    settings: { language: "en", no_match_bias: 0.25 },
    routes: [{ label: "invoice", deployment: "Invoice Processing", schema_id: schema.id }],
  });
  await send("PUT", `/v1/classifiers/${classifier.id}`, { rules: [...RULES, { label: "contract", description: "An agreement between parties" }], draft: true });
  const orchestrator = await send("POST", "/v1/classifiers", { name: "mails", rules: LABELS });
  const configuration = await send("POST", "/api/v1/beta/configurations", {
    name: "types",
    parameters: { product_type: "classify_v2", rules: TYPES },
  });

  // Jobs that end, one of each kind: of LlamaCloud's dialect, of Limai's with extracted fields, and of a mail.
  const completed = await send("POST", "/api/v2/classify", { file_input: receipt, configuration: { rules: TYPES }, transaction_id: "once" });
  const failed = await send("POST", "/api/v2/classify", { file_input: locked, configuration_id: configuration.id });
  const announced = await send("GET", `/api/v1/classify/${classifier.id}/get-url?filename=bill.txt`);
  const put = await fetch(announced.url, { method: "PUT", body: corpus("txt/invoice-translation-en.txt") });
  assert.equal(put.status, 200);
  await send("POST", `/api/v1/classify/${classifier.id}/async`, { fileId: announced.fileId });
  const mails = `/api/companies/${project.id}/orchestrators/${orchestrator.id}`;
  const { process_cuid: mail } = await send("POST", `${mails}/classification-async`, {
    mail: { subject: "Request for refund", body: "Hi, I would like a refund for my recent order..." },
    external_ref: "123-azd-456",
    external_metadata: { customer_id: "abc-789" },
  });
  const data = `/api/v1/document/get-file-data?fileId=${announced.fileId}`;
  await until(async () => {
    const states = [
      (await send("GET", `/api/v2/classify/${completed.id}`)).status,
      (await send("GET", `/api/v2/classify/${failed.id}`)).status,
      (await send("GET", data)).status,
      (await send("GET", `${mails}/classification-async/${mail}`)).status,
    ];
    return states.join() === "COMPLETED,FAILED,COMPLETED,completed";
  }, { what: "the end of every job" });

  const { jobId } = await send("GET", data);
  const reads = [
    "/v1/project",
    "/v1/classifiers",
    `/v1/classifiers/${classifier.id}`,
    `/v1/classifiers/${classifier.id}?draft=true`,
    `/v1/classifiers/${classifier.id}/versions`,
    `/v1/classifiers/${orchestrator.id}`,
    "/v1/schemas",
    `/v1/schemas/${schema.id}`,
    `/api/v2/classify/${completed.id}`,
    `/api/v2/classify/${failed.id}`,
    "/api/v2/classify?status=FAILED",
    "/api/v2/classify?status=CANCELLED",
    "/api/v2/classify?page_size=100",
    "/api/v1/beta/files",
    `/api/v1/beta/files/${receipt}`,
    `/api/v1/beta/configurations/${configuration.id}`,
    "/api/v1/beta/configurations?product_type=classify_v2",
    "/api/v1/projects",
    "/api/v1/organizations",
    data,
    `/api/v1/queue/${jobId}/status`,
    `${mails}/classification-async/${mail}`,
    `${mails}/classification/labels`,
  ];
  return { project: project.id, token, file: receipt, classifier: classifier.id, configuration: configuration.id, mails, completed: completed.id, reads };
}

/** Leaves a cancelled job, a removed job, and a pending job whose queue message is lost. */
async function leaveOpen(url, { token, file }) {
  const send = (method, path, body) => request(url, method, path, { token, body });
  const create = () => send("POST", "/api/v2/classify", { file_input: file, configuration: { rules: TYPES } });
  const cancelled = await create();
  await send("POST", `/api/v2/classify/${cancelled.id}/cancel`);
  const removed = await create();
  await send("POST", `/api/v2/classify/${removed.id}/cancel`);
  await send("DELETE", `/api/v2/classify/${removed.id}`);
  return { cancelled: cancelled.id, removed: removed.id, open: (await create()).id };
}

function* filesUnder(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

/** Checkpoints the write-ahead logs into the databases, which keeps the content in a third of the bytes. */
function checkpoint(state) {
  for (const file of [...filesUnder(state)].filter((file) => file.endsWith(".sqlite"))) {
    const database = new DatabaseSync(file);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    for (const log of [`${file}-wal`, `${file}-shm`]) rmSync(log, { force: true });
  }
}

main(async () => {
  const archive = join(FOLDER, "state.tar.gz");
  assert.ok(!existsSync(archive), `${archive} is there: what a release saved stays as it is`);
  const state = scratch("upgrade-");
  try {
    let server = await startServer({ state });
    const facts = await createAll(server.url);
    await server.stop();

    server = await startServer({ state, vars: { INLINE_MAX_BYTES: "0" }, queues: { "sortroom-stages": HELD } });
    Object.assign(facts, await leaveOpen(server.url, facts));
    const { token, reads } = facts;
    reads.push(`/api/v2/classify/${facts.cancelled}`);
    facts.reads = {};
    for (const path of reads) facts.reads[path] = await request(server.url, "GET", path, { token });
    await server.stop();

    checkpoint(state);
    mkdirSync(FOLDER, { recursive: true });
    await run("tar", ["-czf", archive, "-C", state, "."]);
    writeFileSync(join(FOLDER, "expected.json"), `${JSON.stringify(facts, null, 1)}\n`);
    console.log(`${archive}: ${statSync(archive).size} bytes`);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});
