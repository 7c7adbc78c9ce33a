// Where documents come in: dropped anywhere, chosen, pasted, written, or picked from the samples.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { loading } from "../engine.js";
import { SAMPLES, contentOf, type Sample } from "./samples.js";
import { begin, open, openFile, openText, refuse, source } from "./state.js";

const over = signal(false);

/** Whether something that is dragged could be opened. */
const holds = (data: DataTransfer | null) => data !== null && (data.types.includes("Files") || data.types.includes("text/plain"));

/** Whether somebody is writing there. */
const writes = (target: EventTarget | null) => target instanceof Element && target.closest("input, textarea, select") !== null;

function drop(data: DataTransfer): void {
  const item = [...data.items].find(({ kind }) => kind === "file");
  const file = data.files[0];
  const text = data.getData("text/plain");
  if (item?.webkitGetAsEntry()?.isDirectory) refuse(file?.name ?? "Folder", "NOT_A_FILE");
  else if (file) openFile(file, data.files.length - 1);
  else if (text !== "") openText(text);
}

function paste(data: DataTransfer): void {
  const text = data.getData("text/plain");
  // Office programs put a picture beside the text.
  if (text.trim() === "") drop(data);
  else openText(text);
}

/** The sample that was picked last. */
let picked: Sample | undefined;

async function pick(sample: Sample): Promise<void> {
  picked = sample;
  const before = source.value;
  // Whoever chose another document meanwhile wants that one.
  const isWanted = () => picked === sample && source.value === before;
  const done = begin("reading");
  try {
    const bytes = await contentOf(sample);
    if (isWanted()) open({ name: sample.file, bytes, written: false });
  } catch {
    if (isWanted()) refuse(sample.file, "NOT_LOADED");
  } finally {
    done();
  }
}

function write(): void {
  if (source.value?.written) document.querySelector<HTMLElement>(".written")?.focus();
  else openText("");
}

export function Drop() {
  useEffect(() => {
    // How deep the pointer is: moving between elements leaves one after it entered the other.
    let depth = 0;
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (!holds(event.dataTransfer)) return;
        depth += 1;
        over.value = true;
      },
      dragleave: () => {
        depth = Math.max(0, depth - 1);
        over.value = depth > 0;
      },
      dragover: (event: DragEvent) => {
        if (holds(event.dataTransfer) && !(writes(event.target) && !event.dataTransfer!.types.includes("Files"))) event.preventDefault();
      },
      drop: (event: DragEvent) => {
        depth = 0;
        over.value = false;
        if (!event.dataTransfer || (writes(event.target) && event.dataTransfer.files.length === 0)) return;
        event.preventDefault();
        drop(event.dataTransfer);
      },
      paste: (event: ClipboardEvent) => {
        if (event.clipboardData && !writes(event.target)) paste(event.clipboardData);
      },
    };
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [name, listener] of all) addEventListener(name, listener);
    return () => all.forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);

  const empty = source.value === null;
  return (
    <section class={`source ${empty ? "start" : ""} ${over.value ? "over" : ""}`} aria-labelledby="source-title">
      <h1 id="source-title" class={empty ? "" : "unseen"}>
        What is this document, and why?
      </h1>
      {empty && <p class="lead">Drop a PDF, a mail, a Word file, a web page or a text. It is read in this browser and sent nowhere.</p>}
      <div class="ways">
        <label class="button primary">
          Choose a file
          <input
            type="file"
            class="unseen"
            accept=".pdf,.eml,.docx,.html,.htm,.md,.txt,text/*,application/pdf,message/rfc822"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              // Cleared, so that the same file can be chosen again.
              currentTarget.value = "";
              if (file) openFile(file);
            }}
          />
        </label>
        <button type="button" onClick={write} aria-pressed={source.value?.written ?? false}>
          Write a text
        </button>
      </div>
      <div class="samples" role="group" aria-label="Samples">
        <span aria-hidden="true">Samples:</span>
        <ul>
          {SAMPLES.map((sample) => (
            <li key={sample.file}>
              <button type="button" class="chip" aria-pressed={source.value?.name === sample.file} onClick={() => void pick(sample)}>
                {sample.title} <small>{sample.kind}</small>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {(source.value?.beside ?? 0) > 0 && <p class="note">Only the first of {source.value!.beside! + 1} files was opened.</p>}
      <Readiness />
      {over.value && (
        <div class="landing" aria-hidden="true">
          <p>Drop it</p>
        </div>
      )}
    </section>
  );
}

/** How far loading is. */
function Readiness() {
  const words = {
    engine: "Loading the engine …",
    rest: "Ready; loading the rest …",
    ready: "Ready, also offline",
    failed: "Not everything could be loaded: load the page again when the connection is back",
  }[loading.value];
  return (
    <p class={`readiness ${loading.value}`} role="status">
      {words}
    </p>
  );
}
