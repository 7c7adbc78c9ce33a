// Links between the results and the pages, in both directions.
import { effect, signal, useComputed } from "@preact/signals";
import { source } from "./state.js";

/** The key of the highlighted link. Both of its ends are highlighted. */
export const highlighted = signal<string | null>(null);

/** Whether the link with this key is highlighted. The component renders again only if that changes. */
export const useIsHighlighted = (key: string): boolean => useComputed(() => highlighted.value === key).value;

export type LinkEnd = "answer" | "page";
export const elementId = (end: LinkEnd, key: string): string => `${end}-${key}`;

/** The key of a link whose place on the page is not shown yet. */
export const pendingTarget = signal<string | null>(null);

/** Goes to one end of a link. */
export function goTo(end: LinkEnd, key: string): void {
  const target = document.getElementById(elementId(end, key));
  pendingTarget.value = target || end === "answer" ? null : key;
  if (!target) return;
  const isReducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ block: "center", inline: "nearest", behavior: isReducedMotion ? "auto" : "smooth" });
  target.focus({ preventScroll: true });
  highlighted.value = key;
}

/** Whether an end of the link has the focus. */
const hasFocus = (key: string): boolean =>
  (["answer", "page"] as const).some((end) => document.activeElement?.id === elementId(end, key));

const unhighlight = (key: string): void => {
  // The pointer also leaves when the page scrolls away under it, on the way to the other end.
  if (highlighted.value === key && !hasFocus(key)) highlighted.value = null;
};

/** The event handlers of an end of a link. */
export const linkHandlers = (key: string) => ({
  onMouseEnter: () => (highlighted.value = key),
  onMouseLeave: () => unhighlight(key),
  onFocus: () => (highlighted.value = key),
  onBlur: () => unhighlight(key),
});

// Keys belong to one document.
effect(() => {
  source.value;
  highlighted.value = null;
  pendingTarget.value = null;
});
