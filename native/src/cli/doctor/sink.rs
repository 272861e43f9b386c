//! The sinks, tried without delivering anything.

use ureq::http::Uri;

use super::{Finding, Name, reach};
use crate::config::{Sink, SinkKind, Webhook};
use crate::loopback::proxy_to;

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

/// Whether the host, or the proxy on the way to it, accepts a connection; the receiver is asked for nothing.
fn receiver(part: &str, webhook: &Webhook) -> Finding {
    let Ok(uri) = webhook.url.parse::<Uri>() else {
        let what = format!("`{}` is no address", webhook.url);
        return Finding::wrong(Name::ReceiverUnreachable, part, what, "correct `sink.url`");
    };
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16();
    let port = port.unwrap_or(if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    });
    let receiver = format!("{host}:{port}");
    let Some(proxy) = proxy_to(&uri) else {
        return match reach::tcp(&receiver) {
            Ok(()) => Finding::good(
                part,
                format!("the receiver `{receiver}` accepts connections"),
            ),
            Err(reason) => Finding::wrong(
                Name::ReceiverUnreachable,
                part,
                format!("the receiver is not reached: {reason}"),
                "check `sink.url`, the firewall, and that it runs",
            ),
        };
    };
    let proxy = format!("{}:{}", proxy.host(), proxy.port());
    match reach::tcp(&proxy) {
        Ok(()) => Finding::good(
            part,
            format!(
                "the proxy `{proxy}` accepts connections; whether it reaches the receiver `{receiver}`, only a delivery shows"
            ),
        ),
        Err(reason) => Finding::wrong(
            Name::ReceiverUnreachable,
            part,
            format!("the proxy on the way to the receiver `{receiver}` is not reached: {reason}"),
            "check ALL_PROXY, HTTPS_PROXY and HTTP_PROXY, or name the receiver's host in NO_PROXY",
        ),
    }
}
