// What the document is, how sure that is, and why.
import type { Classified, Evidence } from "sortroom";
import { useEffect, useState } from "preact/hooks";
import { Attachments } from "./attached.js";
import type { Failure } from "./failures.js";
import { goTo, idOf, pointing, useLit } from "./link.js";
import { evidence } from "./places.js";
import { busy, decided, failed, giveUp, isBlankText, refusedRules, source, type Doing } from "./state.js";
import { number, percent, plural, signed } from "./words.js";

const DOING: Record<Doing, string> = { reading: "Reading", classifying: "Sorting", extracting: "Looking for the fields", drawing: "Drawing" };

/** How long something takes before it is said that it does, in milliseconds. */
const PATIENCE = 300;

/** Whether it lasts for longer than that. */
function useLong(going: boolean): boolean {
  const [long, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (!going) return;
    const timer = setTimeout(() => setLong(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [going]);
  return long && going;
}

export function Answer() {
  const what = busy.value;
  const long = useLong(what !== null);
  return (
    <section class="answer" aria-labelledby="answer-title">
      <h2 id="answer-title" class="unseen">
        Answer
      </h2>
      {long && what && (
        <div class="progress">
          <label>
            {DOING[what]} … <progress />
          </label>
          {what !== "drawing" && (
            <button
              type="button"
              onClick={() => {
                giveUp();
                // This button goes; the next thing to do is to choose another.
                document.querySelector<HTMLElement>(".source input")?.focus();
              }}
            >
              Stop
            </button>
          )}
        </div>
      )}
      <Outcome />
    </section>
  );
}

function Outcome() {
  if (failed.value) return <Failed why={failed.value} />;
  if (decided.value) return <Verdict answer={decided.value.answer} />;
  if (refusedRules.value) return <Failed why={refusedRules.value.why} />;
  if (source.value && isBlankText(source.value)) return <p class="quiet">Write or paste a text: its type, and why.</p>;
  return <p class="quiet">…</p>;
}

function Failed({ why }: { why: Failure }) {
  return (
    <div class="failure" role="alert">
      <h3>{why.title}</h3>
      <p>{why.help}</p>
      <p class="code">
        <code>{why.code}</code> {why.detail}
      </p>
    </div>
  );
}

function Verdict({ answer }: { answer: Classified }) {
  const { label, confidence, reasoning, scores, runner_up, change, attachments } = answer;
  const most = Math.max(...scores.map(({ score }) => score), 0.01);
  return (
    <>
      <div class="verdict">
        <p class={label === null ? "label none" : "label"}>{label ?? "none of these"}</p>
        <div class="sure">
          <div class="meter" role="meter" aria-label="Confidence" aria-valuemin={0} aria-valuemax={1} aria-valuenow={confidence} aria-valuetext={percent(confidence)}>
            <span style={{ inlineSize: `${confidence * 100}%` }} />
          </div>
          <span>{percent(confidence)} sure</span>
        </div>
      </div>
      {refusedRules.value && <p class="note">This is the answer from before the last change. {refusedRules.value.why.title}.</p>}
      <Attachments attached={attachments} />
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
                  {rule === runner_up?.label && <small> runner-up, {number(runner_up.margin)} behind</small>}
                </th>
                <td>
                  <span class="bar" aria-hidden="true" style={{ "--share": `${Math.max(score, 0) / most}` }} />
                  {number(score)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Words />
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

/** The words that decided, each leading to its place. */
function Words() {
  const all = evidence.value;
  if (all.length === 0) return null;
  const most = Math.max(...all.map(({ weight }) => Math.abs(weight)));
  const [strong, weak] = [all.filter(({ weight }) => Math.abs(weight) >= WEAK * most), all.filter(({ weight }) => Math.abs(weight) < WEAK * most)];
  return (
    <div class="words">
      <h3>Words that decided</h3>
      <ul>
        {strong.map((word) => (
          <Word key={word.key} word={word} most={most} />
        ))}
      </ul>
      {weak.length > 0 && (
        <details>
          <summary>And {plural(weak.length, "word")} that weighed little</summary>
          <ul>
            {weak.map((word) => (
              <Word key={word.key} word={word} most={most} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Below this share of the weightiest, a word is one of many. */
const WEAK = 0.04;

const KINDS: Record<Evidence["kind"], string> = {
  word: "a word of the rule",
  name: "the name of the rule",
  meaning: "of like meaning",
  example: "as in an example",
};

function Word({ word: { key, text, page, weight, kind }, most }: { word: Evidence & { key: string }; most: number }) {
  const isLit = useLit(key);
  return (
    <li>
      <button
        type="button"
        id={idOf("answer", key)}
        class={`word ${weight < 0 ? "against" : "for"} ${isLit ? "lit" : ""}`}
        style={{ "--weight": `${Math.abs(weight) / most}` }}
        title={`${KINDS[kind]}, page ${page}`}
        onClick={() => goTo("page", key)}
        {...pointing(key)}
      >
        {text} <small>{signed(weight)}</small>
      </button>
    </li>
  );
}
