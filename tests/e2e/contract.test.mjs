// The contract of the ports, checked against real Durable Objects, R2 and queues inside the test Worker.
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

test("the real ports fulfil the contract", async (t) => {
  const response = await fetch(`${server.url}/__contract`, { method: "POST" });
  assert.equal(response.status, 200, await response.clone().text());
  const checks = await response.json();
  assert.ok(checks.length >= 38, `${checks.length} checks`);
  for (const { name, fault } of checks) await t.test(name, () => assert.equal(fault, null));
});

test("the release build contains no code of the test Worker", () => {
  const text = (variant) => readFileSync(join(ROOT, "build", variant, "index_bg.wasm"), "latin1");
  for (const marker of ["a job is stored once and keeps its leases", "a poisonous document"]) {
    assert.ok(text("contract").includes(marker), `${marker} is in the test Worker`);
    assert.ok(!text("worker").includes(marker), `${marker} is in the release build`);
  }
});
