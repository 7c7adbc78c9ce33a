// The inputs for documents: dropped anywhere, chosen, pasted, typed, or picked from the samples.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { formats } from "sortroom/worker";
import { loadState } from "../engine.js";
import { SAMPLES, contentOf, type Sample } from "./samples.js";
import { openFile, openSource, openText, rejectSource, source, startActivity } from "./state.js";

const isDragOver = signal(false);

/** What the file dialog offers: the extensions of every format, and all texts. */
const ACCEPTED = [
  ...formats.flatMap(({ extensions }) => extensions.map((extension) => `.${extension}`)),
  "text/*",
].join(",");

/** Whether dragged data can be opened. */
const canOpen = (data: DataTransfer | null) =>
  data !== null && (data.types.includes("Files") || data.types.includes("text/plain"));

/** Whether an element is in a form control. */
const isFormControl = (target: EventTarget | null) =>
  target instanceof Element && target.closest("input, textarea, select") !== null;

function drop(data: DataTransfer): void {
  const item = [...data.items].find(({ kind }) => kind === "file");
  const file = data.files[0];
  const text = data.getData("text/plain");
  if (item?.webkitGetAsEntry()?.isDirectory) rejectSource(file?.name ?? "Folder", "NOT_A_FILE");
  else if (file) openFile(file, data.files.length - 1);
  else if (text !== "") openText(text);
}

function paste(data: DataTransfer): void {
  const text = data.getData("text/plain");
  // Office programs put a picture on the clipboard together with the text.
  if (text.trim() === "") drop(data);
  else openText(text);
}

/** The last picked sample. */
let picked: Sample | undefined;

async function pick(sample: Sample): Promise<void> {
  picked = sample;
  const before = source.value;
  // A document that was chosen while the sample loads takes precedence.
  const isCurrent = () => picked === sample && source.value === before;
  const endActivity = startActivity("reading");
  try {
    const bytes = await contentOf(sample);
    if (isCurrent()) openSource({ name: sample.file, bytes, isTyped: false });
  } catch {
    if (isCurrent()) rejectSource(sample.file, "NOT_LOADED");
  } finally {
    endActivity();
  }
}

function startTyping(): void {
  if (source.value?.isTyped) document.querySelector<HTMLElement>(".written")?.focus();
  else openText("");
}

export function Drop() {
  useEffect(() => {
    // How many elements the pointer has entered and not left: it enters the next one before it leaves the last.
    let depth = 0;
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (!canOpen(event.dataTransfer)) return;
        depth += 1;
        isDragOver.value = true;
      },
      dragleave: () => {
        depth = Math.max(0, depth - 1);
        isDragOver.value = depth > 0;
      },
      dragover: (event: DragEvent) => {
        if (!canOpen(event.dataTransfer)) return;
        const isTextOnControl = isFormControl(event.target) && !event.dataTransfer!.types.includes("Files");
        if (!isTextOnControl) event.preventDefault();
      },
      drop: (event: DragEvent) => {
        depth = 0;
        isDragOver.value = false;
        if (!event.dataTransfer || (isFormControl(event.target) && event.dataTransfer.files.length === 0)) return;
        event.preventDefault();
        drop(event.dataTransfer);
      },
      paste: (event: ClipboardEvent) => {
        if (event.clipboardData && !isFormControl(event.target)) paste(event.clipboardData);
      },
    };
    const entries = Object.entries(listeners) as [string, EventListener][];
    for (const [name, listener] of entries) addEventListener(name, listener);
    return () => entries.forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);

  const isEmpty = source.value === null;
  return (
    <section
      class={`source ${isEmpty ? "start" : ""} ${isDragOver.value ? "over" : ""}`}
      aria-labelledby="source-title"
    >
      <h1 id="source-title" class={isEmpty ? "" : "unseen"}>
        What is this document, and why?
      </h1>
      {isEmpty && (
        <p class="lead">
          Drop a PDF, a mail, a Word file, a web page or a text. It is read in this browser and sent nowhere.
        </p>
      )}
      <div class="ways">
        <label class="button primary">
          Choose a file
          <input
            type="file"
            class="unseen"
            accept={ACCEPTED}
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              // Cleared, so that the same file can be chosen again.
              currentTarget.value = "";
              if (file) openFile(file);
            }}
          />
        </label>
        <button type="button" onClick={startTyping} aria-pressed={source.value?.isTyped ?? false}>
          Write a text
        </button>
      </div>
      <div class="samples" role="group" aria-label="Samples">
        <span aria-hidden="true">Samples:</span>
        <ul>
          {SAMPLES.map((sample) => (
            <li key={sample.file}>
              <button
                type="button"
                class="chip"
                aria-pressed={source.value?.name === sample.file}
                onClick={() => void pick(sample)}
              >
                {sample.title} <small>{sample.kind}</small>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {(source.value?.ignoredFiles ?? 0) > 0 && (
        <p class="note">{`Only the first of ${source.value!.ignoredFiles! + 1} files was opened.`}</p>
      )}
      <Readiness />
      {isDragOver.value && (
        <div class="landing" aria-hidden="true">
          <p>Drop it</p>
        </div>
      )}
    </section>
  );
}

/** The state of loading. */
function Readiness() {
  const text = {
    engine: "Loading the engine …",
    rest: "Ready; loading the rest …",
    ready: "Ready, also offline",
    failed: "Not everything could be loaded: load the page again when the connection is back",
  }[loadState.value];
  return (
    <p class={`readiness ${loadState.value}`} role="status">
      {text}
    </p>
  );
}
