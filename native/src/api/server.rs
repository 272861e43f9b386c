//! Connections: HTTP/1.1, plain or within TLS, at most so many, none that
//! dawdles, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::{Tls, crowded};
use crate::config;

/// Bytes of a request's head that hyper reads before it answers 431; its last
/// read may bring as many again.
const HEAD: usize = 64 * 1024;

/// How connections are served.
pub struct Server {
    /// Every route.
    pub router: Router,
    /// The `[api]` section.
    pub api: config::Api,
    /// Within it, if there is a certificate.
    pub tls: Option<Arc<Tls>>,
}

impl Server {
    /// Serves until `shutdown`, then lets answers under way finish.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        let slots = Arc::new(Semaphore::new(self.api.max_connections));
        let refusals = Arc::new(Semaphore::new(crowded::MOST));
        let server = Arc::new(self);
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most often: too many open files. Others will close some.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                crowded::refuse(stream, &server, &refusals);
                continue;
            };
            let (server, shutdown) = (Arc::clone(&server), shutdown.clone());
            connections.spawn(async move {
                server.connection(stream, peer, shutdown).await;
                drop(slot);
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr, shutdown: CancellationToken) {
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.api.write_timeout.duration()));
        let stream = Box::pin(stream);
        let Some(tls) = &self.tls else {
            return self.http(stream, peer, shutdown).await;
        };
        let handshake = timeout(
            self.api.header_timeout.duration(),
            tls.acceptor().accept(stream),
        );
        let secured = tokio::select! {
            secured = handshake => secured,
            () = shutdown.cancelled() => return,
        };
        match secured {
            Ok(Ok(stream)) => self.http(stream, peer, shutdown).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
        }
    }

    async fn http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        shutdown: CancellationToken,
    ) {
        let router = self.router.clone();
        let service = router.map_request(move |mut request: Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.api.header_timeout.duration())
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::pin!(served);
        let outcome = tokio::select! {
            outcome = served.as_mut() => outcome,
            () = shutdown.cancelled() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
