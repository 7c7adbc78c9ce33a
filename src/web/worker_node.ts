// The package in a thread of Node.
import { Worker } from "node:worker_threads";
import { Remote, type SentSources } from "./remote.js";

export { SortroomError } from "./error.js";
export type { CallOptions, ClassifyOptions, SentSources, Stage } from "./remote.js";

/** The functions of this package in a thread, which is started at the first call and keeps no process alive. */
export class SortroomWorker extends Remote {
  constructor({ sources }: { sources?: SentSources | undefined } = {}) {
    super((onMessage, onFailure) => {
      const worker = new Worker(new URL("./thread_node.js", import.meta.url));
      worker.on("message", onMessage).on("error", onFailure);
      return { post: (question) => worker.postMessage(question), end: () => void worker.terminate() };
    }, sources);
  }
}
