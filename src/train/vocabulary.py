"""The vocabulary of the engine: the teacher's pieces with a precomputed hash, and the normal form of every character.

    python vocabulary.py model/vocab.txt ../core/text/vocabulary.bin

The file, little-endian throughout:

    magic "SRVO", version u16, pieces u16, unknown u16 (the id of [UNK])
    longest first piece u8, longest continuation u8 (in bytes), blocks u16, alone u16, pairs u16
    counts     u16 for every group: first pieces of 1, 2, .. bytes, then continuations of 1, 2, .. bytes
    pilots     u16 for every bucket of every group
    alone      u16 each: ids of the pieces that are one character and always a word by themselves
    pairs      2 u16 each: the two characters that one character becomes
    block_of   u8 for every BLOCK characters up to U+10FFFF
    blocks     BLOCK u16 each: the form of each character, see FORMS
    text       the bytes of all pieces, one after the other, continuations without their mark; FILLING zeros

A piece's id is its index in this file. Pieces are in groups of one length, so that neither offsets nor separators are
needed, and inside a group in the slot of their hash, so that a lookup is one slot and one comparison: the hash selects a
bucket, and the bucket's pilot was chosen here so that all of its pieces fall on free slots.

The form of a character comes from the `tokenizers` package and is stored only as far as the vocabulary distinguishes it: a
word with a character that no piece has is unknown, whatever that character is.
"""
import struct
import sys
from itertools import accumulate, chain
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

MAGIC, VERSION = b"SRVO", 1
HEADER = "<4sHHHBBHHH"
UNKNOWN, MARK = "[UNK]", "##"
BUCKET = 4  # pieces of a bucket on average: with 3 the file is 1 kB larger, with 5 some bucket finds no pilot
FILLING = 24  # a lookup reads 24 bytes, whatever the piece's length
BLOCK = 128  # characters of a block: with 64 there are more blocks than a byte can name
U32, U64 = 2**32 - 1, 2**64 - 1

# FORMS of a character: one of these, or the word character it is normalised to, or one of the two ranges below.
DROPPED, ACCENT, SPACE, FOREIGN, FOREIGN_ALONE, HANGUL = range(6)
ALONE = 0xD800  # and above: the piece at this index of `alone`
PAIR = 0xE000  # and above: the characters at this index of `pairs`; to PAIR_END
PAIR_END = 0xE100


def pieces(vocab_file):
    """The pieces in the order of the file, as (piece, its id in the teacher's vocabulary)."""
    ids = {piece: at for at, piece in enumerate(Path(vocab_file).read_text("utf-8").removesuffix("\n").split("\n"))}
    kept = [piece for piece in ids if not piece.startswith("[unused")]
    groups, _ = placed(kept)
    return [(piece, ids[piece]) for piece in chain.from_iterable(groups)]


def placed(kept):
    """The groups of pieces, each in the order of its slots, and the pilots of each group."""
    groups = {}
    for piece in kept:
        groups.setdefault((is_continuation(piece), len(bare(piece))), []).append(piece)
    longest = [max(length for after, length in groups if after == side) for side in (False, True)]
    slots = [place(groups.get((side, length), [])) for side in (False, True) for length in range(1, longest[side] + 1)]
    return [group for group, _ in slots], [pilots for _, pilots in slots]


