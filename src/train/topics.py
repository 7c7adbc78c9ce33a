"""The fourth stage: unit vectors of general topics, with which documents and rules are compared.

They are the centroids of clusters of passages (spherical k-means, the mean vector subtracted), with a limited number of
passages of every source, so that no source is a topic by its size alone.
"""
import numpy as np

from table import unit

TOPICS = 64  # 128 and 256 were no better, at two and four times the work
PASSAGES_OF_SOURCE = 600
ROUNDS = 20
THRESHOLD = 0.8  # codes are not 0 above this share of the root mean square; the cosine with the centroid is then .82


def unit_vectors(matrix, rows, mean_vector, sources, seed=0):
    """Codes -1, 0 and 1, before the zero point is added; one row per topic. `matrix` counts pieces without weights, `rows` hold them."""
    numbers = np.random.default_rng(seed)
    of_source = [np.flatnonzero(sources == source) for source in np.unique(sources)]
    sample = np.sort(np.concatenate([numbers.permutation(passages)[:PASSAGES_OF_SOURCE] for passages in of_source]))
    passages = unit(unit(matrix[sample] @ rows) - mean_vector).astype(np.float32)
    centroids = passages[numbers.choice(len(passages), TOPICS, replace=False)]
    for _ in range(ROUNDS):
        nearest = (passages @ centroids.T).argmax(1)
        centroids = unit(np.stack([passages[nearest == topic].sum(0) if (nearest == topic).any() else centroids[topic] for topic in range(TOPICS)]))
    size = np.sqrt((centroids**2).mean(1, keepdims=True))
    codes = (np.sign(centroids) * (np.abs(centroids) > THRESHOLD * size)).astype(np.int8)
    kept = (unit(codes.astype(np.float32)) * centroids).sum(1).mean()
    print(f"{TOPICS} topics of {len(passages)} passages, cosine of three levels with the centroids {kept:.3f}")
    return codes
