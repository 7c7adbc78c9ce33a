// A project for the dialects of Limai and Dial Once: schemas, a classifier with routes, an orchestrator.
import assert from "node:assert/strict";
import { newProject, request } from "./server.mjs";

/** The fields of the invoice schema; each is a fact of the corpus' invoices. */
const INVOICE = [
  { name: "invoice_number", kind: "id" },
  {
    name: "date",
    kind: "date",
    description: "The day the invoice was issued",
    synonyms: ["invoice date", "date of issue"],
  },
  { name: "due_date", kind: "date", synonyms: ["payable by"] },
  { name: "net", kind: "money", description: "The sum without tax", synonyms: ["subtotal", "net amount"] },
  { name: "tax", kind: "money", description: "The tax", synonyms: ["VAT", "VAT 20 %"] },
  { name: "total", kind: "money", description: "The sum with tax", synonyms: ["total due", "amount due"] },
  { name: "currency", kind: "currency" },
  { name: "iban", kind: "iban" },
];

const RULES = [
  { label: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { label: "receipt", description: "Receipt of a purchase that was paid at a till, by cash or by card" },
  { label: "contract", description: "Contract or agreement between parties with terms, obligations and signatures" },
  { label: "cv", description: "Curriculum vitae or resume with work experience, education and skills" },
];

const LABELS = [
  { label: "refund_request", description: "The customer asks for a refund of a recent order" },
  { label: "delivery_problem", description: "A parcel is late, lost or arrived damaged" },
  { label: "invoice_question", description: "A question about an invoice, a bill or a payment" },
];

/** Creates the project. */
export async function createFixtures(url, name = "fixtures") {
  const { token, projectId } = await newProject(url, name);
  const save = async (path, body) => (await request(url, "POST", path, { token, body })).id;
  const invoice = await save("/v1/schemas", { name: "Invoice", fields: INVOICE, tables: [] });
  const receipt = await save("/v1/schemas", {
    name: "Receipt",
    fields: [{ name: "total", kind: "money" }],
    tables: [],
  });
  const classifier = await save("/v1/classifiers", {
    name: "documents",
    rules: RULES,
    routes: [
      { label: "invoice", deployment: "Invoice Processing", schema_id: invoice },
      { label: "receipt", deployment: "Expenses", schema_id: receipt },
    ],
  });
  const orchestrator = await save("/v1/classifiers", { name: "mails", rules: LABELS, routes: [] });
  const mails = `/api/companies/${projectId}/orchestrators/${orchestrator}`;
  return fixturesAt(url, { token, schemas: { invoice, receipt }, classifier, mails });
}

/** The project and its requests, on the server at `url`. */
function fixturesAt(url, facts) {
  const { token, classifier, mails } = facts;
  const send = (method, path, options) => request(url, method, path, { token, ...options });
  return {
    ...facts,
    withUrl: (otherUrl) => fixturesAt(otherUrl, facts),
    request: send,
    /** Gets an upload URL from the classifier and uploads the bytes to it without a token; returns the file's id. */
    put: async (bytes, filename) => {
      const { url: address, fileId } = await send(
        "GET",
        `/api/v1/classify/${classifier}/get-url?filename=${encodeURIComponent(filename)}`,
      );
      const response = await fetch(address, {
        method: "PUT",
        body: bytes,
        headers: { "content-type": "application/octet-stream" },
      });
      assert.equal(response.status, 200, await response.text());
      return fileId;
    },
    data: (fileId) => send("GET", `/api/v1/document/get-file-data?fileId=${fileId}`),
    submit: (body) => send("POST", `${mails}/classification-async`, { body }).then((response) => response.process_cuid),
    process: (cuid) => send("GET", `${mails}/classification-async/${cuid}`),
    classifyMail: (body) => send("POST", `${mails}/classification`, { body }),
  };
}

/** Maps `items` with `work`, at most `limit` at a time. */
export async function mapConcurrently(items, limit, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index], index);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
