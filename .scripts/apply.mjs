// Applies a declaration file to a project: shows what would change, asks for confirmation, and applies it.
//
//   npm run apply -- [FILE] [--url URL --token TOKEN] [--yes]
//
// FILE defaults to sortroom.json. Without --url, the target is the server that `npm start` runs here. The token may
// also come from SORTROOM_TOKEN, for machines where other people can read command lines.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Failure, ROOT, log, main } from "./lib.mjs";

const USAGE = "npm run apply -- [FILE=sortroom.json] [--url URL --token TOKEN] [--yes]";
const TIMEOUT_MS = 60_000;
const SIGNS = { create: "+", update: "~", unchanged: "=" };

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { url: { type: "string" }, token: { type: "string" }, yes: { type: "boolean", short: "y" } },
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

function readDeclaration(file) {
  // npm runs its scripts at the root of the checkout, but FILE is relative to the caller's working directory.
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
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

async function request({ url, token }, body, query) {
  let response;
  try {
    response = await fetch(`${url}/v1/apply${query}`, {
      method: "POST",
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

main(async () => {
  const selected = options();
  const body = readDeclaration(selected.file);
  const server = target(selected);
  const { changes } = await request(server, body, "?dry_run=true");
  for (const change of changes) console.log(line(change));
  if (changes.every(({ action }) => action === "unchanged")) return log("Nothing to change.");
  if (!selected.yes) {
    if (!process.stdin.isTTY) throw new Failure("nothing was changed: say --yes to apply without being asked");
    if (!(await confirmed(`Apply this to ${server.url}? [y/N] `))) return log("Nothing was changed.");
  }
  const { changes: applied } = await request(server, body, "");
  const count = (action) => applied.filter((change) => change.action === action).length;
  log(`Applied: ${count("create")} created, ${count("update")} updated.`);
});
