//! The names of a store's keys. All have one hash tag, so that in a cluster
//! one script may use them all.

/// The keys of one store.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Keys {
        Keys {
            prefix: format!("{{{prefix}}}"),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Hash: client id to record.
    pub fn clients(&self) -> String {
        self.key("clients")
    }

    /// Sorted set, all scores 0: client ids in byte order.
    pub fn ids(&self) -> String {
        self.key("ids")
    }

    /// Sorted set: clients with ended channels by the time of the first end.
    pub fn closed(&self) -> String {
        self.key("closed")
    }

    /// Stream: some transitions an entry, the last of which is N where the id is `N-0`.
    pub fn transitions(&self) -> String {
        self.key("transitions")
    }

    /// Hash: version of this layout, the rule, the last commit.
    pub fn meta(&self) -> String {
        self.key("meta")
    }

    /// Hash: running totals and the last numbers given.
    pub fn totals(&self) -> String {
        self.key("totals")
    }

    /// Stream: rejected record N has the id `N-0`.
    pub fn quarantine(&self) -> String {
        self.key("quarantine")
    }

    /// Hash: digest of a rejected message to its number.
    pub fn rejected(&self) -> String {
        self.key("rejected")
    }

    /// Hash: how far each file source has read.
    pub fn checkpoints(&self) -> String {
        self.key("checkpoints")
    }

    /// Hash: the place of a sink, who delivers for it and until when.
    pub fn sink(&self, sink: &str) -> String {
        self.key(&format!("sink:{sink}"))
    }

    /// Stream: dead letters of a sink, transition N with the id `N-0`.
    pub fn dead(&self, sink: &str) -> String {
        self.key(&format!("dead:{sink}"))
    }

    /// The last commit of an instance, and the one before: two may be under
    /// way, and it must be known of both. Goes a day after it.
    pub fn instance(&self, instance: u64, number: u64) -> String {
        self.key(&format!("instance:{instance:016x}:{}", number % 2))
    }
}
