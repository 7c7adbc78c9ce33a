// The answer: the label of the document, the confidence, and the evidence.
import type { ClassifyResult, Evidence } from "sortroom";
import { useEffect, useState } from "preact/hooks";
import { Attachments } from "./attachments.js";
import type { Failure } from "./failures.js";
import { decimal, percent, plural, signed } from "./format.js";
import { elementId, goTo, linkHandlers, useIsHighlighted } from "./link.js";
import { evidence } from "./places.js";
import {
  cancel,
  classification,
  currentActivity,
  documentFailure,
  isBlankText,
  rulesRejection,
  source,
  type Activity,
} from "./state.js";

const ACTIVITY_NAMES: Record<Activity, string> = {
  reading: "Reading",
  classifying: "Sorting",
  extracting: "Looking for the fields",
  drawing: "Drawing",
};

/** How long an activity takes before its progress is shown, in milliseconds. */
const PROGRESS_DELAY_MS = 300;

/** Whether an activity has been running for longer than `PROGRESS_DELAY_MS`. */
function useIsSlow(isRunning: boolean): boolean {
  const [isSlow, setIsSlow] = useState(false);
  useEffect(() => {
    setIsSlow(false);
    if (!isRunning) return;
    const timer = setTimeout(() => setIsSlow(true), PROGRESS_DELAY_MS);
    return () => clearTimeout(timer);
  }, [isRunning]);
  return isSlow && isRunning;
}

export function Answer() {
  const activity = currentActivity.value;
  const isSlow = useIsSlow(activity !== null);
  return (
    <section class="answer" aria-labelledby="answer-title">
      <h2 id="answer-title" class="unseen">
        Answer
      </h2>
      {isSlow && activity && (
        <div class="progress">
          <label>
            {ACTIVITY_NAMES[activity]} … <progress />
          </label>
          {activity !== "drawing" && (
            <button
              type="button"
              onClick={() => {
                cancel();
                // This button disappears. The user probably chooses another document next.
                document.querySelector<HTMLElement>(".source input")?.focus();
              }}
            >
              Stop
            </button>
          )}
        </div>
      )}
      <Result />
    </section>
  );
}

function Result() {
  if (documentFailure.value) return <FailureMessage failure={documentFailure.value} />;
  if (classification.value) return <Classification result={classification.value.result} />;
  if (rulesRejection.value) return <FailureMessage failure={rulesRejection.value.failure} />;
  if (source.value && isBlankText(source.value)) return <p class="quiet">Write or paste a text: its type, and why.</p>;
  return <p class="quiet">…</p>;
}

function FailureMessage({ failure }: { failure: Failure }) {
  return (
    <div class="failure" role="alert">
      <h3>{failure.title}</h3>
      <p>{failure.help}</p>
      <p class="code">
        <code>{failure.code}</code> {failure.detail}
      </p>
    </div>
  );
}

function Classification({ result }: { result: ClassifyResult }) {
  const { label, confidence, reasoning, scores, runner_up, change, attachments } = result;
  const maxScore = Math.max(...scores.map(({ score }) => score), 0.01);
  return (
    <>
      <div class="verdict">
        <p class={label === null ? "label none" : "label"}>{label ?? "none of these"}</p>
        <div class="sure">
          <div
            class="meter"
            role="meter"
            aria-label="Confidence"
            aria-valuemin={0}
            aria-valuemax={1}
            aria-valuenow={confidence}
            aria-valuetext={percent(confidence)}
          >
            <span style={{ inlineSize: `${confidence * 100}%` }} />
          </div>
          <span>{percent(confidence)} sure</span>
        </div>
      </div>
      {rulesRejection.value && (
        <p class="note">This is the answer from before the last change. {rulesRejection.value.failure.title}.</p>
      )}
      <Attachments attachments={attachments} />
      {scores.length > 0 && (
        <table class="scores">
          <caption>Every rule’s score</caption>
          <thead class="unseen">
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Score</th>
            </tr>
          </thead>
          <tbody>
            {scores.map(({ label: rule, score }) => (
              <tr key={rule} class={rule === label ? "first" : ""}>
                <th scope="row">
                  {rule}
                  {rule === runner_up?.label && <small> runner-up, {decimal(runner_up.margin)} behind</small>}
                </th>
                <td>
                  <span class="bar" aria-hidden="true" style={{ "--share": `${Math.max(score, 0) / maxScore}` }} />
                  {decimal(score)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <EvidenceList />
      {change && change.missing.length > 0 && (
        <p class="change">
          It would be <b>{change.label}</b> with words such as {change.missing.map((word) => `“${word}”`).join(", ")}.
        </p>
      )}
      <details>
        <summary>The whole reasoning</summary>
        <p class="reasoning">{reasoning}</p>
      </details>
    </>
  );
}

/** The evidence, each item with a link to its place. */
function EvidenceList() {
  const all = evidence.value;
  if (all.length === 0) return null;
  const maxWeight = Math.max(...all.map(({ weight }) => Math.abs(weight)));
  const strong = all.filter(({ weight }) => Math.abs(weight) >= WEAK_FRACTION * maxWeight);
  const weak = all.filter(({ weight }) => Math.abs(weight) < WEAK_FRACTION * maxWeight);
  return (
    <div class="words">
      <h3>Words that decided</h3>
      <ul>
        {strong.map((item) => (
          <EvidenceItem key={item.key} item={item} maxWeight={maxWeight} />
        ))}
      </ul>
      {weak.length > 0 && (
        <details>
          <summary>And {plural(weak.length, "word")} that weighed little</summary>
          <ul>
            {weak.map((item) => (
              <EvidenceItem key={item.key} item={item} maxWeight={maxWeight} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Evidence with less than this fraction of the largest weight is collapsed. */
const WEAK_FRACTION = 0.04;

const KIND_NAMES: Record<Evidence["kind"], string> = {
  word: "a word of the rule",
  name: "the name of the rule",
  meaning: "of like meaning",
  example: "as in an example",
};

function EvidenceItem({ item, maxWeight }: { item: Evidence & { key: string }; maxWeight: number }) {
  const { key, text, page, weight, kind } = item;
  const isHighlighted = useIsHighlighted(key);
  return (
    <li>
      <button
        type="button"
        id={elementId("answer", key)}
        class={`word ${weight < 0 ? "against" : "for"} ${isHighlighted ? "lit" : ""}`}
        style={{ "--weight": `${Math.abs(weight) / maxWeight}` }}
        title={`${KIND_NAMES[kind]}, page ${page}`}
        onClick={() => goTo("page", key)}
        {...linkHandlers(key)}
      >
        {text} <small>{signed(weight)}</small>
      </button>
    </li>
  );
}
