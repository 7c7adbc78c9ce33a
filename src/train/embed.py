"""The first stage: the teacher's vector of every passage, in chunks, so that a run that was cut off goes on where it was."""
import gzip
import hashlib
import json
import time
from pathlib import Path

import numpy as np

from teacher import WIDTH

CHUNK = 20_000  # passages between two notes of how far it got: two minutes
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
    """An order in which the first passages come from all sources alike: one of each, in turn, until it has no more."""
    shuffled = np.random.RandomState(SEED).permutation(len(sources))
    turn, seen = np.zeros(len(sources), int), {}
    for at in shuffled:
        turn[at] = seen.get(sources[at], 0)
        seen[sources[at]] = turn[at] + 1
    return shuffled[np.argsort(turn[shuffled], kind="stable")]


def embed(teacher, passages, work, most=None):
    """Writes `work`/pieces.npz and vectors.npy, in the order of `round_robin`. `most`: so many passages are enough."""
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    texts, sources, digest = read(passages)
    order = round_robin(sources)[:most]
    note = work / "embedded.json"
    state = json.loads(note.read_text()) if note.exists() else {}
    if state.get("passages") != digest or state.get("total") != len(order):
        state = {"passages": digest, "total": len(order), "done": 0}
        pieces = teacher.pieces(texts[at] for at in order)
        lengths = np.array([len(ids) for ids in pieces], np.int32)
        np.savez(work / "pieces.npz", flat=np.concatenate(pieces).astype(np.uint16), lengths=lengths, sources=sources[order])
        np.lib.format.open_memmap(work / "vectors.npy", "w+", np.float16, (len(order), WIDTH)).flush()
        note.write_text(json.dumps(state))
    stored = np.load(work / "pieces.npz")
    pieces = np.split(stored["flat"].astype(np.int32), np.cumsum(stored["lengths"])[:-1])
    vectors = np.lib.format.open_memmap(work / "vectors.npy", "r+")
    began, before = time.monotonic(), state["done"]
    while state["done"] < len(order):
        chunk = slice(state["done"], min(state["done"] + CHUNK, len(order)))
        vectors[chunk] = teacher.vectors(pieces[chunk])
        vectors.flush()
        state["done"] = chunk.stop
        note.write_text(json.dumps(state))
        seconds = time.monotonic() - began
        print(f"embedded {chunk.stop:,} of {len(order):,}, {1000 * seconds / (chunk.stop - before):.1f} s a thousand", flush=True)
    return state
