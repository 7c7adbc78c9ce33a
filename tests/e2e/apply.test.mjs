// `npm run apply`, against a stub server that records requests, and against the real server if it is built.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const EXAMPLE = join(ROOT, "tests", "apply", "sortroom.json");
const BUILT = existsSync(join(ROOT, "build", "worker", "index.js"));

const PLAN = [
  { kind: "schema", name: "invoices", action: "create", fields: [] },
  { kind: "classifier", name: "mail-room", action: "update", fields: ["rules[2].description", "settings.language"] },
  { kind: "project", name: "Demo", action: "unchanged", fields: [] },
];

/** A server that gives every request the same response and records the requests. */
async function stub(t, status, body) {
  const requests = [];
  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      requests.push({
        target: incoming.url,
        token: incoming.headers.authorization,
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

function apply(...args) {
  const { SORTROOM_TOKEN, INIT_CWD, ...env } = process.env;
  const child = spawn(process.execPath, [join(ROOT, ".scripts", "apply.mjs"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { out: "", err: "" };
  child.stdout.on("data", (data) => (output.out += data));
  child.stderr.on("data", (data) => (output.err += data));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...output })));
}

test("shows what would change, and applies it with --yes", async (t) => {
  const { url, requests } = await stub(t, 200, { changes: PLAN, applied: false });
  const { code, out, err } = await apply(EXAMPLE, "--url", `${url}/`, "--token", "secret", "--yes");
  assert.equal(code, 0, err);
  assert.equal(
    out,
    "+ schema invoices\n~ classifier mail-room: rules[2].description, settings.language\n= project Demo\n",
  );
  assert.match(err, /Applied: 1 created, 1 updated\./);
  assert.deepEqual(
    requests.map(({ target }) => target),
    ["/v1/apply?dry_run=true", "/v1/apply"],
  );
  for (const { token, body } of requests) {
    assert.equal(token, "Bearer secret");
    assert.equal(body, readFileSync(EXAMPLE, "utf8"));
  }
});

test("changes nothing without --yes", async (t) => {
  const { url, requests } = await stub(t, 200, { changes: PLAN, applied: false });
  const { code, out, err } = await apply(EXAMPLE, "--url", url, "--token", "secret");
  assert.equal(code, 1);
  assert.match(out, /^\+ schema invoices$/m);
  assert.match(err, /nothing was changed: say --yes/);
  assert.equal(requests.length, 1);
});

test("does not ask for confirmation when there is nothing to change", async (t) => {
  const changes = PLAN.map((change) => ({ ...change, action: "unchanged", fields: [] }));
  const { url, requests } = await stub(t, 200, { changes, applied: false });
  const { code, err } = await apply(EXAMPLE, "--url", url, "--token", "secret");
  assert.equal(code, 0, err);
  assert.match(err, /Nothing to change/);
  assert.equal(requests.length, 1);
});

test("reports what is wrong with the file, and where", async (t) => {
  const fields = [
    { pointer: "/classifiers/a/rules/0/description", message: "String should have at least 10 characters" },
  ];
  const { url } = await stub(t, 422, { error: { code: "INVALID", message: fields[0].message, fields } });
  const { code, err } = await apply(EXAMPLE, "--url", url, "--token", "secret", "--yes");
  assert.equal(code, 1);
  assert.match(err, /nothing was changed:\n {2}\/classifiers\/a\/rules\/0\/description: String should have/);
});

test("reports how to fix a wrong call", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sortroom-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const broken = join(folder, "broken.json");
  writeFileSync(broken, "{");
  const { url } = await stub(t, 401, { error: { code: "UNAUTHENTICATED", message: "Invalid API Key", fields: [] } });
  const calls = [
    [["a.json", "b.json"], /more than one file\n {2}npm run apply/],
    [["--sure"], /--sure/],
    [[join(folder, "none.json")], /cannot be read/],
    [[broken], /is no JSON/],
    [[EXAMPLE, "--url", url], /--url needs --token/],
    [[EXAMPLE, "--url", url, "--token", "x"], /Invalid API Key/],
    [[EXAMPLE, "--url", "http://127.0.0.1:1", "--token", "x"], /cannot be reached/],
  ];
  for (const [args, expected] of calls) {
    const { code, err } = await apply(...args);
    assert.equal(code, 1);
    assert.match(err, expected);
    assert.doesNotMatch(err, /\n\s+at /, "no stack for a mistake of the user");
  }
});

test("applies the example to the real server, once", { skip: !BUILT && "the Worker is not built" }, async (t) => {
  const { request, newProject, startServer } = await import("./server.mjs");
  const server = await startServer();
  t.after(() => server.stop());
  const { token } = await newProject(server.url);
  const run = () => apply(EXAMPLE, "--url", server.url, "--token", token, "--yes");
  const first = await run();
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /^\+ schema invoices\n\+ classifier mail-room\n~ project test: retention_days\n$/);
  const second = await run();
  assert.match(second.out, /^= schema invoices\n= classifier mail-room\n= project test\n$/);
  assert.match(second.err, /Nothing to change/);
  const { items } = await request(server.url, "GET", "/v1/classifiers", { token });
  assert.equal(items[0].routes[0].deployment, "Accounting");

  const folder = mkdtempSync(join(tmpdir(), "sortroom-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const pulled = join(folder, "pulled.json");
  const pull = () => apply("--pull", pulled, "--url", server.url, "--token", token);
  const written = await pull();
  assert.equal(written.code, 0, written.err);
  assert.match(written.err, /1 schemas, 1 classifiers/);
  const again = await apply(pulled, "--url", server.url, "--token", token);
  assert.match(again.err, /Nothing to change/, again.out + again.err);
  const declared = JSON.parse(readFileSync(EXAMPLE, "utf8")).classifiers["mail-room"];
  const { rules, routes } = JSON.parse(readFileSync(pulled, "utf8")).classifiers["mail-room"];
  assert.deepEqual(routes, declared.routes);
  assert.deepEqual(
    rules.map(({ label }) => label),
    declared.rules.map(({ label }) => label),
  );
  const refused = await pull();
  assert.equal(refused.code, 1);
  assert.match(refused.err, /exists: say --yes/);
});
