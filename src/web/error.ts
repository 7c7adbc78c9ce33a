import type { Fault } from "./types.js";

/** Why something was refused, or failed. */
export class SortroomError extends Error {
  override readonly name = "SortroomError";

  /**
   * @param code what programs compare: `INVALID`, the reason why a document could not be read (`UNSUPPORTED_FILE_TYPE`,
   *   `PDF_IS_PROTECTED`, `PDF_IS_BROKEN`, `NO_DATA_FOUND_IN_FILE`, `DOCUMENT_TOO_LARGE`, `TOO_MANY_PAGES`, `TIMEOUT`),
   *   `NOT_LOADED` (a part was not given to `init`, or could not be loaded; the next call tries again), or `INTERNAL`
   * @param fields the fields at fault, where input was refused
   */
  constructor(
    readonly code: string,
    message: string,
    readonly fields: readonly Fault[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The first field at fault, as a JSON pointer into what was given; null where the fault is not of one field. */
  get pointer(): string | null {
    return this.fields[0]?.pointer ?? null;
  }
}
