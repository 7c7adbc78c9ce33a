// What `wrangler deploy` would upload.
import assert from "node:assert/strict";
import { test } from "node:test";
import { npmBin, run } from "../../.scripts/lib.mjs";

/** The smallest plan allows 3 MB after compression; the rest is room for what the platform adds and counts otherwise. */
const MAX_BYTES = 2_800_000;

test(`the script has at most ${MAX_BYTES.toLocaleString("en")} bytes after gzip`, async (t) => {
  const printed = await run(npmBin("wrangler"), ["deploy", "--dry-run", "--outdir", "build/deploy"], { quiet: true });
  const [, kib] = printed.match(/gzip: ([\d.]+) KiB/) ?? [];
  const bytes = Number(kib) * 1024;
  t.diagnostic(`${Math.round(bytes).toLocaleString("en")} bytes`);
  assert.ok(bytes <= MAX_BYTES, printed);
});
