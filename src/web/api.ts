// The functions of the package, on every platform. The entry points configure where the WebAssembly modules come from.
import type * as EngineGlue from "./engine.js";
import { type FileInput, type Input, withoutWords } from "./document.js";
import { SortroomError } from "./error.js";
import { WasmModule, type Lazy, type LazyBytes } from "./wasm_module.js";
import type {
  ClassifyResult,
  DocumentWithAttachments,
  EvaluateResult,
  ExtractResult,
  LabelledText,
  LintResult,
  Mail,
  ParseResult,
  ReadOptions,
  Rule,
  Schema,
  Settings,
  SplitOptions,
  SplitResult,
} from "./types.js";

export { SortroomError } from "./error.js";
export type { Lazy, LazyBytes, Source } from "./wasm_module.js";
export * from "./types.js";

/** Where the WebAssembly modules come from. */
export interface Sources {
  /** Classifies, and reads text, web pages and mails. */
  engine: Lazy;
  /** The embedding table of the engine. */
  table: LazyBytes;
  /** Reads every format, and parses; loaded when the engine cannot read a document, and at the first parsing. */
  reader?: Lazy;
  /** Extracts; loaded at the first extraction. */
  extractor?: Lazy;
}

let sources: Sources | undefined;

/** Sets where the modules come from. Modules that are already loaded stay loaded. */
export function provide(newSources: Sources): void {
  sources = newSources;
}

const sourceOf =
  <N extends keyof Sources>(name: N) =>
  () => {
    const source = sources?.[name];
    if (source === undefined) throw new SortroomError("NOT_LOADED", `This takes the ${name}, which init was not given`);
    return source;
  };

const engine = new WasmModule(() => import("./engine.js"), sourceOf("engine"), {
  source: sourceOf("table"),
  install: (glue, bytes) => glue.installTable(bytes),
});
const reader = new WasmModule(() => import("./reader.js"), sourceOf("reader"));
const extractor = new WasmModule(() => import("./extractor.js"), sourceOf("extractor"));

/** Loads the engine now instead of at the first use. */
export async function load(): Promise<void> {
  await engine.load();
}

/**
 * Reads a document. The format is detected from the bytes; file names and declared media types are ignored.
 *
 * The result is plain data: it can be stored, cloned, and sent to a worker.
 */
export async function readDocument(input: Input, options: ReadOptions = {}): Promise<DocumentWithAttachments> {
  if (isMail(input)) return readMail(JSON.stringify(input));
  const bytes = await bytesOf(input);
  const optionsJson = JSON.stringify(options);
  const document = await engine.run((glue) => {
    const output = glue.readIfIncluded(bytes, optionsJson);
    return output && takeDocument(output);
  });
  return document ?? reader.run((glue) => takeDocument(glue.read(bytes, optionsJson)));
}

async function readMail(mail: string): Promise<DocumentWithAttachments> {
  const document = await engine.run((glue) => {
    const output = glue.readMailIfIncluded(mail);
    return output && takeDocument(output);
  });
  return document ?? reader.run((glue) => takeDocument(glue.readMail(mail)));
}

/** Compiled rules, for one document or many. */
export class Classifier {
  readonly #request: { rules: readonly Rule[]; settings: Partial<Settings> };
  /** The compiled classifier of each language, with the engine instance that holds it. */
  readonly #compiled = new Map<string | undefined, { instance: number; classifier: EngineGlue.Classifier }>();

  /** @param rules as in the HTTP API; the first call throws if they are invalid */
  constructor(rules: readonly Rule[], settings: Partial<Settings> = {}) {
    this.#request = structuredClone({ rules, settings });
  }

  /**
   * Classifies a document and, if it is a mail, its attachments. The result has a confidence and the evidence, and is
   * the same as that of `POST /v1/classify`.
   *
   * @param options.lang the language of the document (ISO 639-1), if it is known
   */
  async classify(
    document: DocumentWithAttachments,
    options: { lang?: string | undefined } = {},
  ): Promise<ClassifyResult> {
    return JSON.parse(await this.classifyJson(document, options)) as ClassifyResult;
  }

  /** Like `classify`, but returns the JSON text that the server sends, byte for byte. */
  async classifyJson(document: DocumentWithAttachments, { lang }: { lang?: string | undefined } = {}): Promise<string> {
    const json = documentJson(withoutWords(document));
    return engine.run((glue, instance) => this.#compile(glue, instance, lang).classify(json));
  }

  #compile(glue: typeof EngineGlue, instance: number, lang: string | undefined): EngineGlue.Classifier {
    const cached = this.#compiled.get(lang);
    if (cached?.instance === instance) return cached.classifier;
    const { rules, settings } = this.#request;
    const request = { rules, settings: lang === undefined ? settings : { ...settings, language: lang } };
    const classifier = new glue.Classifier(JSON.stringify(request));
    this.#compiled.set(lang, { instance, classifier });
    return classifier;
  }
}

