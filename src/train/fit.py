"""Fits the weights of src/core/classify/fitted_weights.rs and measures them on tasks they were not fitted on.

    cargo run --release -p sortroom --example quality -- DIR --instances > instances.jsonl
    cargo run --release -p sortroom --example quality -- CALIBRATION --instances > calibration.jsonl
    python src/train/fit.py instances.jsonl --calibration calibration.jsonl [--out src/core/classify/fitted_weights.rs] [TASK=OTHER,OTHER ...]

TASK=OTHER states that texts of OTHER may match a rule of TASK (contracts match a rule "contract"): they are not used as its
foreign texts for fitting. All of them are used for measuring. CALIBRATION holds tasks that calibration.py made of passages:
only the calibrator learns from them.

The names and order of features and inputs, and the hyperparameters of the formulas, are those of the engine: the instances begin
with them. `parity.py` holds the formulas to the engine's.

Feature weights: multinomial logistic regression over the rules of an instance (weights are at least 0: evidence for a rule
never counts against it). Calibrator: one small network on the top rule, stochastic gradients from a fixed seed. Every task
has the same weight, those of calibration CALIBRATION_SHARE of it; instances without a right rule ("none") are weighted to
NONE_SHARE of a task. The weights written are fitted on all lines of all tasks. The table leaves one task out at a time:
no number that measures a task was fitted on that task. Its columns are those of `npm run quality`.
"""
import argparse
import json
from pathlib import Path

import numpy as np

NONE_SHARE = 0.4  # documents that fit no rule are rare in an office
CALIBRATION_SHARE = 0.3  # passages of books and manuals differ more than an office's documents
MEANING_FEATURES = ["meaning", "meaning_passage", "meaning_head"]
EXAMPLE_FEATURES = ["example_meaning", "example_words"]
OF_KNOWN = ["score_share", "margin", "ln_rules", *EXAMPLE_FEATURES]  # the network was overconfident on a task unlike the others
STEPS, BATCH, RATE, RIDGE = 400, 4096, 0.01, 1e-3  # trained to convergence, the network overfits the tasks
BINS = 15


class Engine:
    """The names, hyperparameters and weights of the engine, from the first line of the instances (src/core/classify/training.rs)."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.features, self.context, self.inputs = (parameters[key] for key in ("features", "context", "inputs"))
        self.hyperparameters, self.weights = parameters["hyperparameters"], parameters["weights"]
        meaning_inputs = [*MEANING_FEATURES, "standout", "others_meaning", "best_meaning", *self.context]
        unknown = {*meaning_inputs, *OF_KNOWN} - {*self.inputs} | {*MEANING_FEATURES, *EXAMPLE_FEATURES} - {*self.features}
        if unknown:
            raise SystemExit(f"the engine has no {', '.join(sorted(unknown))}")

        def without(names, *left_out):
            return [name for name in names if not any(name in some for some in left_out)]

        # The evidence modes by their names in fitted_weights.rs: description, features, inputs, whether rules have examples.
        self.evidence_modes = {
            "LEXICAL": (
                "words alone",
                without(self.features, MEANING_FEATURES, EXAMPLE_FEATURES),
                without(self.inputs, meaning_inputs, EXAMPLE_FEATURES),
                False,
            ),
            "SEMANTIC": ("words and meaning", without(self.features, EXAMPLE_FEATURES), without(self.inputs, EXAMPLE_FEATURES), False),
            "CENTROIDS": ("words, meaning and examples", self.features, self.inputs, True),
        }


class Model:
    """The engine's formulas, with the weights of one evidence mode. It uses only some of the features and inputs."""

    def __init__(self, engine, features, inputs, feature_weights=None, calibrator=None, no_evidence_log_odds=0.0):
        self.engine = engine
        self.columns = np.array([name in features for name in engine.features])
        self.inputs = np.array([name in inputs for name in engine.inputs])
        self.feature_weights, self.calibrator, self.no_evidence_log_odds = feature_weights, calibrator, no_evidence_log_odds

    @classmethod
    def shipped(cls, engine, mode):
        """With the weights that the engine has now."""
        _, features, inputs, _ = engine.evidence_modes[mode]
        weights = engine.weights[mode]
        feature_weights = np.array([weights["features"][name] for name in engine.features])
        return cls(engine, features, inputs, feature_weights, Calibrator.shipped(engine, weights["calibrator"]), weights["no_evidence_log_odds"])

    def column(self, values, name):
        return values[..., self.engine.features.index(name)]

    def scores(self, i):
        return np.round(i["score_scale"] * (i["features"] @ self.feature_weights), 6)

    def top_rule(self, i):
        """The index of the top rule, and the inputs of the calibrator."""
        hyperparameters = self.engine.hyperparameters
        scores = self.scores(i)
        top = int(np.argmax(scores))
        others = np.delete(scores, top)
        share = 1 / np.exp(scores - scores[top]).sum()
        margin = min(scores[top] - others.max(), hyperparameters["max_margin"]) if len(others) else hyperparameters["single_rule_margin"]
        f = dict(zip(self.engine.features, i["features"][top]))
        meanings = self.column(i["features"], "meaning")
        standout = (f["meaning"] - meanings.mean()) / (meanings.std() + hyperparameters["min_std_dev"])
        standout = standout if len(others) else hyperparameters["single_rule_standout"]
        f |= {"score_share": share, "margin": margin, "ln_rules": np.log(len(scores)), "ln_words": np.log(1 + i["words"])}
        f |= {"standout": standout, "others_meaning": np.delete(meanings, top).mean() if len(others) else 0.0, "best_meaning": meanings.max()}
        f |= dict(zip(self.engine.context, i["context"][top] if i["context"] else [0.0] * len(self.engine.context)))
        return top, np.array([f[name] for name in self.engine.inputs]) * self.inputs

    def has_no_evidence(self, i, top):
        """Whether there is no evidence for the top rule, or, in a long text, only a single word and no similar meaning."""
        hyperparameters = self.engine.hyperparameters
        f = i["features"][top] * self.columns
        one_word = self.column(f, "breadth") < hyperparameters["two_word_breadth"] and self.column(f, "title") <= 0
        is_long = i["words"] >= hyperparameters["long_text_words"]
        similarity = max(self.column(f, "meaning_passage"), self.column(f, "example_meaning"))
        return bool((f <= 0).all() or (one_word and is_long and similarity < hyperparameters["min_cosine"]))

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


