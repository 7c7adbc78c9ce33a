// This version opens the storage saved by every released version: nothing is lost, and work continues.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { run } from "../../.scripts/lib.mjs";
import { ROOT, request, scratch, startServer, until } from "./server.mjs";

const FOLDER = join(ROOT, "tests", "upgrade");
const versions = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, "state.tar.gz")));

/** Has no scopes, expiry and keyed check: its tokens are accepted only where the operator says so. */
const LEGACY_TOKENS = { LEGACY_TOKENS: "true" };

/** Members that were null for everything in an earlier version, and have a value now. */
const FILLED_SINCE = ["expires_at", "parse_job_id"];

/** Where a value is another one since, on purpose: CHANGELOG.md says so. */
const CHANGED_SINCE = /\.deployment\.id$/;

/** Fails unless `actual` contains all of `expected`; a later version may have more fields. Ignores the item `open`. */
function assertKept(actual, expected, open, path) {
  if (Array.isArray(expected)) {
    const withoutOpen = (items) => items.filter((item) => item?.id !== open);
    assert.ok(Array.isArray(actual), `${path} is a list`);
    assert.equal(withoutOpen(actual).length, withoutOpen(expected).length, path);
    withoutOpen(expected).forEach((item, index) =>
      assertKept(withoutOpen(actual)[index], item, open, `${path}[${index}]`),
    );
  } else if (expected !== null && typeof expected === "object") {
    assert.ok(actual !== null && typeof actual === "object", `${path} is an object`);
    for (const [name, value] of Object.entries(expected)) {
      if (value !== null || !FILLED_SINCE.includes(name)) assertKept(actual[name], value, open, `${path}.${name}`);
    }
  } else if (CHANGED_SINCE.test(path)) {
    assert.equal(typeof actual, typeof expected, path);
  } else {
    assert.equal(actual, expected, path);
  }
}

test("the first release is among them", () => assert.ok(versions.includes("0.1.0"), versions.join()));

for (const version of versions) {
  describe(`the storage of ${version}`, () => {
    test("is complete, and work continues", async () => {
      const state = scratch("upgrade-");
      let server;
      try {
        await run("tar", ["-xzf", join(FOLDER, version, "state.tar.gz"), "-C", state]);
        const facts = JSON.parse(readFileSync(join(FOLDER, version, "expected.json"), "utf8"));
        const { open } = facts;
        let { token } = facts;
        if (version === "0.1.0") {
          server = await startServer({ state });
          const { error } = await request(server.url, "GET", "/v1/project", { token, status: 401 });
          assert.match(error.message, /LEGACY_TOKENS/, "what the operator can do");
          await server.stop();
          server = await startServer({ state, vars: LEGACY_TOKENS });
          const { items } = await request(server.url, "GET", "/v1/tokens", { token });
          assert.deepEqual(items[0].scopes, ["read", "write", "admin"], "a token of 0.1.0 may do everything");
          // Rotating it makes it a token of today, which needs no permission.
          ({ token } = await request(server.url, "POST", `/v1/tokens/${items[0].id}/rotate`, { token }));
          await server.stop();
        }
        server = await startServer({ state });
        const send = (method, path, body, status) => request(server.url, method, path, { token, body, status });
        const job = (id) => send("GET", `/api/v2/classify/${id}`);
        const ended = (id, what) =>
          until(
            async () => {
              const current = await job(id);
              return !["PENDING", "RUNNING"].includes(current.status) && current;
            },
            { what },
          );

        assert.ok(Object.keys(facts.reads).length >= 20);
        for (const [path, expected] of Object.entries(facts.reads))
          assertKept(await send("GET", path), expected, open, path);
        await send("GET", `/api/v2/classify/${facts.removed}`, undefined, 404);
        const content = await fetch((await send("GET", `/api/v1/beta/files/${facts.file}/content`)).url);
        assert.ok((await content.text()).length > 100, "the bytes of a file");

        // The queue has lost the message of the job, so the job wakes by its own alarm.
        assert.equal((await ended(open, "the end of the job that was open")).status, "COMPLETED");

        // New jobs with saved objects: a file, rules, a classifier's draft that is published, and a mail.
        const created = await send("POST", "/api/v2/classify", {
          file_input: facts.file,
          configuration_id: facts.configuration,
        });
        const { result } = await ended(created.id, "the end of a new job");
        assert.equal(result.type, facts.reads[`/api/v2/classify/${facts.completed}`].result.type);
        const published = await send("POST", `/v1/classifiers/${facts.classifier}/publish`);
        assert.equal(
          published.rules.length,
          facts.reads[`/v1/classifiers/${facts.classifier}?draft=true`].rules.length,
        );
        const decision = await send("POST", "/v1/classify", {
          text: "Invoice 12, total due 80.00",
          classifier_id: facts.classifier,
        });
        assert.equal(decision.label, "invoice");
        const answer = await send("POST", `${facts.mails}/classification`, {
          body: "I would like a refund for my recent order",
        });
        assert.equal(answer.main_prediction, "refund_request");
      } finally {
        await server?.stop();
        rmSync(state, { recursive: true, force: true });
      }
    });
  });
}
