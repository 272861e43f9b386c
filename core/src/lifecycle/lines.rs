//! A log, line by line.

use crate::event::Place;

/// What is kept of a line; a broker cuts its own far below.
const LONGEST: usize = 65_536;

/// Cuts bytes into lines, however they come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    number: u64,
    /// Where the line begins.
    offset: u64,
    length: u64,
}

impl Lines {
    /// Hands each line that these bytes complete to `take`, with the place of
    /// a record 0.
    pub fn push<E>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Place, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            self.length += part.len() as u64;
            if part.ends_with(b"\n") {
                self.finish(&mut take)?;
            }
        }
        Ok(())
    }

    /// The last line may have no end.
    pub fn finish<E>(
        &mut self,
        mut take: impl FnMut(Place, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.length == 0 {
            return Ok(());
        }
        self.number += 1;
        let place = Place {
            record: 0,
            line: self.number,
            column: 1,
            offset: self.offset,
        };
        self.offset += std::mem::take(&mut self.length);
        let taken = take(place, &self.line);
        self.line.clear();
        taken
    }
}
