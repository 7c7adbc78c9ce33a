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

/** A piece of text, and what speaks of it. */
export interface Piece {
  text: string;
  mark?: Mark | undefined;
  place?: Place | undefined;
}

/** A passage of a page in pieces. */
export interface Block {
  role: Passage["role"];
  pieces: Piece[];
}

/** A page as passages, cut where a mark or a place begins or ends. Spends no more than `bytes` of text. */
export function blocks({ text, passages }: Page, marks: readonly Mark[], places: readonly Place[], bytes: number): Block[] {
  const encoded = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const found: Block[] = [];
  for (const { span, role } of passages) {
    if (span.start > bytes) break;
    const within = <T extends { span: Span }>(items: readonly T[]) => items.filter((item) => item.span.start < span.end && item.span.end > span.start);
    const [here, named] = [within(marks), within(places)];
    const cuts = new Set([span.start, span.end]);
    for (const { span: other } of [...here, ...named]) {
      cuts.add(Math.max(other.start, span.start));
      cuts.add(Math.min(other.end, span.end));
    }
    const sorted = [...cuts].sort((one, other) => one - other);
    const pieces = sorted.slice(1).map((end, at): Piece => {
      const start = sorted[at]!;
      const covers = (item: { span: Span }) => item.span.start <= start && item.span.end >= end;
      // Where two overlap, the weightier is seen.
      const mark = here.filter(covers).sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight))[0];
      return { text: decoder.decode(encoded.subarray(start, end)), mark, place: named.find(covers) };
    });
    found.push({ role, pieces });
  }
  return found;
}
