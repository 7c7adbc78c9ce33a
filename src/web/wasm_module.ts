// A WebAssembly module of the engine, loaded at the first use.
import { SortroomError } from "./error.js";
import type { FieldError } from "./types.js";

/** Where the bytes of a module come from. */
export type Source = WebAssembly.Module | BufferSource | URL | string | Response;

/** A source, or a function that returns it; the function is called when the module is needed. */
export type Lazy = Source | (() => Source | Promise<Source>);

/** The functions that wasm-bindgen generates for every module. */
interface Glue {
  default(source: { module_or_path: Source | Promise<Source> }): Promise<unknown>;
  __wbg_reset_state(): void;
}

export class WasmModule<G extends Glue> {
  #loaded: Promise<G> | undefined;
  #poisoned = false;
  /** The number of the current instance, from 0. It changes after a trap. */
  #instance = 0;

  constructor(
    private readonly importGlue: () => Promise<G>,
    private readonly getSource: () => Lazy,
  ) {}

  /** Calls `work` with the module and the number of its instance. */
  async run<T>(work: (glue: G, instance: number) => T): Promise<T> {
    const glue = await this.load();
    if (this.#poisoned) {
      glue.__wbg_reset_state();
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
    const lazy = this.getSource();
    const [glue, source] = await Promise.all([this.importGlue(), typeof lazy === "function" ? lazy() : lazy]);
    await glue.default({ module_or_path: source });
    return glue;
  }
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
