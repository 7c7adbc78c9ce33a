// The exports of every entry point.
export {
  Classifier,
  SortroomError,
  evaluate,
  extract,
  extractJson,
  lint,
  parse,
  parseJson,
  readDocument,
  split,
  splitJson,
  version,
} from "./api.js";
export { formats } from "./types.js";
export type * from "./types.js";
export type { EvaluateOptions, SplitCallOptions } from "./api.js";
export type { Input } from "./document.js";
