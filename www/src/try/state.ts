// What the page knows: the document, the rules and fields it is held against, and what came of it.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Classified, Document, Extracted, Field, FieldKind, Rule, Schema } from "sortroom";
import { announce } from "../announce.js";
import { loadAhead, loading, sortroom } from "../engine.js";
import { latest } from "../latest.js";
import { FIELDS, RULES, TABLES } from "./beginning.js";
import { MAX_BYTES, type Failure, failure, failureOf } from "./failures.js";
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
export const opened = signal<Document | null>(null);
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

/** How long a reading takes that is given up for another, in milliseconds: ending the worker costs starting it again. */
const LONG = 300;
let reading: { stop: AbortController; since: number } | undefined;

/** Opens a document in place of the one before. */
export function open(next: Source): void {
  performance.mark("open", { detail: next.name });
  const goesOn = next.written && source.value?.written;
  batch(() => {
    source.value = next;
    if (goesOn) return;
    opened.value = null;
    decided.value = null;
    found.value = null;
    failed.value = null;
  });
  if (reading && !goesOn && performance.now() - reading.since > LONG) reading.stop.abort();
  if (next.bytes.size > MAX_BYTES) return fail(next, failure("DOCUMENT_TOO_LARGE"));
  if (!next.written) announce(`Reading ${next.name}`);
  read(next);
}

/** Opens a file that was chosen or dropped. */
export function openFile(file: File): void {
  open({ name: file.name, bytes: file, written: false });
}

/** Opens what is written on this page. */
export function openText(text: string): void {
  open({ name: "Your text", bytes: new Blob([text]), written: true });
}

/** Gives up reading. */
export function giveUp(): void {
  reading?.stop.abort();
  source.value = null;
  announce("Given up");
}

function fail(of: Source, why: Failure): void {
  if (of !== source.value) return;
  batch(() => {
    failed.value = why;
    opened.value = null;
    decided.value = null;
    found.value = null;
  });
}

const read = latest(async (asked: Source) => {
  const done = begin("reading");
  const stop = new AbortController();
  reading = { stop, since: performance.now() };
  try {
    const document = await sortroom.readDocument(asked.bytes, { signal: stop.signal });
    if (asked !== source.value) return;
    performance.mark("read");
    batch(() => {
      failed.value = null;
      opened.value = document;
    });
  } catch (error) {
    if (!stop.signal.aborted) fail(asked, failureOf(error, loading.value !== "failed"));
  } finally {
    reading = undefined;
    done();
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

/** The rules that are begun, as they stand in what is sent. */
const begun = computed(() => rules.value.filter(({ label, description }) => label.trim() !== "" || description.trim() !== ""));
const askedRules = computed<Rule[]>(() => begun.value.map(({ label, description }) => ({ label, description })));

const named = (drafts: readonly DraftField[]) => drafts.filter(({ name }) => name.trim() !== "");
const begunTables = computed(() => tables.value.map((table) => ({ ...table, fields: named(table.fields) })).filter(({ name, fields }) => name.trim() !== "" && fields.length > 0));
const askedField = ({ name, kind, synonyms }: DraftField): Field => ({
  name,
  kind,
  synonyms: synonyms.split(",").map((word) => word.trim()).filter((word) => word !== ""),
});
const askedSchema = computed<Schema>(() => ({
  fields: named(fields.value).map(askedField),
  tables: begunTables.value.map(({ name, fields }) => ({ name, fields: fields.map(askedField) })),
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
  answer: Extracted;
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
    const rule = index === undefined ? undefined : begun.value[Number(index)];
    faults.set(rule ? `${rule.id}/${member ?? "label"}` : "", message);
  }
  return faults;
});

/** What is wrong with a field or table, by its id. */
export const faultsOfSchema = computed(() => {
  const faults = new Map<string, string>();
  for (const { pointer, message } of refusedSchema.value?.faults ?? []) {
    const [, list, index, inner] = pointer.match(/^\/schema\/(fields|tables)\/(\d+)(?:\/fields\/(\d+))?/) ?? [];
    const drafts = list === "fields" ? named(fields.value) : begunTables.value;
    const draft = index === undefined ? undefined : drafts[Number(index)];
    const field = inner !== undefined && draft && "fields" in draft ? draft.fields[Number(inner)] : draft;
    faults.set(field ? `${field.id}` : "", message);
  }
  return faults;
});

interface Question {
  source: Source;
  document: Document;
  rules: Rule[];
}

const classify = latest(async ({ source: of, document, rules }: Question) => {
  const done = begin("classifying");
  try {
    // No decision depends on the places of words, and they are most of a document.
    const light = { ...document, pages: document.pages.map((page) => ({ ...page, words: [] })) };
    const answer = await sortroom.classify(light, rules);
    if (document !== opened.value) return;
    performance.mark("classified");
    batch(() => {
      refusedRules.value = null;
      decided.value = { source: of, rules, answer };
    });
    announce(spoken(answer));
  } catch (error) {
    if (document !== opened.value) return;
    const why = failureOf(error, true);
    if (why.code === "INVALID") refusedRules.value = why;
    else fail(of, why);
  } finally {
    done();
  }
});

function spoken({ label, confidence, runner_up }: Classified): string {
  const answer = label === null ? "None of the rules fits" : label;
  const second = runner_up ? `. Runner-up: ${runner_up.label}` : "";
  return `${answer}, ${percent(confidence)} sure${second}`;
}

const extract = latest(async ({ source: of, document, schema }: { source: Source; document: Document; schema: Schema }) => {
  const done = begin("extracting");
  try {
    const answer = await sortroom.extract(document, schema);
    if (document !== opened.value) return;
    performance.mark("extracted");
    batch(() => {
      refusedSchema.value = null;
      found.value = { source: of, schema, answer };
    });
  } catch (error) {
    if (document !== opened.value) return;
    const why = failureOf(error, true);
    if (why.code === "INVALID") refusedSchema.value = why;
    else fail(of, why);
  } finally {
    done();
  }
});

/** How long typing rests before the answer follows, in milliseconds. */
const REST = 120;

/** Calls `ask` at once for a new document, and after a rest where only what it is asked of was changed. */
function following<T>(asked: { readonly value: T }, ask: (source: Source, document: Document, asked: T) => void): void {
  let before: Document | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const document = opened.value;
    const what = asked.value;
    clearTimeout(timer);
    if (!document) return;
    const now = () => untracked(() => ask(source.value!, document, what));
    if (document !== before) now();
    else timer = setTimeout(now, REST);
    before = document;
  });
}

following(askedRules, (source, document, rules) => classify({ source, document, rules }));
following(askedSchema, (source, document, schema) => extract({ source, document, schema }));

loadAhead(async () => {
  const document = await sortroom.readDocument(await contentOf(SAMPLES[0]));
  await sortroom.extract(document, askedSchema.peek());
});
