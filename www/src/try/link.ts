// Links between the answers and the pages, both ways.
import { signal } from "@preact/signals";

/** The key of what is pointed at; it is shown at both of its ends. */
export const lit = signal<string | null>(null);

export type End = "answer" | "page";
export const idOf = (end: End, key: string): string => `${end}-${key}`;

/** Goes to the other end of a link. */
export function goTo(end: End, key: string): void {
  const target = document.getElementById(idOf(end, key));
  if (!target) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ block: "center", inline: "nearest", behavior: calm ? "auto" : "smooth" });
  target.focus({ preventScroll: true });
  lit.value = key;
}

/** What an end of a link listens to. */
export const pointing = (key: string) => ({
  onMouseEnter: () => (lit.value = key),
  onMouseLeave: () => lit.value === key && (lit.value = null),
  onFocus: () => (lit.value = key),
  onBlur: () => lit.value === key && (lit.value = null),
});
