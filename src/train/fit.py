"""Fits the constants of src/core/classify/constants.rs and says how well they do on tasks they have not seen.

    cargo run --release -p sortroom --example quality -- DIR --instances > instances.jsonl
    cargo run --release -p sortroom --example quality -- CALIBRATION --instances > calibration.jsonl
    python src/train/fit.py instances.jsonl --calibration calibration.jsonl [--out src/core/classify/constants.rs] [TASK=OTHER,OTHER ...]

TASK=OTHER says that texts of OTHER may well match a rule of TASK (contracts match a rule "contract"): they are not
used as its foreign texts when fitting. All of them are used when measuring. CALIBRATION holds tasks that calibration.py
made of passages: only the heads learn from them.

Rank weights: multinomial logistic regression over the rules of an instance (weights not below 0: evidence for a rule
never speaks against it). Heads: one small network on the winner, stochastic gradients from a fixed seed. Every task has the
same weight, those of calibration CALIBRATION_SHARE of it; instances without a right rule ("none") are weighted to NONE_SHARE
of a task. The constants written are fitted on all lines of all tasks. The table leaves one task out at a time: nothing that
it measures a task with was fitted on that task. Its columns are those of `npm run quality`.
"""
import argparse
import json
from pathlib import Path

import numpy as np

NONE_SHARE = 0.4  # what is asked of a document that fits nothing is rare in an office
CALIBRATION_SHARE = 0.3  # passages of books and manuals are further apart than an office's documents
FAINT_WORDS, FAINT_MEANING = 40, 0.1  # see score.rs
FEATURES = "whole passage head title phrase coverage breadth meaning meaning_passage meaning_head taught_meaning taught_words".split()
INPUTS = (
    "whole passage title breadth share margin ln_rules ln_words meaning meaning_passage meaning_head stands_out others_meaning "
    "best_meaning taught_meaning taught_words"
).split()
SURROUNDINGS = "nearest_subject mean_subject spread_subject near_subjects alone nearer rule_subject rule_spread rule_rival rule_subjects".split()
LEXICAL = ["whole", "passage", "head", "title", "phrase", "coverage", "breadth"]
MEANING = ["meaning", "meaning_passage", "meaning_head"]
TAUGHT = ["taught_meaning", "taught_words"]
GROUNDS = {
    "WORDS": ("words alone", LEXICAL, INPUTS[:8], False),
    "MEANING": ("words and meaning", LEXICAL + MEANING, INPUTS[:14] + SURROUNDINGS, False),
    "TAUGHT": ("words, meaning and examples", LEXICAL + MEANING + TAUGHT, INPUTS + SURROUNDINGS, True),
}
INPUTS += SURROUNDINGS
HIDDEN, MOST = 16, 4.0  # see heads.rs
OF_KNOWN = ["share", "margin", "ln_rules", "taught_meaning", "taught_words"]  # the network promised too much on a task unlike the others
STEPS, BATCH, RATE, RIDGE = 400, 4096, 0.01, 1e-3  # a network trained to the end knows the tasks it saw too well
MAX_MARGIN, LONE_MARGIN, LEAST_SPREAD, LONE_STANDS_OUT = 8.0, 3.0, 0.05, 1.0  # see score.rs
BINS = 15


