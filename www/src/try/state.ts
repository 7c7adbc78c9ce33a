// What the page knows: the document, the rules and fields it is held against, and what came of it.
import { type ReadonlySignal, type Signal, batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Classified, Document, Extracted, Field, FieldKind, Rule, Schema } from "sortroom";
import { announce } from "../announce.js";
import { loadAhead, loading, sortroom } from "../engine.js";
import { latest } from "../latest.js";
import { FIELDS, RULES, TABLES } from "./beginning.js";
import { MAX_BYTES, type Failure, failure, failureOf, plain } from "./failures.js";
import { SAMPLES, contentOf } from "./samples.js";
import { percent } from "./words.js";

// --- The document ---

/** What was dropped, chosen, picked or written. */
export interface Source {
  name: string;
  bytes: Blob;
  /** Whether it is being written on this page. */
  written: boolean;
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

/** What is being done, and how often at once. */
export type Doing = "reading" | "classifying" | "extracting" | "drawing";
const doing = signal<ReadonlyMap<Doing, number>>(new Map());
/** What of it is the first that the others wait for. */
export const busy = computed<Doing | null>(() => (["reading", "classifying", "extracting", "drawing"] as const).find((what) => doing.value.get(what)) ?? null);

/** Notes that something is being done, until what is given back is called. */
export function begin(what: Doing): () => void {
  const count = (by: 1 | -1) => {
    const now = new Map(doing.peek());
    now.set(what, (now.get(what) ?? 0) + by);
    doing.value = now;
  };
  count(1);
  return () => count(-1);
}

/** How long work takes that is given up for another document, in milliseconds: ending the worker costs starting it again. */
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
  if (!(next.written && source.value?.written)) {
    leave();
    if (!next.written) announce(`Reading ${next.name}`);
  }
  source.value = next;
  if (next.bytes.size > MAX_BYTES) fail(next, failure("DOCUMENT_TOO_LARGE"));
  else read(next);
}

/** Leaves the document that is open, and what is still being done for it. */
function leave(): void {
  if (load.tasks > 0 && performance.now() - load.since > LONG) life.abort();
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
}

/** Opens a file that was chosen or dropped. */
export function openFile(file: File): void {
  open({ name: file.name, bytes: file, written: false });
}

/** Opens what is written on this page. */
export function openText(text: string): void {
  open({ name: "Your text", bytes: new Blob([text]), written: true });
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
    fail(asked, failureOf(error, loading.value !== "failed"));
  }
});

// --- Rules, fields and tables, as they are being written ---

export interface DraftRule {
  id: number;
  label: string;
  description: string;
}

export interface DraftField {
  id: number;
  name: string;
  kind: FieldKind;
  /** What else documents call it, separated by commas. */
  synonyms: string;
}

export interface DraftTable {
  id: number;
  name: string;
  fields: DraftField[];
}

let last = 0;
export const fresh = (): number => (last += 1);
const draftField = ({ name, kind = "text", synonyms = [] }: Field): DraftField => ({ id: fresh(), name, kind, synonyms: synonyms.join(", ") });

export const rules = signal<readonly DraftRule[]>([]);
export const fields = signal<readonly DraftField[]>([]);
export const tables = signal<readonly DraftTable[]>([]);

/** The rules, fields and tables that the page begins with. */
export function startOver(): void {
  batch(() => {
    rules.value = RULES.map(({ label, description }) => ({ id: fresh(), label, description }));
    fields.value = FIELDS.map(draftField);
    tables.value = TABLES.map(({ name, fields }) => ({ id: fresh(), name, fields: fields.map(draftField) }));
  });
}
startOver();

/** Whether both parts of a rule are written: before that it does not count, and nothing is wrong with it. */
export const isWritten = ({ label, description }: DraftRule): boolean => label.trim() !== "" && description.trim() !== "";

/** The rules as they stand in what is asked. */
const written = computed(() => rules.value.filter(isWritten));
const askedRules = computed<Rule[]>(() => written.value.map(({ label, description }) => ({ label, description })));

