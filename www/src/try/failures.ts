// What failures are called, and what to do about them.
import { SortroomError } from "sortroom/worker";
import type { Fault } from "sortroom";

/** A failure in words. */
export interface Failure {
  /** The code that programs compare. */
  code: string;
  /** What happened. */
  title: string;
  /** What can be done about it. */
  help: string;
  /** The engine's own sentence. */
  detail?: string;
  /** The fields at fault, where input was refused. */
  faults: readonly Fault[];
}

/** The largest document that is read, in bytes; the engine's bound. */
export const MAX_BYTES = 32 * 1024 * 1024;

const WORDS: Record<string, readonly [title: string, help: string]> = {
  UNSUPPORTED_FILE_TYPE: ["This kind of file is not read", "PDF, mail (.eml), Word (.docx), web pages, Markdown and plain text are."],
  PDF_IS_PROTECTED: ["This PDF is locked with a password", "Open it in a PDF viewer, save a copy without the password, and drop the copy here."],
  PDF_IS_BROKEN: ["This file is damaged", "It begins like a document and does not go on like one. Download or export it once more."],
  NO_DATA_FOUND_IN_FILE: ["There is no text in this file", "If its pages are pictures, such as a scan, it takes text recognition first. There is none here."],
  DOCUMENT_TOO_LARGE: ["This file is too large", "Files of up to 32 MB are read, unpacked text of up to 8 MB a page."],
  TOO_MANY_PAGES: ["This document has too many pages", "Documents of up to 2,000 pages are read. Split it, and drop a part."],
  TIMEOUT: ["This document takes too much work", "It is far more complicated than documents are. Print it into a new PDF, and drop that."],
  INVALID: ["The rules or fields need a change", "What is wrong is said beside each of them."],
  INTERNAL: ["The engine failed on this file", "That is a fault of ours. It has started afresh, and other files work."],
  STOPPED: ["The engine stopped", "The file may take more memory than this browser gives, or the connection is gone. Try again, or load the page again."],
  NOT_A_FILE: ["A folder cannot be read", "Drop one file."],
  NOT_READABLE: ["The browser could not read this file", "It may have been moved or changed. Choose it again."],
  NOT_LOADED: ["The engine could not be loaded", "The connection may be gone. Try again, or load the page again when it is back."],
};

/** A failure by its code. */
export function failure(code: string, detail?: string, faults: readonly Fault[] = []): Failure {
  const [title, help] = WORDS[code] ?? WORDS["INTERNAL"]!;
  return { code, title, help, faults, ...(detail !== undefined && { detail }) };
}

/** What an error of the engine, or of the way to it, is called. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof SortroomError)) return failure("INTERNAL", String(error));
  if (error.code === "INTERNAL" && /NotReadableError|NotFoundError/.test(error.message)) return failure("NOT_READABLE", error.message);
  if (error.code === "INTERNAL" && error.message === "The worker failed") return failure("STOPPED");
  return failure(error.code, error.message, error.fields);
}

/** Failures of this browser, or of the way to it: no server would say the same. */
export const OF_THIS_BROWSER: readonly string[] = ["NOT_LOADED", "NOT_READABLE", "NOT_A_FILE", "INTERNAL", "STOPPED"];

/** What is wrong with something written, in words that are not a program's. */
export function plain(message: string): string {
  const [, bound, count] = message.match(/^String should have at (least|most) (\d+) characters?$/) ?? [];
  if (bound === "least") return count === "1" ? "Write something here" : `At least ${count} characters`;
  if (bound === "most") return `No more than ${count} characters`;
  if (message.startsWith("String should match")) return "Write something here";
  if (message.startsWith("List should have at least")) return "It takes at least one rule";
  if (message.startsWith("List should have at most")) return "There are too many";
  const [, reason] = message.match(/^Value error, (.*)$/) ?? [];
  return reason ? reason.charAt(0).toUpperCase() + reason.slice(1) : message;
}
