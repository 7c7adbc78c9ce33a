// What is said to those who hear the page.
import { signal } from "@preact/signals";

/** The last announcement; read out whenever it changes. */
export const announced = signal("");

/** How long announcements are gathered, in milliseconds: one that follows at once would cut the first short. */
const GATHER = 100;

let gathered: string[] = [];

export function announce(text: string): void {
  if (text === "") return;
  gathered.push(text);
  if (gathered.length > 1) return;
  setTimeout(() => {
    announced.value = gathered.join(". ");
    gathered = [];
  }, GATHER);
}
