//! The files of secrets: who may read them.

use super::reach::others_may_read;
use super::{Finding, Name};
use crate::config::Config;

/// Those that every user may read. `parts` names sources and sinks.
pub(super) fn check(config: &Config, part: impl Fn(&str, usize) -> String) -> Vec<Finding> {
    let open = config.secret_files().into_iter();
    let open = open.filter(|(_, _, path)| others_may_read(path));
    open.map(|(section, index, path)| {
        let path = path.display();
        Finding::note(
            Name::SecretOpenToOthers,
            &part(section, index),
            format!("`{path}` can be read by every user of this machine"),
            &format!("`chmod 600 {path}`"),
        )
    })
    .collect()
}
