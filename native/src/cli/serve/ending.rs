//! Being told to end.

use tokio_util::sync::CancellationToken;

use crate::cli::signals::Signals;

/// What a process that was ended by Ctrl-C answers.
const INTERRUPTED: i32 = 130;

/// The first SIGTERM or Ctrl-C cancels; the second ends the process at once.
///
/// # Errors
/// Signals cannot be listened for.
pub(super) fn listen(told: CancellationToken) -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        let signal = signals.next().await;
        tracing::info!(
            signal,
            "ending: intake stops, what was taken in is stored; a second signal ends at once"
        );
        told.cancel();
        let signal = signals.next().await;
        tracing::warn!(signal, "ended at once; what was not stored comes again");
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}
