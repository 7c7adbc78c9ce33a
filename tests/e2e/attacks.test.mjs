// The worst inputs found of each kind, and attacks that are requests, on workerd: each ends in an answer or a clear error,
// while no request of another tenant fails. `npm run bench:hostile` sends all of them and measures them.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeInputs } from "../bench/hostile.mjs";
import { Attacker, REQUEST_ATTACKS, hasJobs, isTooLargeForRequest } from "./attacks.mjs";
import { startBystander } from "./bystander.mjs";
import { scratch, startServer } from "./server.mjs";

/** Files and calls of tests/hostile, by what their names contain. */
const FILES = [
  "pdf/flate-three-times",
  "pdf/inline-images-without-end",
  "pdf/object-streams-of-a-megabyte",
  "pdf/a-million-kids",
  "pdf/repair-comments-in-heads",
  "html/attributes",
  "mail/long-tag",
  "mail/parameters-in-one-line",
  "mail/attachments",
  "mail/boundary-of-dashes",
  "text/brackets",
  "word/bomb",
];
const CALLS = [
  "classify: 190 rules",
  "evaluate: 1,000 long cases of rare words",
  "lint: 200 rules of rare words",
  "extract: 10,000 rows of 12 cells",
];

describe("hostile inputs", () => {
  const [inputs, state] = [scratch("inputs-"), scratch("hostile-")];
  let server;
  let attacker;
  let bystander;

  before(async () => {
    await writeInputs(inputs, [...FILES, ...CALLS]);
    server = await startServer({ state });
    attacker = await Attacker.create(server.url);
    bystander = await startBystander(server.url);
  });

  after(async () => {
    await bystander?.stop();
    await server?.stop();
    for (const folder of [inputs, state]) rmSync(folder, { recursive: true, force: true });
  });

  /** Runs attacks in turn; fails if a request of the other tenant fails. */
  async function attack(t, attacks) {
    for (const [name, run] of attacks) {
      await t.test(name, async (t) => {
        t.diagnostic(await run());
        assert.deepEqual((await bystander.measured()).failures, []);
      });
    }
  }

  test("files, at once and as jobs", (t) =>
    attack(
      t,
      FILES.flatMap((name) => {
        const bytes = readFileSync(join(inputs, "files", name));
        const atOnce = [`${name}, at once`, () => attacker.classifyNow(bytes)];
        const asJob = [`${name}, as a job`, () => attacker.classifyAsJob(bytes)];
        return isTooLargeForRequest(bytes) ? [asJob] : [atOnce, asJob];
      }),
    ));

  test("calls, at once and as jobs", (t) => {
    const folder = join(inputs, "calls");
    const calls = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
    assert.ok(calls.length >= CALLS.length);
    return attack(
      t,
      calls.flatMap((call) => [
        [`${call.name}, at once`, () => attacker.callNow(call)],
        ...(hasJobs(call) ? [[`${call.name}, as a job`, () => attacker.callAsJob(call)]] : []),
      ]),
    );
  });

  test("requests", (t) =>
    attack(
      t,
      REQUEST_ATTACKS.filter(({ isSlow }) => !isSlow).map(({ name, run }) => [name, () => run(attacker, state)]),
    ));
});
