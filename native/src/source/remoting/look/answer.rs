//! A question to one server, and what it said.

use std::collections::HashMap;

use cheetah_string::CheetahString;
use rocketmq_client_rust::ClientInstanceHandle;
use rocketmq_protocol::protocol::remoting_command::RemotingCommand;

use super::super::hook::{is_denied, refusal};

/// How long an answer may take, in milliseconds.
const PATIENCE: u64 = 4_000;

/// Whom to ask.
pub(super) struct Servers<'a> {
    pub(super) handle: &'a ClientInstanceHandle,
}

/// What a server said.
pub(super) enum Asked {
    Said {
        code: i32,
        /// Code and remark, for people.
        refusal: String,
        body: Vec<u8>,
    },
    /// No answer came, or one of another protocol.
    Silent,
}

impl Asked {
    /// The body of a good answer.
    pub(super) fn good(&self) -> Option<&[u8]> {
        match self {
            Asked::Said { code: 0, body, .. } => Some(body),
            _ => None,
        }
    }

    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Asked::Said { code, .. } => Some(*code),
            Asked::Silent => None,
        }
    }

    /// Whether the server's access control says no.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Asked::Said { code, refusal, .. } if is_denied(*code, refusal))
    }

    pub(super) fn refusal(&self) -> &str {
        match self {
            Asked::Said { refusal, .. } => refusal,
            Asked::Silent => "no answer",
        }
    }
}

impl Servers<'_> {
    pub(super) async fn ask(&self, address: &str, code: i32, fields: &[(&str, &str)]) -> Asked {
        let fields: HashMap<CheetahString, CheetahString> = fields
            .iter()
            .map(|&(name, value)| (name.into(), value.into()))
            .collect();
        let request = RemotingCommand::create_remoting_command(code).set_ext_fields(fields);
        let answer = self
            .handle
            .invoke_remoting(&address.into(), request, PATIENCE)
            .await;
        match answer {
            Ok(answer) => Asked::Said {
                code: answer.code(),
                refusal: refusal(answer.code(), &answer),
                body: answer.body().map(|body| body.to_vec()).unwrap_or_default(),
            },
            Err(error) => {
                tracing::debug!(%address, code, %error, "no answer");
                Asked::Silent
            }
        }
    }
}
