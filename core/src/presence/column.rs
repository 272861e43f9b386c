//! Numbers that few clients have.

use super::row::NONE;

/// A number for each client, [`NONE`] until another is set; as long as the
/// last client that has one.
#[derive(Clone, Debug, Default)]
pub(super) struct Column(Vec<u32>);

impl Column {
    pub fn get(&self, client: u32) -> u32 {
        self.0.get(client as usize).copied().unwrap_or(NONE)
    }

    pub fn set(&mut self, client: u32, number: u32) {
        let at = client as usize;
        if number != NONE && self.0.len() <= at {
            self.0.resize(at + 1, NONE);
        }
        if let Some(place) = self.0.get_mut(at) {
            *place = number;
        }
    }
}
