// `npm start` as a user runs it: it starts, prints commands that work when pasted, and leaves nothing behind. And
// `wrangler dev` run by hand, with the proxy that wrangler puts before the Worker.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { WAYS, refusedBodies, sendRefused, unfinishedUpload } from "./attacks.mjs";
import { sendRaw } from "./clear.mjs";
import { ROOT, request, scratch, until } from "./server.mjs";

const DEV = join(ROOT, ".sortroom", "dev.json");
const WRANGLER = join(ROOT, "node_modules", ".bin", "wrangler");

/** How many rejected bodies each client sends. When a rejection cancelled the body, 4 to 8 crashed wrangler 4.116. */
const ATTEMPTS = 100;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Runs a program without the variables that turn off parts of wrangler for the tests, so that .env must do it. */
function launch(program, args, env = {}) {
  const { X_LOCAL_EXPLORER, X_LOCAL_OBSERVABILITY, ...inherited } = process.env;
  const child = spawn(program, args, { cwd: ROOT, env: { ...inherited, ...env }, detached: true });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output.text += data));
  return { child, output, ended: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}

const start = (port, env) => launch("npm", ["start"], { PORT: String(port), ...env });

/** Ends a program as Ctrl-C does: the signal goes to every process of its group. */
async function interrupt({ child, ended }) {
  const processes = [child.pid, ...descendants(child.pid)];
  process.kill(-child.pid, "SIGINT");
  await ended;
  await until(() => processes.every((pid) => !alive(pid)), { ms: 10_000, what: "the end of every process" });
}

