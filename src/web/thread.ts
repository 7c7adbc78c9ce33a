// The script of the Web Worker.
import { createHandler } from "./serve.js";

/** The used members of the worker's global scope. Its type library conflicts with that of pages. */
declare const self: { onmessage: (event: MessageEvent) => void; postMessage(message: unknown): void };

const handle = createHandler(
  () => import("./browser.js"),
  (message) => self.postMessage(message),
);
self.onmessage = (event) => void handle(event.data);
