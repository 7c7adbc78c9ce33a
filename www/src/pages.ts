// The pages of the console. Each has an entry in the navigation.
import type { ComponentType } from "preact";
import { Try } from "./try/page.js";

export interface Page {
  /** The part of the address after `#/`. */
  path: string;
  /** Its name in the navigation and in the title. */
  name: string;
  component: ComponentType;
}

export const PAGES: readonly [Page, ...Page[]] = [{ path: "", name: "Try", component: Try }];

/** The page for the fragment of an address; the first page if no path matches. */
export function pageAt(fragment: string): Page {
  const path = fragment.replace(/^#\/?/, "");
  return PAGES.find((page) => page.path === path) ?? PAGES[0];
}
