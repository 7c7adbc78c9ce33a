"""Holds the formulas of fit.py to those of the engine.

    python src/train/parity.py                      checks that fit.py gives the numbers of parity.jsonl
    python src/train/parity.py --write INSTANCES    writes parity.jsonl anew

parity.jsonl begins with the parameters of the engine, then has instances with the numbers that fit.py computes for them. The
native tests (src/core/classify/training.rs) check that the parameters are the engine's and that it computes the same numbers.

INSTANCES is what the example `quality` writes with `--instances`: some of them are chosen. If it has the parameters alone, as
`--parameters` writes them, the stored instances are kept.
"""
import argparse
import json
import random
from pathlib import Path

import numpy as np

from fit import EXAMPLE_FEATURES, MEANING_FEATURES, Model, read

FILE = Path(__file__).parent / "parity.jsonl"
CHOSEN = 20  # the number of instances of each evidence mode
MAX_RULES = 5
TOLERANCE = 1e-9


def expected(model, i):
    """The numbers that the formulas give for an instance."""
    top, inputs = model.top_rule(i)
    _, _, _, answer, confidence, _ = model.answers([i])[0]
    return {
        "scores": list(model.scores(i)),
        "top": top,
        "inputs": {name: value for name, value, used in zip(model.engine.inputs, inputs, model.inputs) if used},
        "log_odds": list(model.calibrator(inputs[None])[0]),
        "no_evidence": model.has_no_evidence(i, top),
        "no_match": bool(answer < 0),
        "confidence": confidence,
    }


def chosen(engine, instances):
    """Instances of every evidence mode: of all kinds, with one rule and several, with evidence and without."""
    numbers = random.Random(1)
    for mode, (_, _, _, few_shot) in engine.evidence_modes.items():
        model = Model.shipped(engine, mode)
        groups = {}
        for i in instances:
            if i["with_examples"] != few_shot or len(i["features"]) > MAX_RULES:
                continue
            features = np.round(i["features"], 6)
            if mode == "LEXICAL":
                # As in a text of a language that the embedding table does not know.
                features[:, [engine.features.index(name) for name in MEANING_FEATURES + EXAMPLE_FEATURES]] = 0
            i = {
                "mode": mode,
                "target": i["target"],
                "words": i["words"],
                "score_scale": round(i["score_scale"], 6),
                "features": features,
                "context": [] if mode == "LEXICAL" else np.round(i["context"], 6).tolist(),
                "kind": i["kind"],
            }
            numbers_of = expected(model, i)
            group = (i.pop("kind"), len(features) == 1, numbers_of["no_evidence"], numbers_of["no_match"])
            groups.setdefault(group, []).append(i)
        for group in groups.values():
            numbers.shuffle(group)
        for number in range(CHOSEN):
            group = groups[sorted(groups)[number % len(groups)]]
            yield group[number // len(groups) % len(group)]


def stored():
    engine, instances = read(FILE)
    return engine, [(i, i.pop("expected")) for i in instances]


def write(file):
    engine, instances = read(file)
    instances = list(chosen(engine, instances)) if instances else [i for i, _ in stored()[1]]
    with open(FILE, "w", encoding="utf-8") as lines:
        lines.write(json.dumps(engine.parameters) + "\n")
        for i in instances:
            numbers_of = expected(Model.shipped(engine, i["mode"]), i)
            lines.write(json.dumps(i | {"features": i["features"].tolist(), "expected": numbers_of}) + "\n")
    print(f"{len(instances)} instances written")


def check():
    engine, instances = stored()
    faults = []
    for number, (i, known) in enumerate(instances, 1):
        for name, value in expected(Model.shipped(engine, i["mode"]), i).items():
            pairs = [(value[key], known[name][key]) for key in value] if isinstance(value, dict) else [(value, known[name])]
            if any(np.abs(np.subtract(a, b, dtype=float)).max() > TOLERANCE for a, b in pairs):
                faults.append(f"instance {number}: {name} is {value}, stored is {known[name]}")
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{len(instances)} instances agree")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="INSTANCES")
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write)
    else:
        check()


if __name__ == "__main__":
    main()
