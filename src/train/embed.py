"""The first stage: the teacher's vector of every passage, in chunks, so that an interrupted run can resume."""
import gzip
import hashlib
import json
import time
from pathlib import Path

import numpy as np

from teacher import WIDTH

CHUNK = 20_000  # the number of passages between two checkpoints: two minutes
SEED = 0


def read(folder):
    """Texts and sources of all passages in `folder`, and a digest of the files: lines of {"text", "src"} in *.jsonl.gz."""
    texts, sources, digest = [], [], hashlib.sha256()
    files = sorted(Path(folder).glob("*.jsonl.gz"))
    if not files:
        raise SystemExit(f"no *.jsonl.gz in {folder}")
    for file in files:
        digest.update(file.read_bytes())
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                passage = json.loads(line)
                texts.append(passage["text"])
                sources.append(passage.get("src", file.stem))
    return texts, np.array(sources), digest.hexdigest()


def round_robin(sources):
    """An order that takes one passage of each source in turn, until the source has no more."""
    shuffled = np.random.RandomState(SEED).permutation(len(sources))
    turn, seen = np.zeros(len(sources), int), {}
    for index in shuffled:
        turn[index] = seen.get(sources[index], 0)
        seen[sources[index]] = turn[index] + 1
    return shuffled[np.argsort(turn[shuffled], kind="stable")]


def embed(teacher, passages, work, limit=None):
    """Writes `work`/pieces.npz and vectors.npy, in the order of `round_robin`. `limit`: the maximum number of passages."""
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    texts, sources, digest = read(passages)
    order = round_robin(sources)[:limit]
    checkpoint = work / "embedded.json"
    state = json.loads(checkpoint.read_text()) if checkpoint.exists() else {}
    if state.get("passages") != digest or state.get("total") != len(order):
        state = {"passages": digest, "total": len(order), "done": 0}
        pieces = teacher.pieces(texts[index] for index in order)
        lengths = np.array([len(ids) for ids in pieces], np.int32)
        np.savez(work / "pieces.npz", flat=np.concatenate(pieces).astype(np.uint16), lengths=lengths, sources=sources[order])
        np.lib.format.open_memmap(work / "vectors.npy", "w+", np.float16, (len(order), WIDTH)).flush()
        checkpoint.write_text(json.dumps(state))
    stored = np.load(work / "pieces.npz")
    pieces = np.split(stored["flat"].astype(np.int32), np.cumsum(stored["lengths"])[:-1])
    vectors = np.lib.format.open_memmap(work / "vectors.npy", "r+")
    began, before = time.monotonic(), state["done"]
    while state["done"] < len(order):
        chunk = slice(state["done"], min(state["done"] + CHUNK, len(order)))
        vectors[chunk] = teacher.vectors(pieces[chunk])
        vectors.flush()
        state["done"] = chunk.stop
        checkpoint.write_text(json.dumps(state))
        seconds = time.monotonic() - began
        print(f"embedded {chunk.stop:,} of {len(order):,}, {1000 * seconds / (chunk.stop - before):.1f} s a thousand", flush=True)
    return state
