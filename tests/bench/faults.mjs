// `npm run bench:faults`: five rounds of 300 accepted jobs on servers that are killed with SIGKILL: while jobs wait, while
// their stages run, and while more are accepted. Fails if a job is lost or ends twice, or index and jobs disagree.
//
//   npm run bench:faults -- 20 600   20 rounds of 600 jobs
import { Failure, main, seconds } from "../../.scripts/lib.mjs";
import { DOING, killRound } from "../e2e/faults.mjs";

/** What the servers of a round do when they are killed, in turn. */
const ROUNDS = [
  ["waiting", "running"],
  ["running", "running"],
  ["inline", "inline"],
  ["inline", "waiting"],
  ["running", "inline", "running"],
];

main(async () => {
  const [rounds = 5, count = 300] = process.argv.slice(2).map(Number);
  if (!(rounds > 0 && count > 0)) throw new Failure("the arguments are numbers of rounds and of jobs");
  for (let round = 0; round < rounds; round++) {
    const names = ROUNDS[round % ROUNDS.length];
    const since = performance.now();
    const { unanswered } = await killRound({ count, doing: names.map((name) => DOING[name]) });
    console.log(
      `round ${round + 1}: ${count} jobs, killed ${names.length} times (${names.join(", ")}), ${unanswered} requests without an ` +
        `answer: nothing lost, nothing twice, index and jobs agree; ${seconds(since)}`,
    );
  }
});
