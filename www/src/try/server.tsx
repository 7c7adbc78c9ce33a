// The panel that sends the document to the HTTP API too and compares the results.
import { signal } from "@preact/signals";
import { deleteToken, saveToken } from "./api.js";
import {
  authAttempts,
  comparison,
  describeComparison,
  describeError,
  isComparing,
  token,
  type Comparison,
} from "./compare.js";

/** The text in the token field. */
const tokenDraft = signal("");
const isSaving = signal(false);
/** The result of saving or deleting the token. */
const message = signal("");

async function submit(): Promise<void> {
  message.value = "";
  if (!isSaving.value) {
    token.value = tokenDraft.value.trim();
  } else {
    const result = await saveToken(tokenDraft.value.trim());
    if (!("text" in result)) return void (message.value = describeError(result.code, result.message));
    token.value = "";
    tokenDraft.value = "";
    message.value = "The token is kept in a cookie until the browser is closed.";
  }
  authAttempts.value += 1;
}

async function forgetToken(): Promise<void> {
  token.value = "";
  tokenDraft.value = "";
  const result = await deleteToken();
  message.value = "text" in result ? "The token is forgotten." : describeError(result.code, result.message);
  authAttempts.value += 1;
}

export function Server() {
  return (
    <section class="server" aria-labelledby="server-title">
      <h2 id="server-title">The server’s answer</h2>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          checked={isComparing.value}
          onChange={({ currentTarget }) => (isComparing.value = currentTarget.checked)}
        />
        <span>Send the document to the server too, and compare</span>
      </label>
      {isComparing.value && (
        <>
          <Result comparison={comparison.value} />
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void submit();
            }}
          >
            <label>
              Token <small>(leave empty if signed in)</small>
              <input
                type="password"
                autocomplete="off"
                spellcheck={false}
                value={tokenDraft.value}
                onInput={({ currentTarget }) => (tokenDraft.value = currentTarget.value)}
              />
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={isSaving.value}
                onChange={({ currentTarget }) => (isSaving.value = currentTarget.checked)}
              />{" "}
              Keep it in a cookie until the browser is closed
            </label>
            <div class="row">
              <button type="submit">Use this token</button>
              <button type="button" onClick={() => void forgetToken()}>
                Forget it
              </button>
            </div>
          </form>
          <p role="status" class="quiet">
            {message}
          </p>
        </>
      )}
    </section>
  );
}

function Result({ comparison }: { comparison: Comparison | null }) {
  switch (comparison?.kind) {
    case "asking":
      return (
        <p class="compared">
          {describeComparison(comparison)} … <progress aria-label={describeComparison(comparison)} />
        </p>
      );
    case "equal":
      return (
        <p class="compared equal">
          {describeComparison(comparison)}, in {comparison.bytes.toLocaleString("en")} bytes, after{" "}
          {Math.round(comparison.ms)} ms.
        </p>
      );
    case "different":
      return (
        <div class="compared different">
          <p>{describeComparison(comparison)}</p>
          <dl>
            <dt>Page</dt>
            <dd>
              <code>…{comparison.local}…</code>
            </dd>
            <dt>Server</dt>
            <dd>
              <code>…{comparison.remote}…</code>
            </dd>
          </dl>
        </div>
      );
    case "failed":
      return <p class="compared unanswered">{describeComparison(comparison)}</p>;
    default:
      return <p class="compared quiet">Waiting for the result of this page.</p>;
  }
}
