// A WebAssembly module of the engine, loaded at the first use.
import { SortroomError } from "./error.js";
import type { FieldError } from "./types.js";

/** Where the bytes of a module come from. */
export type Source = WebAssembly.Module | BufferSource | URL | string | Response;

/** A source, or a function that returns it; the function is called when the module is needed. */
export type Lazy = Source | (() => Source | Promise<Source>);

/** Where the bytes of a data file come from, or a function that returns it; it is called when they are needed. */
export type LazyBytes = BytesSource | (() => BytesSource | Promise<BytesSource>);
type BytesSource = BufferSource | URL | string | Response;

/** The functions that wasm-bindgen generates for every module. */
interface Glue {
  default(source: { module_or_path: Source | Promise<Source> }): Promise<unknown>;
  __wbg_reset_state(): void;
}

/** A data file that every instance of a module gets first. */
export interface InstalledFile<G> {
  source: () => LazyBytes;
  install: (glue: G, bytes: Uint8Array) => void;
}

export class WasmModule<G extends Glue> {
  #loaded: Promise<G> | undefined;
  #poisoned = false;
  /** The number of the current instance, from 0. It changes after a trap. */
  #instance = 0;
  #prepare: (glue: G) => void = () => {};

  /** @param file what the module needs besides its code */
  constructor(
    private readonly importGlue: () => Promise<G>,
    private readonly getSource: () => Lazy,
    private readonly file?: InstalledFile<G>,
  ) {}

  /** Calls `work` with the module and the number of its instance. */
  async run<T>(work: (glue: G, instance: number) => T): Promise<T> {
    const glue = await this.load();
    if (this.#poisoned) {
      glue.__wbg_reset_state();
      this.#prepare(glue);
      this.#instance += 1;
      this.#poisoned = false;
    }
    try {
      return work(glue, this.#instance);
    } catch (error) {
      // Rust throws its errors as text. Everything else is a trap, after which the memory may be in any state.
      if (typeof error === "string") throw parseError(error);
      this.#poisoned = true;
      throw new SortroomError("INTERNAL", "The engine failed; the next call gets a fresh one", [], { cause: error });
    }
  }

  /** Loads the module, once. If loading fails, the next call tries again. */
  load(): Promise<G> {
    this.#loaded ??= this.#start().catch((cause: unknown) => {
      this.#loaded = undefined;
      throw notLoaded(cause);
    });
    return this.#loaded;
  }

  async #start(): Promise<G> {
    const { file } = this;
    const [glue, source, bytes] = await Promise.all([
      this.importGlue(),
      resolve(this.getSource()),
      file && resolve(file.source()).then(readBytes),
    ]);
    await glue.default({ module_or_path: source });
    if (file && bytes) this.#prepare = () => file.install(glue, bytes);
    this.#prepare(glue);
    return glue;
  }
}

/** The value of a lazy source. */
const resolve = async <T>(lazy: T | (() => T | Promise<T>)): Promise<T> =>
  typeof lazy === "function" ? (lazy as () => T | Promise<T>)() : lazy;

async function readBytes(source: BytesSource): Promise<Uint8Array> {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The error for a module that could not be loaded. */
export function notLoaded(cause: unknown): SortroomError {
  if (cause instanceof SortroomError) return cause;
  return new SortroomError("NOT_LOADED", `A part of the engine could not be loaded: ${String(cause)}`, [], { cause });
}

/** Parses an error that Rust threw as JSON text. */
function parseError(json: string): SortroomError {
  const { code, message, fields } = JSON.parse(json) as { code: string; message: string; fields: FieldError[] };
  return new SortroomError(code, message, fields);
}
