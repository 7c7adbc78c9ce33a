//! Compares the pieces with those of the `tokenizers` crate.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

#[path = "reference.rs"]
mod reference;

/// The number of generated lines.
const LINES: usize = 100_000;

const FIXTURES: [&str; 5] = [
    include_str!("fixtures/english.txt"),
    include_str!("fixtures/german.txt"),
    include_str!("fixtures/french.txt"),
    include_str!("fixtures/invoices.txt"),
    include_str!("fixtures/scripts.txt"),
];

fn ids(text: &str) -> Vec<u32> {
    Pieces::new(text).map(|piece| piece.id.0.into()).collect()
}

fn piece_texts(text: &str) -> Vec<&str> {
    Pieces::new(text).map(|piece| piece_text(piece.id)).collect()
}

fn ranges(text: &str) -> Vec<&str> {
    Pieces::new(text).filter_map(|piece| text.get(piece.range)).collect()
}

/// Panics if the reference finds other pieces in a line.
fn compare(lines: impl Iterator<Item = String>) {
    let reference = reference::tokenizer();
    for line in lines {
        let expected = reference.encode_fast(line.as_str(), false).expect("pieces");
        assert!(
            ids(&line) == expected.get_ids(),
            "{line:?}\nis {:?}\nnot {:?}",
            piece_texts(&line),
            expected.get_tokens()
        );
    }
}

#[test]
fn fixtures_have_the_pieces_of_the_reference() {
    compare(FIXTURES.into_iter().flat_map(str::lines).map(str::to_owned));
}

#[test]
fn every_character_is_normalized_like_the_reference() {
    // Beyond the third plane only a few tags and private characters are assigned, all treated alike.
    let characters = (0..0x3_4000).chain((0xE_0000..0xE_0200).chain((0xE_0200..=0x10_FFFF).step_by(97)));
    let characters: Vec<char> = characters.filter_map(char::from_u32).collect();
    compare(characters.chunks(100).map(|chunk| {
        chunk.iter().fold(String::new(), |mut line, c| {
            write!(line, "a{c}b {c} ").expect("a string");
            line
        })
    }));
}

#[test]
fn generated_lines_have_the_pieces_of_the_reference() {
    let mut random = Random(1);
    compare((0..LINES).map(|_| random.line()));
}

/// The Unicode blocks that generated characters come from, mostly small ones with some characters in pieces.
const BLOCKS: [(u32, u32); 52] = [
    (0x00, 0x7F),
    (0x20, 0x7E),
    (0x20, 0x2F),
    (0x30, 0x39),
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0x80, 0xFF),
    (0x100, 0x24F),
    (0x250, 0x2FF),
    (0x300, 0x36F),
    (0x370, 0x3FF),
    (0x400, 0x52F),
    (0x530, 0x5FF),
    (0x600, 0x6FF),
    (0x700, 0x8FF),
    (0x900, 0x97F),
    (0x980, 0x9FF),
    (0xA00, 0xB7F),
    (0xB80, 0xBFF),
    (0xC00, 0xDFF),
    (0xE00, 0xE7F),
    (0xE80, 0xFFF),
    (0x1000, 0x10FF),
    (0x1100, 0x11FF),
    (0x1200, 0x1CFF),
    (0x1D00, 0x1DFF),
    (0x1E00, 0x1EFF),
    (0x1F00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x20FF),
    (0x2100, 0x21FF),
    (0x2200, 0x22FF),
    (0x2300, 0x2BFF),
    (0x2C00, 0x2E7F),
    (0x3000, 0x303F),
    (0x3040, 0x30FF),
    (0x3100, 0x33FF),
    (0x3400, 0x4DFF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xABFF),
    (0xAC00, 0xD7AF),
    (0xE000, 0xF8FF),
    (0xF900, 0xFAFF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFEFF),
    (0xFF00, 0xFFFF),
    (0x1_0000, 0x1_1FFF),
    (0x1_D100, 0x1_D1FF),
    (0x1_D400, 0x1_D7FF),
    (0x1_F300, 0x1_FAFF),
    (0x2_0000, 0x2_FA1F),
    (0xE_0000, 0xE_01EF),
];

/// Letters with unusual case, decomposition or joining.
const UNUSUAL: [&str; 24] = [
    "İ",
    "ı",
    "ẞ",
    "ß",
    "ſ",
    "Σ",
    "ς",
    "ﬁ",
    "\u{212A}",
    "\u{212B}",
    "\u{1E9B}\u{323}",
    "\u{345}",
    "\u{1F80}",
    "Ǆ",
    "ǅ",
    "가",
    "각",
    "\u{1112}\u{1161}\u{11AB}",
    "\u{302E}",
    "\u{9CB}",
    "\u{1D15E}",
    "\u{2260}",
    "\u{37E}",
    "👩\u{200D}🚀",
];

