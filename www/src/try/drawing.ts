// The PDF to draw. It is opened while the engine reads it, not afterwards.
import { batch, effect, signal } from "@preact/signals";
import type { PDFDocumentProxy } from "./pdf.js";
import { preload } from "../engine.js";
import { SAMPLES, contentOf } from "./samples.js";
import { source, startActivity, type Source } from "./state.js";

/** Imported dynamically, so that the page loads it after the first paint. */
const importPdf = () => import("./pdf.js");

export interface Drawing {
  source: Source;
  pdf: PDFDocumentProxy;
  /** The size of the first page, used for pages of unknown size. */
  size: readonly [width: number, height: number];
}

export const drawing = signal<Drawing | null>(null);
/** Whether the document is still being opened for drawing. Until that is done, its text is not shown instead. */
export const isOpening = signal(false);
/** Whether the document is a PDF that could not be opened for drawing. */
export const isUndrawable = signal(false);

/** Whether a file has the header of a PDF in its first 1024 bytes, as PDF readers check. */
const hasPdfHeader = async (bytes: Blob) => (await bytes.slice(0, 1024).text()).includes("%PDF-");

async function open(file: Source): Promise<void> {
  const endActivity = startActivity("drawing");
  try {
    const isPdf = await hasPdfHeader(file.bytes);
    if (file !== source.value) return;
    const { closePdf, openPdf } = await importPdf();
    if (file !== source.value) return;
    if (!isPdf) return closePdf();
    const pdf = await openPdf(await file.bytes.arrayBuffer());
    const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 });
    if (file === source.value) drawing.value = { source: file, pdf, size: [width, height] };
  } catch (error) {
    // The document is shown as text instead. If it cannot be read either, the engine reports the error.
    console.debug(error);
    if (file === source.value) isUndrawable.value = true;
  } finally {
    if (file === source.value) isOpening.value = false;
    endActivity();
  }
}

effect(() => {
  const current = source.value;
  const isFile = current !== null && !current.isTyped;
  batch(() => {
    drawing.value = null;
    isUndrawable.value = false;
    isOpening.value = isFile;
  });
  if (isFile) queueMicrotask(() => void open(current));
});

preload(async () => {
  const [{ warmUp }, sample] = await Promise.all([importPdf(), contentOf(SAMPLES[0])]);
  await warmUp(await sample.arrayBuffer());
});
