// What the platform loads: the Worker that Rust compiles to, and the engine, which is a module of its own.
//
// The engine runs in one instance, which is replaced when it traps. The document that trapped it fails; the next one gets
// a fresh instance. `package.mjs` says where the memory comes from.
import { env } from "cloudflare:workers";
import * as glue from "engine-glue";
import module from "./engine.wasm";

/** The address of the embedding table among the static assets. Only its path means anything. */
const TABLE_URL = "https://assets/engine/embedding.bin";

/** The embedding table; undefined before `load`. */
let table;
/** How many calls the current instance has answered; undefined if there is none that can be used. */
let answered;
let isStarted = false;

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
  if (isStarted) glue.__wbg_reset_state();
  else glue.initSync({ module });
  isStarted = true;
  glue.installTable(table);
  answered = 0;
}

/**
 * Answers a request about a document, both as bytes. Returns undefined if the engine traps: the Worker that Rust compiles
 * to takes a trap that passes through it for one of its own.
 */
function answer(request, document) {
  if (answered === undefined) start();
  const isFresh = answered === 0;
  try {
    const reply = glue.answer(request, IS_TEST ? swell(document) : document);
    answered += 1;
    return reply;
  } catch (error) {
    answered = undefined;
    // Earlier documents may have left it too little memory.
    if (!isFresh) return answer(request, document);
    console.error(`the engine trapped: ${error}`);
    return undefined;
  }
}

/** In the test Worker: more bytes than the engine has memory for, in place of a document that begins with a mark. */
function swell(document) {
  const begins = new TextDecoder().decode(document.subarray(0, 14)) === "SORTROOM-SWELL";
  return begins ? { length: 2 ** 31 } : document;
}

globalThis.sortroomEngine = { load, answer };

export * from "./shell.js";
export { default } from "./shell.js";
