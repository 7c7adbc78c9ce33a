// The inside of the worker: one task after the other.
import type * as Api from "./public.js";
import type { Message, Question, Stage, Task } from "./protocol.js";
import { isDocument } from "./document.js";
import { SortroomError } from "./error.js";
import { notLoaded } from "./part.js";
import type { Document, ReadOptions } from "./types.js";

/** Answers questions with the functions that `whole` leads to, or with the slim ones where sources were sent. */
export function answering(whole: () => Promise<typeof Api>, post: (message: Message) => void) {
  const classifiers = new Map<string, Api.Classifier>();
  let api: Promise<typeof Api> | undefined;

  const load = async ({ sources }: Question): Promise<typeof Api> => {
    if (!sources) return whole();
    const slim = await import("./slim.js");
    await slim.init(sources);
    return slim;
  };

  return async (question: Question): Promise<void> => {
    try {
      api ??= load(question).catch((cause: unknown) => {
        api = undefined;
        throw notLoaded(cause);
      });
      post({ value: await done(await api, question.task, classifiers, (stage) => post({ stage })) });
    } catch (error) {
      const known = error instanceof SortroomError ? error : new SortroomError("INTERNAL", String(error));
      post({ error: { code: known.code, message: known.message, fields: known.fields } });
    }
  };
}

async function done(
  api: typeof Api,
  task: Task,
  classifiers: Map<string, Api.Classifier>,
  begin: (stage: Stage) => void,
): Promise<unknown> {
  const read = async (input: Api.Input | Document, options: ReadOptions): Promise<Document> => {
    if (isDocument(input)) return input;
    begin("reading");
    return api.readDocument(input, options);
  };
  switch (task.kind) {
    case "read":
      return read(task.input, task.options);
    case "classify": {
      const document = await read(task.input, task.options);
      begin("classifying");
      const name = JSON.stringify([task.rules, task.settings]);
      const classifier = classifiers.get(name) ?? new api.Classifier(task.rules, task.settings);
      // The last one is kept: who classifies many documents does so with the same rules.
      classifiers.clear();
      classifiers.set(name, classifier);
      return classifier.classifyJson(document, { lang: task.lang });
    }
    case "extract": {
      const document = await read(task.input, task.options);
      begin("extracting");
      return api.extractJson(document, task.schema);
    }
    case "evaluate":
      begin("evaluating");
      return api.evaluate(task.rules, task.cases, task.options);
    case "lint":
      begin("linting");
      return api.lint(task.rules);
  }
}
