// The two servers that are compared, each on its own workerd.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT, newProject, request, startServer } from "../e2e/server.mjs";
import { createFixtures } from "../e2e/fixtures.mjs";

const { compatibility_date } = readConfig({ config: join(ROOT, "wrangler.toml") });

/** The rules of every job: five, as `npm start` has them. */
const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "receipt", description: "Receipt of a purchase that was paid at a till, by cash or by card" },
  { type: "contract", description: "Contract or agreement between parties with terms, obligations and signatures" },
  { type: "cv", description: "Curriculum vitae or resume with work experience, education and skills" },
  {
    type: "bank_statement",
    description: "Bank statement with account number, transactions, debits, credits and balance",
  },
];

/** Starts our Worker from `build/{variant}`. */
export async function startOurs({ variant = "worker", vars } = {}) {
  const server = await startServer({ variant, vars, disk: true });
  return { ...server, project: () => project(server.url), fixtures: () => createFixtures(server.url, "bench") };
}

/** Creates a project with a saved configuration. */
async function project(url) {
  const { token } = await newProject(url, "bench");
  const { id: configuration } = await request(url, "POST", "/api/v1/beta/configurations", {
    token,
    body: { name: "bench", parameters: { product_type: "classify_v2", mode: "FAST", rules: RULES } },
  });
  return {
    token,
    configuration,
    request: (method, path, options) => request(url, method, path, { token, ...options }),
    /** Uploads a file and returns its id. */
    upload: async (bytes, name) => {
      const form = new FormData();
      form.set("purpose", "classify");
      form.set("file", new File([bytes], name));
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/api/v1/beta/files`, { method: "POST", headers, body: form });
      if (!response.ok) throw new Error(`the upload answered ${response.status}: ${await response.text()}`);
      return (await response.json()).id;
    },
  };
}

/** Starts the bare Worker. */
export async function startBare() {
  const folder = mkdtempSync(join(tmpdir(), "sortroom-bare-"));
  const build = join(ROOT, "build", "bare");
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: "127.0.0.1",
      port: 0,
      log: new Log(LogLevel.ERROR),
      compatibilityDate: compatibility_date,
      rootPath: build,
      modulesRoot: build,
      modules: [
        { type: "ESModule", path: join(build, "index.js") },
        { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
      ],
      durableObjects: { ROWS: { className: "Rows", useSQLite: true } },
      resourcePersistencePath: folder,
      queueProducers: { STAGES: { queueName: "bare-stages" } },
      queueConsumers: { "bare-stages": { maxBatchSize: 10, maxBatchTimeout: 1 } },
    }),
  );
  return {
    url: (await miniflare.ready).origin,
    stop: async () => {
      await miniflare.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