class Fit(Model):
    """Weights of one evidence mode, fitted on the instances of some tasks."""

    def __init__(self, engine, instances, calibration, features, inputs):
        super().__init__(engine, features, inputs)
        self.feature_weights = fit_feature_weights(self.columns, [i for i in instances if i["target"] >= 0])
        weights = np.concatenate([balanced(instances), CALIBRATION_SHARE * balanced(calibration)])
        instances = instances + calibration
        tops, x = zip(*(self.top_rule(i) for i in instances))
        no_evidence = [self.has_no_evidence(i, top) for i, top in zip(instances, tops)]
        fits = np.array([i["target"] >= 0 for i in instances], float)
        right = np.array([i["target"] == top for i, top in zip(instances, tops)], float)
        self.calibrator = Calibrator.fitted(engine, np.array(x), np.stack([fits, right], 1), weights)
        self.calibrator.add_linear(np.array(x), right, weights * fits, [engine.inputs.index(name) for name in OF_KNOWN])
        no_evidence_weights = weights[no_evidence]
        rate = (no_evidence_weights @ fits[no_evidence]) / no_evidence_weights.sum() if len(no_evidence_weights) else NONE_SHARE
        rate = min(max(rate, 0.05), 0.5)
        self.no_evidence_log_odds = np.log(rate / (1 - rate))


class Calibrator:
    """The network of calibrator.rs: log-odds, each a linear combination of the standardised inputs and of hidden units."""

    def __init__(self, mean, std_dev, parts, max_deviations):
        self.mean, self.std_dev, self.parts, self.max_deviations = mean, std_dev, parts, max_deviations

    @classmethod
    def shipped(cls, engine, weights):
        """With the weights that the engine has now."""
        outputs = weights["outputs"]
        parts = [
            np.array(weights["hidden"]).T,
            np.array(weights["hidden_bias"]),
            np.array([output["hidden"] for output in outputs]).T,
            np.array([output["direct"] for output in outputs]).T,
            np.array([output["bias"] for output in outputs]),
        ]
        return cls(np.array(weights["mean"]), np.array(weights["std_dev"]), parts, engine.hyperparameters["max_deviations"])

    @classmethod
    def fitted(cls, engine, x, y, weights):
        std_dev = x.std(0)
        std_dev[std_dev < 1e-6] = 1.0
        self = cls(x.mean(0), std_dev, None, engine.hyperparameters["max_deviations"])
        size = int(engine.hyperparameters["hidden"])
        numbers = np.random.default_rng(0)
        x, weights = self.standard(x), (weights / weights.sum())[:, None]
        parts = [
            numbers.normal(0, 1 / np.sqrt(x.shape[1]), (x.shape[1], size)),
            np.zeros(size),
            numbers.normal(0, 0.1, (size, y.shape[1])),
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
        return self

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
        to_hidden, hidden_bias, from_hidden, old, bias = self.parts
        from_hidden = np.hstack([from_hidden, np.zeros((len(hidden_bias), 1))])
        self.parts = [to_hidden, hidden_bias, from_hidden, np.hstack([old, direct[:, None]]), np.append(bias, w[-1])]

    def standard(self, x):
        return np.clip((x - self.mean) / self.std_dev, -self.max_deviations, self.max_deviations)

    @staticmethod
    def hidden(x, parts):
        return np.tanh(x @ parts[0] + parts[1])

    @staticmethod
    def outputs(x, hidden, parts):
        return hidden @ parts[2] + x @ parts[3] + parts[4]

    def __call__(self, x):
        x = self.standard(x)
        return self.outputs(x, self.hidden(x, self.parts), self.parts)


def fit_feature_weights(columns, instances, steps=400, ridge=0.001):
    """The weights of the features in the linear score: those of `columns`."""
    data = [i for i in instances if i["target"] >= 0 and len(i["features"]) > 1]
    width = max(len(i["features"]) for i in data)
    x, absent = np.zeros((len(data), width, len(columns))), np.full((len(data), width), -1e9)
    for at, i in enumerate(data):
        x[at, : len(i["features"])], absent[at, : len(i["features"])] = i["features"], 0
    y, share = np.array([i["target"] for i in data]), balanced(data)
    share /= share.sum()
    w, mean, square = np.where(columns, 2.0, 0.0), 0.0, 0.0
    for step in range(1, steps + 1):
        z = x @ w + absent
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        gradient = np.einsum("ij,ijk,i->k", p, x, share) + ridge * w
        mean, square = 0.9 * mean + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        w = np.maximum(0, w - 0.1 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)) * columns
    return w


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
    """The row of a task, with weights that were not fitted on it."""
    test = [i for i in instances if i["task"] == task and i["split"] == "test" and i["kind"] == "own"]
    known = [i for i in test if i["target"] >= 0 and not i["with_examples"]]
    nulls = [i for i in test if i["target"] < 0 and not i["with_examples"]]
    nulls = nulls or [i for i in instances if i["task"] == task and i["kind"] == "cross" and not i["with_examples"] and i["split"] == "test"][: len(known)]
    target, top, *_ = zero_shot.answers(known).T
    mixed = zero_shot.answers(known + nulls)
    none, answered_none = mixed[:, 0] < 0, mixed[:, 3] < 0
    with_examples = few_shot.answers([i for i in test if i["target"] >= 0 and i["with_examples"]])
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
    """The engine, and the instances as the example `quality` writes them."""
    with open(file, encoding="utf-8") as lines:
        engine = Engine(json.loads(next(lines)))
        instances = [i for i in map(json.loads, lines) if i["features"]]
    for i in instances:
        i["features"] = np.array(i["features"], float)
    return engine, instances


