//! The sinks, tried without delivering anything.

use super::{Finding, Name, reach};
use crate::config::{Sink, SinkKind, Webhook};

/// How findings name it.
pub(super) fn part(sink: &Sink) -> String {
    format!("sink `{}` ({})", sink.name, sink.kind.name())
}

/// Whether a sink would be able to deliver.
pub(super) fn check(sink: &Sink) -> Vec<Finding> {
    let part = part(sink);
    match &sink.kind {
        SinkKind::Webhook(webhook) => vec![receiver(&part, webhook)],
        #[cfg(feature = "remoting")]
        SinkKind::Rocketmq(rocketmq) => super::source::remoting(&part, rocketmq, false),
    }
}

/// Whether the host accepts a connection; the receiver is asked for nothing.
fn receiver(part: &str, webhook: &Webhook) -> Finding {
    let uri: Option<ureq::http::Uri> = webhook.url.parse().ok();
    let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or_default();
    let port = uri.as_ref().and_then(|uri| uri.port_u16());
    let port = port.unwrap_or(if webhook.url.starts_with("https://") {
        443
    } else {
        80
    });
    let address = format!("{host}:{port}");
    match reach::tcp(&address) {
        Ok(()) => Finding::good(
            part,
            format!("the receiver `{address}` accepts connections"),
        ),
        Err(reason) => Finding::wrong(
            Name::ReceiverUnreachable,
            part,
            format!("the receiver is not reached: {reason}"),
            "check `sink.url`, the firewall, and that it runs",
        ),
    }
}
