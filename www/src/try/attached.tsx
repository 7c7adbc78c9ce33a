// What came with a mail, and the way back to the mail.
import type { Attached } from "sortroom";
import { failure } from "./failures.js";
import { open, opened, source, type Source } from "./state.js";
import { percent } from "./words.js";

/** What came with a mail. */
export function Attachments({ attached }: { attached: readonly Attached[] }) {
  if (attached.length === 0) return null;
  return (
    <div class="attachments">
      <h3>Attached</h3>
      <ul>
        {attached.map((one, at) => (
          <li key={at}>
            {"decision" in one ? (
              <>
                <button type="button" class="chip" onClick={() => openAttachment(at)}>
                  {one.name ?? `File ${at + 1}`}
                </button>{" "}
                {one.decision.label ?? "none of these"}, {percent(one.decision.confidence)} sure
              </>
            ) : (
              <>
                {one.name ?? `File ${at + 1}`}: {failure(one.error.code).title}
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function openAttachment(at: number): void {
  const mail = source.value;
  const file = opened.value?.document.attachments[at];
  if (!mail || !file) return;
  open({ name: file.name ?? mail.name, bytes: new Blob([file.bytes as Uint8Array<ArrayBuffer>]), written: false, from: mail });
  focusOnDocument();
}

/** Leads from a file back to the mail that brought it. */
export function Back({ to }: { to: Source }) {
  return (
    <button
      type="button"
      class="small"
      onClick={() => {
        open(to);
        focusOnDocument();
      }}
    >
      Back to the mail
    </button>
  );
}

/** The button that was pressed is gone with its document. */
function focusOnDocument(): void {
  setTimeout(() => document.getElementById("view-title")?.focus());
}
