"""The third stage: writes the table in the format of the engine.

    magic "SREM", version u16, pieces u16, common rows u16, rare rows u16
    blocks      for every 64 pieces, in the order of the vocabulary file: two u64, bit masks of the pieces with a common row
                and of those with a rare row, and two u16, the number of each in the blocks before
    multipliers u8 for every common row, then for every rare row
    background  256 i16, in units of 2 ** -15: the mean of unit vectors of everyday sentences
    common      128 bytes a row: byte i holds number i in its low half and number i + 128 in its high one, each plus 8
    rare        64 bytes a row: byte i holds, two bits each from the lowest, numbers i, i + 64, i + 128 and i + 192, each plus 1
    subjects    64 rows like the rare ones, without multipliers: the directions of general subjects

Little-endian throughout. A piece's vector is its row times its multiplier, which includes the piece's weight; all vectors
share one unit, which does not affect cosines.
"""
import gzip
import hashlib
import json
import struct
from pathlib import Path

import numpy as np

from table import WIDTH, unit

MAGIC, VERSION = b"SREM", 1
BLOCK = 64
COMMON = 6_000  # pieces that make up 90 % of running text: they get sixteen levels, 40 kB of the file for a thousand
ROWS = 19_000  # pieces with a vector: the rest are 0.6 % of running text
COMMON_STEP = 0.9  # the step between levels of a common row, in its root mean squares: finer steps cost more than they gain
RARE_THRESHOLD = 1.0  # digits of a rare row are not 0 above this share of its root mean square
COMMON_LEVELS, RARE_LEVELS = 7, 1
MAX_COMMON, MAX_RARE = 127, 255  # multipliers: the engine adds up 32 rows in 16 bits
SHORT = 40  # passages of fewer pieces are everyday sentences: requests, questions, remarks
BACKGROUND_UNIT = 2.0**-15


def own_basis(table):
    """The table in the basis of its principal directions, and that basis: the cosines stay the same and are better after quantisation."""
    _, directions = np.linalg.eigh(table.T @ table)
    basis = np.ascontiguousarray(directions[:, ::-1]).astype(np.float32)
    return (table @ basis).astype(np.float32), basis


def ordered(corpus_counts, weights, first_word):
    """The pieces with a vector, the commonest first: by their better rank of that in the corpus and in the teacher's vocabulary."""
    last = len(weights)
    in_corpus = np.empty(last, int)
    in_corpus[np.argsort(-corpus_counts, kind="stable")] = np.arange(last)
    in_vocabulary = np.arange(last) - first_word
    in_vocabulary[in_vocabulary < 0] = last
    rank = np.minimum(in_corpus, in_vocabulary)
    rank[weights == 0] = 10 * last
    return np.argsort(rank, kind="stable")[: min(ROWS, int((weights > 0).sum()))]


def quantised(rows, levels, step=None, threshold=None):
    """Whole numbers of at most `levels`, and the scale with the least squared error."""
    size = np.sqrt((rows**2).mean(1, keepdims=True)) + 1e-12
    digits = np.sign(rows) * (np.abs(rows) > threshold * size) if step is None else np.clip(np.round(rows / (step * size)), -levels, levels)
    scales = (rows * digits).sum(1) / np.maximum(1, (digits**2).sum(1))
    return digits.astype(np.int8), scales.astype(np.float32)


def quantise(table, order, weights):
    """The rows of `order`, quantised: common digits, rare digits, and the multipliers of both."""
    common, rare = order[:COMMON], order[COMMON:]
    common_digits, common_scales = quantised(table[common], COMMON_LEVELS, step=COMMON_STEP)
    rare_digits, rare_scales = quantised(table[rare], RARE_LEVELS, threshold=RARE_THRESHOLD)
    common_scales, rare_scales = common_scales * weights[common], rare_scales * weights[rare]
    unit_scale = max(common_scales.max() / MAX_COMMON, rare_scales.max() / MAX_RARE)
    multipliers = [np.clip(np.round(scales / unit_scale), 1, 255).astype(np.uint8) for scales in (common_scales, rare_scales)]
    return (common_digits, rare_digits, *multipliers)


def weighted(order, size, common_digits, rare_digits, common_multipliers, rare_multipliers):
    """The rows as the engine reads them, including weights, one for each piece of the teacher's vocabulary."""
    rows = np.zeros((size, WIDTH), np.float32)
    rows[order[:COMMON]] = common_digits * common_multipliers[:, None].astype(np.float32)
    rows[order[COMMON:]] = rare_digits * rare_multipliers[:, None].astype(np.float32)
    return rows


def write(file, pieces, order, background, subjects, common_digits, rare_digits, common_multipliers, rare_multipliers):
    """`pieces`: (piece, id in the teacher's vocabulary) in the order of the vocabulary file."""
    row_of = {int(piece_id): row for row, piece_id in enumerate(order)}
    rows = [row_of.get(piece_id) for _, piece_id in pieces]
    common = [row for row in rows if row is not None and row < COMMON]
    rare = [row - COMMON for row in rows if row is not None and row >= COMMON]
    blocks = b""
    before = [0, 0]
    for start in range(0, len(rows), BLOCK):
        masks = [0, 0]
        for bit, row in enumerate(rows[start : start + BLOCK]):
            if row is not None:
                masks[row >= COMMON] |= 1 << bit
        blocks += struct.pack("<QQHH", *masks, *before)
        before = [count + mask.bit_count() for count, mask in zip(before, masks)]
    halves = (common_digits[common] + 8).astype(np.uint8)
    halves = halves[:, : WIDTH // 2] | halves[:, WIDTH // 2 :] << 4
    data = b"".join([
        struct.pack("<4sHHHH", MAGIC, VERSION, len(pieces), len(common), len(rare)),
        blocks,
        common_multipliers[common].tobytes(),
        rare_multipliers[rare].tobytes(),
        np.round(background / BACKGROUND_UNIT).astype("<i2").tobytes(),
        halves.tobytes(),
        quarters(rare_digits[rare]),
        quarters(subjects),
    ])
    Path(file).write_bytes(data)
    return data


def quarters(digits):
    parts = (digits + 1).astype(np.uint8).reshape(-1, 4, WIDTH // 4)
    return (parts[:, 0] | parts[:, 1] << 2 | parts[:, 2] << 4 | parts[:, 3] << 6).tobytes()


def describe(file, data, **facts):
    """Writes the metadata of the file: its content, its origin and its checksum."""
    facts |= {"bytes": len(data), "gzip": len(gzip.compress(data, 9)), "sha256": hashlib.sha256(data).hexdigest()}
    Path(file).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def background(matrix, rows, lengths, threads):
    """The mean unit vector of short passages. `matrix` counts pieces without weights, `rows` hold them."""
    return unit(threads.times(matrix[lengths < SHORT], rows)).mean(0)
