// What the worker and its owner say to each other.
import type { EvaluateOptions, Input, Sources } from "./api.js";
import type { Document, Fault, Labelled, ReadOptions, Rule, Schema, Settings } from "./types.js";

/** What is being done. */
export type Stage = "reading" | "classifying" | "extracting" | "evaluating" | "linting";

/** What is asked of the worker. */
export type Task =
  | { kind: "read"; input: Input; options: ReadOptions }
  | { kind: "classify"; input: Input | Document; options: ReadOptions; rules: readonly Rule[]; settings: Partial<Settings>; lang: string | undefined }
  | { kind: "extract"; input: Input | Document; options: ReadOptions; schema: Schema }
  | { kind: "evaluate"; rules: readonly Rule[]; cases: readonly Labelled[]; options: EvaluateOptions }
  | { kind: "lint"; rules: readonly Rule[] };

/** Sources that can be sent. */
export type SentSources = { [part in keyof Sources]: WebAssembly.Module | BufferSource | string };

export interface Question {
  task: Task;
  sources: SentSources | undefined;
}

/** A stage begins, or the task is done, or it failed. */
export type Message =
  | { stage: Stage }
  | { value: unknown }
  | { error: { code: string; message: string; fields: readonly Fault[] } };
