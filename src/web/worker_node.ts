// The package in a thread of Node.
import { Worker } from "node:worker_threads";
import type { Message } from "./protocol.js";
import { Remote, type SentSources } from "./remote.js";

export { SortroomError } from "./error.js";
export type { CallOptions, ClassifyOptions, SentSources, Stage } from "./remote.js";

/** The functions of this package in a thread, which is started at the first call and keeps no process alive between calls. */
export class SortroomWorker extends Remote {
  constructor({ sources }: { sources?: SentSources | undefined } = {}) {
    super((onMessage, onFailure) => {
      const worker = new Worker(new URL("./thread_node.js", import.meta.url));
      worker.on("message", (message: Message) => {
        if (!("stage" in message)) worker.unref();
        onMessage(message);
      });
      worker.on("error", onFailure);
      return {
        post: (question) => {
          worker.ref();
          worker.postMessage(question);
        },
        end: () => void worker.terminate(),
      };
    }, sources);
  }
}
