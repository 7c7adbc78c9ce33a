// The focus where a list changes: what had it may be gone.
import { useLayoutEffect, useRef } from "preact/hooks";

/** The element that holds the list, and what gives the focus to one within it once that is there. */
export function useFocus<E extends HTMLElement = HTMLElement>() {
  const list = useRef<E>(null);
  const wanted = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    list.current?.querySelector<HTMLElement>(wanted.current)?.focus();
    wanted.current = null;
  });
  return { list, focusOn: (selector: string) => void (wanted.current = selector) };
}
