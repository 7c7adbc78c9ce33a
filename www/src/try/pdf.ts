// Draws PDFs in two workers: one reads them, the other renders the pages.
import {
  GlobalWorkerOptions,
  PDFWorker,
  VerbosityLevel,
  getDocument,
  type PDFDocumentLoadingTask,
  type PDFDocumentProxy,
  type RenderTask,
} from "pdfjs-dist";
import ReaderWorker from "pdfjs-dist/build/pdf.worker.min.mjs?worker";
import RendererWorker from "pdfjs-dist/build/pdf.renderer.min.mjs?worker";
import pdfDataUrl from "pdf-data";

export type { PDFDocumentProxy };

let dataFiles: Promise<Map<string, Uint8Array>> | undefined;

/** The fonts, character maps and decoders that some PDFs need, by file name. */
function loadDataFiles(): Promise<Map<string, Uint8Array>> {
  dataFiles ??= fetchDataFiles().catch((error: unknown) => {
    dataFiles = undefined;
    throw error;
  });
  return dataFiles;
}

/** Fetches the file that vite.config.ts generates: a line of JSON with the names and lengths, and then the contents. */
async function fetchDataFiles(): Promise<Map<string, Uint8Array>> {
  const response = await fetch(pdfDataUrl);
  if (!response.ok) throw new Error(`${pdfDataUrl} answered ${response.status}`);
  const decompressed = new Response(response.body!.pipeThrough(new DecompressionStream("gzip")));
  const bytes = new Uint8Array(await decompressed.arrayBuffer());
  const newline = bytes.indexOf(10);
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(0, newline))) as [string, number][];
  let offset = newline + 1;
  return new Map(index.map(([name, length]) => [name, bytes.subarray(offset, (offset += length))]));
}

/** Gives pdf.js the data files, which it would otherwise fetch one by one. */
class DataFactory {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    const file = (await loadDataFiles()).get(filename);
    if (!file) throw new Error(`there is no ${filename}`);
    return file.slice();
  }
}

/** The worker that reads PDFs. */
interface Reader {
  worker: PDFWorker;
  /** Rejects if the worker could not be loaded. */
  loadFailure: Promise<never>;
  terminate: () => void;
}

let reader: Reader | undefined;

function startReader(): Reader {
  const port = new ReaderWorker();
  const terminate = () => {
    port.terminate();
    reader = undefined;
  };
  const loadFailure = new Promise<never>((_, reject) => {
    port.addEventListener(
      "error",
      ({ message }) => reject(new Error(message || "the reader of PDFs could not be loaded")),
      { once: true },
    );
  });
  loadFailure.catch(terminate);
  return { worker: PDFWorker.create({ port }), loadFailure, terminate };
}

/** How long a PDF may take to open and to close, in milliseconds. Some PDFs keep the reader busy forever. */
const OPEN_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 2_000;

const rejectAfter = (ms: number) =>
  new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`not done in ${ms} ms`)), ms));

/** The PDF that is open or being opened. There is one at most: the renderer cannot serve two. */
let currentTask: PDFDocumentLoadingTask | undefined;
/** How often a PDF was opened. */
let openCount = 0;
let closed: Promise<void> = Promise.resolve();

/** Closes the open PDF and frees its memory. */
export function closePdf(): void {
  const task = currentTask;
  currentTask = undefined;
  if (!task) return;
  closed = closed
    .then(() => Promise.race([task.destroy(), rejectAfter(CLOSE_TIMEOUT_MS)]))
    .catch(() => reader?.terminate());
}

/** Opens a PDF for drawing, and closes the previous one. */
export async function openPdf(bytes: ArrayBuffer): Promise<PDFDocumentProxy> {
  const ticket = (openCount += 1);
  closePdf();
  await closed;
  if (ticket !== openCount) throw new Error("another one was opened");
  reader ??= startReader();
  if (GlobalWorkerOptions.rendererPorts.length === 0) GlobalWorkerOptions.rendererPorts = [new RendererWorker()];
  const task = getDocument({
    data: bytes,
    worker: reader.worker,
    verbosity: VerbosityLevel.ERRORS,
    BinaryDataFactory: DataFactory,
    useWorkerFetch: false,
    // The glyphs are the same on every machine.
    useSystemFonts: false,
    cMapUrl: "./",
    standardFontDataUrl: "./",
    wasmUrl: "./",
  });
  currentTask = task;
  try {
    return await Promise.race([task.promise, reader.loadFailure, rejectAfter(OPEN_TIMEOUT_MS)]);
  } catch (error) {
    if (currentTask === task) closePdf();
    throw error;
  }
}

/** The maximum number of pixels of a canvas: some browsers leave a larger one blank. */
const MAX_PIXELS = 16 * 1024 * 1024;

/** Renders a page into a new canvas of `width` CSS pixels. */
export async function renderPage(
  pdf: PDFDocumentProxy,
  pageNumber: number,
  width: number,
  signal: AbortSignal,
): Promise<HTMLCanvasElement> {
  const page = await pdf.getPage(pageNumber);
  signal.throwIfAborted();
  const { width: pageWidth, height: pageHeight } = page.getViewport({ scale: 1 });
  const sharpScale = (width * Math.min(devicePixelRatio, 3)) / pageWidth;
  const viewport = page.getViewport({ scale: Math.min(sharpScale, Math.sqrt(MAX_PIXELS / (pageWidth * pageHeight))) });
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(viewport.width);
  canvas.height = Math.floor(viewport.height);
  const task: RenderTask = page.render({ canvas, viewport });
  signal.addEventListener("abort", () => task.cancel(), { once: true });
  try {
    await task.promise;
  } finally {
    page.cleanup();
  }
  return canvas;
}

/** Loads everything that drawing needs, and draws a page once, unless a document was opened in the meantime. */
export async function warmUp(bytes: ArrayBuffer): Promise<void> {
  await loadDataFiles();
  if (openCount > 0) return;
  const ticket = openCount + 1;
  try {
    await renderPage(await openPdf(bytes), 1, 200, AbortSignal.timeout(10_000));
    if (ticket === openCount) closePdf();
  } catch (error) {
    if (ticket === openCount) throw error;
  }
}
