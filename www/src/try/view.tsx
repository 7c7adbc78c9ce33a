// The document, with the evidence marked and the values framed.
import { signal, useComputed } from "@preact/signals";
import { Fragment, type ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Page, Passage, Rect, Span } from "sortroom";
import { BackToMail } from "./attachments.js";
import { drawing, isOpening, isUndrawable, type Drawing } from "./drawing.js";
import { fileSize, formatName, plural } from "./format.js";
import { elementId, goTo, highlighted, linkHandlers, pendingTarget, useIsHighlighted } from "./link.js";
import { blocks, boxes, marks, places, type Mark, type Piece, type Place } from "./places.js";
import { loadedDocument, openText, source, startActivity, typedText } from "./state.js";

/** Whether a PDF is shown as drawn pages or as text. */
const mode = signal<"page" | "text">("page");

export function View() {
  const { name, bytes, isTyped, parentMail } = source.value!;
  const document = loadedDocument.value?.document;
  const drawn = drawing.value;
  const pageCount = document?.page_count ?? drawn?.pdf.numPages;
  const hasPages = document?.format === "pdf" || !document;
  const facts = [
    document && formatName(document.format),
    hasPages && pageCount !== undefined ? plural(pageCount, "page") : "",
    fileSize(bytes.size),
  ];
  return (
    <section class="pane view" aria-labelledby="view-title">
      <div class="title">
        <h2 id="view-title" tabIndex={-1}>
          {name} <small class="quiet">{facts.filter((fact) => fact).join(", ")}</small>
        </h2>
        {parentMail && <BackToMail mail={parentMail} />}
        {drawn && document && (
          <div class="modes" role="group" aria-label="Show the document as">
            {(["page", "text"] as const).map((item) => (
              <button
                type="button"
                key={item}
                class="small"
                aria-pressed={mode.value === item}
                onClick={() => (mode.value = item)}
              >
                {item === "page" ? "Pages" : "Text"}
              </button>
            ))}
          </div>
        )}
      </div>
      {isTyped && <TextEditor />}
      {document?.format === "pdf" && isUndrawable.value && (
        <p class="note">The pages could not be drawn: this is their text.</p>
      )}
      {drawn && (mode.value === "page" || !document) ? (
        <DrawnPages drawing={drawn} />
      ) : document && !isOpening.value ? (
        <TextPages pages={document.pages} />
      ) : null}
    </section>
  );
}

function TextEditor() {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  return (
    <textarea
      ref={area}
      class="written"
      rows={6}
      aria-label="Your text"
      placeholder="Write or paste a text; the answer follows."
      value={typedText}
      onInput={({ currentTarget }) => openText(currentTarget.value)}
    />
  );
}

// --- Drawn pages ---

function DrawnPages({ drawing }: { drawing: Drawing }) {
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
  const pages = new Map(loadedDocument.value?.document.pages.map((page) => [page.number, page]));
  return (
    <div class="scroll sheets" ref={scroll} role="region" aria-label="Pages of the document" tabIndex={0}>
      {Array.from({ length: drawing.pdf.numPages }, (_, index) => (
        <DrawnPage
          key={index}
          drawing={drawing}
          pageNumber={index + 1}
          width={width}
          page={pages.get(index + 1)}
          scroll={scroll}
        />
      ))}
    </div>
  );
}

interface DrawnPageProps {
  drawing: Drawing;
  pageNumber: number;
  width: number;
  page: Page | undefined;
  scroll: { current: HTMLElement | null };
}

