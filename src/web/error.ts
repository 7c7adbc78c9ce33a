import type { FieldError } from "./types.js";

/** Why a call was rejected, or failed. */
export class SortroomError extends Error {
  override readonly name = "SortroomError";

  /**
   * @param code for programs: `INVALID`, the reason why a document could not be read (`UNSUPPORTED_FILE_TYPE`,
   *   `DOCUMENT_ENCRYPTED`, `DOCUMENT_DAMAGED`, `NO_TEXT`, `NEEDS_OCR`, `DOCUMENT_TOO_LARGE`, `TOO_MANY_PAGES`, `TIMEOUT`),
   *   `NOT_LOADED` (a module was not passed to `init`, or could not be loaded; the next call tries again), `CLOSED` (the
   *   worker was closed), or `INTERNAL`
   * @param fields the invalid fields, if the input was rejected
   */
  constructor(
    readonly code: string,
    message: string,
    readonly fields: readonly FieldError[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The first invalid field, as a JSON pointer into the input; null if the error is not about a field. */
  get pointer(): string | null {
    return this.fields[0]?.pointer ?? null;
  }
}
