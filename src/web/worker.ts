// The package in a Web Worker.
import { Remote, type SentSources } from "./remote.js";

export { SortroomError } from "./error.js";
export type { CallOptions, ClassifyOptions, SentSources, Stage } from "./remote.js";

/** How the worker is started. */
export interface WorkerOptions {
  /** Makes the worker, where a bundler or a policy needs it done in another way. Its script is `sortroom/thread`. */
  worker?: (() => Worker) | undefined;
  /** Where the parts come from, where they do not lie beside the script. */
  sources?: SentSources | undefined;
}

/** The functions of this package in a Web Worker, which is started at the first call. */
export class SortroomWorker extends Remote {
  constructor({ worker: make, sources }: WorkerOptions = {}) {
    super((onMessage, onFailure) => {
      const worker = make?.() ?? new Worker(new URL("./thread.js", import.meta.url), { type: "module" });
      worker.onmessage = (event) => onMessage(event.data);
      worker.onerror = (event) => onFailure(event.error ?? event.message);
      worker.onmessageerror = onFailure;
      return { post: (question) => worker.postMessage(question), end: () => worker.terminate() };
    }, sources);
  }
}
