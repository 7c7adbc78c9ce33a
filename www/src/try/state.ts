// The state of the page: the document and its results.
import { type ReadonlySignal, type Signal, batch, computed, effect, signal, untracked } from "@preact/signals";
import type { ClassifyResult, DocumentWithAttachments, ExtractResult, Rule, Schema } from "sortroom";
import { announce } from "../announce.js";
import { coalesce } from "../coalesce.js";
import { preload, sortroom } from "../engine.js";
import { rulesRequest, schemaRequest, type DraftRequest } from "./drafts.js";
import { MAX_BYTES, type Failure, failureFor, failureFromError, plainMessage } from "./failures.js";
import { percent, plural } from "./format.js";
import { SAMPLES, contentOf } from "./samples.js";

// --- The document ---

/** A document that was dropped, chosen, picked or typed. */
export interface Source {
  name: string;
  bytes: Blob;
  /** Whether it is typed or pasted on this page. */
  isTyped: boolean;
  /** The mail that it is attached to. */
  parentMail?: Source;
  /** How many other files were dropped with it and ignored. */
  ignoredFiles?: number;
}

export const source = signal<Source | null>(null);

/** A document and its source. */
export interface LoadedDocument {
  source: Source;
  document: DocumentWithAttachments;
}

export const loadedDocument = signal<LoadedDocument | null>(null);
/** Why the document could not be opened or read. */
export const documentFailure = signal<Failure | null>(null);

/** The activities for a document. Later ones wait for earlier ones. */
const ACTIVITIES = ["reading", "classifying", "extracting", "drawing"] as const;
export type Activity = (typeof ACTIVITIES)[number];
/** How many activities of each kind are running. */
const running = signal<ReadonlyMap<Activity, number>>(new Map());
/** The first running activity: the others wait for it. */
export const currentActivity = computed<Activity | null>(
  () => ACTIVITIES.find((activity) => running.value.get(activity)) ?? null,
);

/** Records that an activity is running. Returns a function that ends it. */
export function startActivity(activity: Activity): () => void {
  const add = (count: 1 | -1) => {
    const counts = new Map(running.peek());
    counts.set(activity, (counts.get(activity) ?? 0) + count);
    running.value = counts;
  };
  add(1);
  // The next activity starts before this one ends, so that a series of them is shown as one long wait.
  return () => void setTimeout(() => add(-1));
}

/** How long work for a closed document may take before it is aborted, in milliseconds: an abort restarts the worker. */
const ABORT_AFTER_MS = 300;
/** Aborts the work for the open document. */
let abortController = new AbortController();
/** How many tasks the worker has, and since when it has had any. */
const workload = { tasks: 0, since: 0 };

/** Runs work for the open document in the worker. Undefined if the document was closed in the meantime. */
async function runInWorker<T>(activity: Activity, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const { signal } = abortController;
  const endActivity = startActivity(activity);
  if (workload.tasks === 0) workload.since = performance.now();
  workload.tasks += 1;
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    workload.tasks -= 1;
    endActivity();
  }
}

/** Opens a document, and closes the previous one. */
export function openSource(next: Source): void {
  performance.mark("open", { detail: next.name });
  const isBlank = isBlankText(next);
  // While the user types, the results stay until the next ones arrive.
  const keepResults = next.isTyped && source.value?.isTyped && !isBlank;
  if (!keepResults) closeDocument();
  if (!next.isTyped) announce(`Reading ${next.name}`);
  source.value = next;
  if (next.bytes.size > MAX_BYTES) failDocument(next, failureFor("DOCUMENT_TOO_LARGE"));
  else if (!isBlank) read(next);
}

/** Whether the user has not typed anything yet. That is not a document, and not an error. */
export const isBlankText = ({ isTyped }: Source): boolean => isTyped && typedText.value.trim() === "";

