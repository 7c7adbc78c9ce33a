// The PDF that is being drawn. It is opened beside the engine's reading, not after it.
import { batch, effect, signal } from "@preact/signals";
import type { PDFDocumentProxy } from "./pdf.js";
import { loadAhead } from "../engine.js";
import { SAMPLES, contentOf } from "./samples.js";
import { begin, source, type Source } from "./state.js";

/** What draws is loaded with the rest, not with the page. */
const pdf = () => import("./pdf.js");

export interface Drawing {
  of: Source;
  pdf: PDFDocumentProxy;
  /** The size of the first page, for pages whose own is not known. */
  size: readonly [width: number, height: number];
}

export const drawing = signal<Drawing | null>(null);
/** Whether it is not known yet whether the document can be drawn: until then its text is not shown in place of its pages. */
export const isOpening = signal(false);
/** Whether it is a PDF that could not be opened for drawing. */
export const undrawable = signal(false);

/** Whether a file says that it is a PDF, where readers look for that. */
const claims = async (bytes: Blob) => (await bytes.slice(0, 1024).text()).includes("%PDF-");

async function draw(of: Source): Promise<void> {
  const done = begin("drawing");
  try {
    const isPdf = await claims(of.bytes);
    if (of !== source.value) return;
    const { closePdf, openPdf } = await pdf();
    if (of !== source.value) return;
    if (!isPdf) return closePdf();
    const opened = await openPdf(await of.bytes.arrayBuffer());
    const { width, height } = (await opened.getPage(1)).getViewport({ scale: 1 });
    if (of === source.value) drawing.value = { of, pdf: opened, size: [width, height] };
  } catch (error) {
    // What cannot be drawn is shown as text; why it cannot be read at all, the engine says.
    console.debug(error);
    if (of === source.value) undrawable.value = true;
  } finally {
    if (of === source.value) isOpening.value = false;
    done();
  }
}

effect(() => {
  const of = source.value;
  const isFile = of !== null && !of.written;
  batch(() => {
    drawing.value = null;
    undrawable.value = false;
    isOpening.value = isFile;
  });
  if (isFile) queueMicrotask(() => void draw(of));
});

loadAhead(async () => {
  const [{ warm }, sample] = await Promise.all([pdf(), contentOf(SAMPLES[0])]);
  await warm(await sample.arrayBuffer());
});
