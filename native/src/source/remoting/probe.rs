//! A look at an address that does not answer: is anyone there?

use std::time::Duration;

use tokio::net::TcpStream;

/// Why nobody is there; `None` when the address takes connections.
pub(super) async fn unreachable(address: &str) -> Option<String> {
    let limit = Duration::from_secs(2);
    match tokio::time::timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(plain(&error)),
        Err(_) => Some(format!("no answer within {} s", limit.as_secs())),
    }
}

/// The reason without the number of the operating system's error.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}
