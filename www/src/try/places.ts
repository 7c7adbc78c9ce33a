// The places of evidence and values on the pages. Spans are byte offsets into the UTF-8 text of a page.
import { computed } from "@preact/signals";
import type { Evidence, Page, Passage, Rect, Span, Value } from "sortroom";
import { signed } from "./format.js";
import { classification, extraction } from "./state.js";

/** A piece of evidence on a page. */
export interface Mark {
  key: string;
  span: Span;
  /** The weight relative to the largest: 0 to 1, negative if it is evidence against the rule. */
  weight: number;
  title: string;
}

/** The place of a value on a page. */
export interface Place {
  key: string;
  span: Span;
  rect?: Rect | undefined;
  field: string;
  value: string;
}

/** An extracted value with its key. */
export interface Cell {
  /** The key of the link between the table and the page. */
  key: string;
  value: Value;
}

/** The values of fields, and the rows of tables, with their keys. */
export const cells = computed(() => {
  const result = extraction.value?.result;
  const cell = (value: Value, key: string): Cell => ({ key, value });
  return {
    values: (result?.values ?? []).map((value, index) => cell(value, `v${index}`)),
    tables: (result?.tables ?? []).map(({ table, rows }, index) => ({
      table,
      rows: rows.map((row, line) => row.map((value, column) => cell(value, `t${index}-${line}-${column}`))),
    })),
  };
});

function groupByPage<T>(items: readonly T[], pageOf: (item: T) => number): Map<number, T[]> {
  const pages = new Map<number, T[]>();
  for (const item of items) {
    const group = pages.get(pageOf(item));
    if (group) group.push(item);
    else pages.set(pageOf(item), [item]);
  }
  return pages;
}

/** The evidence with keys, largest weight first. */
export const evidence = computed(() =>
  (classification.value?.result.evidence ?? []).map((item, index) => ({ ...item, key: `e${index}` })),
);

/** The evidence by page. */
export const marks = computed(() => {
  const all = evidence.value;
  const maxWeight = Math.max(...all.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  const toMark = ({ key, page, span, text, weight, rule }: Evidence & { key: string }): Mark & { page: number } => ({
    key,
    page,
    span,
    weight: weight / maxWeight,
    title: `“${text}”: ${signed(weight)} for ${rule}`,
  });
  return groupByPage(all.map(toMark), ({ page }) => page);
});

/** The places of the values by page. */
export const places = computed(() => {
  const { values, tables } = cells.value;
  const all = [...values, ...tables.flatMap(({ rows }) => rows.flat())];
  const placed = all.flatMap(({ key, value: { field, value, text, citation } }) =>
    citation
      ? [{ key, page: citation.page, span: citation.span, rect: citation.rect, field, value: value ?? text ?? "" }]
      : [],
  );
  return groupByPage<Place & { page: number }>(placed, ({ page }) => page);
});

// --- Pages with a layout ---

/** The boxes of a span, one for each line. */
export function boxes({ words }: Page, { start, end }: Span): Rect[] {
  const lines: Rect[] = [];
  for (let index = firstEndingAfter(words, start); index < words.length; index += 1) {
    const word = words[index]!;
    if (word.span.start >= end) break;
    const line = lines.at(-1);
    if (line && isSameLine(line, word.rect)) lines[lines.length - 1] = union(line, word.rect);
    else lines.push(word.rect);
  }
  return lines;
}

/** The index of the first word that ends after an offset. */
function firstEndingAfter(words: Page["words"], offset: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (words[mid]!.span.end <= offset) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Whether a word continues a line: it is at the same height, and not in the next column. */
function isSameLine(line: Rect, word: Rect): boolean {
  const overlap = Math.min(line.y + line.height, word.y + word.height) - Math.max(line.y, word.y);
  const gap = word.x - (line.x + line.width);
  return overlap > 0.5 * Math.min(line.height, word.height) && gap > -word.height && gap < 3 * word.height;
}

function union(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

// --- Pages as text ---

/** A piece of text with the marks and places that cover it; the mark with the largest weight is first. */
export interface Piece {
  text: string;
  marks: readonly Mark[];
  places: readonly Place[];
}

/** A passage of a page, cut into pieces. */
export interface Block {
  role: Passage["role"];
  pieces: Piece[];
}

/** The first `maxBytes` of a page as passages, cut where a mark or a place begins or ends. */
export function blocks(
  { text, passages }: Page,
  marks: readonly Mark[],
  places: readonly Place[],
  maxBytes: number,
): Block[] {
  const encoded = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const limit = wholeCharacters(encoded, maxBytes);
  const offsets = [...marks, ...places].flatMap(({ span }) => [span.start, span.end]);
  const edges = [...new Set(offsets)].sort((a, b) => a - b);
  const [marksAt, placesAt] = [coverageOf(marks), coverageOf(places)];
  let edge = 0;
  const result: Block[] = [];
  // Passages do not overlap and are in the order of the text, so one pass is enough.
  for (const { span, role } of passages) {
    const end = Math.min(span.end, limit);
    if (span.start >= end) break;
    const pieces: Piece[] = [];
    for (let start = span.start; start < end; ) {
      while (edge < edges.length && edges[edge]! <= start) edge += 1;
      const stop = Math.min(edges[edge] ?? end, end);
      const byWeight = marksAt(start).toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
      pieces.push({ text: decoder.decode(encoded.subarray(start, stop)), marks: byWeight, places: placesAt(start) });
      start = stop;
    }
    result.push({ role, pieces });
  }
  return result;
}

/** A function that returns the items that cover an offset. The offsets of its calls must ascend. */
function coverageOf<T extends { span: Span }>(items: readonly T[]): (offset: number) => readonly T[] {
  const sorted = items.toSorted((a, b) => a.span.start - b.span.start);
  let next = 0;
  let covering: T[] = [];
  return (offset) => {
    covering = covering.filter(({ span }) => span.end > offset);
    for (; next < sorted.length && sorted[next]!.span.start <= offset; next += 1) {
      if (sorted[next]!.span.end > offset) covering.push(sorted[next]!);
    }
    return [...covering];
  };
}

/** The largest number of bytes, at most `maxBytes`, that does not cut a character. */
function wholeCharacters(encoded: Uint8Array, maxBytes: number): number {
  if (maxBytes >= encoded.length) return encoded.length;
  let end = maxBytes;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}
