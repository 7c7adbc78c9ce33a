// The golden transcripts, which run on ports in memory among the native tests, against workerd.
import { test } from "node:test";
import { run } from "../../.scripts/lib.mjs";
import { ADMIN, startServer } from "./server.mjs";

test("the transcripts hold on workerd", async () => {
  // Every job goes through the queue, which holds it long enough for the steps that look at it while it waits.
  const server = await startServer({
    vars: { INLINE_MAX_BYTES: "0" },
    queues: { "sortroom-stages": { maxBatchSize: 100, maxBatchTimeout: 2 } },
  });
  try {
    await run("cargo", ["test", "-p", "sortroom-tests", "--all-features", "--test", "golden", "transcripts_over_http"], {
      env: { SORTROOM_URL: server.url, SORTROOM_ADMIN: ADMIN },
      quiet: true,
    });
  } finally {
    await server.stop();
  }
});
