// What must not be lost is not lost: processes killed outright, documents that trap the instance, broken uploads.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { HELD, ask, corpus, newProject, scratch, startGroup, startServer, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "letter", description: "A letter from one person to another with a salutation and a greeting" },
];

async function upload(url, token, bytes, name = "file") {
  const form = new FormData();
  form.set("purpose", "classify");
  form.set("file", new File([bytes], name));
  const answer = await fetch(`${url}/api/v1/beta/files`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: form });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).id;
}

const create = (url, token, file) =>
  ask(url, "POST", "/api/v2/classify", { token, body: { file_input: file, configuration: { rules: RULES } } });

async function list(url, token, query = "") {
  const jobs = [];
  let next = "";
  do {
    const page = await ask(url, "GET", `/api/v2/classify?page_size=100${query}${next && `&page_token=${next}`}`, { token });
    jobs.push(...page.items);
    next = page.next_page_token;
  } while (next);
  return jobs;
}

describe("faults", { concurrency: true }, () => {
  test("200 accepted jobs outlive kill -9 of every process, and end once each, untouched", async () => {
    const state = scratch("kill-");
    // The queue holds its messages in memory, so that the kill loses them all.
    let server = await startGroup({ state, vars: { INLINE_MAX_BYTES: "0" }, queues: { "sortroom-stages": HELD } });
    try {
      const { token } = await newProject(server.url);
      const file = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
      const accepted = [];
      for (let at = 0; at < 200; at += 20) {
        accepted.push(...(await Promise.all(Array.from({ length: 20 }, () => create(server.url, token, file)))));
      }
      const held = await list(server.url, token);
      assert.deepEqual(new Set(held.map((job) => job.status)), new Set(["PENDING"]), "every job is short of its end");
      assert.equal(held.length, 200);
      await server.kill();

      server = await startGroup({ state });
      // The listing touches the index only: no job is asked, so that each has to wake by its own alarm.
      const done = await until(
        async () => {
          const jobs = await list(server.url, token);
          return jobs.every((job) => job.status === "COMPLETED") && jobs;
        },
        { ms: 120_000, every: 500, what: "the end of 200 jobs" },
      );
      assert.deepEqual(new Set(done.map((job) => job.id)), new Set(accepted.map((job) => job.id)));
      assert.ok(done.every((job) => job.result.type === "invoice"));
      // Each once: whatever else was on its way has no effect on a job that has ended.
      const again = await list(server.url, token);
      assert.deepEqual(again.map((job) => job.updated_at), done.map((job) => job.updated_at));
      for (const job of done.slice(0, 5)) {
        assert.equal((await ask(server.url, "GET", `/api/v2/classify/${job.id}`, { token })).updated_at, job.updated_at);
      }
    } finally {
      await server.kill();
      rmSync(state, { recursive: true, force: true });
    }
  });

  test("a document that traps the instance fails alone, wherever it runs", async () => {
    const server = await startServer({ variant: "contract" });
    try {
      const { token } = await newProject(server.url);
      const poison = await upload(server.url, token, "SORTROOM-POISON: what no parser can stand");
      const good = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
      const poisoned = await create(server.url, token, poison);
      const others = [];
      // While it is tried again and again, jobs keep coming.
      const tried = until(
        async () => {
          const job = await ask(server.url, "GET", `/api/v2/classify/${poisoned.id}`, { token, status: [200, 500] }).catch(() => null);
          return job?.status === "FAILED" && job;
        },
        { ms: 150_000, every: 250, what: "the end of the poisonous job" },
      );
      for (let at = 0; at < 20; at++) {
        // A trap takes the requests of the same instant with it; a client asks again, as every SDK does.
        others.push(await until(() => create(server.url, token, good).catch(() => null), { what: "an accepted job" }));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      const failed = await tried;
      assert.match(failed.error_message, /^TIMEOUT: Every one of 3 attempts/);
      const done = await until(
        async () => {
          const jobs = await list(server.url, token);
          const open = jobs.filter((job) => !["COMPLETED", "FAILED"].includes(job.status));
          return open.length === 0 && jobs;
        },
        { ms: 120_000, every: 500, what: "the end of all jobs" },
      );
      const byId = new Map(done.map((job) => [job.id, job]));
      for (const other of others) assert.equal(byId.get(other.id).status, "COMPLETED", byId.get(other.id).error_message);
      assert.deepEqual(done.filter((job) => job.status === "FAILED").map((job) => job.id), [poisoned.id]);
    } finally {
      await server.stop();
    }
  });

  test("bodies that break off, lie or never end are refused, and leave nothing", async () => {
    const server = await startServer();
    try {
      const { token } = await newProject(server.url);
      const { hostname, port } = new URL(server.url);
      const raw = (head, body, { finish = true } = {}) =>
        new Promise((resolve, reject) => {
          const socket = connect(Number(port), hostname);
          const told = [];
          socket.on("data", (data) => {
            told.push(data);
            // The status line is all that is looked at.
            resolve(Buffer.concat(told).toString().split("\r\n")[0]);
            socket.destroy();
          });
          socket.on("error", reject);
          socket.on("close", () => resolve(""));
          socket.write(`${head}\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n`);
          socket.write(body, () => !finish && socket.destroy());
        });
      const boundary = "XXXX";
      const part = (name, filename) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename ? `; filename="${filename}"` : ""}\r\n\r\n`;
      const post = (length) =>
        `POST /api/v1/beta/files HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=${boundary}\r\ncontent-length: ${length}`;

      // A form without its end, larger than one part of an upload: begun in R2, and aborted there.
      const large = Buffer.concat([Buffer.from(`${part("purpose")}classify\r\n${part("file", "a.txt")}`), Buffer.alloc(7 * 1024 * 1024, "x")]);
      assert.match(await raw(post(large.length), Buffer.concat([Buffer.from("\r\n"), large])), /^HTTP\/1.1 400/);
      // A client that goes away in the middle.
      await raw(post(20_000_000), Buffer.concat([Buffer.from("\r\n"), large]), { finish: false });

      // JSON without a length, small and too large.
      const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
      const json = "POST /api/v2/classify HTTP/1.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
      assert.match(await raw(json, `\r\n${chunk("{}")}0\r\n\r\n`), /^HTTP\/1.1 422/);
      assert.match(await raw(json, `\r\n${chunk(`{"x":"${"y".repeat(3 * 1024 * 1024)}"}`)}0\r\n\r\n`), /^HTTP\/1.1 413/);

      // A raw upload must say how long it is.
      const announced = await ask(server.url, "PUT", "/api/v1/files", { token, body: { name: "a.txt" } });
      const path = new URL(announced.url).pathname;
      assert.match(await raw(`PUT ${path} HTTP/1.1\r\ntransfer-encoding: chunked`, `\r\n${chunk("abc")}0\r\n\r\n`), /^HTTP\/1.1 411/);
      await raw(`PUT ${path} HTTP/1.1\r\ncontent-length: 100`, "\r\nonly this", { finish: false });
      const refused = await ask(server.url, "POST", "/api/v2/classify", {
        token,
        status: 400,
        body: { file_input: announced.file_id, configuration: { rules: RULES } },
      });
      assert.match(refused.detail, /not uploaded|has not been uploaded/);

      const { items } = await ask(server.url, "GET", "/api/v1/beta/files", { token });
      assert.deepEqual(items.map((file) => file.name), ["a.txt"], "only the announced file is there");
      // And the service goes on.
      const file = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
      await create(server.url, token, file);
    } finally {
      await server.stop();
    }
  });
});
