//! A receiver of webhooks: a real HTTP server, which can fail in every way.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use xtask::certificates::Certificates;

/// How a request is answered.
#[derive(Clone, Copy)]
pub enum Reply {
    Status(u16),
    /// 503 with `Retry-After`.
    ComeBackIn(&'static str),
    /// Never.
    Hang,
}

/// What came, and how it is answered.
pub struct Book {
    /// Answers to the next requests, in turn.
    pub plan: VecDeque<Reply>,
    /// The answer to all others.
    pub otherwise: Reply,
    /// How long every answer takes.
    pub pause: Duration,
    /// Every request: headers and body.
    pub requests: Vec<(HeaderMap, Bytes)>,
    /// Ids of transitions that were taken, as they came.
    pub taken: Vec<u64>,
    under_way: usize,
    /// Most requests at once.
    pub at_once: usize,
}

pub struct Receiver {
    book: Arc<Mutex<Book>>,
    runtime: Option<Runtime>,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

impl Receiver {
    pub fn start() -> Receiver {
        Receiver::start_with(None)
    }

    /// Over TLS, as the server of these certificates.
    pub fn over_tls(certificates: &Certificates) -> Receiver {
        let chain = CertificateDer::pem_file_iter(certificates.path("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        Receiver::start_with(Some(TlsAcceptor::from(Arc::new(server))))
    }

    fn start_with(tls: Option<TlsAcceptor>) -> Receiver {
        let book = Book {
            plan: VecDeque::new(),
            otherwise: Reply::Status(204),
            pause: Duration::ZERO,
            requests: Vec::new(),
            taken: Vec::new(),
            under_way: 0,
            at_once: 0,
        };
        let mut receiver = Receiver {
            book: Arc::new(Mutex::new(book)),
            runtime: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls,
        };
        receiver.again();
        receiver
    }

    /// Listens at the same port as before.
    pub fn again(&mut self) {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.book.clone());
        match self.tls.clone() {
            None => runtime.spawn(async move { axum::serve(listener, router).await }),
            Some(acceptor) => {
                let secured = Secured { listener, acceptor };
                runtime.spawn(async move { axum::serve(secured, router).await })
            }
        };
        self.runtime = Some(runtime);
    }

    /// Ends in the middle of whatever it does.
    pub fn die(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }

    pub fn url(&self) -> String {
        let scheme = self.tls.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{}/hook", self.address)
    }

    pub fn book<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.book.lock().unwrap())
    }

    /// The taken ids without repeats, each where it came first.
    pub fn firsts(&self) -> Vec<u64> {
        let mut seen = std::collections::HashSet::new();
        self.book(|book| {
            let taken = book.taken.iter().copied();
            taken.filter(|id| seen.insert(*id)).collect()
        })
    }
}

/// Connections whose handshake went well.
struct Secured {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.die();
    }
}

/// Counts a request even where it is broken off.
struct UnderWay(Arc<Mutex<Book>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().unwrap().under_way -= 1;
    }
}

async fn answer(State(book): State<Arc<Mutex<Book>>>, headers: HeaderMap, body: Bytes) -> Response {
    let _under_way = UnderWay(book.clone());
    let (reply, pause) = {
        let mut book = book.lock().unwrap();
        book.under_way += 1;
        book.at_once = book.at_once.max(book.under_way);
        book.requests.push((headers, body.clone()));
        let reply = book.plan.pop_front().unwrap_or(book.otherwise);
        (reply, book.pause)
    };
    tokio::time::sleep(pause).await;
    match reply {
        Reply::Hang => std::future::pending().await,
        Reply::ComeBackIn(text) => {
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", text)]).into_response()
        }
        Reply::Status(status) => {
            if (200..300).contains(&status) {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let transitions = body["transitions"].as_array().unwrap();
                let ids = transitions.iter().map(|one| one["id"].as_u64().unwrap());
                book.lock().unwrap().taken.extend(ids);
            }
            (StatusCode::from_u16(status).unwrap(), "as it was told").into_response()
        }
    }
}