/** Closes the open document, and aborts the work for it. */
function closeDocument(): void {
  const controller = abortController;
  // Work that is nearly done may finish. To abort finished work has no effect.
  if (workload.tasks > 0) setTimeout(() => controller.abort(), workload.since + ABORT_AFTER_MS - performance.now());
  abortController = new AbortController();
  batch(() => {
    documentFailure.value = null;
    clearResults();
  });
}

function clearResults(): void {
  loadedDocument.value = null;
  classification.value = null;
  extraction.value = null;
  rulesRejection.value = null;
  schemaRejection.value = null;
}

/** Opens a file that was chosen or dropped. */
export function openFile(file: File, ignoredFiles = 0): void {
  openSource({ name: file.name, bytes: file, isTyped: false, ignoredFiles });
  if (ignoredFiles > 0) announce(`Only the first of ${ignoredFiles + 1} files was opened`);
}

/** The text that the user typed or pasted. */
export const typedText = signal("");

/** Opens a text that the user typed or pasted. */
export function openText(text: string): void {
  typedText.value = text;
  openSource({ name: "Your text", bytes: new Blob([text]), isTyped: true });
}

/** Shows why something with this name cannot be opened. */
export function rejectSource(name: string, code: string): void {
  closeDocument();
  batch(() => {
    source.value = { name, bytes: new Blob(), isTyped: false };
    documentFailure.value = failureFor(code);
  });
}

/** Closes the open document at the user's request. */
export function cancel(): void {
  closeDocument();
  source.value = null;
  announce("Stopped");
}

function failDocument(failed: Source, failure: Failure): void {
  if (failed !== source.value) return;
  batch(() => {
    documentFailure.value = failure;
    clearResults();
  });
}

const read = coalesce(async (next: Source) => {
  try {
    const document = await runInWorker("reading", (signal) => sortroom.readDocument(next.bytes, { signal }));
    if (!document || next !== source.value) return;
    performance.mark("read");
    batch(() => {
      documentFailure.value = null;
      loadedDocument.value = { source: next, document };
    });
  } catch (error) {
    failDocument(next, failureFromError(error));
  }
});

// --- The results ---

/** A result of the engine with its request. */
interface EngineResult<Q, R> {
  source: Source;
  request: Q;
  result: R;
  /** The JSON text of the result, as the engine returned it. */
  json: string;
}

export const classification = signal<EngineResult<readonly Rule[], ClassifyResult> | null>(null);
/** Its `result` is null if the schema has no fields and no tables. */
export const extraction = signal<EngineResult<Schema, ExtractResult | null> | null>(null);

/** Why a result is missing, or is from before the last change. */
interface Rejection {
  failure: Failure;
  /**
   * The error messages. The key is the id of a draft, with `/` and the member if it has several; it is empty if the
   * error belongs to no draft.
   */
  errors: ReadonlyMap<string, string>;
}

/** Why the current rules are rejected. */
export const rulesRejection = signal<Rejection | null>(null);
/** Why the current fields and tables are rejected. */
export const schemaRejection = signal<Rejection | null>(null);

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

/** The error messages of the rules, by id and member. */
export const ruleErrors = computed(() => rulesRejection.value?.errors ?? NO_ERRORS);

/** The error messages of the fields and tables, by id. */
export const schemaErrors = computed(() => schemaRejection.value?.errors ?? NO_ERRORS);

/** The error messages of a failure, by key. */
function errorsByKey(failure: Failure, keyOf: (pointer: string) => string): ReadonlyMap<string, string> {
  return new Map(failure.fieldErrors.map(({ pointer, message }) => [keyOf(pointer), plainMessage(message)]));
}

const ruleErrorKey = (ids: ReadonlyMap<string, number>) => (pointer: string) => {
  const [, rule = "", member = "label"] = pointer.match(/^(\/rules\/\d+)(?:\/(\w+))?/) ?? [];
  const id = ids.get(rule);
  return id === undefined ? "" : `${id}/${member}`;
};

const schemaErrorKey = (ids: ReadonlyMap<string, number>) => (pointer: string) => {
  const [draft = ""] = pointer.match(/^\/schema\/(fields|tables)\/\d+(\/fields\/\d+)?/) ?? [];
  return `${ids.get(draft) ?? ""}`;
};

