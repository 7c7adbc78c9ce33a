// What the package does, wherever it runs. The entry points say where the parts come from.
import type * as EngineGlue from "./engine.js";
import { withoutPlaces } from "./document.js";
import { SortroomError } from "./error.js";
import { Part, type Lazy } from "./part.js";
import type {
  Classified,
  Document,
  Evaluated,
  Extracted,
  Labelled,
  Linted,
  Mail,
  ReadOptions,
  Rule,
  Schema,
  Settings,
} from "./types.js";

export { SortroomError } from "./error.js";
export type { Lazy, Source } from "./part.js";
export * from "./types.js";

/** Where the parts come from. */
export interface Sources {
  /** Classifies, and reads text, web pages and mails. */
  engine: Lazy;
  /** Reads every format; loaded when a document takes it. */
  reader?: Lazy;
  /** Extracts; loaded when something is to be extracted. */
  extractor?: Lazy;
}

let sources: Sources | undefined;

/** Says where the parts come from. Parts that are loaded stay. */
export function provide(given: Sources): void {
  sources = given;
}

const source = (name: keyof Sources) => () => {
  const found = sources?.[name];
  if (found === undefined) throw new SortroomError("NOT_LOADED", `This takes the ${name}, which init was not given`);
  return found;
};

const engine = new Part(() => import("./engine.js"), source("engine"));
const reader = new Part(() => import("./reader.js"), source("reader"));
const extractor = new Part(() => import("./extractor.js"), source("extractor"));

/** Loads the engine now rather than at first use. */
export async function load(): Promise<void> {
  await engine.load();
}

/** What a document is read from: a file, its bytes, a text, or a mail as subject and body. */
export type Input = Blob | ArrayBuffer | Uint8Array | string | Mail;

/**
 * Reads a document. What it is, is found from its bytes; names and declared types are not believed.
 *
 * What is answered is plain data: it can be kept, cloned, and sent to a worker.
 */
export async function readDocument(input: Input, options: ReadOptions = {}): Promise<Document> {
  if (isMail(input)) return engine.run((glue) => taken(glue.readMail(JSON.stringify(input))));
  const bytes = await bytesOf(input);
  const asked = JSON.stringify(options);
  const light = await engine.run((glue) => {
    const reading = glue.readLight(bytes, asked);
    return reading && taken(reading);
  });
  return light ?? reader.run((glue) => taken(glue.read(bytes, asked)));
}

/** Rules made ready, for one document or many. */
export class Classifier {
  readonly #asked: { rules: readonly Rule[]; settings: Partial<Settings> };
  /** By language: made again when the instance they live in is gone. */
  readonly #ready = new Map<string | undefined, { instance: number; classifier: EngineGlue.Classifier }>();

  /** @param rules as the HTTP API takes them; what is wrong with them is said by the first call */
  constructor(rules: readonly Rule[], settings: Partial<Settings> = {}) {
    this.#asked = structuredClone({ rules, settings });
  }

  /**
   * Says what a document is, how sure that is, and why; and what the files are that a mail brought. The answer is that of
   * `POST /v1/classify`.
   *
   * @param options.lang the language of the document (ISO 639-1), where it is known
   */
  async classify(document: Document, options: { lang?: string | undefined } = {}): Promise<Classified> {
    return JSON.parse(await this.classifyJson(document, options)) as Classified;
  }

  /** As `classify`, and gives the JSON text that the server sends, byte for byte. */
  async classifyJson(document: Document, { lang }: { lang?: string | undefined } = {}): Promise<string> {
    const text = spelt(withoutPlaces(document));
    return engine.run((glue, instance) => this.#prepared(glue, instance, lang).classify(text));
  }

  #prepared(glue: typeof EngineGlue, instance: number, lang: string | undefined): EngineGlue.Classifier {
    const known = this.#ready.get(lang);
    if (known?.instance === instance) return known.classifier;
    const { rules, settings } = this.#asked;
    const asked = { rules, settings: lang === undefined ? settings : { ...settings, language: lang } };
    const classifier = new glue.Classifier(JSON.stringify(asked));
    this.#ready.set(lang, { instance, classifier });
    return classifier;
  }
}

/** Looks for the fields of a schema in a document. The answer is that of `POST /v1/extract`. */
export async function extract(document: Document, schema: Schema): Promise<Extracted> {
  return JSON.parse(await extractJson(document, schema)) as Extracted;
}

/** As `extract`, and gives the JSON text that the server sends, byte for byte. */
export async function extractJson(document: Document, schema: Schema): Promise<string> {
  const files = document.attachments.map((file) => file.bytes);
  const text = spelt(document);
  const asked = JSON.stringify({ schema });
  return extractor.run((glue) => glue.extract(text, files, asked));
}

/** What an evaluation takes besides rules and cases. */
export interface EvaluateOptions {
  settings?: Partial<Settings> | undefined;
  /** Another version of the rules, to compare with. */
  published?: { rules: readonly Rule[]; settings?: Partial<Settings> } | undefined;
}

/** Says how good rules are on texts whose label is known. The answer is that of `POST /v1/evaluate`. */
export async function evaluate(
  rules: readonly Rule[],
  cases: readonly Labelled[],
  { settings, published }: EvaluateOptions = {},
): Promise<Evaluated> {
  const asked = JSON.stringify({ rules, cases, settings, published });
  return engine.run((glue) => JSON.parse(glue.evaluate(asked)) as Evaluated);
}

/** Says what is wrong with rules. The answer is that of `POST /v1/lint`. */
export async function lint(rules: readonly Rule[]): Promise<Linted> {
  const asked = JSON.stringify({ rules });
  return engine.run((glue) => JSON.parse(glue.lint(asked)) as Linted);
}

function isMail(input: Input): input is Mail {
  return typeof input === "object" && "body" in input;
}

async function bytesOf(input: Exclude<Input, Mail>): Promise<Uint8Array> {
  if (typeof input === "string") return new TextEncoder().encode(input);
  if (input instanceof Uint8Array) return input;
  return new Uint8Array(input instanceof Blob ? await input.arrayBuffer() : input);
}

/** A document on its way out of the instance that read it. */
function taken(reading: EngineGlue.Reading): Document {
  const document = JSON.parse(reading.json) as Document;
  const files = reading.files as Uint8Array[];
  reading.free();
  document.attachments.forEach((file, at) => (file.bytes = files[at] ?? new Uint8Array()));
  return document;
}

/** A document on its way in, without the content of its files. */
function spelt(document: Document): string {
  const attachments = document.attachments.map(({ bytes: _, ...file }) => file);
  return JSON.stringify({ ...document, attachments });
}
