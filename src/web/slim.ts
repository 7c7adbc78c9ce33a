// The entry point without default sources. It loads only the modules that the caller passes to `init`.
import { load, provide, type Sources } from "./api.js";

export * from "./public.js";
export type { Lazy, LazyBytes, Source, Sources } from "./api.js";

/**
 * Sets where the modules come from, and loads the engine. Each source is a compiled module, its bytes, an address, a
 * response, or a function that returns one of these when the module is needed. Calls that need a module without a source
 * fail.
 */
export async function init(sources: Sources): Promise<void> {
  provide(sources);
  await load();
}
