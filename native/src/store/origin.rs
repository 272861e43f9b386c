//! Where an event came from.

use std::borrow::Cow;

use mqtt_presence_core::presence::RECONCILED;
use serde::{Deserialize, Serialize};

/// Where an event came from, for facts, transitions and the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The configured source: `remoting`, `grpc`, `http`, `file`, `fleet`;
    /// `bridge` where that writes by itself; `reconcile` for what a list of connections told.
    pub source: Cow<'static, str>,
    /// RocketMQ message id; the same over a redelivery.
    pub message_id: Option<String>,
    /// RocketMQ topic.
    pub topic: Option<String>,
    /// RocketMQ queue number.
    pub queue: Option<u32>,
    /// Offset in the queue, or in the file.
    pub offset: Option<u64>,
}

impl Origin {
    /// A list of connections, as core names it.
    pub fn reconciled() -> Origin {
        Origin {
            source: RECONCILED.into(),
            ..Origin::default()
        }
    }

    /// What a fact remembers: the message id, or the source and the offset.
    /// It stays the same over a redelivery, so that ties between facts end
    /// the same way on every instance.
    pub fn label(&self) -> Cow<'_, str> {
        match (&self.message_id, self.offset) {
            (Some(id), _) => Cow::Borrowed(id),
            (None, Some(offset)) => Cow::Owned(format!("{}@{offset}", self.source)),
            (None, None) => Cow::Borrowed(&self.source),
        }
    }
}
