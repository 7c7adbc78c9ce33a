// Documents to begin with: invented ones, of the tests.
import { loadAhead } from "../engine.js";
import contract from "../../../tests/corpus/pdf/nda-en.pdf?url";
import docx from "../../../tests/corpus/docx/invoice-en.docx?url";
import invoice from "../../../tests/corpus/pdf/invoice-en.pdf?url";
import mail from "../../../tests/corpus/eml/refund-request-en.eml?raw";
import mailWithInvoice from "../../../tests/corpus/eml/invoice-attached-en.eml?raw";
import poem from "../../../tests/corpus/txt/poem-en.txt?raw";
import statement from "../../../tests/corpus/pdf/bank-statement-en.pdf?url";
import web from "../../../tests/corpus/html/invoice-hosting-en.html?raw";

export interface Sample {
  /** What it is, for people. */
  title: string;
  /** The kind of file. */
  kind: string;
  /** The name of the file. */
  file: string;
  /** Its address, or what it is where it is a text. */
  content: URL | string;
}

const sample = (title: string, kind: string, file: string, content: string): Sample => ({ title, kind, file, content });
const packed = (title: string, kind: string, file: string, address: string): Sample => ({ title, kind, file, content: new URL(address, import.meta.url) });

export const SAMPLES: readonly [Sample, ...Sample[]] = [
  packed("Invoice", "PDF", "invoice-en.pdf", invoice),
  sample("Refund request", "mail", "refund-request-en.eml", mail),
  packed("Confidentiality agreement", "PDF", "nda-en.pdf", contract),
  packed("Bank statement", "PDF", "bank-statement-en.pdf", statement),
  packed("Invoice", "Word", "invoice-en.docx", docx),
  sample("Mail with an invoice", "mail", "invoice-attached-en.eml", mailWithInvoice),
  sample("Invoice", "web page", "invoice-hosting-en.html", web),
  sample("Poem", "text", "poem-en.txt", poem),
];

const loaded = new Map<Sample, Promise<Blob>>();

/** The content of a sample, asked for once. */
export function contentOf(sample: Sample): Promise<Blob> {
  const known = loaded.get(sample);
  if (known) return known;
  const asked = load(sample);
  loaded.set(sample, asked);
  asked.catch(() => loaded.delete(sample));
  return asked;
}

async function load({ file, content }: Sample): Promise<Blob> {
  if (typeof content === "string") return new Blob([content]);
  const answer = await fetch(content);
  if (!answer.ok) throw new Error(`${file} answered ${answer.status}`);
  return answer.blob();
}

loadAhead(() => Promise.all(SAMPLES.map(contentOf)));
