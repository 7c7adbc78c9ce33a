// Announcements for screen readers.
import { signal } from "@preact/signals";

/** The current announcement. Screen readers read it whenever it changes. */
export const announcement = signal("");

/** How long announcements are collected, in milliseconds: one right after another would cut the first short. */
const COLLECT_MS = 100;

let pending: string[] = [];

export function announce(text: string): void {
  if (text === "") return;
  pending.push(text);
  if (pending.length > 1) return;
  setTimeout(() => {
    announcement.value = pending.join(". ");
    pending = [];
  }, COLLECT_MS);
}
