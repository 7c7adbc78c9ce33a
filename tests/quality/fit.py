"""Fits the constants of src/core/classify/score.rs and says how well they do on tasks they have not seen.

    cargo run --release -p sortroom --example quality -- DIR --instances > instances.jsonl
    pip install numpy
    python3 tests/quality/fit.py instances.jsonl [TASK=OTHER,OTHER ...]

TASK=OTHER says that texts of OTHER may well match a rule of TASK (contracts match a rule "contract"): they are not
used as its foreign texts.

Rank weights: multinomial logistic regression over the rules of an instance (weights not below 0: evidence for a rule
never speaks against it). Heads: ridge logistic regression on the winner. Every task has the same weight; instances
without a right rule ("none") are weighted to NONE_SHARE of a task. The constants printed are fitted on the lines of
the split `train`; the table below them leaves one task out at a time and is measured on its `test` lines.
"""
import json
import sys

import numpy as np

NONE_SHARE = 0.25
FAINT_WORDS = 40  # see score.rs
FEATURES = ["whole", "passage", "head", "title", "phrase", "coverage", "breadth"]
INPUTS = ["whole", "passage", "title", "breadth", "share", "margin", "ln rules", "ln words"]
EVIDENCE = 6  # inputs of which more must never count less
MAX_MARGIN, LONE_MARGIN = 8.0, 3.0

instances = [json.loads(line) for line in open(sys.argv[1])]
related = {tuple(pair) for task, others in (word.split("=") for word in sys.argv[2:]) for pair in [(task, o) for o in others.split(",")]}
instances = [i for i in instances if (i["task"], i["from"]) not in related]
for instance in instances:
    instance["features"] = np.array(instance["features"], float).reshape(-1, len(FEATURES))
tasks = sorted({instance["task"] for instance in instances})


def chosen(names, split, kinds):
    return [i for i in instances if i["task"] in names and i["split"] == split and i["kind"] in kinds and len(i["features"])]


def balanced(chosen_instances):
    """One weight an instance: every task the same in sum, "none" NONE_SHARE of it."""
    count = {}
    for i in chosen_instances:
        key = (i["task"], i["target"] < 0)
        count[key] = count.get(key, 0) + 1
    return np.array([(NONE_SHARE if i["target"] < 0 else 1 - NONE_SHARE) / count[i["task"], i["target"] < 0] for i in chosen_instances])


def fit_rank(names, split, steps=400):
    data = [i for i in chosen(names, split, ("own", "subset")) if i["target"] >= 0 and len(i["features"]) > 1]
    width = max(len(i["features"]) for i in data)
    x = np.zeros((len(data), width, len(FEATURES)))
    absent = np.full((len(data), width), -1e9)
    for at, i in enumerate(data):
        x[at, : len(i["features"])] = i["features"]
        absent[at, : len(i["features"])] = 0
    y = np.array([i["target"] for i in data])
    c = balanced(data)
    c /= c.sum()
    w, m, v = np.full(len(FEATURES), 2.0), 0.0, 0.0
    for step in range(1, steps + 1):
        z = x @ w + absent
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        gradient = np.einsum("ij,ijk,i->k", p, x, c) + 0.001 * w
        m, v = 0.9 * m + 0.1 * gradient, 0.99 * v + 0.01 * gradient**2
        w = np.maximum(0, w - 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-9))
    return w


def judged(i, w):
    scores = np.round(i["features"] @ w, 6)
    top = int(np.argmax(scores))
    others = np.sort(np.delete(scores, top))[::-1]
    share = 1 / np.exp(scores - scores[top]).sum()
    margin = min(scores[top] - others[0], MAX_MARGIN) if len(others) else LONE_MARGIN
    f = i["features"][top]
    return top, np.array([f[0], f[1], f[3], f[6], share, margin, np.log(len(scores)), np.log(1 + i["words"]), 1.0])


def fit_head(x, y, c):
    """A head in which no evidence speaks against the winner: the input that does so most is taken out, until none does."""
    kept = list(range(x.shape[1]))
    while True:
        w = np.zeros(x.shape[1])
        w[kept] = fit_free(x[:, kept], y, c)
        worst = int(np.argmin(w[:EVIDENCE]))
        if w[worst] >= 0:
            return w
        kept.remove(worst)


