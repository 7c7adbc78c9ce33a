"""Fits the constants of src/core/classify/constants.rs and measures them on tasks they were not fitted on.

    cargo run --release -p sortroom --example quality -- DIR --instances > instances.jsonl
    cargo run --release -p sortroom --example quality -- CALIBRATION --instances > calibration.jsonl
    python src/train/fit.py instances.jsonl --calibration calibration.jsonl [--out src/core/classify/constants.rs] [TASK=OTHER,OTHER ...]

TASK=OTHER states that texts of OTHER may match a rule of TASK (contracts match a rule "contract"): they are not used as its
foreign texts for fitting. All of them are used for measuring. CALIBRATION holds tasks that calibration.py made of passages:
only the calibrator learns from them.

Rank weights: multinomial logistic regression over the rules of an instance (weights are at least 0: evidence for a rule
never counts against it). Calibrator: one small network on the top rule, stochastic gradients from a fixed seed. Every task
has the same weight, those of calibration CALIBRATION_SHARE of it; instances without a right rule ("none") are weighted to
NONE_SHARE of a task. The constants written are fitted on all lines of all tasks. The table leaves one task out at a time:
no number that measures a task was fitted on that task. Its columns are those of `npm run quality`.
"""
import argparse
import json
from pathlib import Path

import numpy as np

NONE_SHARE = 0.4  # documents that fit no rule are rare in an office
CALIBRATION_SHARE = 0.3  # passages of books and manuals differ more than an office's documents
LONG_TEXT_WORDS, MIN_COSINE = 40, 0.1  # see score.rs
FEATURES = "whole passage head title phrase coverage breadth meaning meaning_passage meaning_head example_meaning example_words".split()
INPUTS = (
    "whole passage title breadth share margin ln_rules ln_words meaning meaning_passage meaning_head standout others_meaning "
    "best_meaning example_meaning example_words"
).split()
CONTEXT_FEATURES = "nearest_subject mean_subject spread_subject near_subjects uncentered_meaning nearer_subjects rule_subject rule_spread rule_rival rule_subjects".split()
LEXICAL_FEATURES = ["whole", "passage", "head", "title", "phrase", "coverage", "breadth"]
MEANING_FEATURES = ["meaning", "meaning_passage", "meaning_head"]
EXAMPLE_FEATURES = ["example_meaning", "example_words"]
# The evidence modes of score.rs, by their names in constants.rs: description, features, inputs, whether rules have examples.
EVIDENCE_MODES = {
    "LEXICAL": ("words alone", LEXICAL_FEATURES, INPUTS[:8], False),
    "SEMANTIC": ("words and meaning", LEXICAL_FEATURES + MEANING_FEATURES, INPUTS[:14] + CONTEXT_FEATURES, False),
    "FEW_SHOT": ("words, meaning and examples", LEXICAL_FEATURES + MEANING_FEATURES + EXAMPLE_FEATURES, INPUTS + CONTEXT_FEATURES, True),
}
INPUTS += CONTEXT_FEATURES
HIDDEN, MAX_DEVIATIONS = 16, 4.0  # see calibrator.rs
OF_KNOWN = ["share", "margin", "ln_rules", "example_meaning", "example_words"]  # the network was overconfident on a task unlike the others
STEPS, BATCH, RATE, RIDGE = 400, 4096, 0.01, 1e-3  # trained to convergence, the network overfits the tasks
MAX_MARGIN, SINGLE_RULE_MARGIN, MIN_SPREAD, SINGLE_RULE_STANDOUT = 8.0, 3.0, 0.05, 1.0  # see score.rs
BINS = 15


