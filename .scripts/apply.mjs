// Applies a declaration file to a project: shows what would change, asks for confirmation, and applies it. With --pull
// it writes the file instead, from what the project has.
//
//   npm run apply -- [FILE] [--url URL --token TOKEN] [--yes]
//   npm run apply -- --pull [FILE] [--url URL --token TOKEN] [--yes]
//
// FILE defaults to sortroom.json. Without --url, the target is the server that `npm start` runs here. The token may
// also come from SORTROOM_TOKEN, for machines where other people can read command lines.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Failure, ROOT, log, main } from "./lib.mjs";

const USAGE = "npm run apply -- [--pull] [FILE=sortroom.json] [--url URL --token TOKEN] [--yes]";
const TIMEOUT_MS = 60_000;
const SIGNS = { create: "+", update: "~", unchanged: "=" };

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string" },
        token: { type: "string" },
        yes: { type: "boolean", short: "y" },
        pull: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (positionals.length > 1) throw new Error("more than one file");
    return { ...values, file: positionals[0] ?? "sortroom.json" };
  } catch (error) {
    throw new Failure(`${error.message}\n  ${USAGE}`);
  }
}

/** The server to apply to: the one in the options, or the one of this checkout. */
function target({ url, token = process.env.SORTROOM_TOKEN }) {
  if (url !== undefined) {
    // Never send the token of this checkout's server to another server.
    if (!token) throw new Failure("--url needs --token, or SORTROOM_TOKEN in the environment");
    return { url: url.replace(/\/+$/, ""), token };
  }
  try {
    const dev = JSON.parse(readFileSync(join(ROOT, ".sortroom", "dev.json"), "utf8"));
    return { url: dev.url, token: token || dev.token };
  } catch {
    throw new Failure(`no server runs from this checkout: run npm start, or pass --url\n  ${USAGE}`);
  }
}

/** npm runs its scripts at the root of the checkout, but FILE is relative to the caller's working directory. */
const fromCaller = (file) => resolve(process.env.INIT_CWD ?? process.cwd(), file);

function readDeclaration(file) {
  const path = fromCaller(file);
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${error.message}`);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is no JSON: ${error.message}`);
  }
  return text;
}

/** The error message of a response that is not a success. */
function describeError(status, text) {
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {}
  if (!error) return `the server answered ${status}: ${text.slice(0, 500)}`;
  if (!error.fields?.length) return error.message;
  const fields = error.fields.map(({ pointer, message }) => `\n  ${pointer || "/"}: ${message}`);
  return `the file is refused, and nothing was changed:${fields.join("")}`;
}

/** Sends a request, a POST if there is a body, and returns what the server answers. */
async function request({ url, token }, path, body) {
  let response;
  try {
    response = await fetch(`${url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Failure(`${url} cannot be reached: ${error.cause?.message ?? error.message}`);
  }
  const text = await response.text();
  if (!response.ok) throw new Failure(describeError(response.status, text));
  return JSON.parse(text);
}

const line = ({ kind, name, action, fields }) =>
  `${SIGNS[action] ?? "?"} ${kind} ${name}${fields.length > 0 ? `: ${fields.join(", ")}` : ""}`;

/** Whether the user confirms. Closing the input counts as no. */
async function confirmed(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise((resolve) => terminal.once("close", () => resolve("")));
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(question), closed])).trim());
  } finally {
    terminal.close();
  }
}

/** All items of a listing. */
async function listed(server, path) {
  const items = [];
  for (let token = ""; token !== null; ) {
    const page = await request(server, `${path}?page_size=100${token && `&page_token=${encodeURIComponent(token)}`}`);
    items.push(...page.items);
    token = page.next_page_token;
  }
  return items;
}

/** What a project has, as a declaration file. Drafts are not in it: applying publishes. */
async function declaration(server) {
  const project = await request(server, "/v1/project");
  const saved = await listed(server, "/v1/schemas");
  const schemas = new Map(saved.map(({ id, name, created_at, updated_at, ...schema }) => [id, { name, schema }]));
  const published = await listed(server, "/v1/classifiers");
  const classifiers = published.map(({ name, rules, settings, routes }) => {
    const named = routes.map(({ schema_id, ...route }) => ({ ...route, schema: schemas.get(schema_id).name }));
    return [name, { rules, settings, routes: named }];
  });
  return {
    schemas: Object.fromEntries([...schemas.values()].map(({ name, schema }) => [name, schema])),
    classifiers: Object.fromEntries(classifiers),
    project: { retention_days: project.retention_days },
  };
}

/** Writes what the project has to the file, unless that exists and the user does not confirm. */
async function pull(server, { file, yes }) {
  const path = fromCaller(file);
  if (existsSync(path) && !yes) {
    if (!process.stdin.isTTY) throw new Failure(`${file} exists: say --yes to replace it without being asked`);
    if (!(await confirmed(`Replace ${file}? [y/N] `))) return log("Nothing was written.");
  }
  const declared = await declaration(server);
  writeFileSync(path, `${JSON.stringify(declared, null, 2)}\n`);
  const count = (what) => Object.keys(declared[what]).length;
  return log(`Wrote ${file}: ${count("schemas")} schemas, ${count("classifiers")} classifiers.`);
}

main(async () => {
  const selected = options();
  if (selected.help) return console.log(USAGE);
  if (selected.pull) return pull(target(selected), selected);
  const body = readDeclaration(selected.file);
  const server = target(selected);
  const { changes } = await request(server, "/v1/apply?dry_run=true", body);
  for (const change of changes) console.log(line(change));
  if (changes.every(({ action }) => action === "unchanged")) return log("Nothing to change.");
  if (!selected.yes) {
    if (!process.stdin.isTTY) throw new Failure("nothing was changed: say --yes to apply without being asked");
    if (!(await confirmed(`Apply this to ${server.url}? [y/N] `))) return log("Nothing was changed.");
  }
  const { changes: applied } = await request(server, "/v1/apply", body);
  const count = (action) => applied.filter((change) => change.action === action).length;
  log(`Applied: ${count("create")} created, ${count("update")} updated.`);
});
