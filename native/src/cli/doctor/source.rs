//! The sources, tried without taking a message.

use std::path::Path;

#[cfg(feature = "grpc")]
use super::reach;
use super::{Finding, Name};
use crate::config::Source;
#[cfg(feature = "grpc")]
use crate::source::grpc;
#[cfg(feature = "remoting")]
use crate::source::remoting::{Config, Look, Trouble};

/// Whether a source would bring events.
pub(super) fn check(part: &str, source: &Source) -> Vec<Finding> {
    match source {
        #[cfg(feature = "remoting")]
        Source::Remoting(config) => remoting(part, config, true),
        #[cfg(feature = "grpc")]
        Source::Grpc(grpc) => vec![proxy(part, grpc)],
        Source::Http(_) => vec![Finding::good(
            part,
            "takes what is sent to `POST /v1/events`",
        )],
        Source::File(file) => vec![path(part, &file.path)],
        Source::Fleet(_) => vec![Finding::note(
            Name::Simulated,
            part,
            "is simulated: its clients do not exist",
            "take it away before real events come",
        )],
    }
}

/// What the servers say of the topic, and of the group to who `consumes`.
#[cfg(feature = "remoting")]
pub(super) fn remoting(part: &str, config: &Config, consumes: bool) -> Vec<Finding> {
    // On a thread of its own: the client brings its own runtime, and may panic.
    let look = match consumes {
        true => crate::source::remoting::look,
        false => crate::source::remoting::look_to_write,
    };
    let looked = std::thread::scope(|scope| scope.spawn(|| look(config)).join());
    match looked {
        Ok(look) => seen(part, &config.topic, look, consumes),
        Err(_) => vec![Finding::wrong(
            Name::SourceUnusable,
            part,
            "the RocketMQ client panicked",
            "start the service with `RUST_LOG=debug`, and report what it says there",
        )],
    }
}

#[cfg(feature = "remoting")]
fn seen(part: &str, topic: &str, look: Look, consumes: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = look
        .name_servers
        .iter()
        .map(|address| {
            let sentence = format!("the NameServer `{address}` knows topic `{topic}`");
            Finding::good(part, sentence)
        })
        .collect();
    findings.extend(look.complaints.iter().map(|complaint| {
        let name = named(complaint.trouble);
        let found = if complaint.severe {
            Finding::wrong
        } else {
            Finding::note
        };
        found(name, part, complaint.what.as_str(), &complaint.advice)
    }));
    findings.extend(
        look.clock_ahead
            .and_then(|ahead| super::clock::compare(part, "the broker", ahead)),
    );
    if consumes && !look.complaints.iter().any(|complaint| complaint.severe) {
        let sentence = format!(
            "topic `{topic}` has {} queues, the group {} members now",
            look.queues, look.members
        );
        findings.push(Finding::good(part, sentence));
    }
    findings
}

#[cfg(feature = "remoting")]
fn named(trouble: Trouble) -> Name {
    match trouble {
        Trouble::NameServerUnreachable => Name::NamesrvUnreachable,
        Trouble::NotANameServer => Name::NotANamesrv,
        Trouble::TopicMissing => Name::TopicMissing,
        Trouble::NamespaceWrong => Name::NamespaceWrong,
        Trouble::TopicNotReadable => Name::TopicNotReadable,
        Trouble::TopicWithoutQueues => Name::TopicWithoutQueues,
        Trouble::BrokerUnreachable => Name::BrokerUnreachable,
        Trouble::Refused => Name::BrokerRefuses,
        Trouble::GroupUnknown => Name::GroupUnknown,
        Trouble::GroupDisabled => Name::GroupDisabled,
        Trouble::GroupOfAnotherTopic => Name::GroupOfAnotherTopic,
        Trouble::TagsDiffer => Name::TagsDiffer,
        Trouble::Client => Name::SourceUnusable,
    }
}

#[cfg(feature = "grpc")]
fn proxy(part: &str, config: &grpc::Config) -> Finding {
    let address = &config.endpoint;
    if let Err(reason) = reach::tcp(address) {
        return Finding::wrong(
            Name::ProxyUnreachable,
            part,
            format!("the proxy is not reached: {reason}"),
            "check `endpoint`, the network, and that it runs",
        );
    }
    if !reach::speaks_http2(address) {
        return Finding::wrong(
            Name::NotAProxy,
            part,
            format!("what listens at `{address}` does not speak gRPC"),
            "`endpoint` takes the gRPC port of the proxy, by default 8081; a NameServer goes into a source of \
             `kind = \"remoting\"`",
        );
    }
    let topic = &config.topic;
    let Err(refusal) = grpc::look(config) else {
        let sentence = format!("the proxy `{address}` knows topic `{topic}`");
        return Finding::good(part, sentence);
    };
    let (name, advice) = match refusal.trouble {
        grpc::Trouble::TopicMissing => (Name::TopicMissing, "create it, or correct `topic`"),
        grpc::Trouble::Refused => (
            Name::BrokerRefuses,
            "correct the keys, or let them read this topic",
        ),
        grpc::Trouble::Other => (Name::SourceUnusable, "see the log of the proxy"),
    };
    Finding::wrong(name, part, refusal.reason, advice)
}

fn path(part: &str, path: &Path) -> Finding {
    let shown = path.display();
    if path == Path::new("-") {
        return Finding::good(part, "reads standard input");
    }
    let read = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => path.read_dir().map(|_| "folder"),
        Ok(_) => std::fs::File::open(path).map(|_| "file"),
        Err(error) => Err(error),
    };
    match read {
        Ok(what) => Finding::good(part, format!("the {what} `{shown}` can be read")),
        Err(error) => Finding::wrong(
            Name::FileUnreadable,
            part,
            format!("`{shown}` cannot be read: {error}"),
            "check `source.path`",
        ),
    }
}
