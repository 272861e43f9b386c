//! Strings kept once, known by a number.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use memchr::memmem;

use super::lanes::gallop;
use crate::by_hash::ByHash;

/// Maps (scope, text) to a number, from 0 in order of first appearance. The
/// scope keeps equal texts apart: a channel id under two clients is two
/// channels.
#[derive(Debug, Default)]
pub(super) struct Interner {
    text: String,
    /// Where each text ends, and its scope: side by side, as both are asked for.
    places: Vec<(usize, u32)>,
    by_text: ByHash,
}

impl Interner {
    /// The number of this text, a new one if it was never seen.
    pub fn intern(&mut self, scope: u32, text: &str) -> u32 {
        let hash = hash(scope, text);
        if let Some(id) = self.find_hashed(hash, scope, text) {
            return id;
        }
        let id = self.places.len() as u32;
        self.text.push_str(text);
        self.places.push((self.text.len(), scope));
        self.by_text.insert(hash, id);
        id
    }

    /// The number of this text, if it was ever seen.
    pub fn find(&self, scope: u32, text: &str) -> Option<u32> {
        self.find_hashed(hash(scope, text), scope, text)
    }

    /// The text of a number that this interner gave.
    pub fn text(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.places[id - 1].0 };
        &self.text[start..self.places[id].0]
    }

    /// The order of two texts by their bytes.
    // Out of line: sorts would hold many copies of it, and WebAssembly is fetched.
    #[inline(never)]
    pub fn compare(&self, a: u32, b: u32) -> Ordering {
        self.text(a).cmp(self.text(b))
    }

    /// Sorts numbers by the bytes of their texts.
    #[inline(never)]
    pub fn sort(&self, ids: &mut [u32]) {
        ids.sort_unstable_by(|a, b| self.compare(*a, *b));
    }

    /// The scope of a number that this interner gave.
    pub fn scope(&self, id: u32) -> u32 {
        self.places[id as usize].1
    }

    /// Tells the number of each text that holds `part`, until the answer is
    /// false; returns the last answer.
    pub fn search(&self, part: &str, mut tell: impl FnMut(u32) -> bool) -> bool {
        let finder = memmem::Finder::new(part);
        let mut from = 0;
        let mut id = 0;
        while let Some(at) = finder.find(&self.text.as_bytes()[from..]) {
            let at = from + at;
            id += gallop(&self.places[id..], |(end, _)| *end <= at);
            let end = self.places[id].0;
            if at + part.len() <= end {
                if !tell(id as u32) {
                    return false;
                }
                from = end;
            } else {
                // It began in one text and ended in another.
                from = at + 1;
            }
        }
        true
    }

    /// How many numbers were given.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    fn find_hashed(&self, hash: u32, scope: u32, text: &str) -> Option<u32> {
        self.by_text
            .find(hash, |id| self.scope(id) == scope && self.text(id) == text)
    }
}

/// Which of `shards` a text is in. From the half of its hash that
/// [`Interner`] does not look at, so that a shard's texts fill all places of
/// its tables.
pub(super) fn spread(text: &str, shards: u32) -> u32 {
    let lower = u64::from(hash_in_full(0, text) as u32);
    ((lower * u64::from(shards)) >> 32) as u32
}

fn hash(scope: u32, text: &str) -> u32 {
    (hash_in_full(scope, text) >> 32) as u32
}

fn hash_in_full(scope: u32, text: &str) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write_u32(scope);
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number_while_the_table_grows() {
        let mut interner = Interner::default();
        let texts: Vec<String> = (0..1_000).map(|n| format!("device-{n}")).collect();
        let first: Vec<u32> = texts.iter().map(|text| interner.intern(0, text)).collect();
        let again: Vec<u32> = texts.iter().map(|text| interner.intern(0, text)).collect();
        assert_eq!(first, again);
        assert_eq!(first, (0..1_000).collect::<Vec<u32>>());
        assert!(
            texts
                .iter()
                .zip(&first)
                .all(|(text, id)| interner.text(*id) == text)
        );
    }

    #[test]
    fn a_search_finds_each_text_once_and_none_across_two() {
        let mut interner = Interner::default();
        for text in ["abab", "b", "xab", "", "a", "bc"] {
            interner.intern(0, text);
        }
        let search = |part: &str| {
            let mut found = Vec::new();
            interner.search(part, |id| {
                found.push(id);
                true
            });
            found
        };
        assert_eq!(search("ab"), [0, 2]);
        assert_eq!(search("bc"), [5]);
        assert!(search("bx").is_empty());
    }

    #[test]
    fn scopes_keep_equal_texts_apart() {
        let mut interner = Interner::default();
        let (a, b) = (interner.intern(1, "c1"), interner.intern(2, "c1"));
        assert_ne!(a, b);
        assert_eq!((interner.scope(a), interner.scope(b)), (1, 2));
        assert_eq!(interner.find(2, "c1"), Some(b));
        assert_eq!(interner.find(3, "c1"), None);
    }
}
