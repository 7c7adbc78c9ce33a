//! An index of phrases by their words: all phrases that begin at a word are found in one walk, however many there are.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// The number of a word; [`UNKNOWN_WORD`] for one that is in no phrase.
pub(super) type WordId = u32;

/// The number of all words that are in no phrase.
pub(super) const UNKNOWN_WORD: WordId = WordId::MAX;

/// Phrases with the things that they name, as a tree of their words.
#[derive(Debug)]
pub(super) struct PhraseIndex<T> {
    /// For every node, the root first, what the phrase that ends there names.
    named: Vec<Vec<T>>,
    /// The node after a node and a word. The words are numbered, so that nobody can choose keys that collide.
    next: HashMap<(u32, WordId), u32, FixedState>,
}

impl<T> Default for PhraseIndex<T> {
    fn default() -> Self {
        Self { named: vec![Vec::new()], next: HashMap::default() }
    }
}

impl<T> PhraseIndex<T> {
    /// Adds a phrase for a thing; a phrase without words names nothing.
    pub fn add(&mut self, phrase: &[WordId], thing: T) {
        let mut node = 0;
        for &word in phrase {
            // The names and synonyms of a schema have far fewer than `u32::MAX` words.
            let new = self.named.len() as u32;
            node = *self.next.entry((node, word)).or_insert(new);
            if node == new {
                self.named.push(Vec::new());
            }
        }
        if let Some(named) = self.named.get_mut(node as usize).filter(|_| node > 0) {
            named.push(thing);
        }
    }

    /// The phrases that `words` begin with, shortest first: the number of words, and what they name.
    pub fn at_start(&self, words: impl Iterator<Item = WordId>) -> impl Iterator<Item = (usize, &[T])> {
        let mut node = 0;
        let nodes = words.map_while(move |word| {
            node = *self.next.get(&(node, word)).filter(|_| word != UNKNOWN_WORD)?;
            Some(node)
        });
        let named = nodes.map(|node| self.named.get(node as usize).map(Vec::as_slice).unwrap_or_default());
        (1..).zip(named).filter(|(_, named)| !named.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_phrases_at_the_start() {
        let mut index = PhraseIndex::default();
        for (phrase, name) in [(&[1][..], "a"), (&[1, 2, 3], "b"), (&[1, 2, 3], "c"), (&[2], "d"), (&[], "none")] {
            index.add(phrase, name);
        }
        let found = |words: &[WordId]| -> Vec<(usize, Vec<&str>)> {
            index.at_start(words.iter().copied()).map(|(length, named)| (length, named.to_vec())).collect()
        };
        assert_eq!(found(&[1, 2, 3, 4]), [(1, vec!["a"]), (3, vec!["b", "c"])]);
        assert_eq!(found(&[1, 2]), [(1, vec!["a"])]);
        assert_eq!(found(&[2, 1]), [(1, vec!["d"])]);
        assert_eq!(found(&[UNKNOWN_WORD, 1]), []);
        assert_eq!(found(&[]), []);
    }
}
