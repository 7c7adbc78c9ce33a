// The document itself, with the words that decided marked and the values framed.
import { signal, useComputed } from "@preact/signals";
import { Fragment, type ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Page, Passage, Span } from "sortroom";
import { Back } from "./attached.js";
import { drawing, isOpening, undrawable, type Drawing } from "./drawing.js";
import { goTo, idOf, lit, pointing, sought, useLit } from "./link.js";
import { blocks, boxes, marks, places, type Mark, type Piece, type Place } from "./places.js";
import { begin, opened, openText, source, written } from "./state.js";
import { FORMATS, plural, size } from "./words.js";

/** How a PDF is shown. */
const mode = signal<"page" | "text">("page");

export function View() {
  const { name, bytes, written: here, from } = source.value!;
  const document = opened.value?.document;
  const drawn = drawing.value;
  const pages = document ? plural(document.page_count, "page") : drawn ? plural(drawn.pdf.numPages, "page") : "";
  const facts = [document && FORMATS[document.format], document?.format === "pdf" || !document ? pages : "", size(bytes.size)];
  return (
    <section class="pane view" aria-labelledby="view-title">
      <div class="title">
        <h2 id="view-title" tabIndex={-1}>
          {name} <small class="quiet">{facts.filter((fact) => fact).join(", ")}</small>
        </h2>
        {from && <Back to={from} />}
        {drawn && document && (
          <div class="modes" role="group" aria-label="Show the document as">
            {(["page", "text"] as const).map((one) => (
              <button type="button" key={one} class="small" aria-pressed={mode.value === one} onClick={() => (mode.value = one)}>
                {one === "page" ? "Pages" : "Text"}
              </button>
            ))}
          </div>
        )}
      </div>
      {here && <Written />}
      {document?.format === "pdf" && undrawable.value && <p class="note">The pages could not be drawn: this is their text.</p>}
      {drawn && (mode.value === "page" || !document) ? <Sheets drawing={drawn} /> : document && !isOpening.value ? <Texts pages={document.pages} /> : null}
    </section>
  );
}

/** Where a text is written. */
function Written() {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  return (
    <textarea
      ref={area}
      class="written"
      rows={6}
      aria-label="Your text"
      placeholder="Write or paste a text; the answer follows."
      value={written}
      onInput={({ currentTarget }) => openText(currentTarget.value)}
    />
  );
}

// --- Pages as they are drawn ---

function Sheets({ drawing }: { drawing: Drawing }) {
  const scroll = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = scroll.current!;
    const measure = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(element);
      setWidth(Math.min(900, element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)));
    };
    measure();
    let timer: ReturnType<typeof setTimeout>;
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(measure, 100);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const pages = new Map(opened.value?.document.pages.map((page) => [page.number, page]));
  return (
    <div class="scroll sheets" ref={scroll} role="region" aria-label="Pages of the document" tabIndex={0}>
      {Array.from({ length: drawing.pdf.numPages }, (_, at) => (
        <Sheet key={at} drawing={drawing} number={at + 1} width={width} page={pages.get(at + 1)} scroll={scroll} />
      ))}
    </div>
  );
}

interface SheetProps {
  drawing: Drawing;
  number: number;
  width: number;
  page: Page | undefined;
  scroll: { current: HTMLElement | null };
}

