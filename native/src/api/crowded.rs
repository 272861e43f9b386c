//! More connections than `api.max_connections`: each is told so and closed,
//! so that callers and load balancers need not guess.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::problem::{MEDIA_TYPE, Problem};
use super::server::Server;
use crate::pipeline::metrics;

/// Most that are told at once; what comes beyond is closed without a word.
pub const MOST: usize = 64;
/// How long telling may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers 503 and closes. Within TLS there is no cheap way to say it.
pub fn refuse(stream: TcpStream, server: &Server, refusals: &Arc<Semaphore>) {
    metrics::connection_refused();
    let Ok(turn) = Arc::clone(refusals).try_acquire_owned() else {
        return;
    };
    if server.tls.is_some() {
        return;
    }
    let answer = answer(server.api.max_connections);
    tokio::spawn(async move {
        let _ = timeout(PATIENCE, tell(stream, &answer)).await;
        drop(turn);
    });
}

async fn tell(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Closed with bytes unread, the connection would be reset and the answer lost.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

fn answer(most: usize) -> String {
    let detail = format!("{most} connections are open already (`api.max_connections`)");
    let problem = Problem::unavailable("too_many_connections", detail);
    let body = problem.document().to_string();
    let status = StatusCode::SERVICE_UNAVAILABLE;
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {MEDIA_TYPE}\r\nretry-after: 1\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}
