"""Compares the engine with peers on the test lines of `npm run quality`.

    python peers.py DIR instances.jsonl [--teacher FOLDER]

`teacher`: the cosine of the sentence transformer's vectors of text and rule. `teacher + words`: the centred cosine and the
engine's word features, weights fitted on the other tasks. `ours`: the engine's own features, fitted likewise, and the ratio to
`teacher + words` with the 95 % interval of a paired bootstrap. `model2vec`: the computation of model2vec-rs, with the textbook
table: the teacher's vectors of single pieces, 256 principal components, weighted by the Zipf rank of the piece.
"""
import argparse
import json
from pathlib import Path

import numpy as np

from fit import EXAMPLE_FEATURES, MEANING_FEATURES, fit_feature_weights, read
from table import DIMENSIONS, unit
from teacher import Teacher
from train import installed_teacher

READ = 256  # the number of pieces the teacher reads of a text, as in its training
ZIPF = 1e-4  # a in the textbook's weight a / (a + p)
DRAWS = 2000  # the number of bootstrap samples


class Task:
    def __init__(self, rules_file, teacher):
        self.name = rules_file.name.removesuffix(".rules.json")
        rules = json.loads(rules_file.read_text("utf-8"))
        lines = [json.loads(line) for line in rules_file.with_name(f"{self.name}.jsonl").read_text("utf-8").splitlines()]
        labels = [rule["type"] for rule in rules]
        self.right = np.array([labels.index(line["label"]) if line["label"] else -1 for line in lines])
        self.test = np.array([line["split"] == "test" for line in lines]) & (self.right >= 0)
        texts = [f"{rule['type'].replace('_', ' ')}: {rule['description']}" for rule in rules]
        self.pieces = [teacher.pieces(some) for some in ([line["text"] for line in lines], texts)]
        self.vectors = [teacher.vectors(some) for some in self.pieces]

    def accuracy(self, scores):
        return (scores.argmax(1) == self.right)[self.test]


def centred(task, tasks):
    others = [other for other in tasks if other is not task]
    documents, rules = (np.concatenate([other.vectors[side] for other in others]).mean(0) for side in (0, 1))
    own = task.vectors[1].mean(0)
    return unit(task.vectors[0] - documents) @ unit(task.vectors[1] - (rules + own) / 2).T


def textbook(alone):
    centred_pieces = alone - alone.mean(0)
    _, directions = np.linalg.eigh(centred_pieces.T @ centred_pieces)
    shares = 1 / np.arange(2, len(alone) + 2)
    shares /= shares.sum()
    return centred_pieces @ directions[:, ::-1][:, :DIMENSIONS] * (ZIPF / (ZIPF + shares))[:, None]


def fitted(engine, instances, tasks, columns):
    """For each task, whether each test line gets the right rule, with rank weights fitted on the other tasks."""
    hits = {}
    for task in tasks:
        used = np.array([name in columns for name in engine.features])
        weights = fit_feature_weights(used, [i for i in instances if i["task"] != task.name and i["target"] >= 0])
        own = [i for i in instances if i["task"] == task.name]
        hits[task.name] = np.array([int(np.argmax(i["features"] @ weights)) == i["target"] for i in own])[task.test]
    return hits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("instances", type=Path)
    parser.add_argument("--teacher", type=Path)
    arguments = parser.parse_args()
    teacher = Teacher(arguments.teacher or installed_teacher(), read=READ)
    tasks = [Task(file, teacher) for file in sorted(arguments.folder.glob("*.rules.json"))]
    engine, instances = read(arguments.instances)
    own = [i for i in instances if i["kind"] == "own" and not i["with_examples"]]
    lexical = [name for name in engine.features if name not in MEANING_FEATURES + EXAMPLE_FEATURES]
    ours = fitted(engine, own, tasks, lexical + MEANING_FEATURES)
    for task in tasks:
        cosines = centred(task, tasks)
        for i, row in zip((i for i in own if i["task"] == task.name), cosines):
            i["features"][:, [engine.features.index(name) for name in MEANING_FEATURES]] = 0
            i["features"][:, engine.features.index("meaning")] = row
    with_words = fitted(engine, own, tasks, lexical + ["meaning"])
    alone = teacher.vectors([np.array([teacher.first, at, teacher.last], np.int32) for at in range(teacher.tokenizer.get_vocab_size())])
    table, random = textbook(alone), np.random.RandomState(0)
    print("            model2vec   teacher   teacher + words   ours   ratio, 95 % of it")
    rows = []
    for task in tasks:
        means = [unit(np.stack([table[ids[1:-1]].mean(0) if len(ids) > 2 else np.zeros(DIMENSIONS) for ids in side])) for side in task.pieces]
        hits = [task.accuracy(means[0] @ means[1].T), task.accuracy(task.vectors[0] @ task.vectors[1].T), with_words[task.name], ours[task.name]]
        rows.append([hit.mean() for hit in hits])
        draws = [random.randint(0, len(hits[0]), len(hits[0])) for _ in range(DRAWS)]
        ratios = [hits[3][draw].mean() / hits[2][draw].mean() for draw in draws]
        low, high = np.percentile(ratios, [2.5, 97.5])
        print(f"{task.name:12}{rows[-1][0]:9.3f} {rows[-1][1]:9.3f} {rows[-1][2]:17.3f} {rows[-1][3]:6.3f}   {rows[-1][3] / rows[-1][2]:.2f}, {low:.2f} to {high:.2f}")
    mean = np.mean(rows, 0)
    print(f"{'mean':12}{mean[0]:9.3f} {mean[1]:9.3f} {mean[2]:17.3f} {mean[3]:6.3f}")


if __name__ == "__main__":
    main()