function Sheet({ drawing, number, width, page, scroll }: SheetProps) {
  const sheet = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [broken, setBroken] = useState(false);
  const [across, down] = page?.size ?? drawing.size;
  useEffect(() => {
    // Where several changes are told at once, the last is how it is.
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)!.isIntersecting), { root: scroll.current, rootMargin: "100% 0%" });
    observer.observe(sheet.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    // What is far away gives its memory back.
    if (!near) return holder.current?.replaceChildren();
    if (width <= 0) return;
    setBroken(false);
    const done = begin("drawing");
    const stop = new AbortController();
    import("./pdf.js")
      .then(({ paint }) => paint(drawing.pdf, number, width, stop.signal))
      .then(
        (canvas) => {
          if (stop.signal.aborted) return;
          canvas.setAttribute("role", "img");
          canvas.setAttribute("aria-label", `Page ${number} of ${drawing.pdf.numPages}; “Text” shows its words`);
          holder.current?.replaceChildren(canvas);
          performance.mark("drawn", { detail: number });
        },
        (error) => {
          if (stop.signal.aborted) return;
          console.debug(error);
          setBroken(true);
        },
      )
      .finally(done);
    return () => stop.abort();
  }, [near, width, drawing]);
  return (
    <div class="sheet" ref={sheet} style={{ inlineSize: `${width}px`, aspectRatio: `${across} / ${down}` }}>
      <div class="canvas" ref={holder} />
      {broken && <p class="note">This page could not be drawn. “Text” shows its words.</p>}
      {page && <Overlay page={page} across={across} down={down} />}
    </div>
  );
}

/** What is marked and framed on a drawn page. */
function Overlay({ page, across, down }: { page: Page; across: number; down: number }) {
  const here = useComputed(() => ({ marks: marks.value.get(page.number) ?? [], places: places.value.get(page.number) ?? [] }));
  const at = (rect: { x: number; y: number; width: number; height: number }, margin: number) => ({
    insetInlineStart: `${((rect.x - margin) / across) * 100}%`,
    insetBlockStart: `${((rect.y - margin) / down) * 100}%`,
    inlineSize: `${((rect.width + 2 * margin) / across) * 100}%`,
    blockSize: `${((rect.height + 2 * margin) / down) * 100}%`,
  });
  return (
    <>
      {here.value.marks.map((mark) =>
        boxes(page, mark.span).map((box, line) => (
          <div
            key={`${mark.key}-${line}`}
            {...(line === 0 && { id: idOf("page", mark.key), role: "note", "aria-label": mark.title, tabIndex: -1 })}
            class={markClass(mark, lit.value === mark.key)}
            style={{ ...at(box, 1), "--weight": `${Math.abs(mark.weight)}` }}
            title={mark.title}
            {...pointing(mark.key)}
          />
        )),
      )}
      {here.value.places.map((place) => {
        const [box = place.rect, ...more] = boxes(page, place.span);
        return (
          box && (
            <Fragment key={place.key}>
              <button
                type="button"
                id={idOf("page", place.key)}
                class={`place ${lit.value === place.key ? "lit" : ""}`}
                style={at(box, 2)}
                aria-label={`${place.field}: ${place.value}`}
                title={place.field}
                onClick={() => goTo("answer", place.key)}
                {...pointing(place.key)}
              />
              {more.map((box, line) => (
                <div key={`${place.key}-${line}`} class={`place ${lit.value === place.key ? "lit" : ""}`} style={at(box, 2)} aria-hidden="true" />
              ))}
            </Fragment>
          )
        );
      })}
    </>
  );
}

const markClass = ({ weight }: Mark, isLit: boolean): string => `mark ${weight < 0 ? "against" : "for"} ${isLit ? "lit" : ""}`;

// --- Pages as text ---

/** How much of a page's text is shown at first, in bytes, and how many times that with each wish for more. */
const SHOWN = 100_000;
const MORE = 8;

const NONE: readonly never[] = [];

function Texts({ pages }: { pages: readonly Page[] }) {
  return (
    <div class="scroll texts" role="region" aria-label="Text of the document" tabIndex={0}>
      {pages.map((page) => (
        <TextPage key={page.number} page={page} alone={pages.length === 1} />
      ))}
    </div>
  );
}

