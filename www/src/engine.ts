// The engine, in a Web Worker, and what is loaded ahead of its use.
import { signal } from "@preact/signals";
import { SortroomWorker } from "sortroom/worker";

/** Does all work on documents. */
export const sortroom = new SortroomWorker();

/** How far loading is: what is loaded now; `ready` once nothing is left to load. */
export const loading = signal<"engine" | "rest" | "ready" | "failed">("engine");

/** Work that loads something ahead of its use, in the order in which it was given. */
const ahead: (() => Promise<unknown>)[] = [];

/** Has something loaded once the engine is there. */
export function loadAhead(work: () => Promise<unknown>): void {
  ahead.push(work);
}

const RULES = [{ label: "other", description: "Anything that is written down" }];

/** Loads all that any later use may take, so that a document that is dropped asks for nothing. */
export async function load(): Promise<void> {
  loading.value = "engine";
  performance.mark("engine:begin");
  try {
    await sortroom.classify("Ready when you are", RULES);
    performance.mark("engine:ready");
    loading.value = "rest";
    await Promise.all(ahead.map((work) => work()));
    performance.mark("all:ready");
    loading.value = "ready";
  } catch (error) {
    console.error(error);
    loading.value = "failed";
  }
}
