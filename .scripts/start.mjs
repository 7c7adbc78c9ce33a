// Starts Sortroom on this machine: sets up, builds, runs workerd through wrangler, and seeds a demo project once.
import { spawn } from "node:child_process";
import { mkdirSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildConsole, buildWorker } from "./build.mjs";
import { Failure, ROOT, environment, main, npmBin, say } from "./lib.mjs";
import { setup } from "./setup.mjs";

const STATE = join(ROOT, ".sortroom");
/** What a running server tells tools; gone when it stops. */
const DEV = join(STATE, "dev.json");
/** The demo project, remembered across starts. */
const DEMO = join(STATE, "demo.json");
const SAMPLE = "tests/corpus/pdf/invoice-en.pdf";
const READY_MS = 60_000;

const DEMO_RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "receipt", description: "Receipt of a purchase that was paid at a till, by cash or by card" },
  { type: "contract", description: "Contract or agreement between parties with terms, obligations and signatures" },
  { type: "cv", description: "Curriculum vitae or resume with work experience, education and skills" },
  { type: "bank_statement", description: "Bank statement with account number, transactions, debits, credits and balance" },
];

function freePort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Failure(`port ${port} is taken. Stop what listens there, or choose another: PORT=${port + 1} npm start`)
          : new Failure(`port ${port} cannot be used: ${error.message}`),
      ),
    );
    server.listen(port, "127.0.0.1", () => server.close(resolve));
  });
}

const adminToken = () => readFileSync(join(ROOT, ".dev.vars"), "utf8").match(/^ADMIN_SECRET=(.+)$/m)[1].trim();

async function ask(url, method, path, token, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Failure(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function ready(url, server) {
  const until = Date.now() + READY_MS;
  while (server.exitCode === null && server.signalCode === null) {
    if (Date.now() > until) throw new Failure(`the server did not answer within ${READY_MS / 1000} s`);
    const answered = await fetch(`${url}/v1/health`).then((answer) => answer.ok, () => false);
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Failure("the server stopped before it was ready; its own words are above");
}

/** The demo project: the remembered one while the server still knows it, else a new one. */
async function seed(url, admin) {
  if (existsSync(DEMO)) {
    const demo = JSON.parse(readFileSync(DEMO, "utf8"));
    const known = await ask(url, "GET", `/api/v1/beta/configurations/${demo.configurationId}`, demo.token).catch(() => null);
    if (known) return demo;
  }
  const project = await ask(url, "POST", "/v1/projects", admin, { name: "Demo", organization_name: "Demo" });
  const { token } = await ask(url, "POST", `/v1/projects/${project.id}/tokens`, admin, { name: "demo" });
  const configuration = await ask(url, "POST", "/api/v1/beta/configurations", token, {
    name: "demo-documents",
    parameters: { product_type: "classify_v2", mode: "FAST", rules: DEMO_RULES },
  });
  const demo = { token, projectId: project.id, configurationId: configuration.id };
  writeFileSync(DEMO, JSON.stringify(demo, null, 2), { mode: 0o600 });
  return demo;
}

function tell({ url, token, configurationId }) {
  // Copied as it stands into a shell: no tool but curl and sed.
  const id = `sed 's/.*"id":"\\([^"]*\\)".*/\\1/'`;
  console.log(`
Sortroom is ready at ${url}  (Ctrl-C stops it)

Classify a PDF; copy and paste from the root of the checkout:

  URL=${url}
  TOKEN=${token}
  FILE=$(curl -s $URL/api/v1/beta/files -H "Authorization: Bearer $TOKEN" -F purpose=classify -F file=@${SAMPLE} | ${id})
  JOB=$(curl -s $URL/api/v2/classify -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"file_input":"'$FILE'","configuration_id":"${configurationId}"}' | ${id})
  curl -s $URL/api/v2/classify/$JOB -H "Authorization: Bearer $TOKEN"
`);
}

main(async () => {
  const port = Number(process.env.PORT ?? 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Failure(`PORT is not a port: ${process.env.PORT}`);
  const tools = await setup();
  await buildWorker("worker", tools);
  buildConsole();
  await freePort(port);
  mkdirSync(STATE, { recursive: true });

  const url = `http://127.0.0.1:${port}`;
  // Its own process group, so that one signal reaches wrangler, esbuild and workerd, and none stays behind.
  const server = spawn(
    npmBin("wrangler"),
    ["dev", "--ip", "127.0.0.1", "--port", String(port), "--show-interactive-dev-session=false", "--log-level", "warn"],
    { cwd: ROOT, env: environment(), stdio: ["ignore", "inherit", "inherit"], detached: true },
  );
  const gone = new Promise((resolve) => server.once("exit", resolve));
  const kill = (signal) => {
    try {
      process.kill(-server.pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  };
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    rmSync(DEV, { force: true });
    kill("SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    kill("SIGKILL");
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  process.on("exit", () => {
    rmSync(DEV, { force: true });
    kill("SIGKILL");
  });

  await ready(url, server);
  const admin = adminToken();
  const demo = await seed(url, admin);
  const facts = { url, adminToken: admin, ...demo };
  writeFileSync(DEV, JSON.stringify(facts, null, 2), { mode: 0o600 });
  tell(facts);
  await gone;
  if (!stopping) {
    process.exitCode = 1;
    say("sortroom: the server stopped; its own words are above");
  }
});
