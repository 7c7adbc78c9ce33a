// Starts Sortroom on this machine: sets up, builds, runs workerd through wrangler, and seeds a demo project once.
import { spawn } from "node:child_process";
import { mkdirSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { buildWorker } from "./build.mjs";
import { buildConsole } from "./console.mjs";
import { Failure, ROOT, environment, log, main, npmBin } from "./lib.mjs";
import { setup } from "./setup.mjs";

const STATE = join(ROOT, ".sortroom");
/** The address and tokens of the running server, for tools; removed when it stops. */
const DEV = join(STATE, "dev.json");
/** The demo project, kept across starts. */
const DEMO_STATE = join(STATE, "demo.json");
const SAMPLE = "tests/corpus/pdf/invoice-en.pdf";
const READY_MS = 60_000;

/** The declaration of the demo project, as for `npm run apply`. */
const DEMO_FILE = join(ROOT, ".scripts", "demo_project.json");

function assertPortFree(port) {
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

const adminToken = () =>
  readFileSync(join(ROOT, ".dev.vars"), "utf8")
    .match(/^ADMIN_SECRET=(.+)$/m)[1]
    .trim();

async function request(url, method, path, token, body) {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Failure(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

async function waitUntilReady(url, server) {
  const deadline = Date.now() + READY_MS;
  while (server.exitCode === null && server.signalCode === null) {
    if (Date.now() > deadline) throw new Failure(`the server did not answer within ${READY_MS / 1000} s`);
    const healthy = await fetch(`${url}/v1/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Failure("the server stopped before it was ready; its output is above");
}

/** A UUID as a cuid: 25 letters and digits, as Limai and Dial Once format ids. */
const toCuid = (uuid) =>
  BigInt(`0x${uuid.replaceAll("-", "")}`)
    .toString(36)
    .padStart(25, "0");

/** The demo project: the saved one if the server still has it, else a new one. */
async function project(url, admin) {
  if (existsSync(DEMO_STATE)) {
    const demo = JSON.parse(readFileSync(DEMO_STATE, "utf8"));
    const known = await request(url, "GET", "/v1/project", demo.token).catch(() => null);
    if (known) return demo;
    // The token may be of an earlier version or of another secret; the project and its documents are still there.
    const renewed = await request(url, "POST", `/v1/projects/${demo.projectId}/tokens`, admin, { name: "demo" }).catch(
      () => null,
    );
    if (renewed) return saveDemo({ ...demo, token: renewed.token });
  }
  const { id } = await request(url, "POST", "/v1/projects", admin, { name: "Demo", organization_name: "Demo" });
  const { token } = await request(url, "POST", `/v1/projects/${id}/tokens`, admin, { name: "demo" });
  return saveDemo({ token, projectId: id });
}

function saveDemo(demo) {
  writeFileSync(DEMO_STATE, JSON.stringify(demo, null, 2), { mode: 0o600 });
  return demo;
}

/** Creates the demo project with its classifiers and schemas, and returns their ids in the format of each dialect. */
async function seed(url, admin) {
  const { token, projectId } = await project(url, admin);
  await request(url, "POST", "/v1/apply", token, JSON.parse(readFileSync(DEMO_FILE, "utf8")));
  const idOf = async (path, name) =>
    (await request(url, "GET", path, token)).items.find((item) => item.name === name).id;
  const [documents, mail, invoice] = [
    await idOf("/v1/classifiers", "demo-documents"),
    await idOf("/v1/classifiers", "demo-mail"),
    await idOf("/v1/schemas", "Invoice"),
  ];
  return {
    token,
    projectId,
    configurationId: `cfg-${documents}`,
    classifierId: `classifier_${toCuid(documents)}`,
    extractionSchemaId: `schema_${toCuid(invoice)}`,
    companyCuid: toCuid(projectId),
    orchestratorCuid: toCuid(mail),
  };
}

function printInstructions({ url, token, configurationId, classifierId, companyCuid, orchestratorCuid }) {
  // Pasted into a shell: uses no tools but curl and sed.
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

Classify and extract as Limai does; the last line shows the status, and later the fields:

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
  await assertPortFree(port);
  const tools = await setup();
  await Promise.all([buildWorker("worker", tools, { profile: "local" }), buildConsole(tools, "local")]);
  // Again, because another program may have taken the port meanwhile.
  await assertPortFree(port);
  mkdirSync(STATE, { recursive: true });

  const url = `http://127.0.0.1:${port}`;
  // In its own process group, so that one signal reaches wrangler, esbuild and workerd, and none is left running.
  const server = spawn(
    npmBin("wrangler"),
    [
      ...["dev", "--ip", "127.0.0.1", "--port", String(port), "--show-interactive-dev-session=false"],
      // wrangler makes the URL of a request of its `Host`, which any sender chooses.
      ...["--log-level", "warn", "--var", `PUBLIC_URL:${url}`],
    ],
    { cwd: ROOT, env: environment(), stdio: ["ignore", "inherit", "inherit"], detached: true },
  );
  const exited = new Promise((resolve) => server.once("exit", resolve));
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
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    kill("SIGKILL");
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  process.on("exit", () => {
    rmSync(DEV, { force: true });
    kill("SIGKILL");
  });

  await waitUntilReady(url, server);
  const admin = adminToken();
  const demo = await seed(url, admin);
  const facts = { url, adminToken: admin, ...demo };
  writeFileSync(DEV, JSON.stringify(facts, null, 2), { mode: 0o600 });
  printInstructions(facts);
  await exited;
  if (!stopping) {
    process.exitCode = 1;
    log("sortroom: the server stopped; its output is above");
  }
});
