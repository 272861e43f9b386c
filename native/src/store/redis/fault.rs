//! What Redis says, as a sentence for the person who runs the service.

use redis::{ErrorKind, RedisError};

use crate::store::{StoreError, StoreTrouble};

pub(super) const NAME: &str = "redis";

/// Worth trying again.
pub(super) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable {
        store: NAME,
        trouble: StoreTrouble::Other,
        reason: reason.into(),
    }
}

/// Will not mend by itself.
pub(super) fn unusable(reason: impl Into<String>) -> StoreError {
    StoreError::Unusable {
        store: NAME,
        trouble: StoreTrouble::Other,
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
        ))
        .about(StoreTrouble::Refused);
    }
    if says("WRONGPASS") || error.kind() == ErrorKind::AuthenticationFailed {
        return unusable(format!(
            "`{address}` does not take this user and password; check `store.password_file` and the user in `store.url`"
        )).about(StoreTrouble::Refused);
    }
    if text.contains("peer certificate") {
        return unusable(format!(
            "`{address}` has a certificate that is not trusted ({text}); name its authority in `store.tls_ca`"
        )).about(StoreTrouble::Certificate);
    }
    if says("NOPERM") {
        return unusable(format!(
            "the user may not do this at `{address}` ({text}); give it all commands on the keys of `store.prefix`"
        )).about(StoreTrouble::NotPermitted);
    }
    if says("MOVED") {
        return unusable(format!(
            "`{address}` is part of a Redis Cluster; set `store.cluster = true`"
        ))
        .about(StoreTrouble::ClusterMismatch);
    }
    if says("cluster support disabled") {
        return unusable(format!(
            "`{address}` is no Redis Cluster; set `store.cluster = false`"
        ))
        .about(StoreTrouble::ClusterMismatch);
    }
    if says("CROSSSLOT") {
        return unusable(format!(
            "`{address}` does not keep the keys of one hash tag together; use a Redis Cluster or a server alone"
        )).about(StoreTrouble::ClusterMismatch);
    }
    if says("OOM") {
        return unavailable(format!(
            "the memory of `{address}` is full; raise its `maxmemory`, or keep less (`rule.retention`, `store.history_rows`)"
        )).about(StoreTrouble::Full);
    }
    if says("LOADING") {
        return unavailable(format!("`{address}` is still reading its data"));
    }
    if says("READONLY") {
        return unavailable(format!(
            "`{address}` is a read-only replica; name its master in `store.url`"
        ))
        .about(StoreTrouble::ReadOnly);
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
        ))
        .about(StoreTrouble::Unreachable);
    }
    if error.is_timeout() {
        return silent(address);
    }
    match error.kind() {
        ErrorKind::InvalidClientConfig => unusable(format!("`store.url`: {text}")),
        ErrorKind::Extension | ErrorKind::Server(redis::ServerErrorKind::ResponseError) => {
            unusable(format!("`{address}` says: {text}"))
        }
        _ => unavailable(format!("the connection to `{address}` failed ({text})"))
            .about(StoreTrouble::Unreachable),
    }
}

/// No answer came in time.
pub(super) fn silent(address: &str) -> StoreError {
    unavailable(format!(
        "`{address}` does not answer in time; look at its load and the network"
    ))
    .about(StoreTrouble::Unreachable)
}

/// The same when TLS was to be spoken.
pub(super) fn silent_at_tls(address: &str) -> StoreError {
    unavailable(format!(
        "`{address}` does not answer in time; look at its load and the network, and whether this is its port for TLS: without TLS it is `redis://` in `store.url`"
    ))
    .about(StoreTrouble::Unreachable)
}
