// What the page knows: the document, and what came of it.
import { type ReadonlySignal, type Signal, batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Classified, Document, Extracted, Rule, Schema } from "sortroom";
import { announce } from "../announce.js";
import { loadAhead, sortroom } from "../engine.js";
import { latest } from "../latest.js";
import { askedRules, askedSchema, type Asked } from "./drafts.js";
import { MAX_BYTES, type Failure, failure, failureOf, plain } from "./failures.js";
import { SAMPLES, contentOf } from "./samples.js";
import { percent, plural } from "./words.js";

// --- The document ---

/** What was dropped, chosen, picked or written. */
export interface Source {
  name: string;
  bytes: Blob;
  /** Whether it is being written on this page. */
  written: boolean;
  /** The mail that brought it. */
  from?: Source;
  /** How many other files were dropped with it, and not opened. */
  beside?: number;
}

export const source = signal<Source | null>(null);

/** A document, and what it was read from. */
export interface Opened {
  source: Source;
  document: Document;
}

export const opened = signal<Opened | null>(null);
/** Why there is no document, or no answer. */
export const failed = signal<Failure | null>(null);

/** What can be done with a document; the later wait for the earlier. */
const STEPS = ["reading", "classifying", "extracting", "drawing"] as const;
export type Doing = (typeof STEPS)[number];
/** What is being done, and how often at once. */
const doing = signal<ReadonlyMap<Doing, number>>(new Map());
/** What of it is the first that the others wait for. */
export const busy = computed<Doing | null>(() => STEPS.find((what) => doing.value.get(what)) ?? null);

/** Notes that something is being done, until what is given back is called. */
export function begin(what: Doing): () => void {
  const count = (by: 1 | -1) => {
    const now = new Map(doing.peek());
    now.set(what, (now.get(what) ?? 0) + by);
    doing.value = now;
  };
  count(1);
  // What comes next begins first, so that one long wait is not told as many short ones.
  return () => void setTimeout(() => count(-1));
}

/** How long work may take that was given up for another document, in milliseconds: ending the worker costs starting it again. */
const LONG = 300;
/** Ends the work on the document that is open. */
let life = new AbortController();
/** How much the worker has to do, and since when it has been at it. */
const load = { tasks: 0, since: 0 };

