// Where on the pages is what the answers speak of. Spans are byte offsets into a page's text in UTF-8.
import { computed } from "@preact/signals";
import type { Evidence, Page, Passage, Rect, Span, Value } from "sortroom";
import { decided, found } from "./state.js";
import { signed } from "./words.js";

/** Words that decided, on a page. */
export interface Mark {
  key: string;
  span: Span;
  /** How much they weighed, of the weightiest: 0 to 1, below 0 where they spoke against the rule. */
  weight: number;
  title: string;
}

/** The place of a value, on a page. */
export interface Place {
  key: string;
  span: Span;
  rect?: Rect | undefined;
  field: string;
  value: string;
}

/** A value that was found, and what it is called here. */
export interface Cell {
  /** The same in the table and on the page. */
  key: string;
  value: Value;
}

/** The values of fields, and the rows of tables, with their keys. */
export const cells = computed(() => {
  const answer = found.value?.answer;
  const cell = (value: Value, key: string): Cell => ({ key, value });
  return {
    values: (answer?.values ?? []).map((value, at) => cell(value, `v${at}`)),
    tables: (answer?.tables ?? []).map(({ table, rows }, at) => ({
      table,
      rows: rows.map((row, line) => row.map((value, column) => cell(value, `t${at}-${line}-${column}`))),
    })),
  };
});

function byPage<T>(items: readonly T[], page: (item: T) => number): Map<number, T[]> {
  const pages = new Map<number, T[]>();
  for (const item of items) {
    const known = pages.get(page(item));
    if (known) known.push(item);
    else pages.set(page(item), [item]);
  }
  return pages;
}

/** The words that decided, weightiest first, with their keys. */
export const evidence = computed(() => (decided.value?.answer.evidence ?? []).map((one, at) => ({ ...one, key: `e${at}` })));

export const marks = computed(() => {
  const all = evidence.value;
  const most = Math.max(...all.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE);
  const mark = (one: Evidence & { key: string }): Mark & { page: number } => ({
    key: one.key,
    page: one.page,
    span: one.span,
    weight: one.weight / most,
    title: `“${one.text}”: ${signed(one.weight)} for ${one.rule}`,
  });
  return byPage(all.map(mark), ({ page }) => page);
});

export const places = computed(() => {
  const { values, tables } = cells.value;
  const all = [...values, ...tables.flatMap(({ rows }) => rows.flat())];
  const placed = all.flatMap(({ key, value: { field, value, text, citation } }) =>
    citation ? [{ key, page: citation.page, span: citation.span, rect: citation.rect, field, value: value ?? text ?? "" }] : [],
  );
  return byPage<Place & { page: number }>(placed, ({ page }) => page);
});

// --- Pages with a layout ---

/** The boxes of a span: one for each line it runs over. */
export function boxes({ words }: Page, { start, end }: Span): Rect[] {
  const lines: Rect[] = [];
  for (let at = firstEndingAfter(words, start); at < words.length; at += 1) {
    const word = words[at]!;
    if (word.span.start >= end) break;
    const line = lines.at(-1);
    if (line && sameLine(line, word.rect)) lines[lines.length - 1] = union(line, word.rect);
    else lines.push(word.rect);
  }
  return lines;
}

function firstEndingAfter(words: Page["words"], offset: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.span.end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a word goes on where a line ends: beside it, and not a column away. */
function sameLine(line: Rect, word: Rect): boolean {
  const overlap = Math.min(line.y + line.height, word.y + word.height) - Math.max(line.y, word.y);
  const gap = word.x - (line.x + line.width);
  return overlap > 0.5 * Math.min(line.height, word.height) && gap > -word.height && gap < 3 * word.height;
}

function union(one: Rect, other: Rect): Rect {
  const x = Math.min(one.x, other.x);
  const y = Math.min(one.y, other.y);
  return {
    x,
    y,
    width: Math.max(one.x + one.width, other.x + other.width) - x,
    height: Math.max(one.y + one.height, other.y + other.height) - y,
  };
}

// --- Pages as text ---

/** A piece of text, and all that speaks of it: the weightiest mark first. */
export interface Piece {
  text: string;
  marks: readonly Mark[];
  places: readonly Place[];
}

/** A passage of a page in pieces. */
export interface Block {
  role: Passage["role"];
  pieces: Piece[];
}

/** The first `bytes` of a page as passages, cut where a mark or a place begins or ends. */
export function blocks({ text, passages }: Page, marks: readonly Mark[], places: readonly Place[], bytes: number): Block[] {
  const encoded = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const last = wholeCharacters(encoded, bytes);
  const edges = [...new Set([...marks, ...places].flatMap(({ span }) => [span.start, span.end]))].sort((one, other) => one - other);
  const [marksAt, placesAt] = [covering(marks), covering(places)];
  let edge = 0;
  const found: Block[] = [];
  // Passages do not overlap, and come in the order of the text: one walk is enough.
  for (const { span, role } of passages) {
    const end = Math.min(span.end, last);
    if (span.start >= end) break;
    const pieces: Piece[] = [];
    for (let start = span.start; start < end; ) {
      while (edge < edges.length && edges[edge]! <= start) edge += 1;
      const stop = Math.min(edges[edge] ?? end, end);
      const heavy = marksAt(start).toSorted((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
      pieces.push({ text: decoder.decode(encoded.subarray(start, stop)), marks: heavy, places: placesAt(start) });
      start = stop;
    }
    found.push({ role, pieces });
  }
  return found;
}

/** What covers an offset. Offsets are asked for in ascending order. */
function covering<T extends { span: Span }>(items: readonly T[]): (offset: number) => readonly T[] {
  const waiting = items.toSorted((one, other) => one.span.start - other.span.start);
  let next = 0;
  let open: T[] = [];
  return (offset) => {
    open = open.filter(({ span }) => span.end > offset);
    for (; next < waiting.length && waiting[next]!.span.start <= offset; next += 1) {
      if (waiting[next]!.span.end > offset) open.push(waiting[next]!);
    }
    return [...open];
  };
}

/** The largest number of bytes, `most` or fewer, that do not end within a character. */
function wholeCharacters(encoded: Uint8Array, most: number): number {
  if (most >= encoded.length) return encoded.length;
  let end = most;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}
