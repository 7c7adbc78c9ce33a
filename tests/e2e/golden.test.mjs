// The golden transcripts, which run on ports in memory among the native tests, against workerd.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../.scripts/lib.mjs";
import { ADMIN, startServer } from "./server.mjs";

test("the transcripts hold on workerd", async (t) => {
  // Every job goes through the queue, which holds it long enough for the steps that look at it while it waits.
  const server = await startServer({
    vars: { INLINE_MAX_BYTES: "0" },
    queues: { "sortroom-stages": { maxBatchSize: 100, maxBatchTimeout: 2 } },
  });
  try {
    const harness = ["--ignored", "--exact", "--nocapture", "transcripts_over_http"];
    const printed = await run("cargo", ["test", "-p", "sortroom-tests", "--all-features", "--test", "golden", "--", ...harness], {
      env: { SORTROOM_URL: server.url, SORTROOM_ADMIN: ADMIN, GOLDEN: "" },
      quiet: true,
    });
    // Cargo succeeds where no test has that name, too.
    assert.match(printed, /^test result: ok\. 1 passed;/m, printed);
    t.diagnostic(printed.match(/^.* steps ran, .*$/m)[0]);
  } finally {
    await server.stop();
  }
});
