// Runs the golden transcripts against workerd. The native tests run them on in-memory ports.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../.scripts/lib.mjs";
import { ADMIN, startServer } from "./server.mjs";

test("the transcripts pass on workerd", async (t) => {
  // Every job goes through the queue, which delays it long enough for the steps that read a pending job.
  const server = await startServer({
    vars: { INLINE_MAX_BYTES: "0" },
    queues: { "sortroom-stages": { maxBatchSize: 100, maxBatchTimeout: 2 } },
  });
  try {
    const harness = ["--ignored", "--exact", "--nocapture", "transcripts_over_http"];
    const output = await run(
      "cargo",
      ["test", "-p", "sortroom-tests", "--all-features", "--test", "golden", "--", ...harness],
      {
        env: { SORTROOM_URL: server.url, SORTROOM_ADMIN: ADMIN, GOLDEN: "" },
        quiet: true,
      },
    );
    // Cargo also succeeds if no test has that name.
    assert.match(output, /^test result: ok\. 1 passed;/m, output);
    t.diagnostic(output.match(/^.* steps ran, .*$/m)[0]);
  } finally {
    await server.stop();
  }
});
