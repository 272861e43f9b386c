//! Rows that stay where they are while others come.

use std::ops::{Index, IndexMut};

/// Rows of one stretch.
const STRETCH: usize = 4080;

/// Grows by stretches: a vector of as many wide rows would double, and move
/// them all.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    stretches: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows {
            stretches: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Rows<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    /// Appends a row; returns its number.
    pub fn push(&mut self, row: T) -> u32 {
        if self.len.is_multiple_of(STRETCH) {
            // The first grows as a vector does, so that few rows are small.
            let room = if self.len == 0 { 0 } else { STRETCH };
            self.stretches.push(Vec::with_capacity(room));
        }
        self.stretches[self.len / STRETCH].push(row);
        self.len += 1;
        self.len as u32 - 1
    }
}

impl<T> Index<u32> for Rows<T> {
    type Output = T;

    fn index(&self, row: u32) -> &T {
        &self.stretches[row as usize / STRETCH][row as usize % STRETCH]
    }
}

impl<T> IndexMut<u32> for Rows<T> {
    fn index_mut(&mut self, row: u32) -> &mut T {
        &mut self.stretches[row as usize / STRETCH][row as usize % STRETCH]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_across_stretches() {
        let mut rows = Rows::default();
        for row in 0..2 * STRETCH as u32 + 1 {
            assert_eq!(rows.push(row), row);
        }
        rows[STRETCH as u32] = 7;
        assert_eq!(rows[STRETCH as u32], 7);
        assert_eq!(rows[2 * STRETCH as u32], 2 * STRETCH as u32);
        assert_eq!(rows.len(), 2 * STRETCH + 1);
    }
}
