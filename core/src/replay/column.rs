//! One value an event.

use std::ops::Index;

/// Values of one stretch.
const STRETCH: usize = 1 << 14;

/// Grows by stretches: nothing is moved, and no more than a stretch stands
/// empty, where a vector of millions would double.
#[derive(Debug)]
pub(super) struct Column<T> {
    stretches: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Column {
            stretches: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy> Column<T> {
    pub fn push(&mut self, value: T) {
        if self.len.is_multiple_of(STRETCH) {
            self.stretches.push(Vec::with_capacity(STRETCH));
        }
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.push(value);
            self.len += 1;
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// All values in their order.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.stretches.iter().flatten().copied()
    }

    /// How many leading values pass; none may pass behind one that does not.
    pub fn partition_point(&self, passes: impl Fn(T) -> bool) -> usize {
        let full = self
            .stretches
            .partition_point(|stretch| stretch.last().is_some_and(|last| passes(*last)));
        match self.stretches.get(full) {
            Some(rest) => full * STRETCH + rest.partition_point(|value| passes(*value)),
            None => self.len,
        }
    }
}

impl<T> Index<usize> for Column<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.stretches[at / STRETCH][at % STRETCH]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_across_stretches() {
        let mut column = Column::default();
        let length = 2 * STRETCH + 3;
        for value in 0..length {
            column.push(value);
        }
        assert_eq!(column.len(), length);
        assert!(column.iter().eq(0..length));
        for at in [0, STRETCH - 1, STRETCH, length - 1] {
            assert_eq!(column[at], at);
        }
        for bound in [
            0,
            1,
            STRETCH - 1,
            STRETCH,
            STRETCH + 1,
            2 * STRETCH,
            length,
            length + 1,
        ] {
            assert_eq!(
                column.partition_point(|value| value < bound),
                bound.min(length)
            );
        }
    }
}