const named = (drafts: readonly DraftField[]): DraftField[] => drafts.filter(({ name }) => name.trim() !== "");
const namedTables = computed(() =>
  tables.value.map((table) => ({ ...table, fields: named(table.fields) })).filter(({ name, fields }) => name.trim() !== "" && fields.length > 0),
);
const askedField = ({ name, kind, synonyms }: DraftField): Field => ({
  name,
  kind,
  synonyms: synonyms.split(",").map((word) => word.trim()).filter((word) => word !== ""),
});
const askedSchema = computed<Schema>(() => ({
  fields: named(fields.value).map(askedField),
  tables: namedTables.value.map(({ name, fields }) => ({ name, fields: fields.map(askedField) })),
}));

// --- The answers ---

/** A decision, and what it was asked of. */
export interface Decided {
  source: Source;
  rules: readonly Rule[];
  answer: Classified;
}

export interface Found {
  source: Source;
  schema: Schema;
  /** Nothing where nothing is looked for. */
  answer: Extracted | null;
}

export const decided = signal<Decided | null>(null);
export const found = signal<Found | null>(null);
/** Why the rules, and the fields, are refused as they stand. */
export const refusedRules = signal<Failure | null>(null);
export const refusedSchema = signal<Failure | null>(null);

/** What is wrong with a rule, by its id and member. */
export const faultsOfRules = computed(() => {
  const faults = new Map<string, string>();
  for (const { pointer, message } of refusedRules.value?.faults ?? []) {
    const [, index, member] = pointer.match(/^\/rules\/(\d+)(?:\/(\w+))?/) ?? [];
    const rule = index === undefined ? undefined : written.value[Number(index)];
    faults.set(rule ? `${rule.id}/${member ?? "label"}` : "", plain(message));
  }
  return faults;
});

/** What is wrong with a field or table, by its id. */
export const faultsOfSchema = computed(() => {
  const faults = new Map<string, string>();
  for (const { pointer, message } of refusedSchema.value?.faults ?? []) {
    const [, list, index, inner] = pointer.match(/^\/schema\/(fields|tables)\/(\d+)(?:\/fields\/(\d+))?/) ?? [];
    const drafts = list === "fields" ? named(fields.value) : namedTables.value;
    const draft = index === undefined ? undefined : drafts[Number(index)];
    const field = inner !== undefined && draft && "fields" in draft ? draft.fields[Number(inner)] : draft;
    faults.set(field ? `${field.id}` : "", plain(message));
  }
  return faults;
});

/** Has a part of the document's answers made; what is refused is said at `refused`. */
async function answer<T>(what: Doing, of: Opened, refused: Signal<Failure | null>, ask: (signal: AbortSignal) => Promise<T>, use: (answer: T) => void) {
  try {
    const given = await work(what, ask);
    if (given === undefined || of !== opened.value) return;
    batch(() => {
      refused.value = null;
      use(given);
    });
  } catch (error) {
    if (of !== opened.value) return;
    const why = failureOf(error, true);
    if (why.code === "INVALID") refused.value = why;
    else fail(of.source, why);
  }
}

const classify = latest(({ of, asked: rules }: { of: Opened; asked: Rule[] }) => {
  const { pages, ...rest } = of.document;
  // No decision depends on the places of words, and they are most of a document.
  const light = { ...rest, pages: pages.map((page) => ({ ...page, words: [] })) };
  const ask = (signal: AbortSignal) => sortroom.classify(light, rules, { signal });
  return answer("classifying", of, refusedRules, ask, (answer) => {
    performance.mark("classified");
    decided.value = { source: of.source, rules, answer };
    announce(spoken(answer));
  });
});

function spoken({ label, confidence, runner_up }: Classified): string {
  const answer = label === null ? "None of the rules fits" : label;
  const second = runner_up ? `. Runner-up: ${runner_up.label}` : "";
  return `${answer}, ${percent(confidence)} sure${second}`;
}

/** Whether there is anything to look for. */
const asksNothing = ({ fields = [], tables = [] }: Schema): boolean => fields.length + tables.length === 0;

const extract = latest(({ of, asked: schema }: { of: Opened; asked: Schema }) => {
  const ask = async (signal: AbortSignal) => (asksNothing(schema) ? null : sortroom.extract(of.document, schema, { signal }));
  return answer("extracting", of, refusedSchema, ask, (answer) => {
    performance.mark("extracted");
    found.value = { source: of.source, schema, answer };
  });
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
  await sortroom.extract(document, askedSchema.peek());
});
