//! The incremental reader.

use super::{Limits, Record};

/// Cuts bytes into records, whatever the container.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
}

impl Reader {
    /// A reader at line 1, record 1.
    pub fn new(limits: Limits) -> Self {
        Reader { limits }
    }

    /// Starts a further file: lines and offsets start anew, record numbers run on.
    pub fn next_file(&mut self) {
        unimplemented!()
    }

    /// Hands over the next bytes, cut anywhere.
    pub fn push(&mut self, _bytes: &[u8]) {
        let _ = self.limits;
        unimplemented!()
    }

    /// Says that the input ends here.
    pub fn finish(&mut self) {
        unimplemented!()
    }

    /// The next record that is complete, `None` when more bytes are wanted.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Record> {
        unimplemented!()
    }
}
