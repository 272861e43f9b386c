//! What the library keeps to itself of RocketMQ's gRPC protocol,
//! `apache.rocketmq.v2`: the call that acknowledges.

use tonic::codegen::http::uri::PathAndQuery;

/// A status that says that all is well; every other is a failure of some kind.
const OK: i32 = 20_000;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Resource {
    #[prost(string, tag = "2")]
    pub(super) name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Entry {
    #[prost(string, tag = "1")]
    pub(super) message_id: String,
    #[prost(string, tag = "2")]
    pub(super) receipt_handle: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Request {
    #[prost(message, optional, tag = "1")]
    pub(super) group: Option<Resource>,
    #[prost(message, optional, tag = "2")]
    pub(super) topic: Option<Resource>,
    #[prost(message, repeated, tag = "3")]
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

impl Status {
    pub(super) fn is_ok(&self) -> bool {
        self.code == OK
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Outcome {
    #[prost(message, optional, tag = "3")]
    pub(super) status: Option<Status>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Response {
    /// Of the call, or what all entries have in common.
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(message, repeated, tag = "2")]
    pub(super) entries: Vec<Outcome>,
}

pub(super) fn path() -> PathAndQuery {
    PathAndQuery::from_static("/apache.rocketmq.v2.MessagingService/AckMessage")
}
