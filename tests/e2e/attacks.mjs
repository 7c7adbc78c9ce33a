// Attacks on a server: hostile files and calls as requests and as jobs, and requests that are attacks themselves. Each
// returns its outcome in a few words, and fails unless that is clear (see clear.mjs).
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { chunked, clearFailure, clearOutcome, sendRaw } from "./clear.mjs";
import { newProject, request, until } from "./server.mjs";

const MIB = 1024 * 1024;

/** The most bytes of a request that is not a file, and of a file that is processed within its request. */
const BODY_BYTES = 2 * MIB;
const BUFFERED_BYTES = 10 * MIB;

/** How long an answer may take, and a job: three attempts of which each may hold its lease to the end. */
const ANSWER_MS = 60_000;
const JOB_MS = 120_000;

const RULES = [
  { label: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { label: "letter", description: "A letter from one person to another with a salutation and a greeting" },
];

/** How long the error to a large faulty request may be, in characters: a hundred faults with a place and a sentence. */
const ERROR_CHARS = 40_000;

/** A tenant that attacks. */
export class Attacker {
  static async create(url) {
    return Object.assign(new Attacker(), { url, ...(await newProject(url, "attacker")) });
  }

  /** Sends a request; `{ status, text }`. */
  async send(method, path, { body, headers = {}, token = this.token } = {}) {
    const isJson = typeof body === "object" && !(body instanceof FormData) && !ArrayBuffer.isView(body);
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(isJson && { "content-type": "application/json" }), ...headers },
      body: isJson ? JSON.stringify(body) : body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Sends a request and returns its outcome. */
  async attack(method, path, { also, most = Infinity, ...options } = {}) {
    const { status, text } = await this.send(method, path, options);
    assert.ok(text.length <= most, `${path} answered ${text.length} characters, of at most ${most}`);
    return clearOutcome(path, status, text, { also });
  }

  /** Sends a request that must succeed. */
  ask(method, path, body) {
    return request(this.url, method, path, { token: this.token, body, ms: ANSWER_MS });
  }

  /** A call with texts as JSON if it fits, else with `file` as a form. */
  callOn(path, file, texts, options = {}) {
    const body = { text: file.toString(), ...texts };
    if (!options.isFile && JSON.stringify(body).length <= BODY_BYTES) return this.attack("POST", path, { body });
    const form = new FormData();
    form.set("file", new File([file], "file"));
    for (const [name, value] of Object.entries(texts)) form.set(name, JSON.stringify(value));
    return this.attack("POST", path, { body: form });
  }

  async upload(bytes) {
    const form = new FormData();
    form.set("purpose", "classify");
    form.set("file", new File([bytes], "file"));
    const { status, text } = await this.send("POST", "/api/v1/beta/files", { body: form });
    return { id: status === 201 && JSON.parse(text).id, outcome: clearOutcome("/api/v1/beta/files", status, text) };
  }

  /** Classifies a file in the request. */
  classifyNow(bytes) {
    return this.callOn("/v1/classify", bytes, { rules: RULES }, { isFile: true });
  }

  /** Classifies a file as a job. */
  async classifyAsJob(bytes) {
    const { id, outcome } = await this.upload(bytes);
    if (!id) return outcome;
    const rules = RULES.map(({ label, description }) => ({ type: label, description }));
    const job = await this.ask("POST", "/api/v2/classify", { file_input: id, configuration: { rules } });
    const ended = await until(
      async () => {
        const now = await this.ask("GET", `/api/v2/classify/${job.id}`);
        return !["PENDING", "RUNNING"].includes(now.status) && now;
      },
      { ms: JOB_MS, every: 100, what: "the end of the job" },
    );
    return ended.status === "COMPLETED" ? "COMPLETED" : clearFailure(ended.error_message);
  }

  /** Uploads a file at an address that `path` answers, and returns its id. */
  async put(path, bytes) {
    const { url, fileId } = await this.ask("GET", `${path}/get-url?filename=file`);
    const { status, text } = await this.send("PUT", new URL(url).pathname, { body: bytes });
    assert.equal(status, 200, text);
    return fileId;
  }

  /** The outcome of a file that was queued. */
  async ended(fileId) {
    const ended = await until(
      async () => {
        const now = await this.ask("GET", `/api/v1/document/get-file-data?fileId=${fileId}`);
        return !["PENDING", "CLASSIFYING", "PROCESSING"].includes(now.status) && now;
      },
      { ms: JOB_MS, every: 100, what: "the end of the file" },
    );
    return ended.status === "FAILED" ? clearFailure(ended.errorMessage) : ended.status;
  }

  /** Saves something to work with; its id, or the outcome if it is refused. */
  async save(path, body) {
    const { status, text } = await this.send("POST", path, { body });
    return { id: status < 300 && JSON.parse(text).id, outcome: clearOutcome(path, status, text) };
  }

  /** Makes a call of tests/hostile in the request. */
  async callNow(call) {
    const file = Buffer.from(fileOf(call));
    switch (call.call) {
      case "classify":
        return this.callOn("/v1/classify", file, { rules: call.rules });
      case "extract":
        return this.callOn("/v1/extract", file, { schema: call.schema }, { isFile: call.attached.length > 0 });
      case "split":
        return this.callOn("/v1/split", file, { rules: call.rules });
      case "lint":
        return this.attack("POST", "/v1/lint", { body: { rules: call.rules } });
      case "evaluate": {
        const { id, outcome } = await this.save("/v1/classifiers", { name: randomUUID(), rules: call.rules });
        if (!id) return outcome;
        await this.ask("PUT", `/v1/classifiers/${id}`, { settings: { no_match_bias: 0.5 }, draft: true });
        return this.attack("POST", "/v1/evaluate", { body: { classifier_id: id, cases: call.cases } });
      }
    }
    throw new Error(`there is no call ${call.call}`);
  }

  /** Makes a call of tests/hostile as a job, if it `hasJobs`. */
  async callAsJob(call) {
    const file = fileOf(call);
    if (call.call === "classify") {
      const { id, outcome } = await this.save("/v1/classifiers", { name: randomUUID(), rules: call.rules });
      if (!id) return outcome;
      const path = `/api/v1/classify/${id}`;
      const fileId = await this.put(path, file);
      await this.attack("POST", `${path}/async`, { body: { fileId } });
      return this.ended(fileId);
    }
    if (call.call === "extract") {
      const { id, outcome } = await this.save("/v1/schemas", { name: randomUUID(), ...call.schema });
      if (!id) return outcome;
      const fileId = await this.put(`/api/v1/document/${id}`, file);
      await this.attack("POST", `/api/v1/document/${id}/process-file-async/${fileId}`, { body: {} });
      return this.ended(fileId);
    }
    throw new Error(`there are no jobs for the call ${call.call}`);
  }
}

/** Whether there are jobs that do what a call does. */
export const hasJobs = ({ call }) => call === "classify" || call === "extract";

/** What a call works on, as a file: its text, or a mail with what is attached. */
function fileOf({ text, attached = [] }) {
  if (attached.length === 0) return text ?? "";
  const parts = attached.map(
    (xml) =>
      `--b\r\nContent-Type: application/xml; name=invoice.xml\r\nContent-Disposition: attachment\r\n\r\n${xml}\r\n`,
  );
  const head = "From: a@example.com\r\nTo: b@example.com\r\nSubject: Invoice\r\n";
  return `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${text}\r\n${parts.join("")}--b--\r\n`;
}

/** The number of files in a folder and below. */
export const countFiles = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

/** The outcomes, each once with how often it came. */
function summary(outcomes) {
  const counts = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return Object.entries(counts)
    .map(([outcome, count]) => (count === 1 ? outcome : `${count} x ${outcome}`))
    .join(", ");
}

/** Runs `work` `count` times, `atOnce` at a time, and sums the outcomes up. */
async function repeated(count, work, atOnce = 4) {
  const outcomes = [];
  let next = 0;
  const worker = async () => {
    while (next < count) outcomes.push(await work(next++));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return summary(outcomes);
}

/** 200 rules as large as they may be. */
const largestRules = () =>
  Array.from({ length: 200 }, (_, rule) => ({ label: `label ${rule}`, description: "\u{1f9fe}".repeat(2_000) }));

/** A schema of some 1.1 MB. */
const largeSchema = () => ({
  tables: Array.from({ length: 4 }, (_, table) => ({
    name: `table ${table}`,
    fields: Array.from({ length: 100 }, (_, field) => ({
      name: `field ${field}`,
      synonyms: Array.from({ length: 50 }, (_, synonym) => `${"name of the field ".repeat(2)}${field} ${synonym}`),
    })),
  })),
});

const longTag = (attributes) =>
  `<p ${Array.from({ length: attributes }, (_, attribute) => attribute.toString(16)).join(" ")}>text`;

/** A token as 0.1.0 made them, whose check anyone can compute. */
const forgedToken = () => `srt_${randomBytes(48).toString("base64url")}`;

/** The head of a form whose file has no end yet. */
const FORM_START = '--X\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';
const FORM = "content-type: multipart/form-data; boundary=X";

/** The head and the first piece of a form that is far larger, for `sendRaw`. */
export const unfinishedUpload = (attacker, piece = "abc") => [
  ["POST /api/v1/beta/files HTTP/1.1", `authorization: Bearer ${attacker.token}`, FORM, "content-length: 90000000"],
  [FORM_START, piece],
];

/** Bodies that are refused before or while they are read, of who has a token and of strangers, each with its status. */
export function refusedBodies(attacker, uploadPath) {
  const authorized = `authorization: Bearer ${attacker.token}`;
  const json = "content-type: application/json";
  const large = `{"text":"${"x".repeat(3 * MIB)}"}`;
  // A text part beyond the limit: the form is refused in the middle.
  const broken = `--X\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n${"x".repeat(3 * MIB)}`;
  const kinds = [
    { name: "too large", status: 413, line: "POST /v1/classify", headers: [json, authorized], body: large },
    { name: "wrong type", status: 415, line: "POST /api/v1/beta/files", headers: [json, authorized], body: large },
    { name: "a broken form", status: 400, line: "POST /api/v1/beta/files", headers: [FORM, authorized], body: broken },
    { name: "no such path", status: 404, line: "POST /v1/nothing", headers: [json, authorized], body: large },
    { name: "wrong method", status: 405, line: "PATCH /v1/classify", headers: [json, authorized], body: large },
    { name: "no JSON", status: 422, line: "POST /v1/classify", headers: [json, authorized], body: "{" },
    { name: "without a length", status: 411, line: `PUT ${uploadPath}`, headers: [authorized], body: large },
    {
      name: "a broken form of known length",
      status: 400,
      line: "POST /api/v1/beta/files",
      headers: [FORM, authorized, `content-length: ${broken.length}`],
      body: broken,
      isChunked: false,
    },
  ];
  const strangers = [
    { name: "no token", status: 401, line: "POST /v1/classify", headers: [json], body: large },
    { name: "no token, a form", status: 401, line: "POST /api/v1/beta/files", headers: [FORM], body: broken },
    { name: "no token, short", status: 401, line: "POST /api/v1/beta/files", headers: [FORM], body: "abc" },
    { name: "an invented token", status: 401, line: "POST /v1/classify", headers: [json], body: large, isForged: true },
    { name: "an invented address", status: 403, line: `PUT /uploads/${"A".repeat(120)}`, headers: [], body: large },
    { name: "no such path, no token", status: 404, line: "POST /nothing", headers: [], body: large },
    { name: "wrong method, no token", status: 405, line: "PATCH /v1/classify", headers: [json], body: large },
  ];
  const all = (list) =>
    list.map(({ name, status, line, headers, body, isForged = false, isChunked = true }) => ({
      name,
      status,
      head: () => [
        `${line} HTTP/1.1`,
        ...headers,
        ...(isChunked ? ["transfer-encoding: chunked"] : []),
        ...(isForged ? [`authorization: Bearer ${forgedToken()}`] : []),
      ],
      body: isChunked ? chunked(body) : body,
    }));
  return { authorized: all(kinds), strangers: all(strangers) };
}

/** How a client sends a refused body: to its end whatever is answered, until the answer, or half of it and no more. */
export const WAYS = ["finishes", "breaks off at the answer", "breaks off early"];

/** How much of a refused body is sent at a time. */
const PIECE_BYTES = 64 * 1024;

/** Sends a refused body in one of the `WAYS`; the status, if it waits for one and the connection is not closed first. */
export async function sendRefused(url, { head, body }, way) {
  const breakOff = way === "breaks off early";
  const sent = breakOff ? body.slice(0, Math.ceil(body.length / 2)) : body;
  const pieces = Array.from({ length: Math.ceil(sent.length / PIECE_BYTES) }, (_, piece) =>
    sent.slice(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES),
  );
  return (await sendRaw(url, head(), pieces, { breakOff, finish: way === "finishes", mayClose: true })).status;
}

/**
 * The attacks that are requests: each with a name, and how it is run by an attacker with the state folder of the server.
 * `isSlow` ones take more than a few seconds.
 */
export const REQUEST_ATTACKS = [
  {
    name: "files of all projects through the explorer of the simulator",
    run: (attacker) =>
      repeated(4, async (index) => {
        const paths = ["explorer/api/r2/buckets", "local/explorer/api/r2/buckets/sortroom-files/objects"];
        const { status, text } = await attacker.send("GET", `/cdn-cgi/${paths[index % 2]}`, { token: "none" });
        return clearOutcome("/cdn-cgi", status, text);
      }),
  },
  {
    name: "mail of one tag with 180,000 attributes",
    run: (attacker) =>
      attacker.attack("POST", "/v1/classify", {
        body: { mail: { subject: "x", body: longTag(180_000) }, rules: RULES },
      }),
  },
  {
    name: "mail of one tag with 120,000 attributes, as a job of Dial Once",
    run: async (attacker) => {
      const { id } = await attacker.save("/v1/classifiers", { name: randomUUID(), rules: RULES });
      const path = `/api/companies/${attacker.projectId}/orchestrators/${id}/classification-async`;
      const body = { mail: { subject: "x", body: longTag(120_000) } };
      const { status, text } = await attacker.send("POST", path, { body });
      if (status >= 300) return clearOutcome(path, status, text);
      const { process_cuid } = JSON.parse(text);
      const ended = await until(
        async () => {
          const process = await attacker.ask("GET", `${path}/${process_cuid}`);
          return process.status !== "started" && process;
        },
        { ms: JOB_MS, every: 100, what: "the end of the mail" },
      );
      return ended.status === "completed" ? "completed" : clearFailure(ended.error);
    },
  },
  {
    name: "largest rules and largest mail in one job",
    run: async (attacker) => {
      const { id, outcome } = await attacker.save("/v1/classifiers", { name: randomUUID(), rules: largestRules() });
      if (!id) return outcome;
      const path = `/api/companies/${attacker.projectId}/orchestrators/${id}/classification-async`;
      return repeated(5, () =>
        attacker.attack("POST", path, { body: { mail: { subject: "x", body: "word ".repeat(200_000) } } }),
      );
    },
  },
  ...[2, 100].map((routes) => ({
    name: `${routes} routes to one large schema, 20 files`,
    isSlow: routes > 10,
    run: async (attacker) => {
      const schema = await attacker.save("/v1/schemas", { name: randomUUID(), ...largeSchema() });
      if (!schema.id) return schema.outcome;
      const rules = Array.from({ length: routes }, (_, rule) => ({ ...RULES[rule % 2], label: `label ${rule}` }));
      const { id, outcome } = await attacker.save("/v1/classifiers", {
        name: randomUUID(),
        rules,
        routes: rules.map(({ label }) => ({ label, deployment: label, schema_id: schema.id })),
      });
      if (!id) return outcome;
      return repeated(20, async () => {
        const fileId = await attacker.put(`/api/v1/classify/${id}`, Buffer.from("Invoice RE-1, total 12.00"));
        const outcome = await attacker.attack("POST", `/api/v1/classify/${id}/async`, { body: { fileId } });
        return `${outcome} ${await attacker.ended(fileId)}`;
      });
    },
  })),
  {
    name: "listing 100 versions of a large classifier",
    isSlow: true,
    run: async (attacker) => {
      const rules = (version) =>
        Array.from({ length: 200 }, (_, rule) => ({
          label: `label ${rule}`,
          description: `${version} ${"x".repeat(1_980)}`,
        }));
      const { id } = await attacker.save("/v1/classifiers", { name: randomUUID(), rules: rules(0) });
      for (let version = 1; version < 100; version++) {
        await attacker.ask("PUT", `/v1/classifiers/${id}`, { rules: rules(version) });
      }
      return repeated(20, async (index) =>
        attacker.attack(
          "GET",
          ["/api/v1/beta/configurations?page_size=100", `/v1/classifiers/${id}/versions?page_size=100`][index % 2],
          { most: 3 * MIB },
        ),
      );
    },
  },
  {
    name: "listing 60 jobs that each have large rules",
    isSlow: true,
    run: async (attacker) => {
      const { id: file } = await attacker.upload(Buffer.from("Invoice RE-1, total 12.00"));
      const rules = Array.from({ length: 190 }, (_, rule) => ({
        type: `label_${rule}`,
        description: "x".repeat(2_000),
      }));
      await repeated(60, () =>
        attacker.ask("POST", "/api/v2/classify", { file_input: file, configuration: { rules } }),
      );
      return repeated(20, () =>
        attacker.attack("GET", "/api/v2/classify?page_size=100&expand=configuration", { most: 10 * MIB }),
      );
    },
  },
  {
    name: "requests that are all faults",
    run: async (attacker) => {
      const send = (path, body, most = ERROR_CHARS) => attacker.attack("POST", path, { body, most });
      const members = Object.fromEntries(Array.from({ length: 100_000 }, (_, member) => [`m${member}`, 0]));
      return summary([
        await send("/v1/extract", { text: "x", schema: { fields: Array(100_000).fill(0) } }),
        await send("/v1/extract", { text: "x", schema: { fields: [{ name: "a" }] }, ...members }),
        await send("/v1/evaluate", {
          rules: RULES,
          cases: Array(900).fill(Object.fromEntries(Object.entries(members).slice(0, 100))),
        }),
        await send("/v1/classify", { text: "x", rules: Array(400_000).fill(0) }),
        await send("/api/v2/classify", { file_input: "x", configuration: { rules: Array(400_000).fill({}) } }),
        await send(`/api/companies/${attacker.projectId}/orchestrators/${randomUUID()}/classification`, members),
        await send("/v1/classify", `[${"[".repeat(500_000)}`),
      ]);
    },
  },
  {
    name: "200 invented ids of jobs, 200 invented tokens",
    run: async (attacker, state) => {
      const before = countFiles(state);
      const ids = await repeated(200, () => attacker.attack("GET", `/api/v2/classify/${randomUUID()}`));
      const tokens = await repeated(200, () => attacker.attack("GET", "/v1/project", { token: forgedToken() }));
      const files = countFiles(state) - before;
      // The bystander's jobs write files meanwhile: three each.
      assert.ok(files < 300, `${files} files were written for ids that nobody has`);
      return `${ids}, ${tokens}, ${files} files`;
    },
  },
  {
    name: "an address to upload to, used again and by several at once",
    run: async (attacker) => {
      const announce = async () =>
        new URL((await attacker.ask("PUT", "/api/v1/files", { name: "a.txt" })).url).pathname;
      const [first, second] = [await announce(), await announce()];
      const put = (path) => attacker.attack("PUT", path, { body: Buffer.alloc(MIB, "x") });
      return `${await put(first)}, then ${await put(first)}; at once ${await repeated(8, () => put(second), 8)}`;
    },
  },
  {
    name: "long URLs, page tokens of nobody",
    run: async (attacker) => {
      const token = (key) =>
        Buffer.from(JSON.stringify({ v: 1, l: "jobs", k: key, i: randomUUID() })).toString("base64url");
      const get = (path) => attacker.attack("GET", path);
      return summary([
        await get(`/v1/project?x=${"a".repeat(65_505)}`),
        await get(`/api/v2/classify?page_token=${token("99999999999999999999")}`),
        await get(`/api/v2/classify?page_token=${token("-1")}`),
        await get(`/api/v2/classify?page_token=${"A".repeat(30_000)}`),
        await get(`/api/v2/classify?${"job_ids=x&".repeat(6_000)}`),
      ]);
    },
  },
  {
    name: "a mail's job through another dialect, other hosts and paths",
    run: async (attacker) => {
      const { id } = await attacker.save("/v1/classifiers", { name: randomUUID(), rules: RULES });
      const path = `/api/companies/${attacker.projectId}/orchestrators/${id}/classification-async`;
      const { process_cuid } = await attacker.ask("POST", path, { mail: { subject: "x", body: "Invoice" } });
      const job = process_cuid.replace(/^.*_/, "");
      const outcomes = [];
      for (const [method, suffix] of [
        ["GET", ""],
        ["DELETE", ""],
        ["POST", "/cancel"],
      ]) {
        const outcome = await attacker.attack(method, `/api/v2/classify/${job}${suffix}`);
        assert.match(outcome, /^40[04]/, `${method} of another dialect's job`);
        outcomes.push(outcome);
      }
      const host = await sendRaw(
        attacker.url,
        [
          "PUT /api/v1/files HTTP/1.1",
          `authorization: Bearer ${attacker.token}`,
          "x-forwarded-host: evil.example",
          "mf-original-url: http://evil.example/api/v1/files",
          "content-length: 16",
          "content-type: application/json",
        ],
        ['{"name":"a.txt"}'],
      );
      outcomes.push(clearOutcome("/api/v1/files", host.status, host.text));
      return summary(outcomes);
    },
  },
  {
    name: "refused bodies of 15 kinds, to the end and broken off",
    run: async (attacker) => {
      const announced = await attacker.ask("PUT", "/api/v1/files", { name: "a.txt" });
      const { authorized, strangers } = refusedBodies(attacker, new URL(announced.url).pathname);
      const kinds = [...authorized, ...strangers];
      return repeated(3 * kinds.length, async (index) => {
        const kind = kinds[index % kinds.length];
        const status = await sendRefused(attacker.url, kind, WAYS[Math.floor(index / kinds.length)]);
        assert.ok(status === undefined || status === kind.status, `${kind.name} answered ${status}`);
        return status === undefined ? "closed" : String(status);
      });
    },
  },
  {
    name: "25 uploads that go silent",
    isSlow: true,
    run: async (attacker) => {
      const upload = unfinishedUpload(attacker, Buffer.alloc(5_200_000, "x"));
      return repeated(
        25,
        async () => {
          const { status, text } = await sendRaw(attacker.url, ...upload);
          assert.ok(status === 408 || status === 503, `${status}: ${text}`);
          return String(status);
        },
        25,
      );
    },
  },
  {
    name: "10 uploads that trickle",
    isSlow: true,
    run: async (attacker) => {
      const [head, start] = unfinishedUpload(attacker);
      const pieces = [...start, ...Array(200).fill("x".repeat(100))];
      return repeated(
        10,
        async () => {
          const { status } = await sendRaw(attacker.url, head, pieces, { pause: 500 });
          assert.ok(status === 408 || status === 503, String(status));
          return String(status);
        },
        10,
      );
    },
  },
];

/** Whether a file is too large to be sent within a request. */
export const isTooLargeForRequest = (bytes) => bytes.length > BUFFERED_BYTES;