class Fit:
    """Constants for one kind of grounds, fitted on the instances of some tasks."""

    def __init__(self, instances, calibration, features, inputs):
        self.columns = np.array([name in features for name in FEATURES])
        self.inputs = np.array([name in inputs for name in INPUTS])
        self.rank = self.fit_rank([i for i in instances if i["target"] >= 0])
        weights = np.concatenate([balanced(instances), CALIBRATION_SHARE * balanced(calibration)])
        instances = instances + calibration
        tops, x = zip(*(self.judged(i) for i in instances))
        faint = [self.faint(i, top) for i, top in zip(instances, tops)]
        fits = np.array([i["target"] >= 0 for i in instances], float)
        right = np.array([i["target"] == top for i, top in zip(instances, tops)], float)
        self.heads = Heads(np.array(x), np.stack([fits, right], 1), weights)
        self.heads.add_linear(np.array(x), right, weights * fits, [INPUTS.index(name) for name in OF_KNOWN])
        silent = weights[faint]
        rate = (silent @ fits[faint]) / silent.sum() if len(silent) else NONE_SHARE
        rate = min(max(rate, 0.05), 0.5)
        self.silence = np.log(rate / (1 - rate))

    def fit_rank(self, instances, steps=400, ridge=0.001):
        data = [i for i in instances if i["target"] >= 0 and len(i["features"]) > 1]
        width = max(len(i["features"]) for i in data)
        x, absent = np.zeros((len(data), width, len(FEATURES))), np.full((len(data), width), -1e9)
        for at, i in enumerate(data):
            x[at, : len(i["features"])], absent[at, : len(i["features"])] = i["features"], 0
        y, share = np.array([i["target"] for i in data]), balanced(data)
        share /= share.sum()
        w, mean, square = np.where(self.columns, 2.0, 0.0), 0.0, 0.0
        for step in range(1, steps + 1):
            z = x @ w + absent
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            p[np.arange(len(y)), y] -= 1
            gradient = np.einsum("ij,ijk,i->k", p, x, share) + ridge * w
            mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
            w = np.maximum(0, w - 0.1 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)) * self.columns
        return w

    def judged(self, i):
        """The place of the winner, and what the heads look at."""
        scores = np.round(i["trust"] * (i["features"] @ self.rank), 6)
        top = int(np.argmax(scores))
        others = np.delete(scores, top)
        share = 1 / np.exp(scores - scores[top]).sum()
        margin = min(scores[top] - others.max(), MAX_MARGIN) if len(others) else LONE_MARGIN
        f = dict(zip(FEATURES, i["features"][top]))
        meanings = i["features"][:, FEATURES.index("meaning")]
        stands_out = (f["meaning"] - meanings.mean()) / (meanings.std() + LEAST_SPREAD) if len(others) else LONE_STANDS_OUT
        f |= {"share": share, "margin": margin, "ln_rules": np.log(len(scores)), "ln_words": np.log(1 + i["words"])}
        f |= {"stands_out": stands_out, "others_meaning": np.delete(meanings, top).mean() if len(others) else 0.0, "best_meaning": meanings.max()}
        f |= dict(zip(SURROUNDINGS, i["surroundings"][top] if i["surroundings"] else [0.0] * len(SURROUNDINGS)))
        return top, np.array([f[name] for name in INPUTS]) * self.inputs

    def faint(self, i, top):
        """Nothing speaks, or in a paragraph or more a single word does, and nothing of like meaning."""
        f = i["features"][top] * self.columns
        one_word = f[FEATURES.index("breadth")] < 0.5 and f[FEATURES.index("title")] == 0 and i["words"] >= FAINT_WORDS
        like = max(f[FEATURES.index("meaning_passage")], f[FEATURES.index("taught_meaning")])
        return bool((f <= 0).all() or (one_word and like < FAINT_MEANING))

    def answers(self, instances):
        """For each instance: target, best rule, how sure where one is right, answer (-1: none), confidence, P(any fits)."""
        tops, x = zip(*(self.judged(i) for i in instances))
        rows = []
        for i, top, (fits, right, known) in zip(instances, tops, logistic(self.heads(np.array(x)))):
            silent = self.faint(i, top)
            fits = logistic(self.silence) if silent else fits
            right = min(right, fits)
            none = silent or 1 - fits > right
            rows.append((i["target"], top, max(known, 1 / len(i["features"])), -1 if none else top, 1 - fits if none else right, fits))
        return np.array(rows)


