// The ports' contract, held by the real objects, R2 and queues, inside the test Worker.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { HELD, ROOT, startServer } from "./server.mjs";

let server;
before(async () => {
  server = await startServer({ variant: "contract", queues: { "sortroom-stages": HELD } });
});
after(() => server.stop());

test("the real ports keep the contract", async (t) => {
  const answer = await fetch(`${server.url}/__contract`, { method: "POST" });
  assert.equal(answer.status, 200, await answer.clone().text());
  const checks = await answer.json();
  assert.ok(checks.length >= 19, `${checks.length} checks`);
  for (const { name, fault } of checks) await t.test(name, () => assert.equal(fault, null));
});

test("the release build has nothing of the test Worker in it", () => {
  const text = (variant) => readFileSync(join(ROOT, "build", variant, "index_bg.wasm"), "latin1");
  for (const mark of ["a job is stored once and keeps its leases", "a poisonous document"]) {
    assert.ok(text("contract").includes(mark), `${mark} is a mark of the test Worker`);
    assert.ok(!text("worker").includes(mark), `${mark} is in the release build`);
  }
});
