// The client of a worker. It queues the tasks, so that an abort can end the worker without losing the other tasks.
import type { EvaluateOptions, SplitCallOptions } from "./api.js";
import type { Input } from "./document.js";
import { isDocument, withoutWords } from "./document.js";
import { SortroomError } from "./error.js";
import type { SentSources, Stage, Task, WorkerMessage, WorkerRequest } from "./protocol.js";
import type {
  ClassifyResult,
  DocumentWithAttachments,
  EvaluateResult,
  ExtractResult,
  LabelledText,
  LintResult,
  ParseResult,
  ReadOptions,
  Rule,
  Schema,
  Settings,
  SplitResult,
} from "./types.js";

export type { SentSources, Stage } from "./protocol.js";

/** Options of every call. */
export interface CallOptions {
  /** Aborts the call. If the call has begun, this ends the worker, and the next call starts a fresh one. */
  signal?: AbortSignal | undefined;
  /** Called when a stage begins. */
  onStage?: ((stage: Stage) => void) | undefined;
}

/** A worker of any platform. */
export interface WorkerHandle {
  post(request: WorkerRequest): void;
  terminate(): void;
}

/** Starts a worker with callbacks for its messages and its failure. */
export type StartWorker = (
  onMessage: (message: WorkerMessage) => void,
  onFailure: (error: unknown) => void,
) => WorkerHandle;

interface Call {
  task: Task;
  options: CallOptions;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The functions of this package in a worker, one call after the other. */
export class WorkerClient {
  #worker: WorkerHandle | undefined;
  readonly #queue: Call[] = [];
  #running: Call | undefined;
  readonly #startWorker: StartWorker;
  readonly #sources: SentSources | undefined;

  constructor(startWorker: StartWorker, sources: SentSources | undefined) {
    this.#startWorker = startWorker;
    this.#sources = sources;
  }

  /** Reads a document, like `readDocument`. */
  readDocument(
    input: Input,
    { signal, onStage, ...options }: ReadOptions & CallOptions = {},
  ): Promise<DocumentWithAttachments> {
    return this.#call({ kind: "read", input, options }, { signal, onStage });
  }

  /** Reads a document if it is not yet read, and classifies it, like `Classifier`. */
  async classify(
    input: Input | DocumentWithAttachments,
    rules: readonly Rule[],
    options: ClassifyOptions = {},
  ): Promise<ClassifyResult> {
    return JSON.parse(await this.classifyJson(input, rules, options)) as ClassifyResult;
  }

  /** Like `classify`, but returns the JSON text that the server sends, byte for byte. */
  classifyJson(
    input: Input | DocumentWithAttachments,
    rules: readonly Rule[],
    { signal, onStage, settings = {}, lang, ...options }: ClassifyOptions = {},
  ): Promise<string> {
    // postMessage would copy all words with their boxes.
    const sent = isDocument(input) ? withoutWords(input) : input;
    return this.#call({ kind: "classify", input: sent, options, rules, settings, lang }, { signal, onStage });
  }

  /** Reads a document if it is not yet read, and extracts from it, like `extract`. */
  async extract(
    input: Input | DocumentWithAttachments,
    schema: Schema,
    options: ReadOptions & CallOptions = {},
  ): Promise<ExtractResult> {
    return JSON.parse(await this.extractJson(input, schema, options)) as ExtractResult;
  }

  /** Like `extract`, but returns the JSON text that the server sends, byte for byte. */
  extractJson(
    input: Input | DocumentWithAttachments,
    schema: Schema,
    { signal, onStage, ...options }: ReadOptions & CallOptions = {},
  ): Promise<string> {
    return this.#call({ kind: "extract", input, options, schema }, { signal, onStage });
  }

  /** Parses a document, like `parse`. */
  async parse(input: Input, options: ReadOptions & CallOptions = {}): Promise<ParseResult> {
    return JSON.parse(await this.parseJson(input, options)) as ParseResult;
  }

  /** Like `parse`, but returns the JSON text that the server sends, byte for byte. */
  parseJson(input: Input, { signal, onStage, ...options }: ReadOptions & CallOptions = {}): Promise<string> {
    return this.#call({ kind: "parse", input, options }, { signal, onStage });
  }

