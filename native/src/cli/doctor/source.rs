//! The sources, tried without taking a message.

use std::path::Path;

use super::Finding;
#[cfg(feature = "remoting")]
use super::Verdict;
#[cfg(any(feature = "remoting", feature = "grpc"))]
use super::reach;
use crate::config::Source;

/// Whether a source would bring events.
pub(super) fn check(part: &str, source: &Source) -> Vec<Finding> {
    match source {
        #[cfg(feature = "remoting")]
        Source::Remoting(config) => remoting(part, config),
        #[cfg(feature = "grpc")]
        Source::Grpc(grpc) => vec![reached(part, "proxy", &grpc.endpoint)],
        Source::Http(_) => vec![Finding::good(
            part,
            "takes what is sent to `POST /v1/events`",
        )],
        Source::File(file) => vec![path(part, &file.path)],
        Source::Fleet(_) => vec![Finding::note(
            part,
            "is simulated; its clients do not exist",
        )],
    }
}

/// Whether the name servers are there, and one of them knows the topic.
#[cfg(feature = "remoting")]
pub(super) fn remoting(part: &str, config: &crate::source::remoting::Config) -> Vec<Finding> {
    let addresses = config.namesrv.iter();
    let mut findings: Vec<Finding> = addresses
        .map(|address| address.trim_start_matches("http://").trim_end_matches('/'))
        .map(|address| reached(part, "NameServer", address))
        .collect();
    if findings.iter().any(|one| one.verdict == Verdict::Good) {
        findings.push(topic(part, config));
    }
    findings
}

#[cfg(any(feature = "remoting", feature = "grpc"))]
fn reached(part: &str, what: &str, address: &str) -> Finding {
    match reach::tcp(address) {
        Ok(()) => Finding::good(part, format!("the {what} `{address}` accepts connections")),
        Err(reason) => {
            let advice = "check the address, the firewall, and that it runs";
            Finding::wrong(
                part,
                format!("the {what} is not reached: {reason}; {advice}"),
            )
        }
    }
}

/// Whether a name server knows the topic.
#[cfg(feature = "remoting")]
fn topic(part: &str, config: &crate::source::remoting::Config) -> Finding {
    let topic = &config.topic;
    // On a thread of its own: the client brings its own runtime, and may panic.
    let asked = std::thread::scope(|scope| {
        let look = scope.spawn(|| crate::source::remoting::look(config));
        look.join()
            .unwrap_or_else(|_| Err("the RocketMQ client panicked".to_owned()))
    });
    match asked {
        Ok(0) => Finding::wrong(
            part,
            format!("topic `{topic}` has no queue to read; give it some with `updateTopic`"),
        ),
        Ok(queues) => Finding::good(part, format!("topic `{topic}` has {queues} queues")),
        Err(reason) => Finding::wrong(part, reason),
    }
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
            part,
            format!("`{shown}` cannot be read: {error}; check `source.path`"),
        ),
    }
}
