// `npm run apply`, against a server that only says what it is asked, and against the real one where it is built; and the
// schema by which editors check the file.
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

/** A server that answers every request alike and remembers what it was asked. */
async function stub(t, status, answer) {
  const asked = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ target: request.url, token: request.headers.authorization, body: Buffer.concat(chunks).toString() });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

function apply(...args) {
  const { SORTROOM_TOKEN, INIT_CWD, ...env } = process.env;
  const child = spawn(process.execPath, [join(ROOT, ".scripts", "apply.mjs"), ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const told = { out: "", err: "" };
  child.stdout.on("data", (data) => (told.out += data));
  child.stderr.on("data", (data) => (told.err += data));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...told })));
}

test("shows what would change, and changes it when told to", async (t) => {
  const { url, asked } = await stub(t, 200, { changes: PLAN, applied: false });
  const { code, out, err } = await apply(EXAMPLE, "--url", `${url}/`, "--token", "secret", "--yes");
  assert.equal(code, 0, err);
  assert.equal(
    out,
    "+ schema invoices\n~ classifier mail-room: rules[2].description, settings.language\n= project Demo\n",
  );
  assert.match(err, /Applied: 1 created, 1 updated\./);
  assert.deepEqual(asked.map(({ target }) => target), ["/v1/apply?dry_run=true", "/v1/apply"]);
  for (const { token, body } of asked) {
    assert.equal(token, "Bearer secret");
    assert.equal(body, readFileSync(EXAMPLE, "utf8"));
  }
});

test("changes nothing without a yes", async (t) => {
  const { url, asked } = await stub(t, 200, { changes: PLAN, applied: false });
  const { code, out, err } = await apply(EXAMPLE, "--url", url, "--token", "secret");
  assert.equal(code, 1);
  assert.match(out, /^\+ schema invoices$/m);
  assert.match(err, /nothing was changed: say --yes/);
  assert.equal(asked.length, 1);
});

test("asks nothing when there is nothing to change", async (t) => {
  const changes = PLAN.map((change) => ({ ...change, action: "unchanged", fields: [] }));
  const { url, asked } = await stub(t, 200, { changes, applied: false });
  const { code, err } = await apply(EXAMPLE, "--url", url, "--token", "secret");
  assert.equal(code, 0, err);
  assert.match(err, /Nothing to change/);
  assert.equal(asked.length, 1);
});

test("says what is wrong with the file, and where", async (t) => {
  const fields = [{ pointer: "/classifiers/a/rules/0/description", message: "String should have at least 10 characters" }];
  const { url } = await stub(t, 422, { error: { code: "INVALID", message: fields[0].message, fields } });
  const { code, err } = await apply(EXAMPLE, "--url", url, "--token", "secret", "--yes");
  assert.equal(code, 1);
  assert.match(err, /nothing was changed:\n {2}\/classifiers\/a\/rules\/0\/description: String should have/);
});

test("says what to do about a wrong call", async (t) => {
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
    assert.doesNotMatch(err, /\n\s+at /, "no stack for a person's mistake");
  }
});

test("applies the example to the real server, once", { skip: !BUILT && "the Worker is not built" }, async (t) => {
  const { ask, newProject, startServer } = await import("./server.mjs");
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
  const { items } = await ask(server.url, "GET", "/v1/classifiers", { token });
  assert.equal(items[0].routes[0].deployment, "Accounting");
});

const schema = JSON.parse(readFileSync(join(ROOT, "www", "sortroom.schema.json"), "utf8"));

/** As much of JSON Schema as the schema uses; what it does not know it refuses. */
const KEYWORDS = {
  $schema: () => true,
  $defs: () => true,
  title: () => true,
  description: () => true,
  properties: (value, known) => Object.entries(value).every(([name, one]) => !(name in known) || fits(one, known[name])),
  additionalProperties: (value, rest, { properties = {} }) =>
    Object.entries(value).every(([name, one]) => name in properties || (rest !== false && fits(one, rest))),
  propertyNames: (value, names) => Object.keys(value).every((name) => fits(name, names)),
  maxProperties: (value, most) => Object.keys(value).length <= most,
  required: (value, names) => names.every((name) => name in value),
  items: (value, each) => value.every((one) => fits(one, each)),
  minItems: (value, least) => value.length >= least,
  maxItems: (value, most) => value.length <= most,
  minLength: (value, least) => [...value].length >= least,
  maxLength: (value, most) => value === null || [...value].length <= most,
  pattern: (value, pattern) => value === null || new RegExp(pattern, "u").test(value),
  minimum: (value, least) => value >= least,
  maximum: (value, most) => value <= most,
  enum: (value, all) => all.includes(value),
  anyOf: (value, all) => all.some((one) => fits(value, one)),
  $ref: (value, ref) => fits(value, ref.split("/").slice(1).reduce((at, step) => at[step], schema)),
};
const TYPES = {
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  null: (value) => value === null,
};

function fits(value, { type, ...rules }) {
  if (type !== undefined && ![type].flat().some((one) => TYPES[one](value))) return false;
  return Object.entries(rules).every(([keyword, rule]) => {
    assert.ok(keyword in KEYWORDS, `this test does not know the keyword ${keyword}`);
    return KEYWORDS[keyword](value, rule, rules);
  });
}

test("the schema for editors takes the example and finds what is misspelt", () => {
  const example = () => JSON.parse(readFileSync(EXAMPLE, "utf8"));
  assert.ok(fits(example(), schema));
  assert.ok(fits(JSON.parse(readFileSync(join(ROOT, ".scripts", "demo.json"), "utf8")), schema));
  const faults = [
    (file) => (file.clasifiers = {}),
    (file) => (file.project.retention_day = 3),
    (file) => (file.project.retention_days = 0),
    (file) => (file.schemas.empty = {}),
    (file) => (file.schemas[""] = file.schemas.invoices),
    (file) => (file.schemas.invoices.fields[0].kind = "sum"),
    (file) => delete file.schemas.invoices.tables[0].fields[0].name,
    (file) => (file.classifiers["mail-room"].rules[0].descripton = "Invoice with a number"),
    (file) => (file.classifiers["mail-room"].rules[0].description = "short"),
    (file) => (file.classifiers["mail-room"].rules = []),
    (file) => (file.classifiers["mail-room"].settings.language = "english"),
    (file) => (file.classifiers["mail-room"].settings.no_match_bias = "0"),
    (file) => (file.classifiers["mail-room"].routes[0].schema_id = "x"),
    (file) => delete file.classifiers["mail-room"].routes[0].schema,
  ];
  for (const spoil of faults) {
    const file = example();
    spoil(file);
    assert.ok(!fits(file, schema), String(spoil));
  }
  const file = example();
  file.classifiers["mail-room"].settings.language = null;
  assert.ok(fits(file, schema));
});

test("everything a person meets in the schema is described", () => {
  const undescribed = [];
  const visit = (at, path) => {
    for (const [name, one] of Object.entries(at.properties ?? {})) {
      const meant = one.$ref ? one.$ref.split("/").slice(1).reduce((to, step) => to[step], schema) : one;
      if (!meant.description) undescribed.push(`${path}/${name}`);
      visit(one, `${path}/${name}`);
    }
  };
  visit(schema, "");
  for (const [name, one] of Object.entries(schema.$defs)) visit(one, name);
  assert.deepEqual(undescribed, []);
});
