// A full disk under load: every request is answered in time and clearly, nothing that was accepted is lost, and the
// server goes on once there is space.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { clearOutcome } from "./clear.mjs";
import { create, list, upload } from "./faults.mjs";
import { mapConcurrently } from "./fixtures.mjs";
import { corpus, newProject, request, scratch, startGroup, until } from "./server.mjs";

/** The size of the disk, in MiB: a hundred jobs take less than ten. */
const DISK_MIB = 64;

/** How long the load runs on the full disk, and the time within which each request is to be answered, in ms. */
const FULL_MS = 12_000;
const ANSWER_MS = 10_000;

/** How many addresses to upload to there are before the disk is full: more than the load uses in that time. */
const ADDRESSES = 300;

const PDF = "pdf/invoice-en.pdf";

const NAMESPACE = ["--user", "--map-root-user", "--mount"];

/** A small disk in memory, which only processes of its own namespace see, so that no privilege is needed. */
class SmallDisk {
  static async create() {
    const disk = Object.assign(new SmallDisk(), { folder: scratch("disk-") });
    const mount = `mount -t tmpfs -o size=${DISK_MIB}m tmpfs '${disk.folder}' && echo mounted && exec sleep 600`;
    disk.holder = spawn("unshare", [...NAMESPACE, "sh", "-c", mount], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(disk.holder.stdout, "data");
    assert.equal(line.toString().trim(), "mounted");
    // The same folder, seen from outside.
    disk.outside = join("/proc", String(disk.holder.pid), "root", disk.folder);
    disk.ballast = join(disk.outside, "ballast");
    disk.state = join(disk.folder, "state");
    mkdirSync(join(disk.outside, "state"));
    return disk;
  }

  /** The command that runs others in the namespace. */
  get within() {
    return ["nsenter", "--target", String(this.holder.pid), "--user", "--mount"];
  }

  /** Takes all space that is left. */
  fill() {
    const file = openSync(this.ballast, "a");
    const block = Buffer.alloc(4_096);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (error.code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  free() {
    rmSync(this.ballast, { force: true });
  }

  get freeBytes() {
    const { bavail, bsize } = statfsSync(this.outside);
    return bavail * bsize;
  }

  remove() {
    this.holder.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Why there can be no small disk on this machine; undefined if there can. */
function whyNoDisk() {
  if (process.platform !== "linux") return "only Linux has namespaces";
  const folder = scratch("probe-");
  try {
    const mount = `mount -t tmpfs -o size=1m tmpfs '${folder}'`;
    execFileSync("unshare", [...NAMESPACE, "sh", "-c", mount], { stdio: ["ignore", "ignore", "pipe"] });
    execFileSync("nsenter", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `a small disk cannot be mounted: ${error.stderr?.toString().trim() || error.message}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends requests of all kinds until it is stopped; what was accepted, and what went wrong. */
class Load {
  accepted = [];
  outcomes = {};
  faults = [];
  slowest = 0;
  #isStopped = false;

  constructor(url, { token, projectId, file, classifier, addresses }) {
    Object.assign(this, { url, token });
    const job = {
      file_input: file,
      configuration: { rules: [{ type: "invoice", description: "An invoice with a total" }] },
    };
    const mails = `/api/companies/${projectId}/orchestrators/${classifier}/classification-async`;
    this.requests = {
      job: () => this.#send("POST", "/api/v2/classify", { json: job, onAccepted: ({ id }) => this.accepted.push(id) }),
      mail: () =>
        this.#send("POST", mails, { json: { mail: { subject: "Invoice", body: "An invoice with a total" } } }),
      file: () =>
        this.#send("POST", "/api/v1/beta/files", {
          form: { purpose: "classify", file: new File([corpus(PDF)], "a.pdf") },
        }),
      // Nothing can be announced on a full disk.
      upload: async () => {
        const path = addresses.pop();
        if (path) await this.#send("PUT", path, { body: "x".repeat(300_000) });
      },
      schema: () =>
        this.#send("POST", "/v1/schemas", { json: { name: `schema ${Math.random()}`, fields: [{ name: "total" }] } }),
      list: () => this.#send("GET", "/api/v2/classify?page_size=20"),
      text: () =>
        this.#send("POST", "/v1/classify", {
          json: {
            text: "An invoice",
            rules: job.configuration.rules.map(({ type, description }) => ({ label: type, description })),
          },
        }),
    };
    this.ended = Promise.all(Object.keys(this.requests).map((name) => this.#run(name)));
  }

  async #run(name) {
    while (!this.#isStopped) {
      await this.requests[name]();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #send(method, path, { json, form, body, onAccepted } = {}) {
    const parts = form && new FormData();
    for (const [name, value] of Object.entries(form ?? {})) parts.set(name, value);
    const kind = `${method} ${path.split("?")[0].replace(/[\w-]{20,}(\.[\w-]+)?/g, "*")}`;
    const since = performance.now();
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { authorization: `Bearer ${this.token}`, ...(json && { "content-type": "application/json" }) },
        body: json ? JSON.stringify(json) : (parts ?? body),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const text = await response.text();
      this.slowest = Math.max(this.slowest, performance.now() - since);
      const outcome = clearOutcome(path, response.status, text, { also: [500, 503, 507] });
      const counts = (this.outcomes[kind] ??= {});
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      if (!response.ok) return undefined;
      const answer = text.startsWith("{") ? JSON.parse(text) : {};
      onAccepted?.(answer);
      return answer;
    } catch (error) {
      const ms = Math.round(performance.now() - since);
      this.faults.push(`${kind} after ${ms} ms: ${error.cause ?? error}`);
      return undefined;
    }
  }

  async stop() {
    this.#isStopped = true;
    await this.ended;
    assert.deepEqual(this.faults, []);
  }
}

const skip = whyNoDisk();

test("a full disk", { skip }, async (t) => {
  const disk = await SmallDisk.create();
  let server = await startGroup({ state: disk.state }, disk.within);
  try {
    const { token, projectId } = await newProject(server.url);
    const file = await upload(server.url, token, corpus(PDF));
    const rules = [{ label: "invoice", description: "Invoice with a total amount due" }];
    const { id: classifier } = await request(server.url, "POST", "/v1/classifiers", {
      token,
      body: { name: "mails", rules },
    });
    const addresses = [];
    for (let address = 0; address < ADDRESSES; address++) {
      const { url } = await request(server.url, "PUT", "/api/v1/files", { token, body: { name: "a.txt" } });
      addresses.push(new URL(url).pathname);
    }
    const facts = { token, projectId, file, classifier, addresses };
    const accepted = [];
    for (let job = 0; job < 20; job++) accepted.push((await create(server.url, token, file)).id);

    /**
     * Waits until all accepted jobs have ended, and compares the index with the jobs. A job whose request was refused
     * half-way may be listed too: the next sweep of its index completes it, which takes up to two minutes.
     */
    const assertNothingIsLost = async () => {
      const done = await until(
        async () => {
          const jobs = await list(server.url, token);
          const [ended, open] = [[], []];
          for (const job of jobs) (["COMPLETED", "FAILED"].includes(job.status) ? ended : open).push(job);
          return !open.some((job) => accepted.includes(job.id)) && ended;
        },
        { ms: 90_000, every: 500, what: "the end of all accepted jobs" },
      );
      const ids = new Set(done.map((job) => job.id));
      assert.deepEqual(
        accepted.filter((id) => !ids.has(id)),
        [],
        "accepted jobs that are lost",
      );
      assert.deepEqual(
        done.filter((job) => job.status !== "COMPLETED").map((job) => job.error_message),
        [],
      );
      const own = await mapConcurrently(done, 4, ({ id }) =>
        request(server.url, "GET", `/api/v2/classify/${id}`, { token }),
      );
      assert.deepEqual(own, done, "the index agrees with the jobs");
    };

    await t.test("requests are answered in time while it is full, and served once there is space", async (t) => {
      const load = new Load(server.url, facts);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const before = load.accepted.length;
      const end = Date.now() + FULL_MS;
      while (Date.now() < end) {
        disk.fill();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const outcomes = JSON.stringify(load.outcomes);
      assert.match(outcomes, /"5\d\d /, "nothing was refused: the disk was not full");
      disk.free();
      const during = load.accepted.length;
      await until(() => load.accepted.length > during + 5, { ms: 30_000, what: "the first jobs after there is space" });
      await load.stop();
      accepted.push(...load.accepted);
      t.diagnostic(`${before} jobs before, ${during - before} on the full disk; ${JSON.stringify(load.outcomes)}`);
      t.diagnostic(`the slowest answer took ${Math.round(load.slowest)} ms`);
    });
    await t.test("nothing that was accepted is lost", assertNothingIsLost);

    await t.test("nor if the server is killed while the disk is full", async () => {
      const load = new Load(server.url, facts);
      await new Promise((resolve) => setTimeout(resolve, 500));
      for (let time = 0; time < 20; time++) {
        disk.fill();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await server.kill();
      // Requests in flight have no answer.
      await load.stop().catch(() => {});
      accepted.push(...load.accepted);
      disk.free();
      server = await startGroup({ state: disk.state }, disk.within);
      await create(server.url, token, file).then(({ id }) => accepted.push(id));
      await assertNothingIsLost();
    });
  } finally {
    await server.kill();
    disk.remove();
  }
});
