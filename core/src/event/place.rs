//! Where a byte stands in its file.

use super::Place;

/// The place of one byte: line and column from 1, offset from 0, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub(super) line: u64,
    pub(super) column: u64,
    offset: u64,
}

impl Cursor {
    /// The first byte of a file.
    pub(super) const START: Cursor = Cursor {
        line: 1,
        column: 1,
        offset: 0,
    };

    /// The byte at this place.
    pub(super) fn at(place: Place) -> Cursor {
        Cursor {
            line: place.line,
            column: place.column,
            offset: place.offset,
        }
    }

    /// The place behind `bytes` that begin here. Only a line feed ends a line.
    pub(super) fn after(mut self, bytes: &[u8]) -> Cursor {
        self.offset += bytes.len() as u64;
        // Counted without leaving the loop early, so that the compiler takes
        // many bytes at once.
        let feeds = bytes.iter().filter(|&&b| b == b'\n').count();
        self.line += feeds as u64;
        self.column = match feeds {
            0 => self.column + bytes.len() as u64,
            _ => 1 + bytes.iter().rev().take_while(|&&b| b != b'\n').count() as u64,
        };
        self
    }

    /// The place `count` bytes on in the same line.
    pub(super) fn in_line(mut self, count: usize) -> Cursor {
        self.offset += count as u64;
        self.column += count as u64;
        self
    }

    /// The place of a record that begins here.
    pub(super) fn place(self, record: u64) -> Place {
        Place {
            record,
            line: self.line,
            column: self.column,
            offset: self.offset,
        }
    }
}
