//! Running totals, so that counting never walks over all clients.

use mqtt_presence_core::presence::{Client, Counts, Options};

use crate::store::Stats;

/// What a store counts as it commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Totals {
    /// Number of the last commit that wrote something.
    pub batches: u64,
    pub clients: u64,
    pub online: u64,
    pub channels: Counts,
    pub last_transition: u64,
    pub quarantined: u64,
    pub quarantined_bytes: u64,
    pub last_quarantined: u64,
    pub quarantine_dropped: u64,
}

/// What one client adds to the totals.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Counted {
    online: bool,
    channels: Counts,
}

/// The options without the lease: a channel turns suspect by the clock alone,
/// which running totals cannot follow. With a lease, stores count afresh.
pub(in crate::store) fn timeless(options: &Options) -> Options {
    Options {
        lease: None,
        ..options.clone()
    }
}

impl Counted {
    /// Counts a client under options without a lease.
    pub fn of(client: &Client, timeless: &Options) -> Counted {
        Counted::at(client, timeless, 0)
    }

    /// Counts a client at `now`.
    pub fn at(client: &Client, options: &Options, now: u64) -> Counted {
        Counted {
            online: client.online(options, now),
            channels: client.counts(options, now),
        }
    }
}

impl Totals {
    /// Each total under the name that stores give it.
    pub fn named(&mut self) -> [(&'static str, &mut u64); 13] {
        [
            ("batches", &mut self.batches),
            ("clients", &mut self.clients),
            ("online", &mut self.online),
            ("live", &mut self.channels.live),
            ("closed", &mut self.channels.closed),
            ("orphan", &mut self.channels.orphan),
            ("superseded", &mut self.channels.superseded),
            ("suspect", &mut self.channels.suspect),
            ("last_transition", &mut self.last_transition),
            ("quarantined", &mut self.quarantined),
            ("quarantined_bytes", &mut self.quarantined_bytes),
            ("last_quarantined", &mut self.last_quarantined),
            ("quarantine_dropped", &mut self.quarantine_dropped),
        ]
    }

    /// Those that depend on the clients.
    pub fn of_clients(&mut self) -> [(&'static str, &mut u64); 7] {
        let [_, clients @ .., _, _, _, _, _] = self.named();
        clients
    }

    pub fn change(&mut self, before: Counted, after: Counted) {
        self.online = self.online + u64::from(after.online) - u64::from(before.online);
        self.channels += after.channels;
        self.channels -= before.channels;
    }

    pub fn add(&mut self, counted: Counted) {
        self.clients += 1;
        self.online += u64::from(counted.online);
        self.channels += counted.channels;
    }

    /// The same but for what depends on the clients, which is zero.
    pub fn without_clients(&self) -> Totals {
        Totals {
            clients: 0,
            online: 0,
            channels: Counts::default(),
            ..self.clone()
        }
    }

    pub fn stats(&self) -> Stats {
        Stats {
            clients: self.clients,
            online: self.online,
            channels: self.channels.iter().collect(),
            quarantined: self.quarantined,
            quarantine_dropped: self.quarantine_dropped,
            last_transition: self.last_transition,
        }
    }
}
