//! The words of a text, with their byte ranges.

use std::ops::Range;

use super::fold::{fold_char, is_ignorable};

/// The most bytes of a word's folded form. Longer runs, such as encoded data, are cut: the beginning is enough to
/// distinguish them, and they cost no more than a word.
const MAX_FOLDED_BYTES: usize = 64;

/// Iterates over the words of a text. A word is a run of letters and digits. Apostrophes end it (`l'accord` is two
/// words), a single letter is joined to what follows its hyphen (`e-mail`, `W-2`), and in scripts without spaces every
/// pair of adjacent characters is a word.
pub struct Words<'a> {
    text: &'a str,
    offset: usize,
    inside_run: bool,
}

impl<'a> Words<'a> {
    /// An iterator over the words of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, inside_run: false }
    }

    /// The byte range of the next word. Its folded form replaces the content of `folded`.
    pub fn next_into(&mut self, folded: &mut String) -> Option<Range<usize>> {
        folded.clear();
        loop {
            let start = self.offset;
            let first = self.peek()?;
            if is_unspaced(first) {
                self.offset += first.len_utf8();
                let second = self.peek().filter(|&c| is_unspaced(c));
                let is_single = !std::mem::replace(&mut self.inside_run, second.is_some());
                if second.is_none() && !is_single {
                    continue;
                }
                fold_char(first, folded);
                let second_length = second.map_or(0, |second| {
                    fold_char(second, folded);
                    second.len_utf8()
                });
                return Some(start..self.offset + second_length);
            }
            if first.is_alphanumeric() {
                let end = self.fold_word(folded);
                if !folded.is_empty() {
                    return Some(start..end);
                }
            } else {
                self.offset += first.len_utf8();
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.offset..)?.chars().next()
    }

    /// Folds the word that begins here; returns the offset of its end.
    fn fold_word(&mut self, folded: &mut String) -> usize {
        let (mut end, mut letters) = (self.offset, 0);
        loop {
            let ascii = self.fold_ascii(folded);
            if ascii > 0 {
                (end, letters) = (self.offset, letters + ascii);
            }
            let Some(c) = self.peek().filter(|&c| !is_unspaced(c)) else { break };
            if c.is_alphanumeric() {
                end = self.offset + c.len_utf8();
                letters += 1;
                if folded.len() < MAX_FOLDED_BYTES {
                    fold_char(c, folded);
                }
            } else if !(is_ignorable(c) || (letters == 1 && is_hyphen(c) && self.word_follows(c))) {
                break;
            }
            self.offset += c.len_utf8();
        }
        end
    }

    /// Folds the ASCII letters and digits that come next, all at once; returns their number.
    fn fold_ascii(&mut self, folded: &mut String) -> usize {
        let rest = self.text.get(self.offset..).unwrap_or_default();
        let count = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (from, room) = (folded.len(), MAX_FOLDED_BYTES.saturating_sub(folded.len()));
        folded.push_str(rest.get(..count.min(room)).unwrap_or_default());
        folded.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
        self.offset += count;
        count
    }

    /// Whether the word continues after the hyphen that comes next.
    fn word_follows(&self, hyphen: char) -> bool {
        let after = self.text.get(self.offset + hyphen.len_utf8()..).and_then(|rest| rest.chars().next());
        after.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c))
    }
}

/// All words of a text with their byte ranges and folded forms, for short texts such as rules.
pub fn words(text: &str) -> Vec<(Range<usize>, String)> {
    let mut iterator = Words::new(text);
    let mut folded = String::new();
    std::iter::from_fn(|| iterator.next_into(&mut folded).map(|range| (range, folded.clone()))).collect()
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

/// Whether a character is a letter of a script without spaces between words: Thai to Khmer, kana, Han, Hangul.
fn is_unspaced(c: char) -> bool {
    c >= '\u{E00}'
        && matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3134F}')
        && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded_words(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(_, folded)| folded).collect()
    }

    #[test]
    fn splits_as_documented() {
        assert_eq!(
            folded_words("L'accord n° 12, e-mail: W-2 (state-of-the-art)"),
            ["l", "accord", "n", "12", "email", "w2", "state", "of", "the", "art"]
        );
        assert_eq!(folded_words("snake_case a - b"), ["snake", "case", "a", "b"]);
        assert_eq!(folded_words("請求書 円"), ["請求", "求書", "円"]);
        assert_eq!(folded_words("PDF請求"), ["pdf", "請求"]);
        assert_eq!(folded_words("\u{200B}🎉 ---"), [""; 0]);
    }

    proptest! {
        #[test]
        fn ranges_are_ordered_and_on_boundaries(text in any::<String>()) {
            let mut last = 0;
            for (range, folded) in words(&text) {
                prop_assert!(range.start >= last && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some());
                prop_assert!(!folded.is_empty());
                last = range.start;
            }
        }
    }
}
