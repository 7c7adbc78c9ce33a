// Whether the server answers as this page does.
import { computed, effect, signal } from "@preact/signals";
import type { Rule } from "sortroom";
import { announce } from "../announce.js";
import { latest } from "../latest.js";
import { ask, type Said } from "./api.js";
import { decided, failed, found, refusedRules, refusedSchema, source, type Source } from "./state.js";

/** Whether documents are sent to the server. */
export const comparing = signal(false);
/** The token that they are sent with; with none, the session's cookie. */
export const token = signal("");
/** Counts how often the way in was changed: it is tried again. */
export const admitted = signal(0);

/** What came of a comparison. */
export type Compared =
  | { kind: "asking" }
  | { kind: "equal"; bytes: number; what: string; ms: number }
  | { kind: "different"; what: string; here: string; there: string }
  | { kind: "failed"; code: string; message: string };

export const compared = signal<Compared | null>(null);

/** One answer of this page, and where the server gives its own. */
interface Question {
  path: "classify" | "extract";
  what: string;
  asked: Record<string, unknown>;
  /** The answer here, as it is written: JSON, or the code of a failure. */
  here: string;
}

interface Comparison {
  source: Source;
  questions: Question[];
  token: string;
}

/** The comparison to make, once everything is answered here. */
const due = computed<Comparison | null>(() => {
  admitted.value;
  const of = source.value;
  if (!comparing.value || !of || refusedRules.value || refusedSchema.value) return null;
  if (failed.value) {
    // Any rule will do: it is the file that is refused.
    const rules: Rule[] = [{ label: "other", description: "Anything that is written down" }];
    const { code } = failed.value;
    if (["NOT_LOADED", "NOT_READABLE", "NOT_A_FILE", "INTERNAL"].includes(code)) return null;
    return { source: of, token: token.value, questions: [{ path: "classify", what: "refusal", asked: { rules }, here: code }] };
  }
  const [decision, extraction] = [decided.value, found.value];
  if (decision?.source !== of || extraction?.source !== of) return null;
  const questions: Question[] = [{ path: "classify", what: "type", asked: { rules: decision.rules }, here: JSON.stringify(decision.answer) }];
  if (extraction.answer) questions.push({ path: "extract", what: "fields", asked: { schema: extraction.schema }, here: JSON.stringify(extraction.answer) });
  return { source: of, token: token.value, questions };
});

const compare = latest(async ({ source: of, questions, token }: Comparison) => {
  const since = performance.now();
  const late = AbortSignal.timeout(30_000);
  const asked = questions.map(({ path, asked }) => ask(path, of.bytes, of.name, asked, token, late));
  let result: Compared;
  try {
    result = judge(questions, await Promise.all(asked), performance.now() - since);
  } catch {
    result = { kind: "failed", code: "TIMEOUT", message: "The server took more than 30 seconds" };
  }
  if (of !== source.value || !comparing.value) return;
  compared.value = result;
  announce(result.kind === "equal" ? "The server’s answer is the same" : result.kind === "different" ? "The server’s answer is another" : "The server did not answer");
});

/** An answer as JavaScript writes it: Rust writes `1.0` where JavaScript writes `1`. Order and digits stay. */
const written = (text: string): string => JSON.stringify(JSON.parse(text));

function judge(questions: readonly Question[], answers: readonly Said[], ms: number): Compared {
  let bytes = 0;
  for (const [at, said] of answers.entries()) {
    const { here, what } = questions[at]!;
    const there = "text" in said ? written(said.text) : said.code;
    if (there !== here && !("text" in said)) return { kind: "failed", ...said };
    if (there !== here) return { kind: "different", what, ...apart(here, there) };
    bytes += new TextEncoder().encode(here).length;
  }
  return { kind: "equal", bytes, what: questions.map(({ what }) => what).join(" and "), ms };
}

/** What stands where two texts part. */
function apart(here: string, there: string): { here: string; there: string } {
  let at = 0;
  while (here[at] === there[at]) at += 1;
  const around = (text: string) => text.slice(Math.max(0, at - 30), at + 50);
  return { here: around(here), there: around(there) };
}

/** How long changes rest before they are sent, in milliseconds. */
const REST = 300;

let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const next = due.value;
  clearTimeout(timer);
  compared.value = next && { kind: "asking" };
  if (next) timer = setTimeout(() => compare(next), REST);
});