def fit_free(x, y, c, ridge=1e-3):
    """Newton's method on standardised inputs; weights for the raw ones come back."""
    mean, spread = x[:, :-1].mean(0), x[:, :-1].std(0) + 1e-9
    s = np.hstack([(x[:, :-1] - mean) / spread, x[:, -1:]])
    c = c / c.sum()
    penalty = np.full(s.shape[1], ridge)
    penalty[-1] = 0
    w = np.zeros(s.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-s @ w))
        w -= np.linalg.solve((s * (c * p * (1 - p))[:, None]).T @ s + np.diag(penalty + 1e-12), s.T @ (c * (p - y)) + penalty * w)
    raw = w[:-1] / spread
    return np.append(raw, w[-1] - raw @ mean)


def faint(i, top):
    """No word, or in a paragraph or more a single one: chance."""
    f = i["features"][top]
    return not i["features"].any() or (f[6] < 0.5 and f[3] == 0 and i["words"] >= FAINT_WORDS)


def fit(names, split):
    rank = fit_rank(names, split)
    everything = chosen(names, split, ("own", "subset", "cross"))
    tops, x = zip(*(judged(i, rank) for i in everything))
    faintly = [i for i, top in zip(everything, tops) if faint(i, top)]
    x, c = np.array(x), balanced(everything)
    fits = np.array([i["target"] >= 0 for i in everything], float)
    right = np.array([i["target"] == top for i, top in zip(everything, tops)], float)
    weights = dict(zip(map(id, everything), c))
    rates = []
    for task in names:
        mass = [(weights[id(i)], i["target"] >= 0) for i in faintly if i["task"] == task]
        if mass:
            rates.append(sum(w for w, fit_though in mass if fit_though) / sum(w for w, _ in mass))
    rate = np.mean(rates)
    silence = np.array([np.log(rate / (1 - rate))])
    return rank, fit_head(x, fits, c), fit_head(x, right, c), silence


def answers(data, constants):
    rank, any_fits, top_right, silence = constants
    out = []
    for i in data:
        top, x = judged(i, rank)
        fits, right = (1 / (1 + np.exp(-x @ head)) for head in (any_fits, top_right))
        right = min(right, fits)
        if faint(i, top):
            fits, right = 1 / (1 + np.exp(-silence[0])), 0.0
        none = 1 - fits > right or right == 0
        answer = -1 if none else top
        out.append((i["target"], top, answer, 1 - fits if none else right, fits))
    return np.array(out)


def ece(confidence, correct):
    bins = np.minimum((confidence * 15).astype(int), 14)
    return sum((bins == b).mean() * abs(confidence[bins == b].mean() - correct[bins == b].mean()) for b in set(bins))


def auroc(none, fits):
    yes, no = fits[~none], fits[none]
    return (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()


def show(name, values):
    print("//", name.ljust(14), ", ".join("%.2f" % v for v in values))


constants = fit(tasks, "train")
show("RANK", constants[0])
show("ANY_FITS", constants[1])
show("TOP_IS_RIGHT", constants[2])
show("SILENCE", constants[3])
print("// inputs of the heads: %s, constant" % ", ".join(INPUTS))
print("\nleft out      acc  acc+none  noneF1  AUROC   ECE  said/none   ECE subsets")
rows = []
for task in tasks:
    left = fit([other for other in tasks if other != task], "train")
    own = chosen([task], "test", ("own",))
    if not any(i["target"] < 0 for i in own):
        own += chosen([task], "test", ("cross",))[: len(own) // 3]
    a = answers(own, left)
    target, top, answer, confidence, fits = a.T
    none = target < 0
    known = ~none
    f1 = 2 * ((answer < 0) & none).sum() / max(1, (answer < 0).sum() + none.sum())
    s = answers(chosen([task], "test", ("subset",)), left)
    row = [(top == target)[known].mean(), (answer == target).mean(), f1, auroc(none, fits), ece(confidence, answer == target), ece(s[:, 3], s[:, 2] == s[:, 0])]
    rows.append(row)
    print("%-11s %5.1f %9.1f %7.1f %6.1f %5.1f   %4d/%4d %8.1f" % (task, *(100 * v for v in row[:5]), (answer < 0).sum(), none.sum(), 100 * row[5]))
print("%-11s %5.1f %9.1f %7.1f %6.1f %5.1f %18.1f" % ("mean", *(100 * np.mean(rows, 0))))
