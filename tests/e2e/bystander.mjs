// A tenant that has nothing to do with an attack: it sends cheap requests one after another, in a thread of its own, so
// that what the attacker computes to send does not delay it.
import { once } from "node:events";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { newProject, request, until } from "./server.mjs";

/** The pause between two requests, in ms: so it takes a small part of a core. */
const PAUSE = 20;

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "letter", description: "A letter from one person to another with a salutation and a greeting" },
];
const TEXT = "Invoice RE-17\n\nTotal amount due: 119.00 EUR, payable within 30 days.";

/** Starts a bystander in a new project; `measured` waits for the request in flight and returns what was measured since. */
export async function startBystander(url) {
  const { token } = await newProject(url, "bystander");
  const thread = new Worker(new URL(import.meta.url), { workerData: { url, token } });
  const answer = async () => (await once(thread, "message"))[0];
  await answer();
  return {
    token,
    /** `{ took, failures }`: the ms of each request since the last call, in order, and what failed. */
    measured: () => {
      const measured = answer();
      thread.postMessage("measure");
      return measured;
    },
    stop: () => thread.terminate(),
  };
}

async function run({ url, token }) {
  const send = (method, path, body, status) => request(url, method, path, { token, body, status });
  const form = new FormData();
  form.set("purpose", "classify");
  form.set("file", new File([TEXT], "invoice.txt"));
  const headers = { authorization: `Bearer ${token}` };
  const uploaded = await fetch(`${url}/api/v1/beta/files`, { method: "POST", headers, body: form });
  const file = (await uploaded.json()).id;
  const create = () => send("POST", "/api/v2/classify", { file_input: file, configuration: { rules: RULES } });
  const rules = RULES.map(({ type, description }) => ({ label: type, description }));
  let { id: job } = await create();
  await until(async () => (await send("GET", `/api/v2/classify/${job}`)).status === "COMPLETED", { what: "a job" });
  const requests = {
    classify: async () => {
      const { label } = await send("POST", "/v1/classify", { text: TEXT, rules });
      if (label !== "invoice") throw new Error(`classified as ${label}`);
    },
    get: () => send("GET", `/api/v2/classify/${job}`),
    create: async () => {
      job = (await create()).id;
    },
  };
  let took = [];
  let failures = [];
  let isRequested = false;
  parentPort.on("message", () => {
    isRequested = true;
  });
  parentPort.postMessage("ready");
  for (;;) {
    for (const [name, send] of Object.entries(requests)) {
      const since = performance.now();
      await send().catch((error) => failures.push(`${name}: ${error.message}`));
      took.push(performance.now() - since);
      if (isRequested) {
        parentPort.postMessage({ took, failures });
        [took, failures, isRequested] = [[], [], false];
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

if (!isMainThread) await run(workerData);