def rust_text(name, description, fit):
    def row(values):
        return "[" + ", ".join(f"{value:.4f}" for value in values) + "]"

    to_hidden, hidden_bias, from_hidden, direct, bias = fit.calibrator.parts
    outputs = [
        f"Output {{ direct: {row(direct[:, at])}, hidden: {row(from_hidden[:, at])}, bias: {bias[at]:.4f} }}" for at in range(len(bias))
    ]
    return f"""
/// For {description}.
pub(super) static {name}: Weights = Weights {{
    features: FeatureWeights {{ {", ".join(f"{name}: {value:.3f}" for name, value in zip(fit.engine.features, fit.feature_weights))} }},
    calibrator: Calibrator {{
        mean: {row(fit.calibrator.mean)},
        std_dev: {row(fit.calibrator.std_dev)},
        hidden: [{", ".join(row(unit) for unit in to_hidden.T)}],
        hidden_bias: {row(hidden_bias)},
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
    engine, instances = read(arguments.instances)
    calibration = []
    if arguments.calibration:
        other_engine, calibration = read(arguments.calibration)
        if other_engine.parameters != engine.parameters:
            raise SystemExit("the two files of instances are of different engines")
        calibration = [i for i in calibration if i["kind"] != "cross"]
    related = {(task, other) for task, _, others in (pair.partition("=") for pair in arguments.related) for other in others.split(",")}
    tasks = sorted({i["task"] for i in instances})
    usable = [i for i in instances if (i["task"], i["from"]) not in related]

    def fitted(name, left_out=None):
        _, features, inputs, few_shot = engine.evidence_modes[name]
        known = [i for i in usable if i["with_examples"] == few_shot and i["task"] != left_out]
        return Fit(engine, known, [i for i in calibration if i["with_examples"] == few_shot], features, inputs)

    columns = "accuracy, macro F1, null F1, null AUROC, ECE, few-shot, few-shot ECE".split(", ")
    print("left out    ", *(f"{column:>12}" for column in columns))
    rows = []
    for task in tasks:
        rows.append(measured(task, instances, fitted("SEMANTIC", task), fitted("CENTROIDS", task)))
        print(f"{task:12}", *(f"{value:12.3f}" for value in rows[-1]), flush=True)
    print("mean        ", *(f"{value:12.3f}" for value in np.mean(rows, 0)))
    if arguments.out:
        text = "//! The fitted weights of [`super::score`]. Written by `src/train/fit.py`.\n"
        text += '#![allow(clippy::approx_constant, reason = "a fitted number may come near a constant of mathematics")]\n'
        text += "\nuse super::calibrator::{Calibrator, Output};\nuse super::features::FeatureWeights;\nuse super::weights::Weights;\n"
        text += "".join(rust_text(name, description, fitted(name)) for name, (description, *_) in engine.evidence_modes.items())
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
