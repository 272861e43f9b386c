//! Numbers found by the hash of what they stand for.

/// Open addressing. A number lies beside its hash, so that a search waits for
/// memory once, and a table that grows reads nothing but itself. There are
/// [`TABLES`] small ones, so that growing is many short pauses, and what one
/// leaves is room for the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByHash {
    /// None before the first number.
    tables: Vec<Table>,
}

/// A power of two; the upper bits of a hash choose.
const TABLES: u32 = 64;

#[derive(Clone, Debug, Default)]
struct Table {
    /// The hash, then the number plus one; 0 is a free place. Length is a
    /// power of two.
    places: Vec<u64>,
    len: usize,
}

/// Places of the smallest table that holds anything.
const LEAST: usize = 8;

impl ByHash {
    /// The first number of this hash that `is_it`.
    #[inline]
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut numbers = self.table(hash)?.numbers(hash);
        numbers
            .find(|(_, number)| is_it(*number))
            .map(|(_, number)| number)
    }

    /// Brings the place near where a search for this hash begins; what it
    /// returns only says that it was read.
    #[inline]
    pub fn touch(&self, hash: u32) -> u64 {
        let first = |table: &Table| table.places.get(hash as usize & table.mask()).copied();
        self.table(hash).and_then(first).unwrap_or(0)
    }

    /// Adds a number, which is not here yet.
    pub fn insert(&mut self, hash: u32, number: u32) {
        if self.tables.is_empty() {
            self.tables.resize_with(TABLES as usize, Table::default);
        }
        let entry = u64::from(hash) << 32 | u64::from(number + 1);
        self.tables[of(hash)].insert(entry);
    }

    /// Takes a number out, if it is here.
    pub fn remove(&mut self, hash: u32, number: u32) {
        if let Some(table) = self.tables.get_mut(of(hash)) {
            table.remove(hash, number);
        }
    }

    #[inline]
    fn table(&self, hash: u32) -> Option<&Table> {
        self.tables.get(of(hash))
    }
}

fn of(hash: u32) -> usize {
    (hash / (u32::MAX / TABLES + 1)) as usize
}

impl Table {
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    /// The numbers of this hash, each with its place.
    #[inline]
    fn numbers(&self, hash: u32) -> impl Iterator<Item = (usize, u32)> {
        let places = &self.places;
        let mask = self.mask();
        let mut at = hash as usize & mask;
        std::iter::from_fn(move || {
            loop {
                let entry = places.get(at).copied().filter(|entry| *entry != 0)?;
                let here = at;
                at = (at + 1) & mask;
                if (entry >> 32) as u32 == hash {
                    return Some((here, entry as u32 - 1));
                }
            }
        })
    }

    fn insert(&mut self, entry: u64) {
        if self.places.len() * 3 <= self.len * 4 {
            let length = (self.places.len() * 2).max(LEAST);
            let old = std::mem::replace(&mut self.places, vec![0; length]);
            for entry in old.into_iter().filter(|entry| *entry != 0) {
                self.put(entry);
            }
        }
        self.len += 1;
        self.put(entry);
    }

    fn put(&mut self, entry: u64) {
        let mask = self.mask();
        let mut at = home(entry) & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = entry;
    }

    fn remove(&mut self, hash: u32, number: u32) {
        let found = self.numbers(hash).find(|(_, found)| *found == number);
        let Some((mut hole, _)) = found else {
            return;
        };
        self.len -= 1;
        // No search may end at the hole too early: those behind it move up,
        // but for the ones that would come to lie before their home.
        let mask = self.mask();
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let entry = self.places[at];
            if entry == 0 {
                break;
            }
            let from_home = at.wrapping_sub(home(entry)) & mask;
            if from_home >= (at.wrapping_sub(hole) & mask) {
                self.places[hole] = entry;
                hole = at;
            }
        }
        self.places[hole] = 0;
    }
}

/// Where the search for an entry begins, before the length of the table cuts it.
fn home(entry: u64) -> usize {
    (entry >> 32) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Few hashes, so that numbers lie in each other's way, and around the end.
        #[test]
        fn it_holds_what_was_put_in_and_not_taken_out(
            steps in prop::collection::vec((0_usize..9, 0_u32..40, any::<bool>()), 0..200),
        ) {
            const HASHES: [u32; 9] = [0, 1, 2, 3, 5, 7, 7 << 26, u32::MAX - 1, u32::MAX];
            let mut table = ByHash::default();
            let mut expected = BTreeSet::new();
            for (hash, number, put) in steps {
                let hash = HASHES[hash];
                if !put {
                    expected.remove(&(hash, number));
                    table.remove(hash, number);
                } else if expected.insert((hash, number)) {
                    table.insert(hash, number);
                }
                for hash in HASHES {
                    for number in 0..40 {
                        let found = table.find(hash, |found| found == number);
                        prop_assert_eq!(found.is_some(), expected.contains(&(hash, number)));
                    }
                }
            }
        }
    }
}
