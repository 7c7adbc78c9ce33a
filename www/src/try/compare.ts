// Compares the results of the server with those of this page.
import { computed, effect, signal } from "@preact/signals";
import type { Rule } from "sortroom";
import { announce } from "../announce.js";
import { NO_SERVER, sendDocument, type ApiResult } from "./api.js";
import { LOCAL_FAILURES } from "./failures.js";
import {
  classification,
  documentFailure,
  extraction,
  isBlankText,
  rulesRejection,
  schemaRejection,
  source,
  type Source,
} from "./state.js";

/** Whether documents are sent to the server. */
export const isComparing = signal(false);
/** The token to send; if empty, the server uses the cookie of the session. */
export const token = signal("");
/** Counts how often the token or the session changed. Each change repeats the comparison. */
export const authAttempts = signal(0);

/** The state of the comparison. */
export type Comparison =
  | { kind: "asking" }
  | { kind: "equal"; bytes: number; subject: string; ms: number }
  | { kind: "different"; subject: string; local: string; remote: string }
  | { kind: "failed"; code: string; message: string };

export const comparison = signal<Comparison | null>(null);

/** A result of this page, and the request to the server for the same result. */
interface Check {
  path: "classify" | "extract";
  /** What the result is, for messages. */
  subject: string;
  parameters: Record<string, unknown>;
  /** The result of this page: its JSON text, or the code of the error. */
  local: { json: string } | { code: string };
}

interface ComparisonRequest {
  source: Source;
  checks: Check[];
  token: string;
}

/** The comparison to make. Null until this page has all its results. */
const comparisonRequest = computed<ComparisonRequest | null>(() => {
  authAttempts.value;
  const current = source.value;
  if (!isComparing.value || !current || isBlankText(current)) return null;
  if (rulesRejection.value || schemaRejection.value) return null;
  if (documentFailure.value) {
    const { code } = documentFailure.value;
    if (LOCAL_FAILURES.includes(code)) return null;
    // Any rule will do, because the server rejects the file.
    const rules: Rule[] = [{ label: "other", description: "Anything that is written down" }];
    const check: Check = { path: "classify", subject: "refusal", parameters: { rules }, local: { code } };
    return { source: current, token: token.value, checks: [check] };
  }
  const [type, fields] = [classification.value, extraction.value];
  if (type?.source !== current || fields?.source !== current) return null;
  const checks: Check[] = [
    { path: "classify", subject: "type", parameters: { rules: type.request }, local: { json: type.json } },
  ];
  if (fields.result) {
    const parameters = { schema: fields.request };
    checks.push({ path: "extract", subject: "fields", parameters, local: { json: fields.json } });
  }
  return { source: current, token: token.value, checks };
});

/** How long the server may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** Sends the requests and compares the results. Undefined if `abortSignal` was aborted. */
async function compare(
  { source: { bytes, name }, checks, token }: ComparisonRequest,
  abortSignal: AbortSignal,
): Promise<Comparison | undefined> {
  const start = performance.now();
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([abortSignal, timeout]);
  try {
    const results = await Promise.all(
      checks.map(({ path, parameters }) => sendDocument(path, bytes, name, parameters, token, signal)),
    );
    return abortSignal.aborted ? undefined : compareResults(checks, results, performance.now() - start);
  } catch {
    // `sendDocument` throws only if one of the two signals was aborted.
    if (abortSignal.aborted) return undefined;
    return { kind: "failed", code: "TIMEOUT", message: `The server took more than ${TIMEOUT_MS / 1000} seconds` };
  }
}

function compareResults(checks: readonly Check[], results: readonly ApiResult[], ms: number): Comparison {
  let bytes = 0;
  for (const [index, remote] of results.entries()) {
    const { local, subject } = checks[index]!;
    if ("code" in remote && !("code" in local && local.code === remote.code)) return { kind: "failed", ...remote };
    const localText = "json" in local ? local.json : local.code;
    const remoteText = "text" in remote ? remote.text : remote.code;
    if (localText !== remoteText) return { kind: "different", subject, ...firstDifference(localText, remoteText) };
    bytes += new TextEncoder().encode(localText).length;
  }
  return { kind: "equal", bytes, subject: checks.map(({ subject }) => subject).join(" and "), ms };
}

/** The text around the first difference of two texts. */
function firstDifference(local: string, remote: string): { local: string; remote: string } {
  let index = 0;
  while (local[index] === remote[index]) index += 1;
  const around = (text: string) => text.slice(Math.max(0, index - 30), index + 50);
  return { local: around(local), remote: around(remote) };
}

/** A comparison in words. */
export function describeComparison(comparison: Comparison): string {
  switch (comparison.kind) {
    case "asking":
      return "Asking the server";
    case "equal":
      return `Equal, byte for byte: server and page give the same ${comparison.subject}`;
    case "different":
      return `Different: the server gives another ${comparison.subject} than the page. It may run another version: reload the page.`;
    case "failed":
      return describeError(comparison.code, comparison.message);
  }
}

/** An error of the server, or of the way to it, in words. */
export function describeError(code: string, message: string): string {
  switch (code) {
    case NO_SERVER:
      return "There is no Sortroom server at this address; the page came from a host of plain files, or the connection is gone.";
    case "UNAUTHENTICATED":
      return "The server asks for a token. One is in what npm start prints, or comes from whoever runs the server.";
    case "FORBIDDEN":
      return "This token has no access to it.";
    case "TIMEOUT":
      return `${message}.`;
    case "TOO_LARGE":
      return `The server does not take a document of this size together with its rules or fields: ${message}.`;
    case "RATE_LIMITED":
    case "BUSY":
      return `The server has too much to do just now: ${message}.`;
    default:
      return `The server answered with ${code}: ${message}`;
  }
}

/** How long to wait after a change before the document is sent, in milliseconds. */
const DEBOUNCE_MS = 300;

let timer: ReturnType<typeof setTimeout> | undefined;
/** Aborts the requests that are outdated, or are no longer to be sent. */
let abortController = new AbortController();
effect(() => {
  const request = comparisonRequest.value;
  clearTimeout(timer);
  abortController.abort();
  abortController = new AbortController();
  const { signal } = abortController;
  comparison.value = request && { kind: "asking" };
  if (!request) return;
  timer = setTimeout(async () => {
    const result = await compare(request, signal);
    if (!result) return;
    comparison.value = result;
    announce(describeComparison(result));
  }, DEBOUNCE_MS);
});
