// The script of the worker thread in Node.
import { parentPort } from "node:worker_threads";
import { createHandler } from "./serve.js";

const handle = createHandler(
  () => import("./node.js"),
  (message) => parentPort?.postMessage(message),
);
parentPort?.on("message", (request) => void handle(request));
