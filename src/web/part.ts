// A part of the engine: a WebAssembly module, loaded at first use.
import { SortroomError } from "./error.js";
import type { Fault } from "./types.js";

/** Where the bytes of a part come from. */
export type Source = WebAssembly.Module | BufferSource | URL | string | Response;

/** A source, or what leads to it when it is needed. */
export type Lazy = Source | (() => Source | Promise<Source>);

/** What wasm-bindgen makes for every module. */
interface Glue {
  default(source: { module_or_path: Source | Promise<Source> }): Promise<unknown>;
  __wbg_reset_state(): void;
}

export class Part<G extends Glue> {
  #loaded: Promise<G> | undefined;
  #spoilt = false;
  /** How many instances there were before this one. */
  #instance = 0;

  constructor(
    private readonly glue: () => Promise<G>,
    private readonly source: () => Lazy,
  ) {}

  /** Does `work` with the part. It is told which instance it works with. */
  async run<T>(work: (glue: G, instance: number) => T): Promise<T> {
    const glue = await this.load();
    if (this.#spoilt) {
      glue.__wbg_reset_state();
      this.#instance += 1;
      this.#spoilt = false;
    }
    try {
      return work(glue, this.#instance);
    } catch (thrown) {
      // What Rust refuses is thrown as text. All else is a trap, after which memory may be in any state.
      if (typeof thrown === "string") throw refusal(thrown);
      this.#spoilt = true;
      throw new SortroomError("INTERNAL", "The engine failed; the next call gets a fresh one", [], { cause: thrown });
    }
  }

  /** Loads the part, once. A failure to load is not kept. */
  load(): Promise<G> {
    this.#loaded ??= this.#start().catch((cause: unknown) => {
      this.#loaded = undefined;
      throw notLoaded(cause);
    });
    return this.#loaded;
  }

  async #start(): Promise<G> {
    const source = this.source();
    const [glue, found] = await Promise.all([this.glue(), typeof source === "function" ? source() : source]);
    await glue.default({ module_or_path: found });
    return glue;
  }
}

/** What is thrown where something could not be loaded. */
export function notLoaded(cause: unknown): SortroomError {
  if (cause instanceof SortroomError) return cause;
  return new SortroomError("NOT_LOADED", `A part of the engine could not be loaded: ${String(cause)}`, [], { cause });
}

function refusal(text: string): SortroomError {
  const { code, message, fields } = JSON.parse(text) as { code: string; message: string; fields: Fault[] };
  return new SortroomError(code, message, fields);
}
