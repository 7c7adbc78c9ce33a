// Sample documents, from the test corpus. All are invented.
import { preload } from "../engine.js";
import contract from "../../../tests/corpus/pdf/nda-en.pdf?url";
import docx from "../../../tests/corpus/docx/invoice-en.docx?url";
import invoice from "../../../tests/corpus/pdf/invoice-en.pdf?url";
import mail from "../../../tests/corpus/eml/refund-request-en.eml?raw";
import mailWithInvoice from "../../../tests/corpus/eml/invoice-attached-en.eml?raw";
import poem from "../../../tests/corpus/txt/poem-en.txt?raw";
import statement from "../../../tests/corpus/pdf/bank-statement-en.pdf?url";
import web from "../../../tests/corpus/html/invoice-hosting-en.html?raw";

export interface Sample {
  /** The title shown to the user. */
  title: string;
  /** The kind of file, shown to the user. */
  kind: string;
  /** The file name. */
  file: string;
  /** The address of the file, or its text. */
  content: URL | string;
}

const text = (title: string, kind: string, file: string, content: string): Sample => ({ title, kind, file, content });
const binary = (title: string, kind: string, file: string, address: string): Sample => ({
  title,
  kind,
  file,
  content: new URL(address, import.meta.url),
});

export const SAMPLES: readonly [Sample, ...Sample[]] = [
  binary("Invoice", "PDF", "invoice-en.pdf", invoice),
  text("Refund request", "mail", "refund-request-en.eml", mail),
  binary("Confidentiality agreement", "PDF", "nda-en.pdf", contract),
  binary("Bank statement", "PDF", "bank-statement-en.pdf", statement),
  binary("Invoice", "Word", "invoice-en.docx", docx),
  text("Mail with an invoice", "mail", "invoice-attached-en.eml", mailWithInvoice),
  text("Invoice", "web page", "invoice-hosting-en.html", web),
  text("Poem", "text", "poem-en.txt", poem),
];

const contents = new Map<Sample, Promise<Blob>>();

/** The content of a sample, fetched once. */
export function contentOf(sample: Sample): Promise<Blob> {
  const cached = contents.get(sample);
  if (cached) return cached;
  const content = load(sample);
  contents.set(sample, content);
  content.catch(() => contents.delete(sample));
  return content;
}

async function load({ file, content }: Sample): Promise<Blob> {
  if (typeof content === "string") return new Blob([content]);
  const response = await fetch(content);
  if (!response.ok) throw new Error(`${file} answered ${response.status}`);
  return response.blob();
}

preload(() => Promise.all(SAMPLES.map(contentOf)));
