// The pages of the console. Each has an entry in the navigation, and is loaded when it is opened.
import type { ComponentType } from "preact";
import { Try } from "./try/page.js";

export interface Page {
  /** What is behind the `#/` of its address. */
  path: string;
  /** Its name in the navigation and in the title. */
  name: string;
  component: ComponentType;
}

export const PAGES: readonly [Page, ...Page[]] = [{ path: "", name: "Try", component: Try }];

/** The page of an address' fragment; the first where there is none of that name. */
export function pageAt(fragment: string): Page {
  const path = fragment.replace(/^#\/?/, "");
  return PAGES.find((page) => page.path === path) ?? PAGES[0];
}
