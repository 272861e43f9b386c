//! One answer to a request for a broker's list.

/// One connection of a list.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// Where the list names one that closings name too.
    pub channel: Option<String>,
    /// Of its begin, where the list says so.
    pub time: Option<u64>,
    pub address: Option<String>,
}

/// One answer to a request for a list.
pub(super) struct Page {
    pub connections: Vec<(String, Connection)>,
    /// Whether there is another.
    pub more: bool,
}
