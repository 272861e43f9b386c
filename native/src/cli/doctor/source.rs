//! The sources, tried without taking a message.

use std::path::Path;

use super::Finding;
#[cfg(any(feature = "remoting", feature = "grpc"))]
use super::reach;
use crate::config::Source;

/// Whether a source would bring events.
pub(super) fn check(part: &str, source: &Source) -> Vec<Finding> {
    match source {
        #[cfg(feature = "remoting")]
        Source::Remoting(remoting) => remoting
            .namesrv
            .iter()
            .map(|address| address.trim_start_matches("http://").trim_end_matches('/'))
            .map(|address| reached(part, "NameServer", address))
            .collect(),
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
