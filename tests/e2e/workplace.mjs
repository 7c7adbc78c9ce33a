// A project with what the dialects of Limai and of mails work with: schemas, a classifier that routes, an orchestrator.
import assert from "node:assert/strict";
import { ask, newProject } from "./server.mjs";

/** What is wanted of an invoice; each field is a fact of the corpus' invoices. */
const INVOICE = [
  { name: "invoice_number", kind: "id" },
  { name: "date", kind: "date", description: "The day the invoice was issued", synonyms: ["invoice date", "date of issue"] },
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

/** Makes such a project. */
export async function newWorkplace(url, name = "workplace") {
  const { token, projectId } = await newProject(url, name);
  const save = async (path, body) => (await ask(url, "POST", path, { token, body })).id;
  const invoice = await save("/v1/schemas", { name: "Invoice", fields: INVOICE, tables: [] });
  const receipt = await save("/v1/schemas", { name: "Receipt", fields: [{ name: "total", kind: "money" }], tables: [] });
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
  return workplace(url, { token, schemas: { invoice, receipt }, classifier, mails });
}

/** What can be asked of the project, at the address where it is now. */
function workplace(url, facts) {
  const { token, classifier, mails } = facts;
  const own = (method, path, options) => ask(url, method, path, { token, ...options });
  return {
    ...facts,
    at: (other) => workplace(other, facts),
    ask: own,
    /** Announces a file to the classifier, and puts its bytes there without a token; gives the id. */
    put: async (bytes, filename) => {
      const { url: address, fileId } = await own("GET", `/api/v1/classify/${classifier}/get-url?filename=${encodeURIComponent(filename)}`);
      const answer = await fetch(address, { method: "PUT", body: bytes, headers: { "content-type": "application/octet-stream" } });
      assert.equal(answer.status, 200, await answer.text());
      return fileId;
    },
    data: (fileId) => own("GET", `/api/v1/document/get-file-data?fileId=${fileId}`),
    submit: (body) => own("POST", `${mails}/classification-async`, { body }).then((answer) => answer.process_cuid),
    process: (cuid) => own("GET", `${mails}/classification-async/${cuid}`),
    classifyMail: (body) => own("POST", `${mails}/classification`, { body }),
  };
}

/** Maps `items` with no more than `atOnce` under way. */
export async function each(items, atOnce, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at], at);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
