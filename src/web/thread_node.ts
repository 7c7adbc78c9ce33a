// The script of the thread.
import { parentPort } from "node:worker_threads";
import { answering } from "./serve.js";

const answer = answering(
  () => import("./node.js"),
  (message) => parentPort?.postMessage(message),
);
parentPort?.on("message", (question) => void answer(question));
