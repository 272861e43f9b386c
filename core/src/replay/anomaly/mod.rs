//! What is odd about a recording, and the record that shows it.

use serde::Serialize;

use super::places::by_key;
use super::scene::Scene;

mod arrival;
mod closing;
mod duplicate;
mod flapping;
mod ghost;
mod overlap;

/// What is odd. Declared, and so sorted, in byte order of the wire names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// A channel's closing has an earlier time than its connect. Names
    /// whichever of the two arrived later.
    ClockSkew,
    /// Same channel and kind as an earlier record, other time or address.
    ConflictingDuplicate,
    /// Equal to an earlier record.
    Duplicate,
    /// Many transitions within a short time. Names the record that completes
    /// the count, once a burst.
    Flapping,
    /// Far behind the newest event time before it.
    Late,
    /// A channel is live although the client has a newer connect. Names the
    /// channel's connect.
    NeverClosed,
    /// A channel was closed and its connect never came. Names the closing.
    OrphanClose,
    /// A closing arrived before its connect. Names the connect.
    OutOfOrder,
    /// Two channels of the client were open at once. Names the later connect.
    Overlap,
    /// As `NeverClosed`, with the option `takeover`.
    Superseded,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Kind; 10] = [
        Kind::Duplicate,
        Kind::ConflictingDuplicate,
        Kind::OutOfOrder,
        Kind::OrphanClose,
        Kind::NeverClosed,
        Kind::Superseded,
        Kind::Overlap,
        Kind::ClockSkew,
        Kind::Flapping,
        Kind::Late,
    ];

    /// Its place in [`Kind::ALL`].
    pub fn place(self) -> usize {
        match self {
            Kind::Duplicate => 0,
            Kind::ConflictingDuplicate => 1,
            Kind::OutOfOrder => 2,
            Kind::OrphanClose => 3,
            Kind::NeverClosed => 4,
            Kind::Superseded => 5,
            Kind::Overlap => 6,
            Kind::ClockSkew => 7,
            Kind::Flapping => 8,
            Kind::Late => 9,
        }
    }

    /// A bit of its own: the place in [`Kind::ALL`] says which.
    pub fn bit(self) -> u16 {
        1 << self.place()
    }

    /// Whether such an event can make a consumer believe what is not so; the
    /// others are noise of delivery.
    pub(super) fn misleads(self) -> bool {
        !matches!(self, Kind::Duplicate | Kind::Late)
    }

    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::ClockSkew => "clock_skew",
            Kind::ConflictingDuplicate => "conflicting_duplicate",
            Kind::Duplicate => "duplicate",
            Kind::Flapping => "flapping",
            Kind::Late => "late",
            Kind::NeverClosed => "never_closed",
            Kind::OrphanClose => "orphan_close",
            Kind::OutOfOrder => "out_of_order",
            Kind::Overlap => "overlap",
            Kind::Superseded => "superseded",
        }
    }
}

/// An anomaly and the event that it names; the channel is the event's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub event: u32,
    pub kind: Kind,
}

/// Where the searches put what they find.
pub(super) type Finds = Vec<Found>;

/// All anomalies of a client by record, then kind.
pub(super) fn find(scene: &Scene<'_>) -> Finds {
    let mut found = Finds::new();
    duplicate::find(scene, &mut found);
    arrival::find_late(scene, &mut found);
    arrival::find_out_of_order(scene, &mut found);
    closing::find(scene, &mut found);
    ghost::find(scene, &mut found);
    overlap::find(scene, &mut found);
    flapping::find(scene, &mut found);
    if found.len() < 2 {
        return found;
    }
    let key = |found: &Found| u64::from(found.event) << 4 | found.kind as u64;
    by_key(found.iter().map(key))
        .map(|place| found[place])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn places_are_those_of_the_list() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!((kind.place(), kind.bit()), (place, 1 << place));
        }
    }
}
