"""The fourth stage: directions of general subjects, with which documents and rules are compared.

They are the centroids of clusters of passages (spherical k-means, the background subtracted), with a limited number of
passages of every source, so that no source is a subject by its size alone.
"""
import numpy as np

from table import unit

SUBJECTS = 64  # 128 and 256 were no better, at two and four times the work
PASSAGES_OF_SOURCE = 600
ROUNDS = 20
THRESHOLD = 0.8  # digits are not 0 above this share of the root mean square; the cosine with the centroid is then .82


def directions(matrix, rows, background, sources, seed=0):
    """Digits -1, 0 and 1, one row a subject. `matrix` counts pieces without weights, `rows` hold them."""
    numbers = np.random.default_rng(seed)
    of_source = [np.flatnonzero(sources == source) for source in np.unique(sources)]
    sample = np.sort(np.concatenate([numbers.permutation(passages)[:PASSAGES_OF_SOURCE] for passages in of_source]))
    passages = unit(unit(matrix[sample] @ rows) - background).astype(np.float32)
    centroids = passages[numbers.choice(len(passages), SUBJECTS, replace=False)]
    for _ in range(ROUNDS):
        nearest = (passages @ centroids.T).argmax(1)
        centroids = unit(np.stack([passages[nearest == subject].sum(0) if (nearest == subject).any() else centroids[subject] for subject in range(SUBJECTS)]))
    size = np.sqrt((centroids**2).mean(1, keepdims=True))
    digits = (np.sign(centroids) * (np.abs(centroids) > THRESHOLD * size)).astype(np.int8)
    kept = (unit(digits.astype(np.float32)) * centroids).sum(1).mean()
    print(f"{SUBJECTS} subjects of {len(passages)} passages, cosine of three levels with the middles {kept:.3f}")
    return digits