function DrawnPage({ drawing, pageNumber, width, page, scroll }: DrawnPageProps) {
  const sheet = useRef<HTMLDivElement>(null);
  const canvasContainer = useRef<HTMLDivElement>(null);
  const [isNear, setIsNear] = useState(false);
  const [hasFailed, setHasFailed] = useState(false);
  const [pageWidth, pageHeight] = page?.size ?? drawing.size;
  useEffect(() => {
    // If there are several entries, the last one is current.
    const onChange = (entries: IntersectionObserverEntry[]) => setIsNear(entries.at(-1)!.isIntersecting);
    const observer = new IntersectionObserver(onChange, { root: scroll.current, rootMargin: "100% 0%" });
    observer.observe(sheet.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    // Pages far from the viewport free their memory.
    if (!isNear) return canvasContainer.current?.replaceChildren();
    if (width <= 0) return;
    setHasFailed(false);
    const endActivity = startActivity("drawing");
    const abortController = new AbortController();
    const { signal } = abortController;
    import("./pdf.js")
      .then(({ renderPage }) => renderPage(drawing.pdf, pageNumber, width, signal))
      .then(
        (canvas) => {
          if (signal.aborted) return;
          canvas.setAttribute("role", "img");
          canvas.setAttribute("aria-label", `Page ${pageNumber} of ${drawing.pdf.numPages}; “Text” shows its words`);
          canvasContainer.current?.replaceChildren(canvas);
          performance.mark("drawn", { detail: pageNumber });
        },
        (error) => {
          if (signal.aborted) return;
          console.debug(error);
          setHasFailed(true);
        },
      )
      .finally(endActivity);
    return () => abortController.abort();
  }, [isNear, width, drawing]);
  return (
    <div class="sheet" ref={sheet} style={{ inlineSize: `${width}px`, aspectRatio: `${pageWidth} / ${pageHeight}` }}>
      <div class="canvas" ref={canvasContainer} />
      {hasFailed && <p class="note">This page could not be drawn. “Text” shows its words.</p>}
      {page && <Overlay page={page} width={pageWidth} height={pageHeight} />}
    </div>
  );
}

/** The marks and frames on a drawn page. */
function Overlay({ page, width, height }: { page: Page; width: number; height: number }) {
  const pageMarks = useComputed(() => marks.value.get(page.number) ?? NONE).value;
  const pagePlaces = useComputed(() => places.value.get(page.number) ?? NONE).value;
  const position = (rect: Rect, margin: number) => ({
    insetInlineStart: `${((rect.x - margin) / width) * 100}%`,
    insetBlockStart: `${((rect.y - margin) / height) * 100}%`,
    inlineSize: `${((rect.width + 2 * margin) / width) * 100}%`,
    blockSize: `${((rect.height + 2 * margin) / height) * 100}%`,
  });
  return (
    <>
      {pageMarks.map((mark) =>
        boxes(page, mark.span).map((box, line) => (
          <div
            key={`${mark.key}-${line}`}
            {...(line === 0 && {
              id: elementId("page", mark.key),
              role: "note",
              "aria-label": mark.title,
              tabIndex: -1,
            })}
            class={markClass(mark, highlighted.value === mark.key)}
            style={{ ...position(box, 1), "--weight": `${Math.abs(mark.weight)}` }}
            title={mark.title}
            {...linkHandlers(mark.key)}
          />
        )),
      )}
      {pagePlaces.map((place) => {
        const [box = place.rect, ...more] = boxes(page, place.span);
        const placeClass = `place ${highlighted.value === place.key ? "lit" : ""}`;
        return (
          box && (
            <Fragment key={place.key}>
              <button
                type="button"
                id={elementId("page", place.key)}
                class={placeClass}
                style={position(box, 2)}
                aria-label={`${place.field}: ${place.value}`}
                title={place.field}
                onClick={() => goTo("answer", place.key)}
                {...linkHandlers(place.key)}
              />
              {more.map((box, line) => (
                <div key={`${place.key}-${line}`} class={placeClass} style={position(box, 2)} aria-hidden="true" />
              ))}
            </Fragment>
          )
        );
      })}
    </>
  );
}

const markClass = ({ weight }: Mark, isHighlighted: boolean): string =>
  `mark ${weight < 0 ? "against" : "for"} ${isHighlighted ? "lit" : ""}`;

// --- Pages as text ---

/** How many bytes of a page's text are shown at first. */
const INITIAL_BYTES = 100_000;
/** By which factor each click on "Show more" multiplies the shown bytes. */
const GROWTH = 8;

const NONE: readonly never[] = [];

function TextPages({ pages }: { pages: readonly Page[] }) {
  return (
    <div class="scroll texts" role="region" aria-label="Text of the document" tabIndex={0}>
      {pages.map((page) => (
        <TextPage key={page.number} page={page} isOnly={pages.length === 1} />
      ))}
    </div>
  );
}

function TextPage({ page, isOnly }: { page: Page; isOnly: boolean }) {
  const [shownBytes, setShownBytes] = useState(INITIAL_BYTES);
  const pageMarks = useComputed(() => marks.value.get(page.number) ?? NONE).value;
  const pagePlaces = useComputed(() => places.value.get(page.number) ?? NONE).value;
  const pageBlocks = useMemo(
    () => blocks(page, pageMarks, pagePlaces, shownBytes),
    [page, pageMarks, pagePlaces, shownBytes],
  );
  useRevealTarget([...pageMarks, ...pagePlaces], shownBytes, setShownBytes);
  // Links lead to the first piece of each mark and place.
  const seen = new Set<string>();
  const isFirst = (key: string) => !seen.has(key) && !!seen.add(key);
  const anchors = (covered: readonly { key: string }[]) =>
    covered
      .filter(({ key }) => isFirst(key))
      .map(({ key }) => <span key={key} id={elementId("page", key)} tabIndex={-1} {...linkHandlers(key)} />);
  const renderPiece = ({ text, marks: [mark, ...covered] }: Piece, index: number) => (
    <Fragment key={index}>
      {anchors(covered)}
      {mark ? <Marked mark={mark} text={text} isFirst={isFirst(mark.key)} /> : text}
    </Fragment>
  );
  return (
    <article class="leaf">
      {!isOnly && <h3 class="quiet">Page {page.number}</h3>}
      {pageBlocks.map(({ role, pieces }, index) => (
        <Block key={index} role={role}>
          {groupByPlaces(pieces).map(([[place, ...covered], pieces], index) => {
            if (!place) return <Fragment key={index}>{pieces.map(renderPiece)}</Fragment>;
            const text = pieces.map(({ text }) => text).join("");
            return (
              <Framed key={index} place={place} covered={covered} text={text} isFirst={isFirst(place.key)}>
                {anchors(covered)}
                {pieces.map(renderPiece)}
              </Framed>
            );
          })}
        </Block>
      ))}
      {shownBytes < (page.passages.at(-1)?.span.end ?? 0) && (
        <button type="button" onClick={() => setShownBytes(shownBytes * GROWTH)}>
          Show more of the page
        </button>
      )}
    </article>
  );
}

/** If the target of a link is beyond the shown text, shows it and then goes to it. */
function useRevealTarget(
  items: readonly { key: string; span: Span }[],
  shownBytes: number,
  show: (bytes: number) => void,
): void {
  const target = items.find(({ key }) => key === pendingTarget.value);
  useLayoutEffect(() => {
    if (!target) return;
    if (target.span.start >= shownBytes) show(target.span.end + INITIAL_BYTES);
    else goTo("page", target.key);
  }, [target, shownBytes]);
}

/** Groups adjacent pieces that have the same first place. Each group has the places of its first piece. */
function groupByPlaces(pieces: readonly Piece[]): [readonly Place[], Piece[]][] {
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

function Marked({ mark, text, isFirst }: { mark: Mark; text: string; isFirst: boolean }) {
  const isHighlighted = useIsHighlighted(mark.key);
  return (
    <mark
      class={markClass(mark, isHighlighted)}
      style={{ "--weight": `${Math.abs(mark.weight)}` }}
      title={mark.title}
      {...(isFirst && { id: elementId("page", mark.key), tabIndex: -1 })}
      {...linkHandlers(mark.key)}
    >
      {text}
    </mark>
  );
}

interface FramedProps {
  place: Place;
  /** The places of other values in the same words. */
  covered: readonly Place[];
  text: string;
  isFirst: boolean;
  children: ComponentChildren;
}

function Framed({ place, covered, text, isFirst, children }: FramedProps) {
  const isHighlighted = useComputed(() => [place, ...covered].some(({ key }) => key === highlighted.value)).value;
  const goBack = () => goTo("answer", place.key);
  return (
    <span
      class={`place ${isHighlighted ? "lit" : ""}`}
      title={[place, ...covered].map(({ field }) => field).join(", ")}
      // The accessible name contains the visible text, which users of voice control say.
      {...(isFirst && {
        id: elementId("page", place.key),
        role: "button",
        tabIndex: 0,
        "aria-label": `${place.field}: ${text}`,
      })}
      onClick={goBack}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        goBack();
      }}
      {...linkHandlers(place.key)}
    >
      {children}
    </span>
  );
}
