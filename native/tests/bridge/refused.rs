//! A broker that does not let the bridge in.

use std::process::Command;

use xtask::http;
use xtask::mosquitto::Mosquitto;

use crate::road::BINARY;

#[test]
fn a_broker_that_refuses_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start(folder.path(), "allow_anonymous false").unwrap();
    let refused = |port: u16| {
        let output = Command::new(BINARY)
            .args(["bridge", "--to", "stdout", "--user", "u", "--from"])
            .arg(format!("mqtt://127.0.0.1:{port}"))
            .env("MQTT_PRESENCE_BRIDGE_PASSWORD", "wrong-secret")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("wrong-secret"), "{said}");
        said
    };
    let said = refused(broker.port());
    assert!(
        said.contains("--password-file") || said.contains("password"),
        "{said}"
    );
    assert!(refused(http::free_port(0).unwrap()).contains("cannot reach"));
}
