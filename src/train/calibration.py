"""Makes tasks on which the calibrator is trained: passages with a known source, and rules that describe the sources.

    python calibration.py --passages FOLDER OUT

OUT gets TASKS tasks in the layout of `npm run quality`. `calibration.json` has the rule of each source; sources of the same
kin are similar: they are seldom rules of the same task, and never a rule and a text that fits none. A text is one passage
or several of its source, so that the training has documents of all lengths.
"""
import argparse
import collections
import gzip
import json
import random
from pathlib import Path

TASKS = 28
RULES = (3, 4, 5, 6, 8, 10, 12, 14)
PASSAGES = (1, 1, 1, 2, 4, 10, 30)  # the number of passages of a text
TEXTS, MIN_TEXTS = 90, 5  # test texts of a task that fit a rule, and as many that fit none; the minimum for one rule
EXAMPLES = 6  # the number of train texts of a rule
SAME_KIN = 0.4  # the probability that a second source of a kin may become a rule of a task


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", required=True, type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    rules = {rule["src"]: rule for rule in json.loads((Path(__file__).parent / "calibration.json").read_text("utf-8"))}
    passages = collections.defaultdict(list)
    for file in sorted(arguments.passages.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["src"] in rules:
                    passages[line["src"]].append(line["text"])
    numbers = random.Random(7)
    arguments.out.mkdir(parents=True, exist_ok=True)

    def text(source):
        return "\n\n".join(numbers.choice(passages[source]) for _ in range(numbers.choice(PASSAGES)))

    for task in range(TASKS):
        size, chosen, kin = numbers.choice(RULES), [], collections.Counter()
        for source in numbers.sample(sorted(passages), len(passages)):
            if len(chosen) < size and kin[rules[source]["kin"]] < (2 if numbers.random() < SAME_KIN else 1):
                chosen.append(source)
                kin[rules[source]["kin"]] += 1
        foreign = [source for source in sorted(passages) if not kin[rules[source]["kin"]]]
        lines = [(source, split) for source in chosen for split in ["train"] * EXAMPLES + ["test"] * max(MIN_TEXTS, TEXTS // size)]
        lines = [{"text": text(source), "label": rules[source]["type"], "split": split} for source, split in lines]
        lines += [{"text": text(numbers.choice(foreign)), "label": None, "split": "test"} for _ in range(TEXTS)]
        task_rules = [{key: rules[source][key] for key in ("type", "description")} for source in chosen]
        (arguments.out / f"passages{task:02}.rules.json").write_text(json.dumps(task_rules, indent=1), encoding="utf-8")
        (arguments.out / f"passages{task:02}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
