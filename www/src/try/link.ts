// Links between the answers and the pages, both ways.
import { effect, signal, useComputed } from "@preact/signals";
import { source } from "./state.js";

/** The key of what is pointed at; it is shown at both of its ends. */
export const lit = signal<string | null>(null);

/** Whether it is this: what asks is drawn again only where that changes. */
export const useLit = (key: string): boolean => useComputed(() => lit.value === key).value;

export type End = "answer" | "page";
export const idOf = (end: End, key: string): string => `${end}-${key}`;

/** The key of a place that was gone to and is not shown yet. */
export const sought = signal<string | null>(null);

/** Goes to the other end of a link. */
export function goTo(end: End, key: string): void {
  const target = document.getElementById(idOf(end, key));
  sought.value = target || end === "answer" ? null : key;
  if (!target) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ block: "center", inline: "nearest", behavior: calm ? "auto" : "smooth" });
  target.focus({ preventScroll: true });
  lit.value = key;
}

/** Whether an end of the link has the focus. */
const focused = (key: string): boolean => (["answer", "page"] as const).some((end) => document.activeElement?.id === idOf(end, key));

const leave = (key: string): void => {
  // The pointer also leaves where the page moves away under it, on the way to the other end.
  if (lit.value === key && !focused(key)) lit.value = null;
};

/** What an end of a link listens to. */
export const pointing = (key: string) => ({
  onMouseEnter: () => (lit.value = key),
  onMouseLeave: () => leave(key),
  onFocus: () => (lit.value = key),
  onBlur: () => leave(key),
});

// Keys are of one document.
effect(() => {
  source.value;
  lit.value = null;
  sought.value = null;
});