/// Our own random generator, so that the lines are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn character(&mut self, (first, last): (u32, u32)) -> char {
        char::from_u32(first + self.below((last - first + 1) as usize) as u32).unwrap_or(' ')
    }

    /// A few words of characters of one to three blocks, of pieces, and of unusual letters.
    fn line(&mut self) -> String {
        let blocks = [self.pick(&BLOCKS), self.pick(&BLOCKS), self.pick(&BLOCKS)];
        let mut line = String::new();
        let blocks = &blocks[..=self.below(3)];
        for _ in 0..=self.below(7) {
            match self.below(10) {
                0..4 => self.word_of(blocks, &mut line),
                4..9 => self.word_of_pieces(&mut line),
                _ => line.push_str(self.pick(&UNUSUAL)),
            }
            line.push_str(self.pick(&[" ", " ", " ", "", "-", ", ", "\u{A0}", "\t", "\u{AD}", "\u{200B}", ". "]));
        }
        line
    }

    fn word_of(&mut self, blocks: &[(u32, u32)], line: &mut String) {
        // Sometimes near the length beyond which a word is unknown.
        let length = if self.below(60) == 0 { 95 + self.below(12) } else { 1 + self.below(9) };
        for _ in 0..length {
            let block = self.pick(blocks);
            line.push(self.character(block));
        }
    }

    /// A word of pieces, in any case, some letters with a combining mark.
    fn word_of_pieces(&mut self, line: &mut String) {
        for _ in 0..=self.below(3) {
            let piece = piece_text(PieceId(self.below(PIECES) as u16));
            let upper = self.below(3);
            for c in piece.chars() {
                if upper == 0 || (upper == 1 && self.below(4) == 0) {
                    line.extend(c.to_uppercase());
                } else {
                    line.push(c);
                }
                if self.below(25) == 0 {
                    let mark = self.character((0x300, 0x36F));
                    line.push(mark);
                }
            }
        }
    }
}

#[test]
fn splits_words_as_documented() {
    assert_eq!(piece_texts("The Number is unaffordable!"), ["the", "number", "is", "una", "ff", "ord", "able", "!"]);
    assert_eq!(ranges("The Number is unaffordable!"), ["The", "Number", "is", "una", "ff", "ord", "able", "!"]);
    assert_eq!(piece_texts(" \u{FEFF}東京 \u{1F984}x"), ["東", "京", "[UNK]"]);
    assert_eq!(piece_texts("[MASK] ##ing"), ["[", "mask", "]", "#", "#", "ing"]);
    assert_eq!(piece_texts(""), [""; 0]);
    assert_eq!(piece_texts("\u{301}\0\u{200B} \n"), [""; 0]);
}

#[test]
fn ranges_are_of_the_original_characters() {
    assert_eq!(ranges("«Élé\u{301}\u{301}phant»"), ["«", "Élé\u{301}\u{301}phant", "»"]);
    assert_eq!(ranges("Num\u{AD}ber\u{AD} \u{AD}b"), ["Num\u{AD}ber", "b"]);
    // Both letters of a syllable have its range, including its mark.
    let syllable = "\u{AC00}\u{301}";
    assert_eq!(piece_texts(syllable), ["\u{1100}", "\u{1161}"]);
    assert_eq!(ranges(syllable), [syllable, syllable]);
    let words: Vec<_> = Pieces::new("a unaffordable").map(|piece| piece.word).collect();
    assert_eq!(words, [0..1, 2..14, 2..14, 2..14, 2..14]);
}

#[test]
fn long_words_are_one_unknown_piece() {
    for letter in ["a", "é", "ב"] {
        assert_eq!(Pieces::new(&letter.repeat(100)).filter(|piece| piece.id == UNKNOWN).count(), 0);
        for count in [101, 100_000] {
            let word = letter.repeat(count);
            let pieces: Vec<_> = Pieces::new(&word).collect();
            assert_eq!(pieces, [Piece { id: UNKNOWN, range: 0..word.len(), word: 0..word.len() }]);
        }
    }
}

#[test]
fn any_number_of_marks_belongs_to_its_letter() {
    let text = format!("e{}", "\u{301}".repeat(100_000));
    let pieces: Vec<_> = Pieces::new(&text).map(|piece| (piece_text(piece.id), piece.range)).collect();
    assert_eq!(pieces, [("e", 0..text.len())]);
}

/// Texts of edge cases.
fn texts() -> impl Strategy<Value = String> {
    let unusual = prop::sample::select(UNUSUAL.to_vec()).prop_map(str::to_owned);
    let piece = (0..PIECES as u16).prop_map(|id| piece_text(PieceId(id)).to_owned());
    let marks = prop::char::range('\u{300}', '\u{36F}').prop_map(String::from);
    let part = prop_oneof![unusual, piece, marks, any::<String>(), "[a-zA-Z0-9]{1,30}", " ".prop_map(String::from)];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn ranges_are_ordered_and_on_boundaries(text in texts()) {
        let (mut piece_start, mut word) = (0, 0..0);
        for piece in Pieces::new(&text) {
            prop_assert!(text.get(piece.range.clone()).is_some_and(|bytes| !bytes.is_empty()));
            prop_assert!(piece.range.start >= piece_start);
            prop_assert!(piece.word.start <= piece.range.start && piece.range.end <= piece.word.end);
            prop_assert!(piece.word == word || piece.word.start >= word.end);
            (piece_start, word) = (piece.range.start, piece.word);
        }
    }

    #[test]
    fn a_word_alone_has_the_same_pieces(text in texts()) {
        let mut pieces = Pieces::new(&text).peekable();
        while let Some(first) = pieces.peek().cloned() {
            let from = first.word.start;
            for alone in Pieces::new(text.get(first.word).unwrap()) {
                let ranges = [alone.range, alone.word].map(|range| range.start + from..range.end + from);
                let [range, word] = ranges;
                prop_assert_eq!(pieces.next(), Some(Piece { id: alone.id, range, word }));
            }
        }
    }
}
