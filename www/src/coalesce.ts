// Runs asynchronous work one call at a time.

/** Runs `work` one call at a time. Of the calls made while it runs, only the newest is run afterwards. */
export function coalesce<A>(work: (argument: A) => Promise<void>): (argument: A) => void {
  let running = false;
  let next: { argument: A } | undefined;
  const run = async (): Promise<void> => {
    running = true;
    for (let current = next; current; current = next) {
      next = undefined;
      await work(current.argument);
    }
    running = false;
  };
  return (argument) => {
    next = { argument };
    if (!running) void run();
  };
}
