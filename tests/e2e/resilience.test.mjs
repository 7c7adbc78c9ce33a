// No accepted work is lost: processes are killed, documents trap the instance, uploads break off.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { DOING, create, killRound, list, upload } from "./faults.mjs";
import { corpus, newProject, request, startServer, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
];

describe("resilience", { concurrency: true }, () => {
  test("120 accepted jobs survive kill -9 of all processes, twice, and each ends exactly once", async () => {
    // More rounds: `npm run bench:faults`.
    await killRound({ count: 120, doing: [DOING.waiting, DOING.running] });
  });

  test("a document that traps the instance fails, and no other job does", async () => {
    const server = await startServer({ variant: "contract" });
    try {
      const { token } = await newProject(server.url);
      const poison = await upload(server.url, token, "SORTROOM-POISON: what no parser can stand");
      const good = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
      const poisoned = await create(server.url, token, poison);
      const others = [];
      // While it is retried, other jobs arrive.
      const failure = until(
        async () => {
          const job = await request(server.url, "GET", `/api/v2/classify/${poisoned.id}`, {
            token,
            status: [200, 500],
          }).catch(() => null);
          return job?.status === "FAILED" && job;
        },
        { ms: 150_000, every: 250, what: "the end of the poisonous job" },
      );
      for (let index = 0; index < 20; index++) {
        // A trap also fails the concurrent requests; a client retries, as every SDK does.
        others.push(await until(() => create(server.url, token, good).catch(() => null), { what: "an accepted job" }));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      const failed = await failure;
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
      for (const other of others)
        assert.equal(byId.get(other.id).status, "COMPLETED", byId.get(other.id).error_message);
      assert.deepEqual(
        done.filter((job) => job.status === "FAILED").map((job) => job.id),
        [poisoned.id],
      );
    } finally {
      await server.stop();
    }
  });

  test("a document that traps the engine fails alone, and memory does not grow", async () => {
    const server = await startServer({ variant: "contract" });
    try {
      const [{ token }, { token: other }] = [await newProject(server.url), await newProject(server.url)];
      const rules = [{ label: "invoice", description: "Invoice with a total amount due" }];
      const classify = (token, text) =>
        request(server.url, "POST", "/v1/classify", { token, body: { text, rules }, status: [200, 400] });
      const before = await classify(other, "The total amount due");
      const stop = new AbortController();
      const bystander = (async () => {
        // Every answer is right while another tenant's documents trap the engine.
        while (!stop.signal.aborted) assert.deepEqual(await classify(other, "The total amount due"), before);
      })();
      const failed = await create(server.url, token, await upload(server.url, token, "SORTROOM-SWELL"));
      const job = await until(
        async () => {
          const job = await request(server.url, "GET", `/api/v2/classify/${failed.id}`, { token });
          return job.status === "FAILED" && job;
        },
        { what: "the failure of the job" },
      );
      assert.equal(job.error_message, "ENGINE_FAILED: The engine failed on this input");
      const trap = async () => assert.equal((await classify(token, "SORTROOM-SWELL")).error.code, "ENGINE_FAILED");
      for (let round = 0; round < 20; round++) await trap();
      const early = server.memory();
      for (let round = 0; round < 200; round++) await trap();
      stop.abort();
      await bystander;
      const grown = server.memory() - early;
      assert.ok(grown < 64, `200 traps took ${grown} MiB`);
    } finally {
      await server.stop();
    }
  });

  test("bodies that break off, never end or have a wrong length are rejected, and store nothing", async () => {
    const server = await startServer();
    try {
      const { token } = await newProject(server.url);
      const { hostname, port } = new URL(server.url);
      const raw = (head, body, { finish = true } = {}) =>
        new Promise((resolve, reject) => {
          const socket = connect(Number(port), hostname);
          const received = [];
          socket.on("data", (data) => {
            received.push(data);
            // Only the status line is used.
            resolve(Buffer.concat(received).toString().split("\r\n")[0]);
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

      // A form without its end, larger than one upload part: its upload to R2 starts and is aborted.
      const large = Buffer.concat([
        Buffer.from(`${part("purpose")}classify\r\n${part("file", "a.txt")}`),
        Buffer.alloc(7 * 1024 * 1024, "x"),
      ]);
      assert.match(await raw(post(large.length), Buffer.concat([Buffer.from("\r\n"), large])), /^HTTP\/1.1 400/);
      // A client that disconnects in the middle.
      await raw(post(20_000_000), Buffer.concat([Buffer.from("\r\n"), large]), { finish: false });

      // JSON without a length, small and too large.
      const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
      const json = "POST /api/v2/classify HTTP/1.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
      assert.match(await raw(json, `\r\n${chunk("{}")}0\r\n\r\n`), /^HTTP\/1.1 422/);
      assert.match(
        await raw(json, `\r\n${chunk(`{"x":"${"y".repeat(3 * 1024 * 1024)}"}`)}0\r\n\r\n`),
        /^HTTP\/1.1 413/,
      );

      // A raw upload must have a length.
      const announced = await request(server.url, "PUT", "/api/v1/files", { token, body: { name: "a.txt" } });
      const path = new URL(announced.url).pathname;
      assert.match(
        await raw(`PUT ${path} HTTP/1.1\r\ntransfer-encoding: chunked`, `\r\n${chunk("abc")}0\r\n\r\n`),
        /^HTTP\/1.1 411/,
      );
      await raw(`PUT ${path} HTTP/1.1\r\ncontent-length: 100`, "\r\nonly this", { finish: false });
      const refused = await request(server.url, "POST", "/api/v2/classify", {
        token,
        status: 400,
        body: { file_input: announced.file_id, configuration: { rules: RULES } },
      });
      assert.match(refused.detail, /not uploaded|has not been uploaded/);

      const { items } = await request(server.url, "GET", "/api/v1/beta/files", { token });
      assert.deepEqual(
        items.map((file) => file.name),
        ["a.txt"],
        "only the announced file is there",
      );
      // And the service still works.
      const file = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
      await create(server.url, token, file);
    } finally {
      await server.stop();
    }
  });
});
