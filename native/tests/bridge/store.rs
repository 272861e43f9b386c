//! The bridge straight into a store that a service reads afterwards.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use xtask::child::{Running, spawn};
use xtask::http;
use xtask::mosquitto::Mosquitto;
use xtask::postgres::Postgres;
use xtask::redis::Server as Redis;

use crate::road::{BINARY, eventually};
use crate::rumqtt::connect;

/// A broker, and the configuration of a bridge and a service over one store.
struct Road {
    folder: TempDir,
    broker: Mosquitto,
    config: PathBuf,
    port: u16,
}

impl Road {
    fn into(store: &str) -> Road {
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
        Road {
            folder,
            broker,
            config,
            port,
        }
    }

    /// A bridge that has subscribed.
    fn bridge(&self) -> Running {
        let url = self.broker.url();
        let bridge = self.start(&["bridge", "--from", &url, "--to", "store"], "bridge.log");
        eventually("the bridge has subscribed", || {
            self.broker.log().contains("$SYS/broker/log/N")
        });
        bridge
    }

    fn service(&self) -> Running {
        self.start(&["serve"], "service.log")
    }

    fn start(&self, arguments: &[&str], log: &str) -> Running {
        let log = File::create(self.folder.path().join(log)).unwrap();
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--config").arg(&self.config);
        spawn(command.stdout(Stdio::null()).stderr(log)).unwrap()
    }

    fn answer(&self, id: &str) -> Option<Value> {
        let (_, body) = http::get(self.port, &format!("/v1/clients/{id}")).ok()?;
        serde_json::from_str(&body).ok()
    }

    fn is(&self, id: &str, status: &str) -> bool {
        self.answer(id)
            .is_some_and(|found| found["status"] == status)
    }

    /// One client is there, and the other has left.
    fn tells_both(&self) {
        let stayed = self.answer("stays").unwrap();
        assert_eq!(stayed["status"], "online");
        assert_eq!(stayed["channels"][0]["connect"]["origin"], "bridge");
        let left = self.answer("leaves").unwrap();
        assert_eq!(left["status"], "offline");
        assert!(left["channels"][0]["tcpclean"].is_object(), "{left:#}");
    }
}

fn ends_well(bridge: Running) {
    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn what_goes_straight_into_a_store_is_what_a_service_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("presence.sqlite");
    let road = Road::into(&format!("kind = \"sqlite\"\npath = {path:?}\n"));
    let bridge = road.bridge();
    let stays = connect(road.broker.port(), "stays", 60);
    drop(connect(road.broker.port(), "leaves", 60));
    let rows = || {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let store = rusqlite::Connection::open_with_flags(&path, flags).ok()?;
        let count = "SELECT count(*) FROM transition WHERE client_id IN ('stays', 'leaves')";
        store.query_row(count, [], |row| row.get::<_, i64>(0)).ok()
    };
    eventually("the store has all of it", || rows() == Some(3));
    ends_well(bridge);

    let _service = road.service();
    eventually("the service answers", || road.answer("stays").is_some());
    road.tells_both();
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
    let road = Road::into(store);
    let bridge = road.bridge();
    let _service = road.service();
    let stays = connect(road.broker.port(), "stays", 60);
    let leaves = connect(road.broker.port(), "leaves", 60);
    eventually("both are online", || {
        road.is("stays", "online") && road.is("leaves", "online")
    });
    drop(leaves);
    eventually("one has left", || road.is("leaves", "offline"));
    ends_well(bridge);
    road.tells_both();
    drop(stays);
}
