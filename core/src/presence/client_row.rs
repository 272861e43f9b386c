//! A client as [`ClientRows`](super::client_rows::ClientRows) keeps it: one
//! line of the cache.

use super::Last;
use super::row::NONE;
use super::six::Six;

/// Bytes of an id that lies in its row: comparing it then costs no second
/// trip to memory.
pub(super) const SHORT: usize = 38;

/// A client. Most fit: an id of up to [`SHORT`] bytes, and times before the
/// year 10889. For others `id` or `time` names a place beside.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct ClientRow {
    id: [u8; SHORT],
    /// Of the id, or [`LONG`].
    length: u8,
    flags: u8,
    /// Of the last flip.
    time: Six,
    observed_at: Six,
    /// The channel that came last; each names the one before.
    pub last: u32,
    /// The hash of that channel.
    pub last_hash: u32,
    /// The first of those that are not closed; each names the next.
    pub open: u32,
}

const _: () = assert!(size_of::<ClientRow>() == 64, "a row is one line");

const LONG: u8 = u8::MAX;

/// There was a flip; its answer; it lies beside.
const FLIPPED: u8 = 1;
const ONLINE: u8 = 1 << 1;
const ODD: u8 = 1 << 2;

impl ClientRow {
    /// One with this id, if it fits.
    pub fn short(id: &str) -> Option<ClientRow> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..id.len())?.copy_from_slice(id.as_bytes());
        Some(ClientRow::new(bytes, id.len() as u8))
    }

    /// One whose id lies at this place.
    pub fn long(place: u32) -> ClientRow {
        let mut bytes = [0; SHORT];
        bytes[..4].copy_from_slice(&place.to_le_bytes());
        ClientRow::new(bytes, LONG)
    }

    fn new(id: [u8; SHORT], length: u8) -> ClientRow {
        ClientRow {
            id,
            length,
            flags: 0,
            time: Six::NONE,
            observed_at: Six::NONE,
            last: NONE,
            last_hash: 0,
            open: NONE,
        }
    }

    /// The bytes of the id, or where it lies.
    pub fn id(&self) -> Result<&[u8], u32> {
        if self.length != LONG {
            return Ok(&self.id[..usize::from(self.length)]);
        }
        let [a, b, c, d, ..] = self.id;
        Err(u32::from_le_bytes([a, b, c, d]))
    }

    /// The answer of the last flip, if there was one.
    pub fn online(&self) -> Option<bool> {
        self.has(FLIPPED).then_some(self.has(ONLINE))
    }

    /// The last flip, or where it lies.
    pub fn last_flip(&self) -> Result<Option<Last>, u32> {
        if self.has(ODD) {
            return Err(self.time.get() as u32);
        }
        Ok(self.online().map(|online| Last {
            online,
            time: self.time.get(),
            observed_at: self.observed_at.get(),
        }))
    }

    /// Takes a flip, or none, in the place of the last; false where it does not fit.
    pub fn set_last_flip(&mut self, last: Option<Last>) -> bool {
        let Some(last) = last else {
            self.flags = 0;
            return true;
        };
        let (Some(time), Some(observed_at)) = (Six::new(last.time), Six::new(last.observed_at))
        else {
            return false;
        };
        (self.time, self.observed_at) = (time, observed_at);
        self.flags = flags(last.online);
        true
    }

    /// Notes that the last flip lies at this place.
    pub fn set_odd_flip(&mut self, online: bool, place: u32) {
        self.time = Six::place(place);
        self.flags = flags(online) | ODD;
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

fn flags(online: bool) -> u8 {
    FLIPPED | if online { ONLINE } else { 0 }
}
