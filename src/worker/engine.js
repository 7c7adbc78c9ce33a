// What the platform loads: the Worker that Rust compiles to, and the engine, which is a module of its own.
//
// The engine runs in one instance at a time, and an isolate has one thread. So that a long call keeps nobody waiting, it
// pauses between its turns (see budget.rs). Meanwhile others are answered in the same instance, if one turn is enough for
// them. Those that need more wait for the end of the long call.
//
// An instance that traps is replaced. A document fails only if it trapped an instance that had no other: else it is tried
// again alone, because others may have left it too little memory. `package.mjs` says where the memory comes from.
import { env } from "cloudflare:workers";
import * as glue from "engine-glue";
import module from "./engine.wasm";

/** The address of the embedding table among the static assets. Only its path means anything. */
const TABLE_URL = "https://assets/engine/embedding.bin";

/** The largest document that is read beside a long call, in bytes: both share the memory. */
const MAX_SHORT_BYTES = 2 ** 20;

/** How often a call that waits looks whether it can start, in milliseconds. */
const POLL_MS = 5;

/**
 * After how many milliseconds without a turn a long call is taken for dead: a request that the client breaks off may end in
 * the middle of a pause.
 */
const DEAD_MS = 5000;

/** The embedding table; undefined before `load`. */
let table;

/** The instance: how many calls it has started. Undefined if there is none that can be used. */
let instance;
let isGlueStarted = false;

/**
 * The call that may pause; undefined if there is none. It has the time when its last turn began, whether no other may run
 * meanwhile, and a promise of its request that is rejected if it cannot go on.
 */
let long;

/** Loads what the engine needs besides its code. Returns undefined if it is loaded, else a promise. */
function load() {
  return table ? undefined : loadTable();
}

async function loadTable() {
  const response = await env.ASSETS.fetch(TABLE_URL);
  if (!response.ok) throw new Error(`${TABLE_URL} answered ${response.status}`);
  table = new Uint8Array(await response.arrayBuffer());
}

function start() {
  if (isGlueStarted) glue.__wbg_reset_state();
  else glue.initSync({ module });
  isGlueStarted = true;
  glue.installTable(table);
  instance = { started: 0 };
}

/** Ends the instance, and with it a call that is paused. */
function discard() {
  instance = undefined;
  long = undefined;
}

/**
 * Answers a request about a document, both as bytes. The promise is resolved with undefined if the document traps the
 * engine: the Worker that Rust compiles to takes a trap that passes through it for one of its own.
 */
async function answer(request, document) {
  let isShort = document.length <= MAX_SHORT_BYTES;
  let isAlone = false;
  for (;;) {
    while (long && (long.isAlone || isAlone || !isShort)) {
      if (Date.now() - long.turnAt > DEAD_MS) discard();
      else await scheduler.wait(POLL_MS);
    }
    if (isAlone) discard();
    if (!instance) start();
    const mine = instance;
    mine.started += 1;
    const me = long ? undefined : { turnAt: Date.now(), isAlone, stopped: Promise.withResolvers() };
    long ??= me;
    try {
      const reply = glue.answer(request, IS_TEST ? swell(document) : document, me !== undefined);
      const bytes = await (me ? Promise.race([reply, me.stopped.promise]) : reply);
      if (bytes) return bytes;
      isShort = false;
    } catch (error) {
      if (instance === mine) discard();
      if (mine.started === 1) {
        console.error(`the engine trapped: ${error}`);
        return undefined;
      }
      isAlone = true;
      // What other calls have returned is taken out of the memory before a fresh instance gets it.
      await scheduler.wait(0);
    } finally {
      if (me && long === me) long = undefined;
    }
  }
}

/** Gives others their turn. The engine calls it in a long call. */
async function pause() {
  const me = long;
  await scheduler.wait(0);
  if (long !== me) {
    // The memory now belongs to another instance: not even an error may go back to this one.
    me.stopped.reject(new Error("the instance was replaced"));
    await new Promise(() => {});
  }
  me.turnAt = Date.now();
}

/** In the test Worker: more bytes than the engine has memory for, in place of a document that begins with a mark. */
function swell(document) {
  const begins = new TextDecoder().decode(document.subarray(0, 14)) === "SORTROOM-SWELL";
  return begins ? { length: 2 ** 31 } : document;
}

globalThis.sortroomEngine = { load, answer, pause };

export * from "./shell.js";
export { default } from "./shell.js";
