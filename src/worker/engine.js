// What the platform loads: the Worker that Rust compiles to, and the engine, which is a module of its own.
//
// The engine runs in one instance at a time, and an isolate has one thread. A call first gets one turn (see budget.rs),
// which is enough for nearly all. What needs more is begun again as a long call, which pauses between its turns, so that
// others get theirs, in the same instance. One long call runs at a time: two would not fit the memory.
//
// An instance that traps is replaced. A document fails only if it trapped an instance that had no other: else it is tried
// again alone, because others may have left it too little memory. `package.mjs` says where the memory comes from, and
// its content.
import { env } from "cloudflare:workers";
import * as glue from "engine-glue";
import module from "./engine.wasm";

/** The addresses of the embedding table and of the engine's data among the static assets. Only the paths mean anything. */
const TABLE_URL = "https://assets/engine/embedding.bin";
const DATA_URL = `https://assets/engine/${DATA_FILE}`;

/** The largest document that is tried in one turn, in bytes: it shares the memory with a long call. */
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
 * The long call; undefined if there is none. It has the time when its last turn began, whether no other may run in its
 * instance, and a promise of its request that is rejected if it cannot go on.
 */
let long;

/** Loads what the engine needs besides its code. Returns undefined if it is loaded, else a promise. */
function load() {
  return table ? undefined : loadFiles();
}

async function loadFiles() {
  const [data, embedding] = await Promise.all([DATA_URL, TABLE_URL].map(asset));
  glue.installData(data);
  table = embedding;
}

async function asset(url) {
  const response = await env.ASSETS.fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
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

/** Calls the instance. Throws if it traps; the error says whether the call is to fail for it. */
function call(answer, request, document) {
  if (!instance) start();
  const mine = instance;
  mine.started += 1;
  const trapped = (error) => {
    if (instance === mine) discard();
    throw Object.assign(error, { isFinal: mine.started === 1 });
  };
  try {
    const reply = answer(request, IS_TEST ? swell(document) : document);
    return reply instanceof Promise ? reply.catch(trapped) : reply;
  } catch (error) {
    return trapped(error);
  }
}

/**
 * Answers a request about a document, both as bytes. Returns the reply, or a promise of it if that takes more than a turn.
 * It is undefined if the document traps the engine: the Worker that Rust compiles to takes a trap that passes through it for
 * one of its own.
 */
function answer(request, document) {
  if (document.length > MAX_SHORT_BYTES || long?.isAlone) return answerAtLength(request, document);
  try {
    return call(glue.answerInOneTurn, request, document) ?? answerAtLength(request, document);
  } catch (error) {
    return afterTrap(error, request, document);
  }
}

/** Answers a request after the long calls before it; as the only call of an instance, if `isAlone`. */
async function answerAtLength(request, document, isAlone = false) {
  // What other calls have returned is taken out of the memory before a fresh instance gets it.
  await scheduler.wait(0);
  while (long) {
    if (Date.now() - long.turnAt > DEAD_MS) discard();
    else await scheduler.wait(POLL_MS);
  }
  if (isAlone) discard();
  const me = { turnAt: Date.now(), isAlone, stopped: Promise.withResolvers() };
  long = me;
  try {
    return await Promise.race([call(glue.answer, request, document), me.stopped.promise]);
  } catch (error) {
    return afterTrap(error, request, document);
  } finally {
    if (long === me) long = undefined;
  }
}

function afterTrap(error, request, document) {
  if (!error.isFinal) return answerAtLength(request, document, true);
  console.error(`the engine trapped: ${error}`);
  return undefined;
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