/** Has the worker do something for a document. Gives nothing where the document was given up meanwhile. */
async function work<T>(what: Doing, ask: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const { signal } = life;
  const done = begin(what);
  if (load.tasks === 0) load.since = performance.now();
  load.tasks += 1;
  try {
    return await ask(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    load.tasks -= 1;
    done();
  }
}

/** Opens a document in place of the one before. */
export function open(next: Source): void {
  performance.mark("open", { detail: next.name });
  const isBlank = isBlankText(next);
  // While a text is written, the answer stays until the next one is there.
  const goesOn = next.written && source.value?.written && !isBlank;
  if (!goesOn) leave();
  if (!next.written) announce(`Reading ${next.name}`);
  source.value = next;
  if (next.bytes.size > MAX_BYTES) fail(next, failure("DOCUMENT_TOO_LARGE"));
  else if (!isBlank) read(next);
}

/** Whether nothing is written yet: that is no document, and nothing is wrong with it. */
export const isBlankText = ({ written: here }: Source): boolean => here && written.value.trim() === "";

/** Leaves the document that is open, and what is still being done for it. */
function leave(): void {
  const left = life;
  // Work that is nearly done is left to end; aborting what has ended does nothing.
  if (load.tasks > 0) setTimeout(() => left.abort(), load.since + LONG - performance.now());
  life = new AbortController();
  batch(() => {
    failed.value = null;
    forget();
  });
}

function forget(): void {
  opened.value = null;
  decided.value = null;
  found.value = null;
  refusedRules.value = null;
  refusedSchema.value = null;
}

/** Opens a file that was chosen or dropped. */
export function openFile(file: File, beside = 0): void {
  open({ name: file.name, bytes: file, written: false, beside });
  if (beside > 0) announce(`Only the first of ${beside + 1} files was opened`);
}

/** What is written on this page. */
export const written = signal("");

/** Opens what is written on this page. */
export function openText(text: string): void {
  written.value = text;
  open({ name: "Your text", bytes: new Blob([text]), written: true });
}

/** Says why there is nothing to open under this name. */
export function refuse(name: string, code: string): void {
  leave();
  batch(() => {
    source.value = { name, bytes: new Blob(), written: false };
    failed.value = failure(code);
  });
}

/** Gives up the document that is open. */
export function giveUp(): void {
  leave();
  source.value = null;
  announce("Stopped");
}

function fail(of: Source, why: Failure): void {
  if (of !== source.value) return;
  batch(() => {
    failed.value = why;
    forget();
  });
}

const read = latest(async (asked: Source) => {
  try {
    const document = await work("reading", (signal) => sortroom.readDocument(asked.bytes, { signal }));
    if (!document || asked !== source.value) return;
    performance.mark("read");
    batch(() => {
      failed.value = null;
      opened.value = { source: asked, document };
    });
  } catch (error) {
    fail(asked, failureOf(error));
  }
});

// --- The answers ---

/** An answer, and what it was asked of. */
interface Answered<Q, A> {
  source: Source;
  asked: Q;
  answer: A;
  /** The answer as the engine spells it. */
  json: string;
}

export type Decided = Answered<readonly Rule[], Classified>;
/** Nothing where nothing is looked for. */
export type Found = Answered<Schema, Extracted | null>;

export const decided = signal<Decided | null>(null);
export const found = signal<Found | null>(null);

/** Why an answer is missing, or is from before the last change. */
interface Refused {
  why: Failure;
  /** The ids of the drafts at fault, with what is wrong; an id with its member where it has more than one; else ``. */
  faults: ReadonlyMap<string, string>;
}

/** Why the rules, and the fields, are refused as they stand. */
export const refusedRules = signal<Refused | null>(null);
export const refusedSchema = signal<Refused | null>(null);

const NO_FAULTS: ReadonlyMap<string, string> = new Map();

/** What is wrong with a rule, by its id and member. */
export const faultsOfRules = computed(() => refusedRules.value?.faults ?? NO_FAULTS);

/** What is wrong with a field or table, by its id. */
export const faultsOfSchema = computed(() => refusedSchema.value?.faults ?? NO_FAULTS);

/** What is wrong, by what it is wrong with. */
function faultsOf(why: Failure, name: (pointer: string) => string): ReadonlyMap<string, string> {
  return new Map(why.faults.map(({ pointer, message }) => [name(pointer), plain(message)]));
}

const ruleAtFault = (ids: ReadonlyMap<string, number>) => (pointer: string) => {
  const [, rule = "", member = "label"] = pointer.match(/^(\/rules\/\d+)(?:\/(\w+))?/) ?? [];
  const id = ids.get(rule);
  return id === undefined ? "" : `${id}/${member}`;
};

const fieldAtFault = (ids: ReadonlyMap<string, number>) => (pointer: string) => {
  const [place = ""] = pointer.match(/^\/schema\/(fields|tables)\/\d+(\/fields\/\d+)?/) ?? [];
  return `${ids.get(place) ?? ""}`;
};

/** A part of what is said of a document: its type, or its fields. */
interface Part<Q, A> {
  doing: Doing;
  /** What those who hear the page are told it is. */
  name: string;
  answered: Signal<Answered<Q, A> | null>;
  refused: Signal<Refused | null>;
  ask: (of: Opened, asked: Q, signal: AbortSignal) => Promise<string>;
  atFault: (ids: ReadonlyMap<string, number>) => (pointer: string) => string;
  /** What is told of an answer. */
  spoken: (answer: A) => string;
}

/** Answers a part of it, for the newest question. */
const answering = <Q, A>({ doing, name, answered, refused, ask, atFault, spoken }: Part<Q, A>) =>
  latest(async ({ of, asked: { what, ids } }: { of: Opened; asked: Asked<Q> }) => {
    try {
      const json = await work(doing, (signal) => ask(of, what, signal));
      if (json === undefined || of !== opened.value) return;
      performance.mark(`${doing}:done`);
      const answer = JSON.parse(json) as A;
      batch(() => {
        refused.value = null;
        answered.value = { source: of.source, asked: what, answer, json };
      });
      announce(spoken(answer));
    } catch (error) {
      if (of !== opened.value) return;
      const why = failureOf(error);
      const faults = why.code === "INVALID" ? faultsOf(why, atFault(ids)) : NO_FAULTS;
      if (!refused.value) announce(`${name}: ${why.title}`);
      refused.value = { why, faults };
    }
  });

const classify = answering<readonly Rule[], Classified>({
  doing: "classifying",
  name: "Type",
  answered: decided,
  refused: refusedRules,
  ask: ({ document }, rules, signal) => sortroom.classifyJson(document, rules, { signal }),
  atFault: ruleAtFault,
  spoken: ({ label, confidence, runner_up }) => {
    const answer = label === null ? "None of the rules fits" : label;
    const second = runner_up ? `. Runner-up: ${runner_up.label}` : "";
    return `${answer}, ${percent(confidence)} sure${second}`;
  },
});

const extract = answering<Schema, Extracted | null>({
  doing: "extracting",
  name: "Fields",
  answered: found,
  refused: refusedSchema,
  ask: async ({ document }, schema, signal) => {
    const asksNothing = !schema.fields?.length && !schema.tables?.length;
    return asksNothing ? "null" : sortroom.extractJson(document, schema, { signal });
  },
  atFault: fieldAtFault,
  spoken: (answer) => {
    if (!answer) return "";
    const { values, tables } = answer;
    const known = values.filter(({ value }) => value !== null).length;
    const rows = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    return `${known} of ${plural(values.length, "field")} found${rows > 0 ? `, and ${plural(rows, "row")}` : ""}`;
  },
});

/** How long typing rests before the answer follows, in milliseconds. */
const REST = 120;

/** Asks at once for a new document, and after a rest where only what is asked of it was changed. */
function following<T>(what: ReadonlySignal<T>, ask: (question: { of: Opened; asked: T }) => void): void {
  let before: Opened | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const of = opened.value;
    const asked = what.value;
    clearTimeout(timer);
    if (!of) return;
    const now = () => untracked(() => ask({ of, asked }));
    if (of !== before) now();
    else timer = setTimeout(now, REST);
    before = of;
  });
}

following(askedRules, classify);
following(askedSchema, extract);

loadAhead(async () => {
  const document = await sortroom.readDocument(await contentOf(SAMPLES[0]));
  await sortroom.extract(document, askedSchema.peek().what);
});
