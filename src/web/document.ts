// Documents as what they are here: plain data.
import type { Input } from "./api.js";
import type { AttachedDocument, Document } from "./types.js";

/** Whether it is read already. */
export function isDocument(input: Input | Document): input is Document {
  return typeof input === "object" && "pages" in input;
}

/** A document without the places of its words: nine tenths of it, and no decision depends on them. */
export function withoutPlaces<D extends AttachedDocument>(document: D): D {
  return { ...document, pages: document.pages.map((page) => ({ ...page, words: [] })) };
}
