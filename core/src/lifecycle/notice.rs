//! What a broker says, before the channel is known.

use crate::event::quote;

/// Longest id or address, in bytes, as for every event.
const ID: usize = 1_024;
/// Times end here, as for every event.
const TIME: u64 = 1 << 53;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Connect,
    /// The client sent DISCONNECT.
    Disconnect,
    /// The connection ended in another way.
    Tcpclean,
    /// A newer connection of the same client ended this one.
    TakenOver,
}

#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub client: String,
    pub change: Change,
    pub time: u64,
    pub address: Option<String>,
    /// Where the broker names one.
    pub channel: Option<String>,
    /// In the broker's words.
    pub reason: Option<String>,
}

impl Notice {
    /// The same, when an event can carry it.
    pub fn checked(self) -> Result<Notice, String> {
        let ids = [Some(&self.client), self.channel.as_ref()];
        for id in ids.into_iter().flatten() {
            if id.is_empty() {
                return Err("an id is empty".into());
            }
        }
        let long = ids.into_iter().chain([self.address.as_ref()]).flatten();
        if let Some(text) = long.into_iter().find(|text| text.len() > ID) {
            return Err(format!(
                "{} is longer than {ID} bytes",
                quote(text.as_bytes())
            ));
        }
        if self.time == 0 || self.time >= TIME {
            return Err(format!("the time `{}` is out of range", self.time));
        }
        Ok(self)
    }
}