/** Extracts the fields of a schema from a document. The result is the same as that of `POST /v1/extract`. */
export async function extract(document: DocumentWithAttachments, schema: Schema): Promise<ExtractResult> {
  return JSON.parse(await extractJson(document, schema)) as ExtractResult;
}

/** Like `extract`, but returns the JSON text that the server sends, byte for byte. */
export async function extractJson(document: DocumentWithAttachments, schema: Schema): Promise<string> {
  const files = document.attachments.map((file) => file.bytes);
  const json = documentJson(document);
  const request = JSON.stringify({ schema });
  return extractor.run((glue) => glue.extract(json, files, request));
}

/**
 * Parses a document: its pages as text, as Markdown, and as items with their places. The result is the same as that of
 * `POST /v1/read`. It takes the file and not the result of `readDocument`, which has no lists and links.
 */
export async function parse(input: Input, options: ReadOptions = {}): Promise<ParseResult> {
  return JSON.parse(await parseJson(input, options)) as ParseResult;
}

/** Like `parse`, but returns the JSON text that the server sends, byte for byte. */
export async function parseJson(input: Input, options: ReadOptions = {}): Promise<string> {
  if (isMail(input)) {
    const mail = JSON.stringify(input);
    return reader.run((glue) => glue.parseMail(mail));
  }
  const bytes = await bytesOf(input);
  const optionsJson = JSON.stringify(options);
  return reader.run((glue) => glue.parse(bytes, optionsJson));
}

/** Options of splitting. */
export interface SplitCallOptions extends SplitOptions {
  settings?: Partial<Settings> | undefined;
}

/**
 * Splits a file that holds several documents: its pages as segments by the rules. The result is the same as that of
 * `POST /v1/split`.
 */
export async function split(
  document: DocumentWithAttachments,
  rules: readonly Rule[],
  options: SplitCallOptions = {},
): Promise<SplitResult> {
  return JSON.parse(await splitJson(document, rules, options)) as SplitResult;
}

/** Like `split`, but returns the JSON text that the server sends, byte for byte. */
export async function splitJson(
  document: DocumentWithAttachments,
  rules: readonly Rule[],
  { settings, ...options }: SplitCallOptions = {},
): Promise<string> {
  const json = documentJson(document);
  const request = JSON.stringify({ rules, settings, options });
  return engine.run((glue) => glue.split(json, request));
}

/** Options of an evaluation. */
export interface EvaluateOptions {
  settings?: Partial<Settings> | undefined;
  /** Another version of the rules, to compare with. */
  published?: { rules: readonly Rule[]; settings?: Partial<Settings> } | undefined;
}

/** Measures how good rules are on labelled texts. The result is the same as that of `POST /v1/evaluate`. */
export async function evaluate(
  rules: readonly Rule[],
  cases: readonly LabelledText[],
  { settings, published }: EvaluateOptions = {},
): Promise<EvaluateResult> {
  const request = JSON.stringify({ rules, cases, settings, published });
  return engine.run((glue) => JSON.parse(glue.evaluate(request)) as EvaluateResult);
}

/** Lists problems of rules. The result is the same as that of `POST /v1/lint`. */
export async function lint(rules: readonly Rule[]): Promise<LintResult> {
  const request = JSON.stringify({ rules });
  return engine.run((glue) => JSON.parse(glue.lint(request)) as LintResult);
}

function isMail(input: Input): input is Mail {
  return typeof input === "object" && ["subject", "body", "html", "attachments"].some((name) => name in input);
}

async function bytesOf(input: FileInput): Promise<Uint8Array> {
  if (typeof input === "string") return new TextEncoder().encode(input);
  if (input instanceof Uint8Array) return input;
  return new Uint8Array(input instanceof Blob ? await input.arrayBuffer() : input);
}

/** Copies a document out of the engine instance that read it, and frees it there. */
function takeDocument(output: EngineGlue.ReadOutput): DocumentWithAttachments {
  const document = JSON.parse(output.json) as DocumentWithAttachments;
  const files = output.files as Uint8Array[];
  output.free();
  document.attachments.forEach((file, index) => (file.bytes = files[index] ?? new Uint8Array()));
  return document;
}

/** The JSON of a document for the engine, without the bytes of its attachments. */
function documentJson(document: DocumentWithAttachments): string {
  const attachments = document.attachments.map(({ bytes: _, ...file }) => file);
  return JSON.stringify({ ...document, attachments });
}
