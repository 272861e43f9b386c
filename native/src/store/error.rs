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
        /// What it is about.
        trouble: StoreTrouble,
        /// What it said.
        reason: String,
    },
    /// Will not mend by itself: a newer schema, a folder that is not writable at start.
    #[error("{store}: {reason}")]
    Unusable {
        /// Which store.
        store: &'static str,
        /// What it is about.
        trouble: StoreTrouble,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// What a [`StoreError`] is about, for programs; its sentence is for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreTrouble {
    /// None of the others.
    #[default]
    Other,
    /// The server is not reached or does not answer.
    Unreachable,
    /// A wrong or missing user or password.
    Refused,
    /// A certificate that is not trusted, or no TLS where it is wanted.
    Certificate,
    /// The user may not create or write.
    NotPermitted,
    /// A server that is too old.
    TooOld,
    /// A replica or standby.
    ReadOnly,
    /// No room on the disk or in the memory.
    Full,
    /// A newer version wrote the data.
    Newer,
    /// Another process holds the file.
    InUse,
    /// The file is no database, or one of another program.
    NotADatabase,
    /// There is no such database on the server.
    DatabaseMissing,
    /// With full memory the server would throw clients away.
    Evicting,
    /// A cluster where a server alone was meant, or the reverse.
    ClusterMismatch,
}

impl StoreError {
    /// What it is about.
    pub fn trouble(&self) -> StoreTrouble {
        match self {
            StoreError::Unavailable { trouble, .. } | StoreError::Unusable { trouble, .. } => {
                *trouble
            }
        }
    }

    /// The same, about this.
    pub(super) fn about(mut self, what: StoreTrouble) -> StoreError {
        match &mut self {
            StoreError::Unavailable { trouble, .. } | StoreError::Unusable { trouble, .. } => {
                *trouble = what;
            }
        }
        self
    }
}
