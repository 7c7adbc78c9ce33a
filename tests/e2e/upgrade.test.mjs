// The storage that every released version left is opened by this one: nothing is lost, and work goes on.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { run } from "../../.scripts/lib.mjs";
import { ROOT, ask, scratch, startServer, until } from "./server.mjs";

const FOLDER = join(ROOT, "tests", "upgrade");
const versions = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, "state.tar.gz")));

/** Fails unless all of `expected` is in `actual`. A later version may say more. Without the items that are `open`. */
function assertKept(actual, expected, open, path) {
  if (Array.isArray(expected)) {
    const ended = (items) => items.filter((item) => item?.id !== open);
    assert.ok(Array.isArray(actual), `${path} is a list`);
    assert.equal(ended(actual).length, ended(expected).length, path);
    ended(expected).forEach((item, at) => assertKept(ended(actual)[at], item, open, `${path}[${at}]`));
  } else if (expected !== null && typeof expected === "object") {
    assert.ok(actual !== null && typeof actual === "object", `${path} is an object`);
    for (const [name, value] of Object.entries(expected)) assertKept(actual[name], value, open, `${path}.${name}`);
  } else {
    assert.equal(actual, expected, path);
  }
}

test("the first release is among them", () => assert.ok(versions.includes("0.1.0"), versions.join()));

for (const version of versions) {
  describe(`what ${version} left`, () => {
    test("is all there, and goes on", async () => {
      const state = scratch("upgrade-");
      let server;
      try {
        await run("tar", ["-xzf", join(FOLDER, version, "state.tar.gz"), "-C", state]);
        server = await startServer({ state });
        const facts = JSON.parse(readFileSync(join(FOLDER, version, "expected.json"), "utf8"));
        const { token, open } = facts;
        const own = (method, path, body, status) => ask(server.url, method, path, { token, body, status });
        const job = (id) => own("GET", `/api/v2/classify/${id}`);
        const ended = (id, what) => until(async () => {
          const one = await job(id);
          return !["PENDING", "RUNNING"].includes(one.status) && one;
        }, { what });

        assert.ok(Object.keys(facts.reads).length >= 20);
        for (const [path, expected] of Object.entries(facts.reads)) assertKept(await own("GET", path), expected, open, path);
        await own("GET", `/api/v2/classify/${facts.removed}`, undefined, 404);
        const content = await fetch((await own("GET", `/api/v1/beta/files/${facts.file}/content`)).url);
        assert.ok((await content.text()).length > 100, "the bytes of a file");

        // The queue has forgotten the job, so that it comes back by its own alarm.
        assert.equal((await ended(open, "the end of the job that was open")).status, "COMPLETED");

        // New jobs, with what was saved: a file, rules, a classifier's draft that is published, and a mail.
        const created = await own("POST", "/api/v2/classify", { file_input: facts.file, configuration_id: facts.configuration });
        const { result } = await ended(created.id, "the end of a new job");
        assert.equal(result.type, facts.reads[`/api/v2/classify/${facts.completed}`].result.type);
        const published = await own("POST", `/v1/classifiers/${facts.classifier}/publish`);
        assert.equal(published.rules.length, facts.reads[`/v1/classifiers/${facts.classifier}?draft=true`].rules.length);
        const decision = await own("POST", "/v1/classify", { text: "Invoice 12, total due 80.00", classifier_id: facts.classifier });
        assert.equal(decision.label, "invoice");
        const answer = await own("POST", `${facts.mails}/classification`, { body: "I would like a refund for my recent order" });
        assert.equal(answer.main_prediction, "refund_request");
      } finally {
        await server?.stop();
        rmSync(state, { recursive: true, force: true });
      }
    });
  });
}
