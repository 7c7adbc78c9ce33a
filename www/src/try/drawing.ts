// The PDF that is being drawn. It is opened beside the engine's reading, not after it.
import { effect, signal } from "@preact/signals";
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

/** Whether a file says that it is a PDF, where readers look for that. */
const claims = async (bytes: Blob) => (await bytes.slice(0, 1024).text()).includes("%PDF-");

async function draw(of: Source): Promise<void> {
  const done = begin("drawing");
  let found: PDFDocumentProxy | undefined;
  try {
    if (!(await claims(of.bytes))) return;
    found = await (await pdf()).openPdf(await of.bytes.arrayBuffer());
    const { width, height } = (await found.getPage(1)).getViewport({ scale: 1 });
    if (of === source.value) drawing.value = { of, pdf: found, size: [width, height] };
  } catch (error) {
    // What cannot be drawn is shown as text; why it cannot be read at all, the engine says.
    console.debug(error);
  } finally {
    if (found && drawing.peek()?.pdf !== found) void found.loadingTask.destroy();
    done();
  }
}

effect(() => {
  const of = source.value;
  const before = drawing.peek();
  if (before) {
    drawing.value = null;
    void before.pdf.loadingTask.destroy();
  }
  if (of && !of.written) queueMicrotask(() => void draw(of));
});

loadAhead(async () => {
  const [{ warm }, sample] = await Promise.all([pdf(), contentOf(SAMPLES[0])]);
  await warm(await sample.arrayBuffer());
});
