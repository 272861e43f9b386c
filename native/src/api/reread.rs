//! Files of tokens and certificates are looked at again, so that new ones
//! need no restart.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Access, Tls};

/// How often they are read. Their text is compared, not their times, which
/// tell nothing of a file that a link leads to.
const EVERY: Duration = Duration::from_secs(2);

/// Reads them every two seconds, and at once on SIGHUP.
pub async fn reread(access: Arc<Access>, tls: Option<Arc<Tls>>, shutdown: CancellationToken) {
    let mut hangup = Hangup::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = hangup.next() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        let (access, tls) = (Arc::clone(&access), tls.clone());
        let read = tokio::task::spawn_blocking(move || {
            access.reread();
            if let Some(tls) = tls {
                tls.reread();
            }
        });
        if let Err(error) = read.await {
            tracing::error!(%error, "files of tokens or certificates were not read again");
        }
    }
}

/// SIGHUP, which would end a process that does not listen for it.
#[cfg(unix)]
struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    fn new() -> Hangup {
        use tokio::signal::unix::{SignalKind, signal};
        Hangup(signal(SignalKind::hangup()).ok())
    }

    async fn next(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(not(unix))]
struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    fn new() -> Hangup {
        Hangup
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
