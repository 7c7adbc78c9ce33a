"""The third stage: writes the table in the format of the engine.

    magic "SREM", version u16, pieces u16, common rows u16, rare rows u16
    blocks      for every 64 pieces, in the order of the vocabulary file: two u64, bit masks of the pieces with a common row
                and of those with a rare row, and two u16, the number of each in the blocks before
    scales      u8 for every common row, then for every rare row
    mean vector 256 i16, in units of 2 ** -15: the mean of unit vectors of everyday sentences
    common      128 bytes per row: byte i holds component i in its low half and component i + 128 in its high one, as codes:
                each plus the zero point 8
    rare        64 bytes per row: byte i holds, two bits each from the lowest, components i, i + 64, i + 128 and i + 192, as
                codes: each plus the zero point 1
    topics      64 rows like the rare ones, without scales: the unit vectors of general topics

Little-endian throughout. A piece's vector is its row times its scale, which includes the piece's weight; all vectors
share one unit, which does not affect cosines.
"""
import gzip
import hashlib
import json
import struct
from pathlib import Path

import numpy as np

from table import DIMENSIONS, unit

MAGIC, VERSION = b"SREM", 1
BLOCK = 64
COMMON = 6_000  # pieces that make up 90 % of running text: they get sixteen levels, 40 kB of the file for a thousand
ROWS = 19_000  # pieces with a vector: the rest are 0.6 % of running text
COMMON_STEP = 0.9  # the step between levels of a common row, in its root mean squares: finer steps cost more than they gain
RARE_THRESHOLD = 1.0  # codes of a rare row are not 0 above this share of its root mean square
COMMON_LEVELS, RARE_LEVELS = 7, 1
MAX_COMMON, MAX_RARE = 127, 255  # scales: the engine adds up 32 rows in 16 bits
SHORT = 40  # passages of fewer pieces are everyday sentences: requests, questions, remarks
MEAN_VECTOR_SCALE = 2.0**-15


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
    """Codes, before the zero point is added: whole numbers of at most `levels`; and the factor with the least squared error."""
    size = np.sqrt((rows**2).mean(1, keepdims=True)) + 1e-12
    codes = np.sign(rows) * (np.abs(rows) > threshold * size) if step is None else np.clip(np.round(rows / (step * size)), -levels, levels)
    factors = (rows * codes).sum(1) / np.maximum(1, (codes**2).sum(1))
    return codes.astype(np.int8), factors.astype(np.float32)


def quantise(table, order, weights):
    """The rows of `order`, quantised: common codes, rare codes, and the scales of both."""
    common, rare = order[:COMMON], order[COMMON:]
    common_codes, common_factors = quantised(table[common], COMMON_LEVELS, step=COMMON_STEP)
    rare_codes, rare_factors = quantised(table[rare], RARE_LEVELS, threshold=RARE_THRESHOLD)
    common_factors, rare_factors = common_factors * weights[common], rare_factors * weights[rare]
    unit_factor = max(common_factors.max() / MAX_COMMON, rare_factors.max() / MAX_RARE)
    scales = [np.clip(np.round(factors / unit_factor), 1, 255).astype(np.uint8) for factors in (common_factors, rare_factors)]
    return (common_codes, rare_codes, *scales)


def weighted(order, size, common_codes, rare_codes, common_scales, rare_scales):
    """The rows as the engine reads them, including weights, one for each piece of the teacher's vocabulary."""
    rows = np.zeros((size, DIMENSIONS), np.float32)
    rows[order[:COMMON]] = common_codes * common_scales[:, None].astype(np.float32)
    rows[order[COMMON:]] = rare_codes * rare_scales[:, None].astype(np.float32)
    return rows


def write(file, pieces, order, mean_vector, topics, common_codes, rare_codes, common_scales, rare_scales):
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
    halves = (common_codes[common] + 8).astype(np.uint8)
    halves = halves[:, : DIMENSIONS // 2] | halves[:, DIMENSIONS // 2 :] << 4
    data = b"".join([
        struct.pack("<4sHHHH", MAGIC, VERSION, len(pieces), len(common), len(rare)),
        blocks,
        common_scales[common].tobytes(),
        rare_scales[rare].tobytes(),
        np.round(mean_vector / MEAN_VECTOR_SCALE).astype("<i2").tobytes(),
        halves.tobytes(),
        quarters(rare_codes[rare]),
        quarters(topics),
    ])
    Path(file).write_bytes(data)
    return data


def quarters(codes):
    parts = (codes + 1).astype(np.uint8).reshape(-1, 4, DIMENSIONS // 4)
    return (parts[:, 0] | parts[:, 1] << 2 | parts[:, 2] << 4 | parts[:, 3] << 6).tobytes()


def describe(file, data, **facts):
    """Writes the metadata of the file: its content, its origin and its checksum."""
    facts |= {"bytes": len(data), "gzip": len(gzip.compress(data, 9)), "sha256": hashlib.sha256(data).hexdigest()}
    Path(file).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def mean_vector(matrix, rows, lengths, threads):
    """The mean unit vector of short passages. `matrix` counts pieces without weights, `rows` hold them."""
    return unit(threads.times(matrix[lengths < SHORT], rows)).mean(0)
