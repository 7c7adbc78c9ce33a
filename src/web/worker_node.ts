// The package in a worker thread of Node.
import { Worker } from "node:worker_threads";
import type { WorkerMessage } from "./protocol.js";
import { WorkerClient, type SentSources } from "./worker_client.js";

export { SortroomError } from "./error.js";
export { formats } from "./types.js";
export type { CallOptions, ClassifyOptions, SentSources, Stage } from "./worker_client.js";

/**
 * The functions of this package in a worker thread. It is started at the first call, and between calls it does not keep
 * the process alive.
 */
export class SortroomWorker extends WorkerClient {
  constructor({ sources }: { sources?: SentSources | undefined } = {}) {
    super((onMessage, onFailure) => {
      const worker = new Worker(new URL("./thread_node.js", import.meta.url));
      worker.on("message", (message: WorkerMessage) => {
        if (!("stage" in message)) worker.unref();
        onMessage(message);
      });
      worker.on("error", onFailure);
      return {
        post: (request) => {
          worker.ref();
          worker.postMessage(request);
        },
        terminate: () => void worker.terminate(),
      };
    }, sources);
  }
}