class Fit:
    """Constants of one evidence mode, fitted on the instances of some tasks."""

    def __init__(self, instances, calibration, features, inputs):
        self.columns = np.array([name in features for name in FEATURES])
        self.inputs = np.array([name in inputs for name in INPUTS])
        self.rank = self.fit_rank([i for i in instances if i["target"] >= 0])
        weights = np.concatenate([balanced(instances), CALIBRATION_SHARE * balanced(calibration)])
        instances = instances + calibration
        tops, x = zip(*(self.top_rule(i) for i in instances))
        no_evidence = [self.has_no_evidence(i, top) for i, top in zip(instances, tops)]
        fits = np.array([i["target"] >= 0 for i in instances], float)
        right = np.array([i["target"] == top for i, top in zip(instances, tops)], float)
        self.calibrator = Calibrator(np.array(x), np.stack([fits, right], 1), weights)
        self.calibrator.add_linear(np.array(x), right, weights * fits, [INPUTS.index(name) for name in OF_KNOWN])
        no_evidence_weights = weights[no_evidence]
        rate = (no_evidence_weights @ fits[no_evidence]) / no_evidence_weights.sum() if len(no_evidence_weights) else NONE_SHARE
        rate = min(max(rate, 0.05), 0.5)
        self.no_evidence_log_odds = np.log(rate / (1 - rate))

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

    def top_rule(self, i):
        """The index of the top rule, and the inputs of the calibrator."""
        scores = np.round(i["trust"] * (i["features"] @ self.rank), 6)
        top = int(np.argmax(scores))
        others = np.delete(scores, top)
        share = 1 / np.exp(scores - scores[top]).sum()
        margin = min(scores[top] - others.max(), MAX_MARGIN) if len(others) else SINGLE_RULE_MARGIN
        f = dict(zip(FEATURES, i["features"][top]))
        meanings = i["features"][:, FEATURES.index("meaning")]
        standout = (f["meaning"] - meanings.mean()) / (meanings.std() + MIN_SPREAD) if len(others) else SINGLE_RULE_STANDOUT
        f |= {"share": share, "margin": margin, "ln_rules": np.log(len(scores)), "ln_words": np.log(1 + i["words"])}
        f |= {"standout": standout, "others_meaning": np.delete(meanings, top).mean() if len(others) else 0.0, "best_meaning": meanings.max()}
        f |= dict(zip(CONTEXT_FEATURES, i["surroundings"][top] if i["surroundings"] else [0.0] * len(CONTEXT_FEATURES)))
        return top, np.array([f[name] for name in INPUTS]) * self.inputs

    def has_no_evidence(self, i, top):
        """Whether there is no evidence for the top rule, or, in a long text, only a single word and no similar meaning."""
        f = i["features"][top] * self.columns
        one_word = f[FEATURES.index("breadth")] < 0.5 and f[FEATURES.index("title")] == 0 and i["words"] >= LONG_TEXT_WORDS
        similarity = max(f[FEATURES.index("meaning_passage")], f[FEATURES.index("example_meaning")])
        return bool((f <= 0).all() or (one_word and similarity < MIN_COSINE))

    def answers(self, instances):
        """For each instance: target, best rule, its probability if one is right, answer (-1: none), confidence, P(any fits)."""
        tops, x = zip(*(self.top_rule(i) for i in instances))
        rows = []
        for i, top, (fits, right, known) in zip(instances, tops, logistic(self.calibrator(np.array(x)))):
            no_evidence = self.has_no_evidence(i, top)
            fits = logistic(self.no_evidence_log_odds) if no_evidence else fits
            right = min(right, fits)
            none = no_evidence or 1 - fits > right
            rows.append((i["target"], top, max(known, 1 / len(i["features"])), -1 if none else top, 1 - fits if none else right, fits))
        return np.array(rows)


