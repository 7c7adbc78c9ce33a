// The package in a Web Worker.
import { WorkerClient, type SentSources } from "./worker_client.js";

export { SortroomError } from "./error.js";
export { formats } from "./types.js";
export type { CallOptions, ClassifyOptions, SentSources, Stage } from "./worker_client.js";

/** How to start the worker. */
export interface WorkerOptions {
  /** Creates the worker, if a bundler or a policy needs another way. Its script is `sortroom/thread`. */
  worker?: (() => Worker) | undefined;
  /** Where the modules come from, if they are not beside the script. */
  sources?: SentSources | undefined;
}

/** The functions of this package in a Web Worker, which is started at the first call. */
export class SortroomWorker extends WorkerClient {
  constructor({ worker: createWorker, sources }: WorkerOptions = {}) {
    super((onMessage, onFailure) => {
      const worker = createWorker?.() ?? new Worker(new URL("./thread.js", import.meta.url), { type: "module" });
      worker.onmessage = (event) => onMessage(event.data);
      worker.onerror = (event) => onFailure(event.error ?? event.message);
      worker.onmessageerror = onFailure;
      return { post: (request) => worker.postMessage(request), terminate: () => worker.terminate() };
    }, sources);
  }
}
