//! Connections to `redis` that are cut while commits are under way.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::store::{Batch, RedisSettings, StoreError};
use mqtt_presence_core::presence::Options;
use xtask::http::free_port;
use xtask::redis::Server;

use crate::fleet::NOW;
use crate::process::{holds, rounds};
use crate::redis::{anonymous, bench, commit_all, insist, settings, warm};

/// As long as bytes need from here to the server and back, and more.
const WAY: Duration = Duration::from_millis(200);

/// A connection made before the server freezes: what it asks meanwhile is
/// done in turn with what others ask.
struct Beside(BufReader<TcpStream>);

impl Beside {
    fn new(server: &Server) -> Beside {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.write_all(b"PING\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, "+PONG\r\n");
        Beside(reader)
    }

    /// Has the server cut all other connections.
    fn cut(&mut self) {
        let cut = b"CLIENT KILL TYPE normal\r\n";
        self.0.get_mut().write_all(cut).unwrap();
    }
}

/// A cluster of one server.
fn cluster(folder: &Path) -> Server {
    let bus = free_port(0).unwrap().to_string();
    let options = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let server = Server::start(folder, &options).unwrap();
    server
        .cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
        .unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !server
        .cli(&["CLUSTER", "INFO"])
        .unwrap()
        .contains("cluster_state:ok")
    {
        assert!(Instant::now() < end, "the cluster is not whole");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// The client of a cluster asks again by itself where a connection was cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_a_cluster_was_sent_twice_is_written_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = cluster(folder.path());
    let settings = RedisSettings {
        cluster: true,
        ..settings(&server.url())
    };
    let bench = bench(settings, Options::default());
    commit_all(&*bench.store, (0..20).map(anonymous).collect()).await;
    let mut beside = Beside::new(&server);
    let mut round = 20;
    let mut twice = false;
    // Where the commit came behind the cut it was written by its second call alone.
    while !twice {
        assert!(round < 40, "no commit was cut off from its answer");
        server.cli(&["CONFIG", "RESETSTAT"]).unwrap();
        server.signal("STOP").unwrap();
        let begun = bench.store.start(anonymous(round)).await.unwrap();
        tokio::time::sleep(WAY).await;
        // Done before the answer to the commit leaves.
        beside.cut();
        server.signal("CONT").unwrap();
        let told = begun.await.unwrap().transitions;
        let asked = server.cli(&["INFO", "commandstats"]).unwrap();
        twice = asked.contains("cmdstat_evalsha:calls=2,");
        assert!(
            twice || asked.contains("cmdstat_evalsha:calls=1,"),
            "{asked}"
        );
        let kept = bench.store.transitions_after(told[0].id - 1, usize::MAX);
        assert_eq!(kept.await.unwrap(), told);
        round += 1;
        holds(&bench, round).await;
    }
    bench.commit(Batch::clone(&anonymous(round))).await;
    holds(&bench, round + 1).await;
}

/// How far a file was read.
fn place(place: u64) -> Arc<Batch> {
    Arc::new(Batch {
        checkpoints: vec![("file".to_owned(), place.to_string())],
        now: NOW,
        ..Batch::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_clients_is_not_overtaken() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).unwrap();
    let bench = warm(&server).await;
    let store = &*bench.store;
    let mut beside = Beside::new(&server);
    server.signal("STOP").unwrap();
    beside.cut();
    let (earlier, later) = (place(1), place(2));
    let first = store.start(Arc::clone(&earlier)).await.unwrap();
    tokio::time::sleep(WAY).await;
    server.signal("CONT").unwrap();
    tokio::time::sleep(WAY).await;
    // On a new connection: it gets through.
    let second = store.start(Arc::clone(&later)).await.unwrap();
    tokio::time::sleep(WAY).await;
    let error = first.await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    insist(store, &earlier, store.commit(Arc::clone(&earlier))).await;
    insist(store, &later, second).await;
    let reached = store.checkpoint("file").await.unwrap();
    assert_eq!(reached.as_deref(), Some("2"));
    assert_eq!(rounds(store).await, 20);
}
