"""Makes background.txt: how common the most common English word stems are in general text.

    pip install snowballstemmer
    python3 background.py PASSAGES.jsonl.gz > background.txt

PASSAGES is a gzip file of JSON lines {"text": ..., "src": ...}. A stem's frequency is the share of passages that
hold it, averaged over the sources, so that one large source does not decide what is common. Only stems that several
sources know are kept. The frequency is written as one letter: letter number q (from a = 0) stands for an idf of
q * STEP nats.
"""
import collections
import gzip
import json
import math
import re
import sys

import snowballstemmer

KEEP = 4200  # stems; about 38 KB
STEP = 0.35  # nats a letter; 26 letters reach 8.75, beyond the rarest stem kept
MIN_SOURCES = 8  # a stem of fewer sources is their jargon
MIN_PASSAGES = 100  # a source of fewer passages has no frequencies to speak of

stemmer = snowballstemmer.stemmer("english")
stems = {}


def stem(word):
    if word not in stems:
        stems[word] = stemmer.stemWord(word)
    return stems[word]


shares = collections.defaultdict(collections.Counter)
sizes = collections.Counter()
with gzip.open(sys.argv[1], "rt", encoding="utf-8") as lines:
    for line in lines:
        passage = json.loads(line)
        sizes[passage["src"]] += 1
        words = set(re.findall(r"[a-z]{2,24}", passage["text"].lower()))
        shares[passage["src"]].update({stem(word) for word in words})

sources = sorted(source for source in sizes if sizes[source] >= MIN_PASSAGES)
mean = collections.Counter()
known = collections.Counter()
for source in sources:
    for word, count in shares[source].items():
        mean[word] += count / sizes[source] / len(sources)
        known[word] += 1

kept = [word for word in mean if known[word] >= MIN_SOURCES]
kept = sorted(kept, key=lambda word: (-mean[word], word))[:KEEP]
print("# How common the commonest English stems are: stem, then a letter for its idf (a = 0, each letter %.2f nats)." % STEP)
print("# Counted by background.py over %d passages of %d openly licensed sources (software, business and government" % (sum(sizes.values()), len(sources)))
print("# documentation, law, textbooks, dialogues); the counts are this project's own. Sorted by stem, for binary search.")
for word in sorted(kept):
    print("%s %s" % (word, chr(ord("a") + min(25, round(-math.log(mean[word]) / STEP)))))
