// Keeps the focus when a list changes and the focused element may be removed.
import { useLayoutEffect, useRef } from "preact/hooks";

/** A ref for the list element, and a function that focuses an element inside the list after the next render. */
export function useFocus<E extends HTMLElement = HTMLElement>() {
  const list = useRef<E>(null);
  const selectorRef = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (selectorRef.current === null) return;
    list.current?.querySelector<HTMLElement>(selectorRef.current)?.focus();
    selectorRef.current = null;
  });
  return { list, focusOn: (selector: string) => void (selectorRef.current = selector) };
}