def place(group):
    """The group in the order of its slots, and the pilot of each bucket; the fullest buckets choose first."""
    buckets = [[] for _ in range(-(-len(group) // BUCKET))]
    for piece in sorted(group):
        high, low = hashed(bare(piece))
        buckets[high * len(buckets) >> 32].append((low, piece))
    slots, pilots = [None] * len(group), [0] * len(buckets)
    for at in sorted(range(len(buckets)), key=lambda at: -len(buckets[at])):
        for pilot in range(2**16):
            candidate_slots = [slot(low, pilot, len(group)) for low, _ in buckets[at]]
            if len(set(candidate_slots)) == len(candidate_slots) and all(slots[place] is None for place in candidate_slots):
                break
        else:
            raise SystemExit(f"no pilot for {buckets[at]}: change a constant of the hash")
        pilots[at] = pilot
        for place, (_, piece) in zip(candidate_slots, buckets[at]):
            slots[place] = piece
    return slots, pilots


def hashed(text):
    """Two halves: the first picks the bucket, the second, with the bucket's pilot, the slot. Of the first 16 bytes."""
    low, high = (int.from_bytes(text[at : at + 8], "little") for at in (0, 8))
    mixed = (low ^ (high * 0xC2B2AE3D27D4EB4F & U64)) * 0x9E3779B97F4A7C15 & U64
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & U64
    return mixed >> 32, mixed & U32


def slot(low, pilot, slots):
    return ((low ^ pilot) * 0x85EBCA6B & U32) * slots >> 32


def is_continuation(piece):
    return piece.startswith(MARK) and piece != MARK


def bare(piece):
    return piece.removeprefix(MARK).encode() if is_continuation(piece) else piece.encode()


def forms(ids):
    """The form of every character, the ids of `alone` and the characters of `pairs`. `ids`: the id of each piece."""
    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    cleaner = normalizers.BertNormalizer(handle_chinese_chars=False, strip_accents=False, lowercase=False)
    alphabet = {char for piece in ids for char in bare(piece).decode() if not (piece[0] == "[" and piece[-1] == "]" and len(piece) > 1)}
    alone, pairs = {}, {}

    def form(char):
        normal = normalizer.normalize_str(char)
        if not normal:
            return ACCENT if cleaner.normalize_str(char) else DROPPED
        words = [word for word, _ in splitter.pre_tokenize_str(f"a{normal}a")]
        if words == ["a", "a"]:
            return SPACE
        if len(words) == 3:
            return ALONE + alone.setdefault(ids[words[1]], len(alone)) if words[1] in ids else FOREIGN_ALONE
        assert words == [f"a{normal}a"], f"{char!r} is neither one word nor part of one"
        if "\uac00" <= char <= "\ud7a3":
            return HANGUL
        if not set(normal) <= alphabet:
            return FOREIGN
        assert len(normal) <= 2, f"{char!r} becomes more than a pair"
        return ord(normal) if len(normal) == 1 else PAIR + pairs.setdefault(normal, len(pairs))

    table = [FOREIGN if 0xD800 <= at < 0xE000 else form(chr(at)) for at in range(0x110000)]
    # Kept combining marks would have to be reordered before U+0345, which comes last. No piece has one.
    assert all(normalizers.NFD().normalize_str(f"\u0345{char}")[0] == "\u0345" for char in alphabet)
    return table, list(alone), list(pairs)


def write(vocab_file, file):
    ids = [piece for piece, _ in pieces(vocab_file)]
    groups, pilots = placed(ids)
    assert [piece for group in groups for piece in group] == ids
    table, alone, pairs = forms({piece: at for at, piece in enumerate(ids)})
    blocks = {}
    block_of = [blocks.setdefault(tuple(table[at : at + BLOCK]), len(blocks)) for at in range(0, len(table), BLOCK)]
    assert len(blocks) <= 256 and ALONE + len(alone) <= PAIR and PAIR + len(pairs) <= PAIR_END
    longest = [max(len(bare(piece)) for piece in ids if is_continuation(piece) == side) for side in (False, True)]
    header = struct.pack(HEADER, MAGIC, VERSION, len(ids), ids.index(UNKNOWN), *longest, len(blocks), len(alone), len(pairs))
    shorts = [map(len, groups), chain(*pilots), alone, map(ord, "".join(pairs))]
    parts = [header, *map(packed, shorts), bytes(block_of), packed(chain(*blocks)), b"".join(map(bare, ids)), bytes(FILLING)]
    Path(file).write_bytes(b"".join(parts))
    assert read(file) == ids


def packed(shorts):
    shorts = list(shorts)
    return struct.pack(f"<{len(shorts)}H", *shorts)


def read(file):
    """The pieces of a file that `write` wrote, in its order, each found by its hash."""
    data = Path(file).read_bytes()
    magic, version, count, _, first, after, blocks, alone, pairs = struct.unpack_from(HEADER, data)
    assert (magic, version) == (MAGIC, VERSION), f"{file} is no vocabulary of version {VERSION}"
    at = struct.calcsize(HEADER)
    counts = struct.unpack_from(f"<{first + after}H", data, at)
    at += 2 * len(counts)
    buckets = [-(-count // BUCKET) for count in counts]
    pilots = struct.unpack_from(f"<{sum(buckets)}H", data, at)
    starts = list(accumulate(buckets, initial=0))
    at += 2 * (len(pilots) + alone + 2 * pairs + BLOCK * blocks) + 0x110000 // BLOCK
    found = []
    for group, slots in enumerate(counts):
        length, mark = (group + 1, "") if group < first else (group - first + 1, MARK)
        for place in range(slots):
            text = data[at : at + length]
            high, low = hashed(text)
            assert slot(low, pilots[starts[group] + (high * buckets[group] >> 32)], slots) == place
            found.append(mark + text.decode())
            at += length
    assert len(found) == count and len(data) == at + FILLING
    return found


if __name__ == "__main__":
    write(*sys.argv[1:3])
