// The attachments of a mail, and the way back to the mail.
import type { AttachmentResult } from "sortroom";
import { failureFor } from "./failures.js";
import { percent } from "./format.js";
import { loadedDocument, openSource, source, type Source } from "./state.js";

/** The attachments of a mail with their results. */
export function Attachments({ attachments }: { attachments: readonly AttachmentResult[] }) {
  if (attachments.length === 0) return null;
  return (
    <div class="attachments">
      <h3>Attached</h3>
      <ul>
        {attachments.map((attachment, index) => (
          <li key={index}>
            {"decision" in attachment ? (
              <>
                <button type="button" class="chip" onClick={() => openAttachment(index)}>
                  {attachment.name ?? `File ${index + 1}`}
                </button>{" "}
                {attachment.decision.label ?? "none of these"}, {percent(attachment.decision.confidence)} sure
              </>
            ) : (
              <>
                {attachment.name ?? `File ${index + 1}`}: {failureFor(attachment.error.code).title}
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function openAttachment(index: number): void {
  const mail = source.value;
  const file = loadedDocument.value?.document.attachments[index];
  if (!mail || !file) return;
  openSource({
    name: file.name ?? mail.name,
    bytes: new Blob([file.bytes as Uint8Array<ArrayBuffer>]),
    isTyped: false,
    parentMail: mail,
  });
  focusDocument();
}

/** A button that leads from an attachment back to its mail. */
export function BackToMail({ mail }: { mail: Source }) {
  return (
    <button
      type="button"
      class="small"
      onClick={() => {
        openSource(mail);
        focusDocument();
      }}
    >
      Back to the mail
    </button>
  );
}

/** Moves the focus to the document, because the pressed button disappears. */
function focusDocument(): void {
  setTimeout(() => document.getElementById("view-title")?.focus());
}