/** Wrangler's local explorer would expose every project's files without a token. */
async function assertNoExplorer(url) {
  const paths = ["", "/", "/api", "/api/r2/buckets", "/api/r2/buckets/sortroom-files/objects", "/api/local/workers"];
  // It is served under both paths.
  for (const path of ["explorer", "local/explorer"].flatMap((base) => paths.map((path) => base + path))) {
    const response = await fetch(`${url}/cdn-cgi/${path}`);
    const text = await response.text();
    assert.equal(response.status, 404, `${path} answered ${text.slice(0, 200)}`);
    // Wrangler's own answers are no JSON.
    assert.match(JSON.parse(text).detail, /^Not Found: \/cdn-cgi\//, "the Worker answered, which has no such path");
  }
}

/** The descendants of a process, from the process table. */
function descendants(pid) {
  const table = execFileSync("ps", ["-eo", "pid,ppid"], { encoding: "utf8" }).trim().split("\n").slice(1);
  const rows = table.map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent) => rows.filter(([, other]) => other === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("npm start", async (t) => {
  assert.ok(!existsSync(DEV), "another `npm start` runs from this checkout: stop it first");
  const port = await freePort();
  const server = start(port);
  const { child, output } = server;
  const began = performance.now();
  try {
    await until(() => existsSync(DEV) || child.exitCode !== null, { ms: 120_000, what: "the server" });
    assert.equal(child.exitCode, null, output.text);
    t.diagnostic(`ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const facts = JSON.parse(readFileSync(DEV, "utf8"));
    const names = [
      "url",
      "token",
      "adminToken",
      "projectId",
      "configurationId",
      "classifierId",
      "extractionSchemaId",
      "companyCuid",
      "orchestratorCuid",
    ];
    for (const name of names) assert.ok(facts[name], name);

    await until(() => output.text.includes("Ctrl-C"), { what: "the printed instructions" });
    // Each printed paragraph runs in its own shell, after the first, which sets the variables.
    const [first, ...others] = output.text
      .slice(output.text.indexOf("Copy and paste"))
      .split(/\n\n/)
      .filter((part) => part.startsWith("  "));
    assert.ok(first.includes(facts.token));
    assert.equal(others.length, 3);
    const paste = (lines) => execFileSync("bash", ["-ec", `${first}\n${lines}`], { cwd: ROOT, encoding: "utf8" });
    const lastAnswer = (lines, fits) =>
      until(
        () => {
          const answer = JSON.parse(paste(lines.replace(/$/gm, "; echo")).trim().split("\n").at(-1));
          return fits(answer) && answer;
        },
        { ms: 30_000, what: "the end of what was pasted" },
      );
    const job = await lastAnswer(others[0], (job) => job.status === "COMPLETED");
    assert.equal(job.result.type, "invoice");
    assert.ok(job.result.confidence > 0.5 && job.result.reasoning.length > 20);
    const file = await lastAnswer(others[1], (file) => file.status === "COMPLETED");
    assert.equal(file.deployment.name, "Invoice Processing");
    const [fields] = Object.values(file.data.tables);
    assert.ok(fields.rows[0].cells.invoice_number.value, "the invoice has a number");
    const mail = await lastAnswer(others[2], (mail) => mail.status === "completed");
    assert.equal(mail.result.classification, "refund_request");
    assert.equal(mail.external_ref, "ticket-17");

    const page = await (await fetch(facts.url)).text();
    assert.match(page, /Sortroom/);
    await assertNoExplorer(facts.url);

    const second = start(port);
    assert.equal(await second.ended, 1);
    assert.match(second.output.text, new RegExp(`port ${port} is taken`));
    assert.ok(existsSync(DEV), "the second start did not disturb the first");
  } finally {
    await interrupt(server);
  }
  assert.ok(!existsSync(DEV), "dev.json is removed with the server");
});

test("npm start checks the port before it sets anything up", async () => {
  const port = await freePort();
  const taken = createServer().listen(port, "127.0.0.1");
  // This cache is empty, so a setup would start with tools that take minutes to build.
  const cache = scratch("cache-");
  const server = start(port, { SORTROOM_CACHE: cache });
  const late = setTimeout(() => process.kill(-server.child.pid, "SIGKILL"), 20_000);
  try {
    assert.equal(await server.ended, 1, server.output.text);
    assert.match(server.output.text, new RegExp(`port ${port} is taken`));
    assert.doesNotMatch(server.output.text, /setup:|build:/);
  } finally {
    clearTimeout(late);
    taken.close();
    rmSync(cache, { recursive: true, force: true });
  }
});

test("wrangler dev survives rejected bodies, and exposes no files", async (t) => {
  const state = scratch("wrangler-");
  const port = await freePort();
  const server = launch(WRANGLER, [
    ...["dev", "--ip", "127.0.0.1", "--port", String(port), "--persist-to", state],
    ...["--show-interactive-dev-session=false", "--log-level", "warn"],
  ]);
  const url = `http://127.0.0.1:${port}`;
  const healthy = () =>
    fetch(`${url}/v1/health`).then(
      (response) => response.status,
      (error) => String(error.cause ?? error),
    );
  try {
    await until(async () => server.child.exitCode !== null || (await healthy()) === 200, {
      ms: 60_000,
      what: "the server",
    });
    assert.equal(server.child.exitCode, null, server.output.text);
    await t.test("the explorer is off", () => assertNoExplorer(url));

    const admin = readFileSync(join(ROOT, ".dev.vars"), "utf8")
      .match(/^ADMIN_SECRET=(.+)$/m)[1]
      .trim();
    const { id } = await request(url, "POST", "/v1/projects", { token: admin, body: { name: "test" } });
    const { token } = await request(url, "POST", `/v1/projects/${id}/tokens`, { token: admin, body: { name: "test" } });
    const announced = await request(url, "PUT", "/api/v1/files", { token, body: { name: "a.txt" } });

    const kinds = refusedBodies({ token }, new URL(announced.url).pathname);
    for (const [sender, bodies] of [
      ["who has a token", kinds.authorized],
      ["who has none", kinds.strangers],
    ]) {
      await t.test(`rejected bodies of a client ${sender}`, async () => {
        let answered = 0;
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          const kind = bodies[attempt % bodies.length];
          const way = WAYS[Math.floor(attempt / bodies.length) % WAYS.length];
          const what = `try ${attempt}, ${kind.name}, which ${way}`;
          const status = await sendRefused(url, kind, way).catch((error) => assert.fail(`${what}: ${error.message}`));
          if (status !== undefined) {
            assert.equal(status, kind.status, what);
            answered++;
          }
          assert.equal(await healthy(), 200, `after ${what}`);
        }
        assert.equal(server.child.exitCode, null, server.output.text);
        assert.ok(answered > ATTEMPTS / 5, `only ${answered} were answered`);
        const took = [];
        for (let index = 0; index < 5; index++) {
          const since = performance.now();
          assert.equal(await healthy(), 200);
          took.push(performance.now() - since);
        }
        const median = took.sort((left, right) => left - right)[2];
        assert.ok(median < 250, `answers take ${median} ms afterwards`);
      });
    }
    await t.test("uploads that go silent", async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => sendRaw(url, ...unfinishedUpload({ token }))));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [408]);
      assert.equal(await healthy(), 200);
      assert.equal(server.child.exitCode, null, server.output.text);
    });
    assert.equal((await request(url, "GET", "/v1/project", { token })).id, id);
  } finally {
    await interrupt(server);
    rmSync(state, { recursive: true, force: true });
  }
});
