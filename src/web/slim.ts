// For those who say themselves where the parts come from. Nothing is loaded that is not given here.
import { load, provide, type Sources } from "./api.js";

export * from "./public.js";
export type { Lazy, Source, Sources } from "./api.js";

/**
 * Says where the parts come from, and loads the engine. Each is a compiled module, its bytes, an address, a response, or a
 * function that leads to one of these when the part is needed. A part that is not given is missed only when it is used.
 */
export async function init(sources: Sources): Promise<void> {
  provide(sources);
  await load();
}
