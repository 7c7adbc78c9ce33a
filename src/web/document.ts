// Documents as plain data.
import type { Document, DocumentWithAttachments, Mail } from "./types.js";

/** A file, its bytes, or a text. */
export type FileInput = Blob | ArrayBuffer | Uint8Array | string;

/** What a document is read from: a file, its bytes, a text, or a mail by its parts. */
export type Input = FileInput | Mail;

/** Whether an input is a document that was already read. */
export function isDocument(input: Input | DocumentWithAttachments): input is DocumentWithAttachments {
  return typeof input === "object" && "pages" in input;
}

/** A document without its words and their boxes: they are nine tenths of it, and no decision depends on them. */
export function withoutWords<D extends Document>(document: D): D {
  return { ...document, pages: document.pages.map((page) => ({ ...page, words: [] })) };
}
