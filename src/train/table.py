"""The second stage: from the teacher's vectors of passages to a ternary vector for every piece of the vocabulary.

A text's vector is the weighted mean of its pieces' vectors. The pieces' vectors are the ridge regression of the teacher's
passage vectors on the passages' pieces, after the idea of tokenlearn: minimise

    sum_i w_i |A_i E - y_i|^2 + PENALTY |E - B|^2

with A_i the weighted piece counts of passage i, scaled to sum 1, y_i the teacher's centred vector in the basis of its DIMENSIONS
strongest directions, w_i the weight of its source, and B the start: the teacher's vector of each piece alone.
"""
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sparse

DIMENSIONS = 256  # 95.7 % of the variance of the teacher's passage vectors; 128 costs two points, 384 gains none
PENALTY = 0.1  # the best held-out cosine of 1, 0.3, 0.1, 0.03
STEPS = 25  # of conjugate gradients; later ones change the fourth decimal of the held-out cosine
TOLERANCE = 1e-4
SOURCE_POWER = -0.5  # a source of n passages has the weight n ** 0.5: no large one dominates
TOWARDS_FIT = 0.6  # the share of the way from the start to the fit: the fit itself is closer to the teacher but classifies worse
HELD_OUT = range(7, 60_000, 40)  # passages for measuring only: 1,500, from all sources
FIRST_WORD = 1996  # the teacher's vocabulary is in order of frequency from this piece on
LAST_LATIN = "\u024f"
STOP_WORDS = frozenset(
    "a an the of to in on at by for from with and or nor not no is are was were be been being am do does did done has have had "
    "having i me my mine we us our ours you your yours he him his she her hers it its they them their theirs this that these those "
    "there here what which who whom whose when where why how as if then than so such but about into over under again further can "
    "could should would will shall may might must just also very too more most some any each other another only own same all both "
    "few between through during before after above below up down out off once because while until per via etc".split()
)


def carries_meaning(piece):
    """Whether a piece gets a vector: Latin letters, two or more, and not a stop word."""
    body = piece.removeprefix("##")
    marked = piece.startswith("[") and piece.endswith("]")
    return not marked and len(body) > 1 and any(c.isalpha() for c in body) and max(body) <= LAST_LATIN and piece not in STOP_WORDS


def piece_weights(vocabulary):
    """The weight of each piece in a mean: larger for rarer ones, as the logarithm of their rank; 0 for those without a vector."""
    return np.array(
        [math.log(2 + max(0, rank - FIRST_WORD + 6)) / 10 if carries_meaning(piece) else 0.0 for rank, piece in enumerate(vocabulary)], np.float32
    )


def counts(pieces, lengths, weights):
    """The matrix A: a row for each text, of weighted piece counts that sum to 1."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    kept = weights[pieces] > 0
    rows, columns = rows[kept], pieces[kept].astype(np.int64)
    matrix = sparse.csr_matrix((weights[columns], (rows, columns)), shape=(len(lengths), len(weights)), dtype=np.float32)
    matrix.sum_duplicates()
    sums = np.asarray(matrix.sum(1)).ravel()
    return (sparse.diags(1 / np.maximum(sums, 1e-6)) @ matrix).tocsr().astype(np.float32)


class Threads:
    """Sparse times dense, with the columns divided between two threads."""

    def __init__(self, threads=2):
        self.pool, self.threads = ThreadPoolExecutor(threads), threads

    def times(self, matrix, dense):
        parts = np.array_split(np.arange(dense.shape[1]), self.threads)
        blocks = self.pool.map(lambda part: matrix @ np.ascontiguousarray(dense[:, part]), parts)
        return np.hstack(list(blocks))


def unit(vectors):
    return vectors / np.maximum(1e-9, np.linalg.norm(vectors, axis=-1, keepdims=True))


def ridge(matrix, targets, weights, start, threads):
    """The regression, by conjugate gradients on all columns at once with the diagonal as preconditioner."""
    transposed = matrix.T.tocsr()
    weights = weights[:, None]

    def gradient(of):
        return threads.times(transposed, weights * of)

    squares = matrix.copy()
    squares.data **= 2
    diagonal = 1 / (np.asarray(squares.T @ weights).ravel()[:, None] + PENALTY)
    change = np.zeros_like(start)
    rest = gradient(targets - threads.times(matrix, start))
    step = diagonal * rest
    direction, progress = step.copy(), (rest * step).sum(0)
    first = progress.sum()
    for taken in range(1, STEPS + 1):
        image = gradient(threads.times(matrix, direction)) + PENALTY * direction
        length = progress / np.maximum(1e-20, (direction * image).sum(0))
        change += length * direction
        rest -= length * image
        step = diagonal * rest
        new = (rest * step).sum(0)
        print(f"step {taken}: {math.sqrt(new.sum() / first):.1e} of the first gradient", flush=True)
        if new.sum() < TOLERANCE**2 * first:
            break
        direction = step + direction * (new / np.maximum(1e-20, progress))
        progress = new
    return change


def fit(pieces, lengths, sources, vectors, alone, weights):
    """The table in floating point, DIMENSIONS columns, its mean cosines with the teacher on the held-out passages, and the function that computes one.

    `pieces` has no marks at the ends, `alone` is the teacher's vector of each piece, `weights` by `piece_weights`.
    """
    threads = Threads()
    matrix = counts(pieces, lengths, weights)
    held = np.zeros(len(lengths), bool)
    held[[at for at in HELD_OUT if at < len(lengths)]] = True
    seen = ~held & (np.diff(matrix.indptr) > 0)
    teacher = vectors[seen].astype(np.float32)
    centre = teacher.mean(0)
    teacher -= centre
    values, directions = np.linalg.eigh(teacher.T @ teacher / len(teacher))
    basis = np.ascontiguousarray(directions[:, ::-1][:, :DIMENSIONS]).astype(np.float32)
    print(f"{DIMENSIONS} directions hold {values[::-1][:DIMENSIONS].sum() / values.sum():.1%} of the variance", flush=True)
    targets = teacher @ basis
    start = (alone - alone[FIRST_WORD:].mean(0)) @ basis
    start[weights == 0] = 0
    image = threads.times(matrix[seen], start)
    start *= (image * targets).sum() / (image * image).sum()
    names, of_source, sizes = np.unique(sources[seen], return_inverse=True, return_counts=True)
    source_weights = sizes[of_source].astype(np.float32) ** SOURCE_POWER
    source_weights /= source_weights.mean()
    change = ridge(matrix[seen], targets, source_weights, start, threads)

    def cosine(table):
        aim = vectors[held].astype(np.float32) - centre
        return float((unit(threads.times(matrix[held], table)) * (aim @ basis) / np.linalg.norm(aim, axis=1, keepdims=True)).sum(1).mean())

    table = (start + TOWARDS_FIT * change).astype(np.float32)
    table[weights == 0] = 0
    cosines = {"start": cosine(start), "fit": cosine(start + change), "table": cosine(table)}
    return table, cosines, cosine