function TextPage({ page, alone }: { page: Page; alone: boolean }) {
  const [shown, setShown] = useState(SHOWN);
  const marked = useComputed(() => marks.value.get(page.number) ?? NONE).value;
  const placed = useComputed(() => places.value.get(page.number) ?? NONE).value;
  const found = useMemo(() => blocks(page, marked, placed, shown), [page, marked, placed, shown]);
  useSought([...marked, ...placed], shown, setShown);
  // The first piece of each is the one that links lead to.
  const named = new Set<string>();
  const first = (key: string) => !named.has(key) && !!named.add(key);
  const anchors = (under: readonly { key: string }[]) =>
    under.filter(({ key }) => first(key)).map(({ key }) => <span key={key} id={idOf("page", key)} tabIndex={-1} {...pointing(key)} />);
  const words = ({ text, marks: [mark, ...under] }: Piece, at: number) => (
    <Fragment key={at}>
      {anchors(under)}
      {mark ? <Marked mark={mark} text={text} first={first(mark.key)} /> : text}
    </Fragment>
  );
  return (
    <article class="leaf">
      {!alone && <h3 class="quiet">Page {page.number}</h3>}
      {found.map(({ role, pieces }, at) => (
        <Block key={at} role={role}>
          {framed(pieces).map(([[place, ...under], pieces], at) => {
            if (!place) return <Fragment key={at}>{pieces.map(words)}</Fragment>;
            const text = pieces.map(({ text }) => text).join("");
            return (
              <Framed key={at} place={place} under={under} text={text} first={first(place.key)}>
                {anchors(under)}
                {pieces.map(words)}
              </Framed>
            );
          })}
        </Block>
      ))}
      {shown < (page.passages.at(-1)?.span.end ?? 0) && (
        <button type="button" onClick={() => setShown(shown * MORE)}>
          Show more of the page
        </button>
      )}
    </article>
  );
}

/** Shows what a link leads to, where that is beyond what is shown, and goes on to it. */
function useSought(items: readonly { key: string; span: Span }[], shown: number, show: (bytes: number) => void): void {
  const wanted = items.find(({ key }) => key === sought.value);
  useLayoutEffect(() => {
    if (!wanted) return;
    if (wanted.span.start >= shown) show(wanted.span.end + SHOWN);
    else goTo("page", wanted.key);
  }, [wanted, shown]);
}

/** Pieces beside each other of the same place, together, with all that they are places of. */
function framed(pieces: readonly Piece[]): [readonly Place[], Piece[]][] {
  const groups: [readonly Place[], Piece[]][] = [];
  for (const piece of pieces) {
    const last = groups.at(-1);
    if (last && last[0][0] === piece.places[0]) last[1].push(piece);
    else groups.push([piece.places, [piece]]);
  }
  return groups;
}

function Block({ role, children }: { role: Passage["role"]; children: ComponentChildren }) {
  switch (role) {
    case "title":
      return <p class="role-title">{children}</p>;
    case "heading":
      return <p class="role-heading">{children}</p>;
    case "quote":
      return <blockquote>{children}</blockquote>;
    default:
      return <p class={`role-${role}`}>{children}</p>;
  }
}

function Marked({ mark, text, first }: { mark: Mark; text: string; first: boolean }) {
  const isLit = useLit(mark.key);
  return (
    <mark
      class={markClass(mark, isLit)}
      style={{ "--weight": `${Math.abs(mark.weight)}` }}
      title={mark.title}
      {...(first && { id: idOf("page", mark.key), tabIndex: -1 })}
      {...pointing(mark.key)}
    >
      {text}
    </mark>
  );
}

interface FramedProps {
  place: Place;
  /** Other values of the same words. */
  under: readonly Place[];
  text: string;
  first: boolean;
  children: ComponentChildren;
}

function Framed({ place, under, text, first, children }: FramedProps) {
  const isLit = useComputed(() => [place, ...under].some(({ key }) => key === lit.value)).value;
  const back = () => goTo("answer", place.key);
  return (
    <span
      class={`place ${isLit ? "lit" : ""}`}
      title={[place, ...under].map(({ field }) => field).join(", ")}
      // What it is called holds the very words that are seen: who steers by voice says those.
      {...(first && { id: idOf("page", place.key), role: "button", tabIndex: 0, "aria-label": `${place.field}: ${text}` })}
      onClick={back}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        back();
      }}
      {...pointing(place.key)}
    >
      {children}
    </span>
  );
}
