// The outside of a worker: tasks wait here, so that an abort can end the worker without losing the others.
import type { EvaluateOptions, Input } from "./api.js";
import { isDocument, withoutPlaces } from "./document.js";
import { SortroomError } from "./error.js";
import type { Message, Question, SentSources, Stage, Task } from "./protocol.js";
import type {
  Classified,
  Document,
  Evaluated,
  Extracted,
  Labelled,
  Linted,
  ReadOptions,
  Rule,
  Schema,
  Settings,
} from "./types.js";

export type { SentSources, Stage } from "./protocol.js";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call. A call that has begun ends the worker with it, and the next call gets a fresh one. */
  signal?: AbortSignal | undefined;
  /** Is told when a stage begins. */
  onStage?: ((stage: Stage) => void) | undefined;
}

/** A worker, whatever the platform calls it. */
export interface Thread {
  post(question: Question): void;
  end(): void;
}

/** Starts a worker that calls back. */
export type Start = (onMessage: (message: Message) => void, onFailure: (error: unknown) => void) => Thread;

interface Waiting {
  task: Task;
  options: CallOptions;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The functions of this package in a worker of their own, one call after the other. */
export class Remote {
  #thread: Thread | undefined;
  readonly #waiting: Waiting[] = [];
  #running: Waiting | undefined;
  readonly #start: Start;
  readonly #sources: SentSources | undefined;

  constructor(start: Start, sources: SentSources | undefined) {
    this.#start = start;
    this.#sources = sources;
  }

  /** Reads a document, as `readDocument` does. */
  readDocument(input: Input, { signal, onStage, ...options }: ReadOptions & CallOptions = {}): Promise<Document> {
    return this.#ask({ kind: "read", input, options }, { signal, onStage });
  }

  /** Reads a document unless it is read already, and classifies it, as `Classifier` does. */
  async classify(input: Input | Document, rules: readonly Rule[], options: ClassifyOptions = {}): Promise<Classified> {
    return JSON.parse(await this.classifyJson(input, rules, options)) as Classified;
  }

  /** As `classify`, and gives the JSON text that the server sends, byte for byte. */
  classifyJson(
    input: Input | Document,
    rules: readonly Rule[],
    { signal, onStage, settings = {}, lang, ...options }: ClassifyOptions = {},
  ): Promise<string> {
    // What is sent is copied, places and all.
    const sent = isDocument(input) ? withoutPlaces(input) : input;
    return this.#ask({ kind: "classify", input: sent, options, rules, settings, lang }, { signal, onStage });
  }

  /** Reads a document unless it is read already, and extracts from it, as `extract` does. */
  async extract(input: Input | Document, schema: Schema, options: ReadOptions & CallOptions = {}): Promise<Extracted> {
    return JSON.parse(await this.extractJson(input, schema, options)) as Extracted;
  }

  /** As `extract`, and gives the JSON text that the server sends, byte for byte. */
  extractJson(
    input: Input | Document,
    schema: Schema,
    { signal, onStage, ...options }: ReadOptions & CallOptions = {},
  ): Promise<string> {
    return this.#ask({ kind: "extract", input, options, schema }, { signal, onStage });
  }

  /** Evaluates rules, as `evaluate` does. */
  evaluate(
    rules: readonly Rule[],
    cases: readonly Labelled[],
    { signal, onStage, ...options }: EvaluateOptions & CallOptions = {},
  ): Promise<Evaluated> {
    return this.#ask({ kind: "evaluate", rules, cases, options }, { signal, onStage });
  }

  /** Looks for what is wrong with rules, as `lint` does. */
  lint(rules: readonly Rule[], options: CallOptions = {}): Promise<Linted> {
    return this.#ask({ kind: "lint", rules }, options);
  }

  /** Ends the worker. Calls that wait fail. */
  close(): void {
    this.#thread?.end();
    this.#thread = undefined;
    const gone = new SortroomError("CLOSED", "The worker was closed");
    for (const waiting of [this.#running, ...this.#waiting.splice(0)]) waiting?.reject(gone);
    this.#running = undefined;
  }

  #ask<T>(task: Task, options: CallOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => this.#abort(waiting, signal?.reason);
      const waiting: Waiting = {
        task,
        options,
        resolve: (value) => (signal?.removeEventListener("abort", stop), resolve(value as T)),
        reject: (error) => (signal?.removeEventListener("abort", stop), reject(error)),
      };
      signal?.addEventListener("abort", stop);
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running) return;
    let next = this.#waiting.shift();
    // One signal may end many calls: those that are still to hear of it are not begun.
    while (next?.options.signal?.aborted) next = this.#waiting.shift();
    if (!next) return;
    this.#running = next;
    try {
      this.#thread ??= this.#begin();
      this.#thread.post({ task: next.task, sources: this.#sources });
    } catch (error) {
      this.#done((running) => running.reject(error));
    }
  }

  /** A worker may still say something after its end, which is no answer to the call that came next. */
  #begin(): Thread {
    const thread: Thread = this.#start(
      (message) => this.#thread === thread && this.#hear(message),
      (error) => this.#thread === thread && this.#fail(error),
    );
    return thread;
  }

  #hear(message: Message): void {
    if ("stage" in message) return this.#running?.options.onStage?.(message.stage);
    if ("value" in message) return this.#done((running) => running.resolve(message.value));
    const { code, message: why, fields } = message.error;
    this.#done((running) => running.reject(new SortroomError(code, why, fields)));
  }

  /** The worker itself failed: it is not used again. */
  #fail(cause: unknown): void {
    this.#thread?.end();
    this.#thread = undefined;
    this.#done((running) => running.reject(new SortroomError("INTERNAL", "The worker failed", [], { cause })));
  }

  #abort(waiting: Waiting, reason: unknown): void {
    if (this.#running === waiting) {
      this.#thread?.end();
      this.#thread = undefined;
      this.#done((running) => running.reject(reason));
    } else {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#waiting.splice(place, 1);
      waiting.reject(reason);
    }
  }

  #done(end: (running: Waiting) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) end(running);
    this.#next();
  }
}

/** What classifying in a worker takes. */
export interface ClassifyOptions extends ReadOptions, CallOptions {
  settings?: Partial<Settings> | undefined;
  /** The language of the document (ISO 639-1), where it is known. */
  lang?: string | undefined;
}
