// The script of the Web Worker.
import { answering } from "./serve.js";

/** What of the worker's global scope is used: its own library of types cannot be had beside that of pages. */
declare const self: { onmessage: (event: MessageEvent) => void; postMessage(message: unknown): void };

const answer = answering(
  () => import("./browser.js"),
  (message) => self.postMessage(message),
);
self.onmessage = (event) => void answer(event.data);
