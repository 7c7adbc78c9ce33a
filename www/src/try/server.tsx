// The same document through the HTTP API, and whether it says the same.
import { signal } from "@preact/signals";
import { forget, keep } from "./api.js";
import { admitted, compared, comparing, failedWords, token, words, type Compared } from "./compare.js";

/** What is written into the field of the token. */
const draft = signal("");
const kept = signal(false);
/** What came of keeping or forgetting the token. */
const told = signal("");

async function submit(): Promise<void> {
  told.value = "";
  if (!kept.value) {
    token.value = draft.value.trim();
  } else {
    const said = await keep(draft.value.trim());
    if (!("text" in said)) return void (told.value = failedWords(said.code, said.message));
    token.value = "";
    draft.value = "";
    told.value = "The token is kept in a cookie until the browser is closed.";
  }
  admitted.value += 1;
}

async function leave(): Promise<void> {
  token.value = "";
  draft.value = "";
  const said = await forget();
  told.value = "text" in said ? "The token is forgotten." : failedWords(said.code, said.message);
  admitted.value += 1;
}

export function Server() {
  return (
    <section class="server" aria-labelledby="server-title">
      <h2 id="server-title">The server’s answer</h2>
      <label class="switch">
        <input type="checkbox" role="switch" checked={comparing.value} onChange={({ currentTarget }) => (comparing.value = currentTarget.checked)} />
        <span>Send the document to the server too, and compare</span>
      </label>
      {comparing.value && (
        <>
          <Result of={compared.value} />
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void submit();
            }}
          >
            <label>
              Token <small>(none where a session is open)</small>
              <input
                type="password"
                autocomplete="off"
                spellcheck={false}
                value={draft.value}
                onInput={({ currentTarget }) => (draft.value = currentTarget.value)}
              />
            </label>
            <label class="check">
              <input type="checkbox" checked={kept.value} onChange={({ currentTarget }) => (kept.value = currentTarget.checked)} /> Keep it in a
              cookie until the browser is closed
            </label>
            <div class="row">
              <button type="submit">Use this token</button>
              <button type="button" onClick={() => void leave()}>
                Forget it
              </button>
            </div>
          </form>
          <p role="status" class="quiet">
            {told}
          </p>
        </>
      )}
    </section>
  );
}

function Result({ of }: { of: Compared | null }) {
  switch (of?.kind) {
    case "asking":
      return (
        <p class="compared">
          {words(of)} … <progress aria-label={words(of)} />
        </p>
      );
    case "equal":
      return (
        <p class="compared equal">
          {words(of)}, in {of.bytes.toLocaleString("en")} bytes, after {Math.round(of.ms)} ms.
        </p>
      );
    case "different":
      return (
        <div class="compared different">
          <p>{words(of)}</p>
          <dl>
            <dt>Page</dt>
            <dd>
              <code>…{of.here}…</code>
            </dd>
            <dt>Server</dt>
            <dd>
              <code>…{of.there}…</code>
            </dd>
          </dl>
        </div>
      );
    case "failed":
      return <p class="compared unanswered">{words(of)}</p>;
    default:
      return <p class="compared quiet">It is sent as soon as it is answered here.</p>;
  }
}
