// Documents as plain data.
import type { Document, DocumentWithAttachments, Mail } from "./types.js";

/** What a document is read from: a file, its bytes, a text, or a mail as subject and body. */
export type Input = Blob | ArrayBuffer | Uint8Array | string | Mail;

/** Whether an input is a document that was already read. */
export function isDocument(input: Input | DocumentWithAttachments): input is DocumentWithAttachments {
  return typeof input === "object" && "pages" in input;
}

/** A document without its words and their boxes: they are nine tenths of it, and no decision depends on them. */
export function withoutWords<D extends Document>(document: D): D {
  return { ...document, pages: document.pages.map((page) => ({ ...page, words: [] })) };
}
