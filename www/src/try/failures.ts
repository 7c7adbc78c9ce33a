// Failures in words for people, with what to do about them.
import { SortroomError } from "sortroom/worker";
import type { FieldError } from "sortroom";

/** A failure in words for people. */
export interface Failure {
  /** The error code. */
  code: string;
  /** What happened. */
  title: string;
  /** What can be done about it. */
  help: string;
  /** The message of the engine. */
  detail?: string;
  /** The invalid fields, if the input was rejected. */
  fieldErrors: readonly FieldError[];
}

/** The maximum size of a document in bytes, as in the engine. */
export const MAX_BYTES = 32 * 1024 * 1024;

const TEXTS: Record<string, readonly [title: string, help: string]> = {
  UNSUPPORTED_FILE_TYPE: [
    "This kind of file is not read",
    "PDF, mail (.eml), Word (.docx), web pages, Markdown and plain text are.",
  ],
  DOCUMENT_ENCRYPTED: [
    "This document is locked with a password",
    "Open it in its program, save a copy without the password, and drop the copy here.",
  ],
  DOCUMENT_DAMAGED: [
    "This file is damaged",
    "It begins like a document and does not go on like one. Download or export it once more.",
  ],
  NO_TEXT: ["There is no text in this file", "It is empty, or its pages are blank."],
  NEEDS_OCR: [
    "There is no text in this file",
    "Its pages are pictures, such as a scan: it takes text recognition first. There is none here.",
  ],
  DOCUMENT_TOO_LARGE: ["This file is too large", "Files of up to 32 MB are read, unpacked text of up to 8 MB a page."],
  TOO_MANY_PAGES: [
    "This document has too many pages",
    "Documents of up to 2,000 pages are read. Split it, and drop a part.",
  ],
  TIMEOUT: [
    "This document takes too much work",
    "It is far more complicated than documents are. Print it into a new PDF, and drop that.",
  ],
  INVALID: ["The rules or fields need a change", "What is wrong is said beside each of them."],
  INTERNAL: ["The engine failed on this file", "That is a fault of ours. It has started afresh, and other files work."],
  STOPPED: [
    "The engine stopped",
    "The file may take more memory than this browser gives, or the connection is gone. Try again, or load the page again.",
  ],
  NOT_A_FILE: ["A folder cannot be read", "Drop one file."],
  NOT_READABLE: ["The browser could not read this file", "It may have been moved or changed. Choose it again."],
  NOT_LOADED: [
    "The engine could not be loaded",
    "The connection may be gone. Try again, or load the page again when it is back.",
  ],
};

/** The failure with a code. */
export function failureFor(code: string, detail?: string, fieldErrors: readonly FieldError[] = []): Failure {
  const [title, help] = TEXTS[code] ?? TEXTS["INTERNAL"]!;
  return { code, title, help, fieldErrors, ...(detail !== undefined && { detail }) };
}

/** The failure for an error that the worker threw. */
export function failureFromError(error: unknown): Failure {
  if (!(error instanceof SortroomError)) return failureFor("INTERNAL", String(error));
  const { code, message, fields } = error;
  if (code === "INTERNAL" && /NotReadableError|NotFoundError/.test(message)) return failureFor("NOT_READABLE", message);
  if (code === "INTERNAL" && message === "The worker failed") return failureFor("STOPPED");
  return failureFor(code, message, fields);
}

/** Failures of this browser. The server cannot have the same. */
export const LOCAL_FAILURES: readonly string[] = ["NOT_LOADED", "NOT_READABLE", "NOT_A_FILE", "INTERNAL", "STOPPED"];

/** The message of a field error in plain words. */
export function plainMessage(message: string): string {
  const [, bound, count] = message.match(/^String should have at (least|most) (\d+) characters?$/) ?? [];
  if (bound === "least") return count === "1" ? "Write something here" : `At least ${count} characters`;
  if (bound === "most") return `No more than ${count} characters`;
  if (message.startsWith("String should match")) return "Write something here";
  if (message.startsWith("List should have at least")) return "It takes at least one rule";
  if (message.startsWith("List should have at most")) return "There are too many";
  const [, reason] = message.match(/^Value error, (.*)$/) ?? [];
  return reason ? reason.charAt(0).toUpperCase() + reason.slice(1) : message;
}
