//! Why a store did not do what it was asked.

/// Why a store did not do what it was asked; nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Worth trying again: locked, disk full, connection lost.
    #[error("{store}: {reason}; trying again")]
    Unavailable {
        /// Which store.
        store: &'static str,
        /// What it said.
        reason: String,
    },
    /// Will not mend by itself: a newer schema, a folder that is not writable at start.
    #[error("{store}: {reason}")]
    Unusable {
        /// Which store.
        store: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}
