//! Panics of the client library, kept off the terminal.
//!
//! The library panics on answers it does not know, also in tasks that it
//! starts itself and nobody waits for. All of it runs on threads of one name;
//! the hook counts the panics there instead of printing them, and the
//! supervisor turns a count that grew into one log line and a new connection.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

/// The name of the threads that the library runs on.
pub(super) const THREAD: &str = "rocketmq-grpc";

static INSTALL: Once = Once::new();
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// From now on, once for the process.
pub(super) fn contain() {
    INSTALL.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() == Some(THREAD) {
                COUNT.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(panic = %info, "the RocketMQ client library panicked");
            } else {
                others(info);
            }
        }));
    });
}

/// How many there were so far.
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}
