//! The bridge straight into a store that a service reads afterwards.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use xtask::child::spawn;
use xtask::http;
use xtask::mosquitto::Mosquitto;
use xtask::postgres::Postgres;
use xtask::redis::Server as Redis;

use crate::road::{BINARY, eventually};
use crate::rumqtt::connect;

#[test]
fn what_goes_straight_into_a_store_is_what_a_service_answers() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start(
        &folder.path().join("mosquitto"),
        "allow_anonymous true\nlog_type subscribe",
    )
    .unwrap();
    let path = folder.path().join("presence.sqlite");
    let port = http::free_port(0).unwrap();
    let config = folder.path().join("mqtt-presence.toml");
    let text = format!(
        "[store]\nkind = \"sqlite\"\npath = {path:?}\n\n[api]\nbind = \"127.0.0.1:{port}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let log = File::create(folder.path().join("bridge.log")).unwrap();
    let mut command = Command::new(BINARY);
    command
        .args(["bridge", "--from", &broker.url(), "--to", "store"])
        .arg("--config")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(log);
    let bridge = spawn(&mut command).unwrap();
    eventually("the bridge has subscribed", || {
        broker.log().contains("$SYS/broker/log/N")
    });
    let stays = connect(broker.port(), "stays", 60);
    drop(connect(broker.port(), "leaves", 60));
    let rows = || {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = rusqlite::Connection::open_with_flags(&path, flags).ok()?;
        let count = "SELECT count(*) FROM transition WHERE client_id IN ('stays', 'leaves')";
        store.query_row(count, [], |row| row.get::<_, i64>(0)).ok()
    };
    eventually("the store has all of it", || rows() == Some(3));
    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0));

    let mut command = Command::new(BINARY);
    command.args(["serve", "--config"]).arg(&config);
    let _service = spawn(command.stderr(Stdio::null())).unwrap();
    let answer = |id: &str| {
        let (_, body) = http::get(port, &format!("/v1/clients/{id}")).ok()?;
        serde_json::from_str::<serde_json::Value>(&body).ok()
    };
    eventually("the service answers", || answer("stays").is_some());
    let stayed = answer("stays").unwrap();
    assert_eq!(stayed["status"], "online");
    assert_eq!(stayed["channels"][0]["connect"]["origin"], "bridge");
    let left = answer("leaves").unwrap();
    assert_eq!(left["status"], "offline");
    assert!(left["channels"][0]["tcpclean"].is_object(), "{left:#}");
    drop(stays);
}

#[test]
fn a_store_that_does_not_last_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mqtt-presence.toml");
    std::fs::write(&config, "[store]\nkind = \"memory\"\n").unwrap();
    let output = Command::new(BINARY)
        .args(["bridge", "--from", "mqtt://127.0.0.1:1", "--to", "store"])
        .arg("--config")
        .arg(&config)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a store that lasts"), "{said}");
}

#[test]
fn what_goes_into_redis_is_what_a_service_beside_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Redis::start(&folder.path().join("redis"), &["--appendonly", "yes"]).unwrap();
    beside(&format!("kind = \"redis\"\nurl = {:?}\n", server.url()));
}

#[test]
fn what_goes_into_postgres_is_what_a_service_beside_it_answers() {
    let server = Postgres::start().unwrap();
    let url = server.url("postgres");
    beside(&format!("kind = \"postgres\"\nurl = {url:?}\n"));
}

/// A store of several instances: the service reads it while the bridge writes.
fn beside(store: &str) {
    let folder = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start(
        &folder.path().join("mosquitto"),
        "allow_anonymous true\nlog_type subscribe",
    )
    .unwrap();
    let port = http::free_port(0).unwrap();
    let config = folder.path().join("mqtt-presence.toml");
    let text = format!("[store]\n{store}\n[api]\nbind = \"127.0.0.1:{port}\"\n");
    std::fs::write(&config, text).unwrap();
    let start = |arguments: &[&str], log: &str| {
        let log = File::create(folder.path().join(log)).unwrap();
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--config").arg(&config);
        spawn(command.stdout(Stdio::null()).stderr(log)).unwrap()
    };
    let bridge = start(
        &["bridge", "--from", &broker.url(), "--to", "store"],
        "bridge.log",
    );
    let _service = start(&["serve"], "service.log");
    eventually("the bridge has subscribed", || {
        broker.log().contains("$SYS/broker/log/N")
    });
    let answer = |id: &str| {
        let (_, body) = http::get(port, &format!("/v1/clients/{id}")).ok()?;
        serde_json::from_str::<serde_json::Value>(&body).ok()
    };
    let is = |id: &str, status: &str| answer(id).is_some_and(|found| found["status"] == status);
    let stays = connect(broker.port(), "stays", 60);
    let leaves = connect(broker.port(), "leaves", 60);
    eventually("both are online", || {
        is("stays", "online") && is("leaves", "online")
    });
    drop(leaves);
    eventually("one has left", || is("leaves", "offline"));
    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0));
    let stayed = answer("stays").unwrap();
    assert_eq!(stayed["status"], "online");
    assert_eq!(stayed["channels"][0]["connect"]["origin"], "bridge");
    let left = answer("leaves").unwrap();
    assert!(left["channels"][0]["tcpclean"].is_object(), "{left:#}");
    drop(stays);
}
