// Starts Sortroom on this machine: sets up, builds, runs workerd through wrangler, and seeds a demo project once.
import { spawn } from "node:child_process";
import { mkdirSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildWorker } from "./build.mjs";
import { buildConsole } from "./console.mjs";
import { Failure, ROOT, environment, main, npmBin, say } from "./lib.mjs";
import { setup } from "./setup.mjs";

const STATE = join(ROOT, ".sortroom");
/** What a running server tells tools; gone when it stops. */
const DEV = join(STATE, "dev.json");
/** The demo project, remembered across starts. */
const DEMO = join(STATE, "demo.json");
const SAMPLE = "tests/corpus/pdf/invoice-en.pdf";
const READY_MS = 60_000;

/** What the demo project has, in the words of `npm run apply`. */
const DEMO_FILE = join(ROOT, ".scripts", "demo.json");

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

/** An id as the dialects spell it whose ids are of letters and digits. */
const cuid = (uuid) => BigInt(`0x${uuid.replaceAll("-", "")}`).toString(36).padStart(25, "0");

/** The demo project: the remembered one while the server still knows it, else a new one. */
async function project(url, admin) {
  if (existsSync(DEMO)) {
    const demo = JSON.parse(readFileSync(DEMO, "utf8"));
    const known = await ask(url, "GET", "/v1/project", demo.token).catch(() => null);
    if (known) return demo;
  }
  const { id } = await ask(url, "POST", "/v1/projects", admin, { name: "Demo", organization_name: "Demo" });
  const { token } = await ask(url, "POST", `/v1/projects/${id}/tokens`, admin, { name: "demo" });
  const demo = { token, projectId: id };
  writeFileSync(DEMO, JSON.stringify(demo, null, 2), { mode: 0o600 });
  return demo;
}

/** The demo project with its classifiers and schemas, and the ids that each dialect names them by. */
async function seed(url, admin) {
  const { token, projectId } = await project(url, admin);
  await ask(url, "POST", "/v1/apply", token, JSON.parse(readFileSync(DEMO_FILE, "utf8")));
  const named = async (path, name) => (await ask(url, "GET", path, token)).items.find((item) => item.name === name).id;
  const [documents, mail, invoice] = [
    await named("/v1/classifiers", "demo-documents"),
    await named("/v1/classifiers", "demo-mail"),
    await named("/v1/schemas", "Invoice"),
  ];
  return {
    token,
    projectId,
    configurationId: `cfg-${documents}`,
    classifierId: `classifier_${cuid(documents)}`,
    extractionSchemaId: `schema_${cuid(invoice)}`,
    companyCuid: cuid(projectId),
    orchestratorCuid: cuid(mail),
  };
}

function tell({ url, token, configurationId, classifierId, companyCuid, orchestratorCuid }) {
  // Copied as it stands into a shell: no tool but curl and sed.
  const member = (name) => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`;
  console.log(`
Sortroom is ready at ${url}  (Ctrl-C stops it)

Copy and paste from the root of the checkout. First:

  URL=${url}
  TOKEN=${token}

Classify a PDF as LlamaCloud does:

  FILE=$(curl -s $URL/api/v1/beta/files -H "Authorization: Bearer $TOKEN" -F purpose=classify -F file=@${SAMPLE} | ${member("id")})
  JOB=$(curl -s $URL/api/v2/classify -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"file_input":"'$FILE'","configuration_id":"${configurationId}"}' | ${member("id")})
  curl -s $URL/api/v2/classify/$JOB -H "Authorization: Bearer $TOKEN"

Classify and extract as Limai does; the last line tells how far it is, and then the fields:

  CLASSIFIER=$URL/api/v1/classify/${classifierId}
  UPLOAD=$(curl -s "$CLASSIFIER/get-url?filename=invoice.pdf" -H "Authorization: Bearer $TOKEN")
  curl -s -T ${SAMPLE} $(echo $UPLOAD | ${member("url")})
  FILE=$(echo $UPLOAD | ${member("fileId")})
  curl -s $CLASSIFIER/async -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"fileId":"'$FILE'"}'
  curl -s "$URL/api/v1/document/get-file-data?fileId=$FILE" -H "Authorization: Bearer $TOKEN"

Classify a mail as Dial Once does:

  MAILS=$URL/api/companies/${companyCuid}/orchestrators/${orchestratorCuid}/classification-async
  PROCESS=$(curl -s $MAILS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"mail":{"subject":"Request for refund","body":"Hello, I want my money back for order 4711."},"external_ref":"ticket-17"}' | ${member("process_cuid")})
  curl -s $MAILS/$PROCESS -H "Authorization: Bearer $TOKEN"
`);
}

main(async () => {
  const port = Number(process.env.PORT ?? 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Failure(`PORT is not a port: ${process.env.PORT}`);
  // Before the set-up and the builds, which take minutes on a fresh machine.
  await freePort(port);
  const tools = await setup();
  await buildWorker("worker", tools);
  await buildConsole(tools);
  // And behind them, because another program had those minutes to take it.
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
