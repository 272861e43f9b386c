//! Stores on a server behind TLS: only a certificate of the authority that
//! was named is accepted, and what is wrong is a sentence.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mqtt_presence::store::{
    Batch, Postgres, PostgresSettings, Redis, RedisSettings, Store, StoreError,
};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::Options;
use tempfile::TempDir;
use xtask::certificates::Certificates;
use xtask::{http, postgres, redis};

/// A commit and its answer go through.
async fn works(store: &dyn Store) {
    let event = Event {
        client_id: "a".to_owned(),
        channel_id: "1".to_owned(),
        kind: Kind::Connect,
        time: 1_700_000_000_000,
        client_ip: None,
        extra: None,
    };
    let batch = Batch {
        events: vec![(event, Default::default())],
        now: 1_700_000_000_000,
        ..Batch::default()
    };
    let committed = store.commit(Arc::new(batch)).await.unwrap();
    assert_eq!(committed.transitions.len(), 1);
    let clients = store.clients(&["a".to_owned()]).await.unwrap();
    assert!(clients[0].is_some());
}

/// It will not mend by itself, and the sentence holds these words.
fn refused<T>(opened: Result<T, StoreError>, words: &[&str]) {
    let error = opened.err().expect("it must not open");
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// What `doctor` and `serve` say of this store, and whether `doctor` is content.
fn commands(kind: &str, url: &str, ca: &Path, content: bool, words: &[&str]) {
    let run = |command: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_mqtt-presence"))
            .args([command, "--bind", "127.0.0.1:0"])
            .args(["--set", &format!("store.kind={kind}")])
            .args(["--set", &format!("store.url={url}")])
            .args(["--set", &format!("store.tls_ca={}", ca.display())])
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        // A terminal's width must not cut what is looked for.
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        (output.status.success(), said)
    };
    // `serve` would run until it is told to end.
    let commands: &[&str] = if content {
        &["doctor"]
    } else {
        &["doctor", "serve"]
    };
    for command in commands {
        let (good, said) = run(command);
        assert_eq!(good, content, "{command}: {said}");
        for word in words {
            assert!(said.contains(word), "{command}: {said}");
        }
    }
}

struct Secured {
    certificates: Certificates,
    folder: TempDir,
}

fn secured() -> Secured {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    Secured {
        certificates,
        folder,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_behind_tls() {
    let Secured {
        certificates,
        folder,
    } = secured();
    let port = http::free_port(0).unwrap().to_string();
    let file = |name: &str| certificates.path(name).display().to_string();
    let (certificate, key) = (file("server.pem"), file("server.key"));
    let options = [
        ["--appendonly", "yes"],
        ["--tls-port", &port],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-auth-clients", "no"],
    ];
    let server = redis::Server::start(&folder.path().join("redis"), &options.concat()).unwrap();
    let url = format!("rediss://127.0.0.1:{port}");
    let open = async |url: &str, ca: Option<PathBuf>| {
        let settings = RedisSettings {
            tls_ca: ca,
            ..RedisSettings::new(url)
        };
        Redis::open(settings, Options::default()).await
    };
    let (good, bad) = (certificates.path("ca.pem"), certificates.path("other.pem"));
    works(&open(&url, Some(good.clone())).await.unwrap()).await;
    let words = ["certificate", "not trusted", "store.tls_ca"];
    refused(open(&url, Some(bad.clone())).await, &words);
    // Nor do the system's authorities know it.
    refused(open(&url, None).await, &words);
    let missing = certificates.path("missing.pem");
    refused(
        open(&url, Some(missing)).await,
        &["store.tls_ca", "cannot be read"],
    );
    let key = certificates.path("server.key");
    refused(
        open(&url, Some(key)).await,
        &["store.tls_ca", "holds no certificate"],
    );
    // TLS where none is spoken.
    let plain = server.url().replace("redis://", "rediss://");
    let error = open(&plain, Some(good.clone())).await.err().unwrap();
    assert!(error.to_string().contains("its port for TLS"), "{error}");
    commands("redis", &url, &good, true, &["answers and keeps"]);
    commands("redis", &url, &bad, false, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_behind_tls() {
    let Secured {
        certificates,
        folder: _folder,
    } = secured();
    let server = postgres::Postgres::start().unwrap();
    let (good, bad) = (certificates.path("ca.pem"), certificates.path("other.pem"));
    let url = server.url("postgres");
    let open = async |ca: Option<PathBuf>| {
        let settings = PostgresSettings {
            tls_ca: ca,
            ..PostgresSettings::new(&url)
        };
        Postgres::open(settings, Options::default()).await
    };
    refused(open(Some(good.clone())).await, &["does not offer TLS"]);
    server
        .offer_tls(
            &certificates.path("server.pem"),
            &certificates.path("server.key"),
        )
        .unwrap();
    works(&open(Some(good.clone())).await.unwrap()).await;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND application_name = 'mqtt-presence'";
    let store = open(Some(good.clone())).await.unwrap();
    assert_ne!(server.psql("postgres", encrypted).unwrap(), "0");
    drop(store);
    let words = ["certificate", "not trusted", "store.tls_ca"];
    refused(open(Some(bad.clone())).await, &words);
    refused(open(None).await, &words);
    let missing = certificates.path("missing.pem");
    refused(
        open(Some(missing)).await,
        &["store.tls_ca", "cannot be read"],
    );
    let key = certificates.path("server.key");
    refused(
        open(Some(key)).await,
        &["store.tls_ca", "holds no certificate"],
    );
    commands("postgres", &url, &good, true, &["answers"]);
    commands("postgres", &url, &bad, false, &words);
}
