//! What Redis says, as a sentence for the person who runs the service.

use redis::{ErrorKind, RedisError};

use crate::store::StoreError;

pub(super) const NAME: &str = "redis";

/// Worth trying again.
pub(super) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        store: NAME,
        reason: reason.into(),
    }
}

/// Will not mend by itself.
pub(super) fn unusable(reason: impl Into<String>) -> StoreError {
    StoreError::Unusable {
        store: NAME,
        reason: reason.into(),
    }
}

/// A value that this program did not write.
pub(super) fn damaged(what: &str, error: impl std::fmt::Display) -> StoreError {
    unusable(format!(
        "{what} cannot be read ({error}); give this service a `store.prefix` of its own, or restore a backup"
    ))
}

/// What went wrong at the server `address`.
pub(super) fn of(address: &str, error: &RedisError) -> StoreError {
    let text = error.to_string();
    let says = |word: &str| error.code() == Some(word) || text.contains(word);
    if says("NOAUTH") {
        return unusable(format!(
            "`{address}` asks for a password; set `store.password_file`"
        ));
    }
    if says("WRONGPASS") || error.kind() == ErrorKind::AuthenticationFailed {
        return unusable(format!(
            "`{address}` does not take this user and password; check `store.password_file` and the user in `store.url`"
        ));
    }
    if says("NOPERM") {
        return unusable(format!(
            "the user may not do this at `{address}` ({text}); give it all commands on the keys of `store.prefix`"
        ));
    }
    if says("MOVED") {
        return unusable(format!(
            "`{address}` is part of a Redis Cluster; set `store.cluster = true`"
        ));
    }
    if says("cluster support disabled") {
        return unusable(format!(
            "`{address}` is no Redis Cluster; set `store.cluster = false`"
        ));
    }
    if says("CROSSSLOT") {
        return unusable(format!(
            "`{address}` does not keep the keys of one hash tag together; use a Redis Cluster or a server alone"
        ));
    }
    if says("OOM") {
        return unavailable(format!(
            "the memory of `{address}` is full; raise its `maxmemory`, or keep less (`rule.retention`, `store.history_rows`)"
        ));
    }
    if says("LOADING") {
        return unavailable(format!("`{address}` is still reading its data"));
    }
    if says("READONLY") {
        return unavailable(format!(
            "`{address}` is a read-only replica; name its master in `store.url`"
        ));
    }
    if says("MISCONF") {
        return unavailable(format!(
            "`{address}` cannot write its data to disk; look at its log and disk"
        ));
    }
    if says("BUSY") {
        return unavailable(format!("`{address}` is busy with a script"));
    }
    if error.is_connection_refusal() {
        return unavailable(format!(
            "`{address}` does not accept a connection; check `store.url`, and that Redis runs"
        ));
    }
    if error.is_timeout() {
        return silent(address);
    }
    match error.kind() {
        ErrorKind::InvalidClientConfig => unusable(format!("`store.url`: {text}")),
        ErrorKind::Extension | ErrorKind::Server(redis::ServerErrorKind::ResponseError) => {
            unusable(format!("`{address}` says: {text}"))
        }
        _ => unavailable(format!("the connection to `{address}` failed ({text})")),
    }
}

/// No answer came in time.
pub(super) fn silent(address: &str) -> StoreError {
    unavailable(format!(
        "`{address}` does not answer in time; look at its load and the network"
    ))
}
