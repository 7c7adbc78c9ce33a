// The messages between the worker and its client.
import type { EvaluateOptions, Sources, SplitCallOptions } from "./api.js";
import type { Input } from "./document.js";
import type {
  DocumentWithAttachments,
  FieldError,
  LabelledText,
  ReadOptions,
  Rule,
  Schema,
  Settings,
} from "./types.js";

/** A stage of a task. */
export type Stage = "reading" | "classifying" | "extracting" | "parsing" | "splitting" | "evaluating" | "linting";

interface ClassifyTask {
  kind: "classify";
  input: Input | DocumentWithAttachments;
  options: ReadOptions;
  rules: readonly Rule[];
  settings: Partial<Settings>;
  lang: string | undefined;
}

/** A task for the worker. */
export type Task =
  | { kind: "read"; input: Input; options: ReadOptions }
  | ClassifyTask
  | { kind: "extract"; input: Input | DocumentWithAttachments; options: ReadOptions; schema: Schema }
  | { kind: "parse"; input: Input; options: ReadOptions }
  | {
      kind: "split";
      input: Input | DocumentWithAttachments;
      options: ReadOptions;
      rules: readonly Rule[];
      split: SplitCallOptions;
    }
  | { kind: "evaluate"; rules: readonly Rule[]; cases: readonly LabelledText[]; options: EvaluateOptions }
  | { kind: "lint"; rules: readonly Rule[] };

/** Sources that can be sent to a worker. */
export type SentSources = {
  [name in keyof Sources]: BufferSource | string | (name extends "table" ? never : WebAssembly.Module);
};

/** A message to the worker. */
export interface WorkerRequest {
  task: Task;
  sources: SentSources | undefined;
}

/** A message from the worker: a stage begins, the task is done, or it failed. */
export type WorkerMessage =
  | { stage: Stage }
  | { value: unknown }
  | { error: { code: string; message: string; fields: readonly FieldError[] } };
