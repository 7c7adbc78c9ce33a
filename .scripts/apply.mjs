// Gives a project what a file declares: shows what would change, asks, and changes it.
//
//   npm run apply -- [FILE] [--url URL --token TOKEN] [--yes]
//
// FILE is sortroom.json when none is named. Without an address it is the server that `npm start` runs here. The token may
// also come as SORTROOM_TOKEN, where other people can read command lines.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Failure, ROOT, main, say } from "./lib.mjs";

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

/** Where to apply it: what was said, or the server of this checkout. */
function target({ url, token = process.env.SORTROOM_TOKEN }) {
  if (url !== undefined) {
    // The token of this checkout's server is nobody else's business.
    if (!token) throw new Failure("--url needs --token, or SORTROOM_TOKEN in the environment");
    return { url: url.replace(/\/+$/, ""), token };
  }
  try {
    const dev = JSON.parse(readFileSync(join(ROOT, ".sortroom", "dev.json"), "utf8"));
    return { url: dev.url, token: token || dev.token };
  } catch {
    throw new Failure(`no server runs from this checkout: npm start, or say which\n  ${USAGE}`);
  }
}

function declared(file) {
  // npm runs its scripts at the root of the checkout; the file is meant from where the person is.
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

/** What an answer other than success says, in lines. */
function complaint(status, text) {
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {}
  if (!error) return `the server answered ${status}: ${text.slice(0, 500)}`;
  if (!error.fields?.length) return error.message;
  const fields = error.fields.map(({ pointer, message }) => `\n  ${pointer || "/"}: ${message}`);
  return `the file is refused, and nothing was changed:${fields.join("")}`;
}

async function ask({ url, token }, body, query) {
  let answer;
  try {
    answer = await fetch(`${url}/v1/apply${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Failure(`${url} cannot be reached: ${error.cause?.message ?? error.message}`);
  }
  const text = await answer.text();
  if (!answer.ok) throw new Failure(complaint(answer.status, text));
  return JSON.parse(text);
}

const line = ({ kind, name, action, fields }) =>
  `${SIGNS[action] ?? "?"} ${kind} ${name}${fields.length > 0 ? `: ${fields.join(", ")}` : ""}`;

/** Whether a person agrees. Whoever leaves does not. */
async function agreed(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise((resolve) => terminal.once("close", () => resolve("")));
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(question), left])).trim());
  } finally {
    terminal.close();
  }
}

main(async () => {
  const wanted = options();
  const body = declared(wanted.file);
  const server = target(wanted);
  const { changes } = await ask(server, body, "?dry_run=true");
  for (const change of changes) console.log(line(change));
  if (changes.every(({ action }) => action === "unchanged")) return say("Nothing to change.");
  if (!wanted.yes) {
    if (!process.stdin.isTTY) throw new Failure("nothing was changed: say --yes to apply without being asked");
    if (!(await agreed(`Apply this to ${server.url}? [y/N] `))) return say("Nothing was changed.");
  }
  const { changes: made } = await ask(server, body, "");
  const count = (action) => made.filter((change) => change.action === action).length;
  say(`Applied: ${count("create")} created, ${count("update")} updated.`);
});
