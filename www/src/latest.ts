// Work that is asked for faster than it is done.

/** Does one thing after the other; of what is asked meanwhile only the newest. */
export function latest<A>(work: (asked: A) => Promise<void>): (asked: A) => void {
  let running = false;
  let next: { asked: A } | undefined;
  const run = async (): Promise<void> => {
    running = true;
    for (let now = next; now; now = next) {
      next = undefined;
      await work(now.asked);
    }
    running = false;
  };
  return (asked) => {
    next = { asked };
    if (!running) void run();
  };
}
