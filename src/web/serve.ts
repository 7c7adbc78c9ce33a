// The handler inside the worker.
import type * as Api from "./public.js";
import type { Stage, Task, WorkerMessage, WorkerRequest } from "./protocol.js";
import { isDocument } from "./document.js";
import { SortroomError } from "./error.js";
import { notLoaded } from "./wasm_module.js";
import type { DocumentWithAttachments, ReadOptions } from "./types.js";

/**
 * Creates a handler of requests. It uses the functions that `importApi` returns, or the slim entry point if the request
 * has sources.
 */
export function createHandler(importApi: () => Promise<typeof Api>, post: (message: WorkerMessage) => void) {
  const classifiers = new Map<string, Api.Classifier>();
  let api: Promise<typeof Api> | undefined;

  const load = async ({ sources }: WorkerRequest): Promise<typeof Api> => {
    if (!sources) return importApi();
    const slim = await import("./slim.js");
    await slim.init(sources);
    return slim;
  };

  return async (request: WorkerRequest): Promise<void> => {
    try {
      api ??= load(request).catch((cause: unknown) => {
        api = undefined;
        throw notLoaded(cause);
      });
      post({ value: await runTask(await api, request.task, classifiers, (stage) => post({ stage })) });
    } catch (error) {
      const { code, message, fields } =
        error instanceof SortroomError ? error : new SortroomError("INTERNAL", String(error));
      post({ error: { code, message, fields } });
    }
  };
}

async function runTask(
  api: typeof Api,
  task: Task,
  classifiers: Map<string, Api.Classifier>,
  onStage: (stage: Stage) => void,
): Promise<unknown> {
  const read = async (
    input: Api.Input | DocumentWithAttachments,
    options: ReadOptions,
  ): Promise<DocumentWithAttachments> => {
    if (isDocument(input)) return input;
    onStage("reading");
    return api.readDocument(input, options);
  };
  switch (task.kind) {
    case "read":
      return read(task.input, task.options);
    case "classify": {
      const document = await read(task.input, task.options);
      onStage("classifying");
      const key = JSON.stringify([task.rules, task.settings]);
      const classifier = classifiers.get(key) ?? new api.Classifier(task.rules, task.settings);
      // Only the last one is cached: callers with many documents use the same rules for all.
      classifiers.clear();
      classifiers.set(key, classifier);
      return classifier.classifyJson(document, { lang: task.lang });
    }
    case "extract": {
      const document = await read(task.input, task.options);
      onStage("extracting");
      return api.extractJson(document, task.schema);
    }
    case "parse":
      onStage("parsing");
      return api.parseJson(task.input, task.options);
    case "split": {
      const document = await read(task.input, task.options);
      onStage("splitting");
      return api.splitJson(document, task.rules, task.split);
    }
    case "evaluate":
      onStage("evaluating");
      return api.evaluate(task.rules, task.cases, task.options);
    case "lint":
      onStage("linting");
      return api.lint(task.rules);
  }
}