  /** Reads a document if it is not yet read, and splits it, like `split`. */
  async split(
    input: Input | DocumentWithAttachments,
    rules: readonly Rule[],
    options: SplitCallOptions & ReadOptions & CallOptions = {},
  ): Promise<SplitResult> {
    return JSON.parse(await this.splitJson(input, rules, options)) as SplitResult;
  }

  /** Like `split`, but returns the JSON text that the server sends, byte for byte. */
  splitJson(
    input: Input | DocumentWithAttachments,
    rules: readonly Rule[],
    { signal, onStage, pages, max_pages, ...split }: SplitCallOptions & ReadOptions & CallOptions = {},
  ): Promise<string> {
    const options: ReadOptions = {};
    if (pages !== undefined) options.pages = pages;
    if (max_pages !== undefined) options.max_pages = max_pages;
    return this.#call({ kind: "split", input, options, rules, split }, { signal, onStage });
  }

  /** Evaluates rules, like `evaluate`. */
  evaluate(
    rules: readonly Rule[],
    cases: readonly LabelledText[],
    { signal, onStage, ...options }: EvaluateOptions & CallOptions = {},
  ): Promise<EvaluateResult> {
    return this.#call({ kind: "evaluate", rules, cases, options }, { signal, onStage });
  }

  /** Lists problems of rules, like `lint`. */
  lint(rules: readonly Rule[], options: CallOptions = {}): Promise<LintResult> {
    return this.#call({ kind: "lint", rules }, options);
  }

  /** Ends the worker, and rejects all unfinished calls. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const error = new SortroomError("CLOSED", "The worker was closed");
    for (const call of [this.#running, ...this.#queue.splice(0)]) call?.reject(error);
    this.#running = undefined;
  }

  #call<T>(task: Task, options: CallOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => this.#abort(call, signal?.reason);
      const call: Call = {
        task,
        options,
        resolve: (value) => (signal?.removeEventListener("abort", onAbort), resolve(value as T)),
        reject: (error) => (signal?.removeEventListener("abort", onAbort), reject(error)),
      };
      signal?.addEventListener("abort", onAbort);
      this.#queue.push(call);
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#running) return;
    let next = this.#queue.shift();
    // One signal may abort many calls. Skip those whose abort event was not dispatched yet.
    while (next?.options.signal?.aborted) next = this.#queue.shift();
    if (!next) return;
    this.#running = next;
    try {
      this.#worker ??= this.#start();
      this.#worker.post({ task: next.task, sources: this.#sources });
    } catch (error) {
      this.#finish((running) => running.reject(error));
    }
  }

  /** Starts a worker. Messages that it sends after it was ended are ignored: they do not belong to a later call. */
  #start(): WorkerHandle {
    const worker: WorkerHandle = this.#startWorker(
      (message) => this.#worker === worker && this.#onMessage(message),
      (error) => this.#worker === worker && this.#onFailure(error),
    );
    return worker;
  }

  #onMessage(message: WorkerMessage): void {
    if ("stage" in message) {
      this.#running?.options.onStage?.(message.stage);
    } else if ("value" in message) {
      this.#finish((running) => running.resolve(message.value));
    } else {
      const { code, message: text, fields } = message.error;
      this.#finish((running) => running.reject(new SortroomError(code, text, fields)));
    }
  }

  /** The worker itself failed. It is not used again. */
  #onFailure(cause: unknown): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#finish((running) => running.reject(new SortroomError("INTERNAL", "The worker failed", [], { cause })));
  }

  #abort(call: Call, reason: unknown): void {
    if (this.#running === call) {
      this.#worker?.terminate();
      this.#worker = undefined;
      this.#finish((running) => running.reject(reason));
    } else {
      const index = this.#queue.indexOf(call);
      if (index >= 0) this.#queue.splice(index, 1);
      call.reject(reason);
    }
  }

  #finish(settle: (running: Call) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) settle(running);
    this.#startNext();
  }
}

/** Options of classifying in a worker. */
export interface ClassifyOptions extends ReadOptions, CallOptions {
  settings?: Partial<Settings> | undefined;
  /** The language of the document (ISO 639-1), if it is known. */
  lang?: string | undefined;
}
