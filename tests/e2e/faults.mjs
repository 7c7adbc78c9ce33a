// Jobs while the server is killed: which were accepted, and whether each of them is there and ended once.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mapConcurrently } from "./fixtures.mjs";
import { ADMIN, HELD, corpus, newProject, request, scratch, startGroup, until } from "./server.mjs";

const RULES = [
  { type: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { type: "letter", description: "A letter from one person to another with a salutation and a greeting" },
];

/** How many requests are in flight while jobs are created. */
const CONCURRENCY = 20;

/** Uploads a file to classify; its id. */
export async function upload(url, token, bytes, name = "file") {
  const form = new FormData();
  form.set("purpose", "classify");
  form.set("file", new File([bytes], name));
  const response = await fetch(`${url}/api/v1/beta/files`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  assert.equal(response.status, 201, await response.clone().text());
  return (await response.json()).id;
}

/** Creates a job that classifies a file. */
export const create = (url, token, file, key) =>
  request(url, "POST", "/api/v2/classify", {
    token,
    body: { file_input: file, configuration: { rules: RULES }, ...(key && { transaction_id: key }) },
  });

/** All jobs, page by page. */
export async function list(url, token, query = "") {
  const jobs = [];
  let next = "";
  do {
    const page = await request(url, "GET", `/api/v2/classify?page_size=100${query}${next && `&page_token=${next}`}`, {
      token,
    });
    jobs.push(...page.items);
    next = page.next_page_token;
  } while (next);
  return jobs;
}

/** What a killed server was doing: options of its start. */
export const DOING = {
  /** Jobs wait: the queue keeps its messages in memory, so the kill loses them all. */
  waiting: { vars: { INLINE_MAX_BYTES: "0" }, queues: { "sortroom-stages": HELD } },
  /** Stages run, from the queue, while more jobs are accepted. */
  running: { vars: { INLINE_MAX_BYTES: "0" } },
  /** Stages run where jobs are stored, right after the answer. */
  inline: {},
};

/**
 * Has `count` jobs accepted while servers are killed, the requests in flight and the last accepted jobs with them:
 * one server for each of `doing`, which accept an equal share. Then checks on a last server that nothing was lost, each
 * job ended once, and the index agrees with the jobs. Returns how many requests got no answer.
 */
export async function killRound({ count, doing }) {
  const state = scratch("kill-");
  let server = await startGroup({ state, ...doing[0] });
  try {
    const { token, projectId } = await newProject(server.url);
    const share = (max_open_jobs) =>
      request(server.url, "PATCH", `/v1/projects/${projectId}`, { token: ADMIN, body: { max_open_jobs } });
    // One more, and it would be refused: repeated requests and jobs that ended count once.
    await share(count);
    const file = await upload(server.url, token, corpus("pdf/invoice-en.pdf"));
    const accepted = new Map();
    let unanswered = 0;
    for (const [kill, options] of doing.entries()) {
      if (kill > 0) server = await startGroup({ state, ...options });
      const goal = Math.ceil((count * (kill + 1)) / doing.length);
      const open = Array.from({ length: count }, (_, job) => `job-${job}`).filter((key) => !accepted.has(key));
      let isKilled = false;
      await mapConcurrently(open, CONCURRENCY, async (key) => {
        if (isKilled) return;
        try {
          const { id } = await create(server.url, token, file, key);
          accepted.set(key, id);
        } catch (error) {
          // Only the kill leaves a request without an answer.
          assert.ok(isKilled && /was not answered|terminated/.test(error.message), error.message);
          unanswered++;
        }
        if (accepted.size >= goal && !isKilled) {
          isKilled = true;
          await server.kill();
        }
      });
    }
    assert.equal(accepted.size, count, "all were accepted");
    server = await startGroup({ state });
    // The listing reads only the index and wakes no job, so each job must wake by its own alarm.
    const done = await until(
      async () => {
        const jobs = await list(server.url, token);
        return jobs.every((job) => ["COMPLETED", "FAILED"].includes(job.status)) && jobs;
      },
      { ms: 180_000, every: 500, what: `the end of ${count} jobs` },
    );
    assert.deepEqual(done.map((job) => job.id).sort(), [...accepted.values()].sort(), "each accepted job once");
    for (const job of done) assert.equal(job.result?.type, "invoice", job.error_message);
    // A job's own answer wakes it. Late messages and alarms have no effect on one that has ended.
    const own = await mapConcurrently(done, 4, ({ id }) =>
      request(server.url, "GET", `/api/v2/classify/${id}`, { token }),
    );
    assert.deepEqual(own, done, "the index agrees with the jobs");
    assert.deepEqual(await list(server.url, token), done, "nothing has ended twice");
    // None counts as open.
    await share(1);
    for (const key of ["first", "second"]) {
      const { id } = await create(server.url, token, file, key);
      await until(
        async () => (await request(server.url, "GET", `/api/v2/classify/${id}`, { token })).status === "COMPLETED",
        { what: "a job of a project that may have one" },
      );
    }
    return { unanswered };
  } finally {
    await server.kill();
    rmSync(state, { recursive: true, force: true });
  }
}
