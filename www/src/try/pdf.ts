// Draws PDFs, in workers: one reads, one paints.
import { GlobalWorkerOptions, PDFWorker, VerbosityLevel, getDocument, type PDFDocumentProxy, type RenderTask } from "pdfjs-dist";
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

let reader: PDFWorker | undefined;

/** Opens a PDF for drawing. It is to be destroyed. */
export function openPdf(bytes: ArrayBuffer): Promise<PDFDocumentProxy> {
  reader ??= PDFWorker.create({ port: new Reader() });
  if (GlobalWorkerOptions.rendererPorts.length === 0) GlobalWorkerOptions.rendererPorts = [new Painter()];
  const task = getDocument({
    data: bytes,
    worker: reader,
    verbosity: VerbosityLevel.ERRORS,
    BinaryDataFactory: Files,
    useWorkerFetch: false,
    // The same letters on every machine.
    useSystemFonts: false,
    cMapUrl: "./",
    standardFontDataUrl: "./",
    wasmUrl: "./",
  });
  return task.promise;
}

/** Paints a page into a new canvas of `width` CSS pixels. */
export async function paint(pdf: PDFDocumentProxy, number: number, width: number, signal: AbortSignal): Promise<HTMLCanvasElement> {
  const page = await pdf.getPage(number);
  signal.throwIfAborted();
  const { width: points } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: (width * Math.min(devicePixelRatio, 3)) / points });
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(viewport.width);
  canvas.height = Math.round(viewport.height);
  const task: RenderTask = page.render({ canvas, viewport });
  signal.addEventListener("abort", () => task.cancel(), { once: true });
  await task.promise;
  return canvas;
}

/** Loads what drawing takes, and draws once. */
export async function warm(bytes: ArrayBuffer): Promise<void> {
  await files();
  const pdf = await openPdf(bytes);
  await paint(pdf, 1, 200, AbortSignal.timeout(10_000));
  await pdf.loadingTask.destroy();
}
