//! Which event fills each slot of each channel.

use super::columns::Columns;
use crate::event::Kind;

/// Stands for an empty slot.
const EMPTY: u32 = u32::MAX;

/// The three slots of one channel, each empty or filled by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slots([u32; 3]);

impl Slots {
    /// A channel of which nothing is known.
    pub const EMPTY: Slots = Slots([EMPTY; 3]);

    /// The event in the slot of this kind.
    pub fn get(self, kind: Kind) -> Option<u32> {
        let event = self.0[kind as usize];
        (event != EMPTY).then_some(event)
    }

    /// Whether nothing is known of the channel.
    pub fn is_empty(self) -> bool {
        self == Slots::EMPTY
    }

    /// The same with a further event: the smaller fact stays.
    pub fn join(&mut self, columns: &Columns, event: u32) {
        let slot = &mut self.0[columns.kind(event) as usize];
        if *slot == EMPTY
            || columns
                .compare_content(event, *slot)
                .then(event.cmp(slot))
                .is_lt()
        {
            *slot = event;
        }
    }
}

/// The slots of all channels after some of the events: 12 bytes a channel. A
/// copy of it is a checkpoint, and joining is free of order, so the same state
/// serves the arrival axis and the time axis.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    slots: Vec<Slots>,
}

impl Joined {
    /// The state after these events.
    pub fn over(columns: &Columns, events: impl Iterator<Item = u32>) -> Joined {
        let mut joined = Joined {
            slots: vec![Slots::EMPTY; columns.channels.len()],
        };
        for event in events {
            joined.slots[columns.channel(event) as usize].join(columns, event);
        }
        joined
    }

    /// The slots of a channel.
    pub fn slots(&self, channel: u32) -> Slots {
        self.slots[channel as usize]
    }
}
