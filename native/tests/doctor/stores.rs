//! Each store with what may be wrong with it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use xtask::certificates::Certificates;
use xtask::child;
use xtask::postgres::Postgres;
use xtask::redis::{Cluster, Server};

use crate::{BINARY, Report, an_hour_ahead, command, doctor, examined, older};

/// A row of one column of six bytes, as `SHOW server_version_num` answers it.
const VERSION: &[u8] = b"D\0\0\0\x10\0\x01\0\0\0\x06";

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    let foreign = file("foreign.db");
    std::fs::write(&foreign, "no database ".repeat(1_000)).unwrap();
    doctor(&["--path", &foreign]).has("sqlite_not_a_database", "error", &foreign);

    let newer = file("newer.db");
    let database = rusqlite::Connection::open(&newer).unwrap();
    database
        .execute_batch(
            "PRAGMA application_id = 0x6d717072; PRAGMA user_version = 99; CREATE TABLE a (b)",
        )
        .unwrap();
    drop(database);
    doctor(&["--path", &newer]).has("store_newer", "error", "use that version");

    let damaged = file("damaged.db");
    let database = rusqlite::Connection::open(&damaged).unwrap();
    database.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(database);
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[100..].fill(0x5a);
    std::fs::write(&damaged, bytes).unwrap();
    doctor(&["--path", &damaged]).has("store_unusable", "error", "restore it from a backup");

    let used = file("used.db");
    let mut service = command(BINARY);
    service
        .args(["serve", "--bind", "127.0.0.1:0", "--path", &used])
        .stderr(Stdio::null());
    let service = child::spawn(&mut service).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !Path::new(&used).exists() {
        assert!(Instant::now() < end, "the service does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = doctor(&["--path", &used]);
    drop(service);
    report.has("store_in_use", "error", "end that one");
    doctor(&["--path", &used]).is_well();
}

fn of_redis(url: &str, more: &[&str]) -> Report {
    let url = format!("store.url={url}");
    doctor(&[&["--store", "redis", "--set", &url][..], more].concat())
}

#[test]
fn redis() {
    let folder = tempfile::tempdir().unwrap();
    let start =
        |name: &str, options: &[&str]| Server::start(&folder.path().join(name), options).unwrap();
    let lasting = ["--appendonly", "yes"];

    let mut server = start("good", &lasting);
    of_redis(&server.url(), &[]).is_well();
    let url = format!("store.url={}", server.url());
    examined(an_hour_ahead(), &["--store", "redis", "--set", &url]).has(
        "clock_off",
        "error",
        "ahead of that of Redis",
    );
    let old = older::server(server.port(), b"redis_version:", b"5");
    of_redis(&format!("redis://127.0.0.1:{old}"), &[]).has(
        "store_too_old",
        "error",
        "needs 6.2 or later",
    );
    server
        .cli(&["HSET", "{mqtt-presence}:meta", "schema", "99"])
        .unwrap();
    of_redis(&server.url(), &[]).has("store_newer", "error", "store.prefix");
    server.kill();
    of_redis(&server.url(), &[]).has("store_unreachable", "error", "that Redis runs");

    let forgetful = start("forgetful", &[]);
    let report = of_redis(&forgetful.url(), &[]);
    report.has("redis_not_durable", "warning", "set `appendonly yes`");
    report.is_well();

    let evicting = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    let evicting = start("evicting", &[&lasting[..], &evicting].concat());
    of_redis(&evicting.url(), &[]).has("redis_evicts", "error", "noeviction");

    let master = start("master", &lasting).port().to_string();
    let replica = start(
        "replica",
        &[&lasting[..], &["--replicaof", "127.0.0.1", &master]].concat(),
    );
    of_redis(&replica.url(), &[]).has("store_read_only", "error", "name its master");

    let alone = start("alone", &lasting);
    let as_cluster = of_redis(&alone.url(), &["--set", "store.cluster=true"]);
    as_cluster.has("redis_cluster_mismatch", "error", "store.cluster = false");
    let two = format!("{},{}", alone.url(), forgetful.url());
    of_redis(&two, &[]).has("redis_cluster_mismatch", "error", "store.cluster = true");
    let cluster = Cluster::start(&folder.path().join("cluster"), &lasting).unwrap();
    let urls = cluster.url();
    of_redis(&urls, &["--set", "store.cluster=true"]).is_well();
    let node = urls.split(',').next().unwrap();
    of_redis(node, &[]).has("redis_cluster_mismatch", "error", "store.cluster = true");

    let guarded = start(
        "guarded",
        &[&lasting[..], &["--requirepass", "hush"]].concat(),
    );
    of_redis(&guarded.url(), &[]).has("store_refused", "error", "store.password_file");
    let wrong = of_redis(&guarded.url(), &["--set", "store.password=no"]);
    wrong.has("store_refused", "error", "store.password_file");
    of_redis(&guarded.url(), &["--set", "store.password=hush"]).is_well();
}

fn of_postgres(url: &str) -> Report {
    let url = format!("store.url={url}");
    doctor(&["--store", "postgres", "--set", &url])
}

#[test]
fn postgres() {
    let mut server = Postgres::start().unwrap();
    of_postgres(&server.url("postgres")).is_well();
    let url = format!("store.url={}", server.url("postgres"));
    examined(an_hour_ahead(), &["--store", "postgres", "--set", &url]).has(
        "clock_off",
        "error",
        "ahead of that of PostgreSQL",
    );
    let port = server.port();
    let old = older::server(port, VERSION, b"12").to_string();
    let url = server.url("postgres").replace(&port.to_string(), &old);
    of_postgres(&url).has("store_too_old", "error", "version 13 or later");
    of_postgres(&server.url("nowhere")).has("postgres_database_missing", "error", "createdb");
    let as_user = |user: &str| {
        server
            .url("postgres")
            .replace("postgres@", &format!("{user}@"))
    };
    of_postgres(&as_user("nobody")).has("store_refused", "error", "pg_hba.conf");
    server.psql("postgres", "CREATE ROLE weak LOGIN").unwrap();
    of_postgres(&as_user("weak")).has("store_not_permitted", "error", "AUTHORIZATION");
    server
        .psql(
            "postgres",
            "CREATE SCHEMA mqtt_presence; CREATE TABLE mqtt_presence.schema_version (version integer); \
             INSERT INTO mqtt_presence.schema_version VALUES (99)",
        )
        .unwrap();
    of_postgres(&server.url("postgres")).has("store_newer", "error", "mqtt-presence");
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    let trusting = |name: &str| {
        let ca = format!("store.tls_ca={}", certificates.path(name).display());
        let url = format!("store.url={}", server.url("template1"));
        doctor(&["--store", "postgres", "--set", &url, "--set", &ca])
    };
    trusting("ca.pem").has("store_certificate", "error", "does not offer TLS");
    let (certificate, key) = (
        certificates.path("server.pem"),
        certificates.path("server.key"),
    );
    server.offer_tls(&certificate, &key).unwrap();
    trusting("other.pem").has("store_certificate", "error", "name its authority");
    trusting("ca.pem").is_well();
    let url = server.url("postgres");
    server.kill();
    of_postgres(&url).has("store_unreachable", "error", "server runs");
}
