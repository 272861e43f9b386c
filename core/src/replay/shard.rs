//! A recording divided by client, so that several can be filled and asked side
//! by side, by whoever has threads.
//!
//! All that a report says of a client hangs on the client's own events, but
//! for how late they are: that hangs on the newest event before. So each shard
//! is shown every record, and keeps the events of its own clients alone.
//! Reading a record costs a small part of what keeping it does.

use super::intern;

/// Which clients a recording keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// All clients.
    pub const WHOLE: Shard = Shard { number: 0, of: 1 };

    /// Number `number` of `of`, from 0.
    pub fn new(number: u32, of: u32) -> Shard {
        assert!(number < of, "there is no shard {number} of {of}");
        Shard { number, of }
    }

    /// Whether the client is one of this shard's.
    pub fn keeps(self, client_id: &str) -> bool {
        self.of == 1 || intern::spread(client_id, self.of) == self.number
    }

    /// Whether rejected records, which have no client, are this shard's.
    pub fn keeps_rejections(self) -> bool {
        self.number == 0
    }
}
