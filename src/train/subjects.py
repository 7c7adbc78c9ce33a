"""The fourth stage: directions of general subjects, which a rule has to be nearer to a document than.

Middles of passages that lie together (spherical k-means, the background taken away), of so many passages of every source
that no source is a subject by its size alone.
"""
import numpy as np

from table import unit

SUBJECTS = 64  # 128 and 256 were no better, at two and four times the work
OF_A_SOURCE = 600
ROUNDS = 20
THRESHOLD = 0.8  # digits are not 0 from this share of the root mean square on; the cosine with the middle is then .82


def directions(matrix, rows, background, sources, seed=0):
    """Digits -1, 0 and 1, one row a subject. `matrix` counts pieces without weights, `rows` hold them."""
    numbers = np.random.default_rng(seed)
    of_source = [np.flatnonzero(sources == source) for source in np.unique(sources)]
    some = np.sort(np.concatenate([numbers.permutation(passages)[:OF_A_SOURCE] for passages in of_source]))
    passages = unit(unit(matrix[some] @ rows) - background).astype(np.float32)
    middles = passages[numbers.choice(len(passages), SUBJECTS, replace=False)]
    for _ in range(ROUNDS):
        nearest = (passages @ middles.T).argmax(1)
        middles = unit(np.stack([passages[nearest == at].sum(0) if (nearest == at).any() else middles[at] for at in range(SUBJECTS)]))
    size = np.sqrt((middles**2).mean(1, keepdims=True))
    digits = (np.sign(middles) * (np.abs(middles) > THRESHOLD * size)).astype(np.int8)
    kept = (unit(digits.astype(np.float32)) * middles).sum(1).mean()
    print(f"{SUBJECTS} subjects of {len(passages)} passages, cosine of three levels with the middles {kept:.3f}")
    return digits