/** What differs between classification and extraction. */
interface Operation<Q, R> {
  activity: Activity;
  /** The name of the result in announcements. */
  name: string;
  output: Signal<EngineResult<Q, R> | null>;
  rejection: Signal<Rejection | null>;
  /** Runs the engine, and returns the JSON text of the result. */
  run: (loaded: LoadedDocument, request: Q, signal: AbortSignal) => Promise<string>;
  errorKey: (ids: ReadonlyMap<string, number>) => (pointer: string) => string;
  /** The announcement for a result. */
  describe: (result: R) => string;
}

/** A function that runs an operation for the newest document and request. */
const runner = <Q, R>({ activity, name, output, rejection, run, errorKey, describe }: Operation<Q, R>) =>
  coalesce(async ({ loaded, request: { value, ids } }: { loaded: LoadedDocument; request: DraftRequest<Q> }) => {
    try {
      const json = await runInWorker(activity, (signal) => run(loaded, value, signal));
      if (json === undefined || loaded !== loadedDocument.value) return;
      performance.mark(`${activity}:done`);
      const result = JSON.parse(json) as R;
      batch(() => {
        rejection.value = null;
        output.value = { source: loaded.source, request: value, result, json };
      });
      announce(describe(result));
    } catch (error) {
      if (loaded !== loadedDocument.value) return;
      const failure = failureFromError(error);
      const errors = failure.code === "INVALID" ? errorsByKey(failure, errorKey(ids)) : NO_ERRORS;
      if (!rejection.value) announce(`${name}: ${failure.title}`);
      rejection.value = { failure, errors };
    }
  });

const classify = runner<readonly Rule[], ClassifyResult>({
  activity: "classifying",
  name: "Type",
  output: classification,
  rejection: rulesRejection,
  run: ({ document }, rules, signal) => sortroom.classifyJson(document, rules, { signal }),
  errorKey: ruleErrorKey,
  describe: ({ label, confidence, runner_up }) => {
    const answer = label === null ? "None of the rules fits" : label;
    const second = runner_up ? `. Runner-up: ${runner_up.label}` : "";
    return `${answer}, ${percent(confidence)} sure${second}`;
  },
});

const extract = runner<Schema, ExtractResult | null>({
  activity: "extracting",
  name: "Fields",
  output: extraction,
  rejection: schemaRejection,
  run: async ({ document }, schema, signal) => {
    const isEmpty = !schema.fields?.length && !schema.tables?.length;
    return isEmpty ? "null" : sortroom.extractJson(document, schema, { signal });
  },
  errorKey: schemaErrorKey,
  describe: (result) => {
    if (!result) return "";
    const { values, tables } = result;
    const found = values.filter(({ value }) => value !== null).length;
    const rows = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    return `${found} of ${plural(values.length, "field")} found${rows > 0 ? `, and ${plural(rows, "row")}` : ""}`;
  },
});

/** How long to wait after a change of the rules or fields, in milliseconds. */
const DEBOUNCE_MS = 120;

/** Calls `run` at once for a new document, and after `DEBOUNCE_MS` if only the request changed. */
function runOnChange<T>(
  requests: ReadonlySignal<T>,
  run: (argument: { loaded: LoadedDocument; request: T }) => void,
): void {
  let previous: LoadedDocument | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const loaded = loadedDocument.value;
    const request = requests.value;
    clearTimeout(timer);
    if (!loaded) return;
    const runNow = () => untracked(() => run({ loaded, request }));
    if (loaded !== previous) runNow();
    else timer = setTimeout(runNow, DEBOUNCE_MS);
    previous = loaded;
  });
}

runOnChange(rulesRequest, classify);
runOnChange(schemaRequest, extract);

preload(async () => {
  const document = await sortroom.readDocument(await contentOf(SAMPLES[0]));
  await sortroom.extract(document, schemaRequest.peek().value);
});