class Heads:
    """The network of heads.rs: log-odds, each a linear form of the standardised inputs and of HIDDEN units of them."""

    def __init__(self, x, y, weights):
        self.mean, self.spread = x.mean(0), x.std(0)
        self.spread[self.spread < 1e-6] = 1.0
        numbers = np.random.default_rng(0)
        x, weights = self.standard(x), (weights / weights.sum())[:, None]
        parts = [
            numbers.normal(0, 1 / np.sqrt(x.shape[1]), (x.shape[1], HIDDEN)),
            np.zeros(HIDDEN),
            numbers.normal(0, 0.1, (HIDDEN, y.shape[1])),
            np.zeros((x.shape[1], y.shape[1])),
            np.zeros(y.shape[1]),
        ]
        ridge = [RIDGE, 0, RIDGE, RIDGE, 0]
        means, squares = [0 * part for part in parts], [0 * part for part in parts]
        batches = iter(())
        for step in range(1, STEPS + 1):
            batch = next(batches, None)
            if batch is None:
                batches = iter(np.array_split(numbers.permutation(len(x)), max(1, len(x) // BATCH)))
                batch = next(batches)
            inputs, hidden = x[batch], self.hidden(x[batch], parts)
            wrong = (logistic(self.outputs(inputs, hidden, parts)) - y[batch]) * weights[batch] * len(x) / len(batch)
            back = wrong @ parts[2].T * (1 - hidden**2)
            gradients = [inputs.T @ back, back.sum(0), hidden.T @ wrong, inputs.T @ wrong, wrong.sum(0)]
            rate = RATE * (1 - step / STEPS) + RATE / 100
            for at, gradient in enumerate(gradients):
                gradient = gradient + ridge[at] * parts[at]
                means[at] = 0.9 * means[at] + 0.1 * gradient
                squares[at] = 0.99 * squares[at] + 0.01 * gradient**2
                parts[at] = parts[at] - rate * (means[at] / (1 - 0.9**step)) / (np.sqrt(squares[at] / (1 - 0.99**step)) + 1e-8)
        self.parts = parts

    def add_linear(self, x, y, weights, columns, ridge=1e-2):
        """One more output, without hidden units, of some inputs: logistic regression by Newton's method."""
        x, weights = self.standard(x), weights / weights.sum()
        some = np.hstack([x[:, columns], np.ones((len(x), 1))])
        penalty = np.full(some.shape[1], ridge)
        penalty[-1] = 1e-9
        w = np.zeros(some.shape[1])
        for _ in range(30):
            p = logistic(some @ w)
            w -= np.linalg.solve((some * (weights * p * (1 - p))[:, None]).T @ some + np.diag(penalty), some.T @ (weights * (p - y)) + penalty * w)
        direct = np.zeros(x.shape[1])
        direct[columns] = w[:-1]
        to_hidden, hidden_constant, from_hidden, old, constant = self.parts
        from_hidden = np.hstack([from_hidden, np.zeros((HIDDEN, 1))])
        self.parts = [to_hidden, hidden_constant, from_hidden, np.hstack([old, direct[:, None]]), np.append(constant, w[-1])]

    def standard(self, x):
        return np.clip((x - self.mean) / self.spread, -MOST, MOST)

    @staticmethod
    def hidden(x, parts):
        return np.tanh(x @ parts[0] + parts[1])

    @staticmethod
    def outputs(x, hidden, parts):
        return hidden @ parts[2] + x @ parts[3] + parts[4]

    def __call__(self, x):
        x = self.standard(x)
        return self.outputs(x, self.hidden(x, self.parts), self.parts)


def balanced(instances):
    """One weight an instance: every task the same in sum, "none" NONE_SHARE of it."""
    count = {}
    for i in instances:
        key = (i["task"], i["target"] < 0)
        count[key] = count.get(key, 0) + 1
    return np.array([(NONE_SHARE if i["target"] < 0 else 1 - NONE_SHARE) / count[i["task"], i["target"] < 0] for i in instances])


def logistic(x):
    return 1 / (1 + np.exp(-x))


def ece(confidence, correct):
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return sum((bins == b).mean() * abs(confidence[bins == b].mean() - correct[bins == b].mean()) for b in set(bins))


def auroc(none, fits):
    yes, no = fits[~none], fits[none]
    return (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()


def macro_f1(target, answer):
    f1 = []
    for label in set(target):
        hits = ((target == label) & (answer == label)).sum()
        f1.append(2 * hits / ((target == label).sum() + (answer == label).sum()))
    return np.mean(f1)


def measured(task, instances, zero_shot, few_shot):
    """The row of a task, from constants that have not seen it."""
    test = [i for i in instances if i["task"] == task and i["split"] == "test" and i["kind"] == "own"]
    known = [i for i in test if i["target"] >= 0 and not i["taught"]]
    nulls = [i for i in test if i["target"] < 0 and not i["taught"]]
    nulls = nulls or [i for i in instances if i["task"] == task and i["kind"] == "cross" and not i["taught"] and i["split"] == "test"][: len(known)]
    target, top, *_ = zero_shot.answers(known).T
    mixed = zero_shot.answers(known + nulls)
    none, said = mixed[:, 0] < 0, mixed[:, 3] < 0
    taught = few_shot.answers([i for i in test if i["target"] >= 0 and i["taught"]])
    return [
        (target == top).mean(),
        macro_f1(target, top),
        2 * (none & said).sum() / max(1, none.sum() + said.sum()),
        auroc(none, mixed[:, 5]),
        ece(mixed[:, 4], mixed[:, 3] == mixed[:, 0]),
        (taught[:, 0] == taught[:, 1]).mean(),
        ece(taught[:, 2], taught[:, 0] == taught[:, 1]),
    ]


def read(file):
    with open(file, encoding="utf-8") as lines:
        instances = [i for i in map(json.loads, lines) if i["features"]]
    for i in instances:
        i["features"] = np.array(i["features"], float)
    return instances


def spelt(name, what, fit):
    def row(values):
        return "[" + ", ".join(f"{value:.4f}" for value in values) + "]"

    to_hidden, hidden_constant, from_hidden, direct, constant = fit.heads.parts
    outputs = [
        f"Output {{ direct: {row(direct[:, at])}, hidden: {row(from_hidden[:, at])}, constant: {constant[at]:.4f} }}" for at in range(len(constant))
    ]
    return f"""
/// For {what}.
pub(super) static {name}: Weights = Weights {{
    rank: [{", ".join(f"{value:.3f}" for value in fit.rank)}],
    heads: Heads {{
        mean: {row(fit.heads.mean)},
        spread: {row(fit.heads.spread)},
        hidden: [{", ".join(row(unit) for unit in to_hidden.T)}],
        hidden_constant: {row(hidden_constant)},
        outputs: [{", ".join(outputs)}],
    }},
    silence: {fit.silence:.3f},
}};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", type=Path)
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("related", nargs="*", help="TASK=OTHER,OTHER")
    given = parser.parse_intermixed_args()
    instances = read(given.instances)
    calibration = [i for i in read(given.calibration) if i["kind"] != "cross"] if given.calibration else []
    related = {(task, other) for task, _, others in (pair.partition("=") for pair in given.related) for other in others.split(",")}
    tasks = sorted({i["task"] for i in instances})
    usable = [i for i in instances if (i["task"], i["from"]) not in related]

    def fitted(name, left_out=None):
        _, features, inputs, taught = GROUNDS[name]
        known = [i for i in usable if i["taught"] == taught and i["task"] != left_out]
        return Fit(known, [i for i in calibration if i["taught"] == taught], features, inputs)

    columns = "accuracy, macro F1, null F1, null AUROC, ECE, few-shot, few-shot ECE".split(", ")
    print("left out    ", *(f"{column:>12}" for column in columns))
    rows = []
    for task in tasks:
        rows.append(measured(task, instances, fitted("MEANING", task), fitted("TAUGHT", task)))
        print(f"{task:12}", *(f"{value:12.3f}" for value in rows[-1]), flush=True)
    print("mean        ", *(f"{value:12.3f}" for value in np.mean(rows, 0)))
    if given.out:
        text = "//! The fitted constants of [`super::score`]. Written by `src/train/fit.py`.\n"
        text += '#![allow(clippy::approx_constant, reason = "a fitted number may come near a constant of mathematics")]\n'
        text += "\nuse super::heads::{Heads, Output};\nuse super::score::Weights;\n"
        text += "".join(spelt(name, GROUNDS[name][0], fitted(name)) for name in GROUNDS)
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
