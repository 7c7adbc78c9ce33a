// The first of the two commands, as a person runs it: it starts, tells what to paste, works as pasted, and goes without
// a trace.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT, until } from "./server.mjs";

const DEV = join(ROOT, ".sortroom", "dev.json");

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

function start(port) {
  const child = spawn("npm", ["start"], { cwd: ROOT, env: { ...process.env, PORT: String(port) }, detached: true });
  const told = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (told.text += data));
  return { child, told, ended: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}

/** The processes that descend from one, by the process table. */
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
  const { child, told, ended } = start(port);
  const began = performance.now();
  try {
    await until(() => existsSync(DEV) || child.exitCode !== null, { ms: 120_000, what: "the server" });
    assert.equal(child.exitCode, null, told.text);
    t.diagnostic(`ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const facts = JSON.parse(readFileSync(DEV, "utf8"));
    const names = ["url", "token", "adminToken", "projectId", "configurationId", "classifierId", "extractionSchemaId", "companyCuid", "orchestratorCuid"];
    for (const name of names) assert.ok(facts[name], name);

    await until(() => told.text.includes("Ctrl-C"), { what: "the words for a person" });
    // Every paragraph of lines to paste, in its own shell, after the first that sets the variables.
    const [first, ...others] = told.text.slice(told.text.indexOf("Copy and paste")).split(/\n\n/).filter((part) => part.startsWith("  "));
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

    const second = start(port);
    assert.equal(await second.ended, 1);
    assert.match(second.told.text, new RegExp(`port ${port} is taken`));
    assert.ok(existsSync(DEV), "the second start did not disturb the first");
  } finally {
    const processes = [child.pid, ...descendants(child.pid)];
    // What Ctrl-C does: the signal goes to every process of the terminal's group.
    process.kill(-child.pid, "SIGINT");
    await ended;
    await until(() => processes.every((pid) => !alive(pid)), { ms: 10_000, what: "the end of every process" });
  }
  assert.ok(!existsSync(DEV), "the facts are gone with the server");
});
