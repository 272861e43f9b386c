//! The axis of arrival: what a consumer believed.

use super::{Answers, Replay, View};
use crate::presence::Client;

impl Replay {
    /// What a consumer believed of every client after the first `records`
    /// records, rejected ones too.
    pub fn believed(&self, records: u64) -> Answers<'_> {
        self.answers(View::After(records))
    }

    /// What it knew of one client; `None` where that was nothing.
    pub fn believed_client(&self, client_id: &str, records: u64) -> Option<Client> {
        self.client(client_id, View::After(records))
    }
}
