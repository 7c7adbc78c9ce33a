// Whether the server answers as this page does.
import { computed, effect, signal } from "@preact/signals";
import type { Rule } from "sortroom";
import { announce } from "../announce.js";
import { NO_SERVER, ask, type Said } from "./api.js";
import { OF_THIS_BROWSER } from "./failures.js";
import { decided, failed, found, isBlankText, refusedRules, refusedSchema, source, type Source } from "./state.js";

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
  /** The answer here: its JSON text, or the code of a refusal. */
  here: { json: string } | { code: string };
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
  if (!comparing.value || !of || isBlankText(of) || refusedRules.value || refusedSchema.value) return null;
  if (failed.value) {
    const { code } = failed.value;
    if (OF_THIS_BROWSER.includes(code)) return null;
    // Any rule will do: it is the file that is refused.
    const rules: Rule[] = [{ label: "other", description: "Anything that is written down" }];
    return { source: of, token: token.value, questions: [{ path: "classify", what: "refusal", asked: { rules }, here: { code } }] };
  }
  const [type, fields] = [decided.value, found.value];
  if (type?.source !== of || fields?.source !== of) return null;
  const questions: Question[] = [{ path: "classify", what: "type", asked: { rules: type.asked }, here: { json: type.json } }];
  if (fields.answer) questions.push({ path: "extract", what: "fields", asked: { schema: fields.asked }, here: { json: fields.json } });
  return { source: of, token: token.value, questions };
});

/** How long the server may take, in milliseconds. */
const LATE = 30_000;

/** Asks the server. Gives nothing where that was given up. */
async function compare({ source: of, questions, token }: Comparison, stop: AbortSignal): Promise<Compared | undefined> {
  const since = performance.now();
  const late = AbortSignal.timeout(LATE);
  const signal = AbortSignal.any([stop, late]);
  try {
    const answers = await Promise.all(questions.map(({ path, asked }) => ask(path, of.bytes, of.name, asked, token, signal)));
    return stop.aborted ? undefined : judge(questions, answers, performance.now() - since);
  } catch {
    // Only one of the two signals ends it like this.
    if (stop.aborted) return undefined;
    return { kind: "failed", code: "TIMEOUT", message: `The server took more than ${LATE / 1000} seconds` };
  }
}

function judge(questions: readonly Question[], answers: readonly Said[], ms: number): Compared {
  let bytes = 0;
  for (const [at, said] of answers.entries()) {
    const { here, what } = questions[at]!;
    if ("code" in said && !("code" in here && here.code === said.code)) return { kind: "failed", ...said };
    const [ours, theirs] = ["json" in here ? here.json : here.code, "text" in said ? said.text : said.code];
    if (ours !== theirs) return { kind: "different", what, ...apart(ours, theirs) };
    bytes += new TextEncoder().encode(ours).length;
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

/** What is told of a comparison. */
export function words(of: Compared): string {
  switch (of.kind) {
    case "asking":
      return "Asking the server";
    case "equal":
      return `Equal, byte for byte: server and page give the same ${of.what}`;
    case "different":
      return `Different: the server gives another ${of.what} than the page. Its version may be another: load the page again.`;
    case "failed":
      return failedWords(of.code, of.message);
  }
}

/** Why the server gave no answer. */
export function failedWords(code: string, message: string): string {
  switch (code) {
    case NO_SERVER:
      return "There is no Sortroom server at this address; the page came from a host of plain files, or the connection is gone.";
    case "UNAUTHENTICATED":
      return "The server asks for a token. One is in what npm start prints, or comes from whoever runs the server.";
    case "FORBIDDEN":
      return "The server does not open this with that token.";
    case "TIMEOUT":
      return `${message}.`;
    case "TOO_LARGE":
      return `The server does not take a document of this size with its question: ${message}.`;
    case "RATE_LIMITED":
    case "BUSY":
      return `The server has too much to do just now: ${message}.`;
    default:
      return `The server answered with ${code}: ${message}`;
  }
}

/** How long changes rest before they are sent, in milliseconds. */
const REST = 300;

let timer: ReturnType<typeof setTimeout> | undefined;
/** Ends what is asked: it is asked for what is no longer so, or is not to be sent any more. */
let stop = new AbortController();
effect(() => {
  const next = due.value;
  clearTimeout(timer);
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  compared.value = next && { kind: "asking" };
  if (!next) return;
  timer = setTimeout(async () => {
    const result = await compare(next, signal);
    if (!result) return;
    compared.value = result;
    announce(words(result));
  }, REST);
});