class Calibrator:
    """The network of calibrator.rs: log-odds, each a linear form of the standardised inputs and of HIDDEN hidden units."""

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
        """Adds an output of some inputs, without hidden units: logistic regression by Newton's method."""
        x, weights = self.standard(x), weights / weights.sum()
        design = np.hstack([x[:, columns], np.ones((len(x), 1))])
        penalty = np.full(design.shape[1], ridge)
        penalty[-1] = 1e-9
        w = np.zeros(design.shape[1])
        for _ in range(30):
            p = logistic(design @ w)
            w -= np.linalg.solve((design * (weights * p * (1 - p))[:, None]).T @ design + np.diag(penalty), design.T @ (weights * (p - y)) + penalty * w)
        direct = np.zeros(x.shape[1])
        direct[columns] = w[:-1]
        to_hidden, hidden_constant, from_hidden, old, constant = self.parts
        from_hidden = np.hstack([from_hidden, np.zeros((HIDDEN, 1))])
        self.parts = [to_hidden, hidden_constant, from_hidden, np.hstack([old, direct[:, None]]), np.append(constant, w[-1])]

    def standard(self, x):
        return np.clip((x - self.mean) / self.spread, -MAX_DEVIATIONS, MAX_DEVIATIONS)

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
    """One weight an instance: all tasks have the same sum, "none" NONE_SHARE of it."""
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
    """The row of a task, with constants that were not fitted on it."""
    test = [i for i in instances if i["task"] == task and i["split"] == "test" and i["kind"] == "own"]
    known = [i for i in test if i["target"] >= 0 and not i["taught"]]
    nulls = [i for i in test if i["target"] < 0 and not i["taught"]]
    nulls = nulls or [i for i in instances if i["task"] == task and i["kind"] == "cross" and not i["taught"] and i["split"] == "test"][: len(known)]
    target, top, *_ = zero_shot.answers(known).T
    mixed = zero_shot.answers(known + nulls)
    none, answered_none = mixed[:, 0] < 0, mixed[:, 3] < 0
    with_examples = few_shot.answers([i for i in test if i["target"] >= 0 and i["taught"]])
    return [
        (target == top).mean(),
        macro_f1(target, top),
        2 * (none & answered_none).sum() / max(1, none.sum() + answered_none.sum()),
        auroc(none, mixed[:, 5]),
        ece(mixed[:, 4], mixed[:, 3] == mixed[:, 0]),
        (with_examples[:, 0] == with_examples[:, 1]).mean(),
        ece(with_examples[:, 2], with_examples[:, 0] == with_examples[:, 1]),
    ]


def read(file):
    with open(file, encoding="utf-8") as lines:
        instances = [i for i in map(json.loads, lines) if i["features"]]
    for i in instances:
        i["features"] = np.array(i["features"], float)
    return instances


def rust_text(name, description, fit):
    def row(values):
        return "[" + ", ".join(f"{value:.4f}" for value in values) + "]"

    to_hidden, hidden_constant, from_hidden, direct, constant = fit.calibrator.parts
    outputs = [
        f"Output {{ direct: {row(direct[:, at])}, hidden: {row(from_hidden[:, at])}, constant: {constant[at]:.4f} }}" for at in range(len(constant))
    ]
    return f"""
/// For {description}.
pub(super) static {name}: Weights = Weights {{
    rank: [{", ".join(f"{value:.3f}" for value in fit.rank)}],
    calibrator: Calibrator {{
        mean: {row(fit.calibrator.mean)},
        spread: {row(fit.calibrator.spread)},
        hidden: [{", ".join(row(unit) for unit in to_hidden.T)}],
        hidden_constant: {row(hidden_constant)},
        outputs: [{", ".join(outputs)}],
    }},
    no_evidence_log_odds: {fit.no_evidence_log_odds:.3f},
}};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", type=Path)
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("related", nargs="*", help="TASK=OTHER,OTHER")
    arguments = parser.parse_intermixed_args()
    instances = read(arguments.instances)
    calibration = [i for i in read(arguments.calibration) if i["kind"] != "cross"] if arguments.calibration else []
    related = {(task, other) for task, _, others in (pair.partition("=") for pair in arguments.related) for other in others.split(",")}
    tasks = sorted({i["task"] for i in instances})
    usable = [i for i in instances if (i["task"], i["from"]) not in related]

    def fitted(name, left_out=None):
        _, features, inputs, few_shot = EVIDENCE_MODES[name]
        known = [i for i in usable if i["taught"] == few_shot and i["task"] != left_out]
        return Fit(known, [i for i in calibration if i["taught"] == few_shot], features, inputs)

    columns = "accuracy, macro F1, null F1, null AUROC, ECE, few-shot, few-shot ECE".split(", ")
    print("left out    ", *(f"{column:>12}" for column in columns))
    rows = []
    for task in tasks:
        rows.append(measured(task, instances, fitted("SEMANTIC", task), fitted("FEW_SHOT", task)))
        print(f"{task:12}", *(f"{value:12.3f}" for value in rows[-1]), flush=True)
    print("mean        ", *(f"{value:12.3f}" for value in np.mean(rows, 0)))
    if arguments.out:
        text = "//! The fitted constants of [`super::score`]. Written by `src/train/fit.py`.\n"
        text += '#![allow(clippy::approx_constant, reason = "a fitted number may come near a constant of mathematics")]\n'
        text += "\nuse super::calibrator::{Calibrator, Output};\nuse super::weights::Weights;\n"
        text += "".join(rust_text(name, EVIDENCE_MODES[name][0], fitted(name)) for name in EVIDENCE_MODES)
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
