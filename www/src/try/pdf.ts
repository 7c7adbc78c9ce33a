// Draws PDFs, in workers: one reads, one paints.
import { GlobalWorkerOptions, PDFWorker, VerbosityLevel, getDocument, type PDFDocumentLoadingTask, type PDFDocumentProxy, type RenderTask } from "pdfjs-dist";
import Reader from "pdfjs-dist/build/pdf.worker.min.mjs?worker";
import Painter from "pdfjs-dist/build/pdf.renderer.min.mjs?worker";
import data from "pdf-data";

export type { PDFDocumentProxy };

let packed: Promise<Map<string, Uint8Array>> | undefined;

/** The fonts, character maps and decoders that some PDFs take, by their names. */
function files(): Promise<Map<string, Uint8Array>> {
  packed ??= unpack().catch((error: unknown) => {
    packed = undefined;
    throw error;
  });
  return packed;
}

async function unpack(): Promise<Map<string, Uint8Array>> {
  const answer = await fetch(data);
  if (!answer.ok) throw new Error(`${data} answered ${answer.status}`);
  const plain = new Response(answer.body!.pipeThrough(new DecompressionStream("gzip")));
  const bytes = new Uint8Array(await plain.arrayBuffer());
  const head = bytes.indexOf(10);
  const index = JSON.parse(new TextDecoder().decode(bytes.subarray(0, head))) as [string, number][];
  let at = head + 1;
  return new Map(index.map(([name, length]) => [name, bytes.subarray(at, (at += length))]));
}

/** Gives pdf.js from that one file what it would ask for one by one. */
class Files {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    const found = (await files()).get(filename);
    if (!found) throw new Error(`there is no ${filename}`);
    return found.slice();
  }
}

/** The worker that reads. */
interface Reading {
  worker: PDFWorker;
  /** Rejected when the worker could not be loaded. */
  broken: Promise<never>;
  end: () => void;
}

let reading: Reading | undefined;

function startReader(): Reading {
  const port = new Reader();
  const end = () => {
    port.terminate();
    reading = undefined;
  };
  const broken = new Promise<never>((_, reject) => {
    port.addEventListener("error", ({ message }) => reject(new Error(message || "the reader of PDFs could not be loaded")), { once: true });
  });
  broken.catch(end);
  return { worker: PDFWorker.create({ port }), broken, end };
}

/** How long a PDF may take to be opened, and to be closed, in milliseconds. Some keep the reader busy for good. */
const OPENING = 30_000;
const CLOSING = 2_000;

const late = (ms: number) => new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`not done in ${ms} ms`)), ms));

/** The PDF that is open, or being opened. There is one at most: the painter serves no two. */
let task: PDFDocumentLoadingTask | undefined;
/** How many were to be opened. */
let turns = 0;
let closed: Promise<void> = Promise.resolve();

/** Closes the PDF that is open, and gives its memory back. */
export function closePdf(): void {
  const ending = task;
  task = undefined;
  if (!ending) return;
  closed = closed.then(() => Promise.race([ending.destroy(), late(CLOSING)])).catch(() => reading?.end());
}

/** Opens a PDF for drawing, in place of the one before. */
export async function openPdf(bytes: ArrayBuffer): Promise<PDFDocumentProxy> {
  const turn = (turns += 1);
  closePdf();
  await closed;
  if (turn !== turns) throw new Error("another one was opened");
  reading ??= startReader();
  if (GlobalWorkerOptions.rendererPorts.length === 0) GlobalWorkerOptions.rendererPorts = [new Painter()];
  const opening = getDocument({
    data: bytes,
    worker: reading.worker,
    verbosity: VerbosityLevel.ERRORS,
    BinaryDataFactory: Files,
    useWorkerFetch: false,
    // The same letters on every machine.
    useSystemFonts: false,
    cMapUrl: "./",
    standardFontDataUrl: "./",
    wasmUrl: "./",
  });
  task = opening;
  try {
    return await Promise.race([opening.promise, reading.broken, late(OPENING)]);
  } catch (error) {
    if (task === opening) closePdf();
    throw error;
  }
}

/** The most pixels of a canvas: some browsers show none of a larger one. */
const MAX_PIXELS = 16 * 1024 * 1024;

/** Paints a page into a new canvas of `width` CSS pixels. */
export async function paint(pdf: PDFDocumentProxy, number: number, width: number, signal: AbortSignal): Promise<HTMLCanvasElement> {
  const page = await pdf.getPage(number);
  signal.throwIfAborted();
  const { width: across, height: down } = page.getViewport({ scale: 1 });
  const wanted = (width * Math.min(devicePixelRatio, 3)) / across;
  const viewport = page.getViewport({ scale: Math.min(wanted, Math.sqrt(MAX_PIXELS / (across * down))) });
  const canvas = document.createElement("canvas");
  canvas.width = Math.floor(viewport.width);
  canvas.height = Math.floor(viewport.height);
  const rendering: RenderTask = page.render({ canvas, viewport });
  signal.addEventListener("abort", () => rendering.cancel(), { once: true });
  try {
    await rendering.promise;
  } finally {
    page.cleanup();
  }
  return canvas;
}

/** Loads what drawing takes, and draws once, unless a document came meanwhile. */
export async function warm(bytes: ArrayBuffer): Promise<void> {
  await files();
  if (turns > 0) return;
  const turn = turns + 1;
  try {
    await paint(await openPdf(bytes), 1, 200, AbortSignal.timeout(10_000));
    if (turn === turns) closePdf();
  } catch (error) {
    if (turn === turns) throw error;
  }
}
