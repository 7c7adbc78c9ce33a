// The engine in a Web Worker, and what the page loads before it is needed.
import { signal } from "@preact/signals";
import { SortroomWorker } from "sortroom/worker";

/** The worker that runs the engine. */
export const sortroom = new SortroomWorker();

/** What is being loaded; `ready` once everything is loaded. */
export const loadState = signal<"engine" | "rest" | "ready" | "failed">("engine");

const preloads: (() => Promise<unknown>)[] = [];

/** Registers work that loads something before it is needed. It starts once the engine is loaded. */
export function preload(work: () => Promise<unknown>): void {
  preloads.push(work);
}

const RULES = [{ label: "other", description: "Anything that is written down" }];

/** Loads everything that any document may need, so that a dropped document causes no requests. */
export async function load(): Promise<void> {
  loadState.value = "engine";
  performance.mark("engine:begin");
  try {
    await sortroom.classify("Ready when you are", RULES);
    performance.mark("engine:ready");
    loadState.value = "rest";
    await Promise.all(preloads.map((work) => work()));
    performance.mark("all:ready");
    loadState.value = "ready";
  } catch (error) {
    console.error(error);
    loadState.value = "failed";
  }
}
