//! Lists that cannot be had: the bridge says why and goes on, or does not begin.

use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rumqttc::QoS;
use xtask::certificates::Certificates;
use xtask::child::{Running, spawn};
use xtask::http;
use xtask::mosquitto::Mosquitto;

use crate::road::{BINARY, eventually};
use crate::rumqtt::connect;

/// A service, with more in its `[api]`: what it answers is no broker's list.
fn service(folder: &Path, more: &str) -> (Running, u16) {
    let port = http::free_port(0).unwrap();
    let config = folder.join(format!("{port}.toml"));
    let text = format!("[store]\nkind = \"memory\"\n[api]\nbind = \"127.0.0.1:{port}\"\n{more}");
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(BINARY);
    command
        .args(["serve", "--config"])
        .arg(config)
        .stderr(File::create(folder.join(format!("{port}.log"))).unwrap());
    let service = spawn(&mut command).unwrap();
    eventually("the service listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (service, port)
}

#[test]
fn a_list_that_cannot_be_had_is_a_sentence_and_the_bridge_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    let broker =
        Mosquitto::start(&folder.path().join("mosquitto"), "allow_anonymous true").unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "right-secret").unwrap();
    let (_plain, plain) = service(folder.path(), &format!("token_file = {token:?}\n"));
    let pair = [
        certificates.path("server.pem"),
        certificates.path("server.key"),
    ];
    let text = format!("[api.tls]\ncert = {:?}\nkey = {:?}\n", pair[0], pair[1]);
    let (_secured, secured) = service(folder.path(), &text);
    let nobody = http::free_port(0).unwrap();
    let ca = certificates.path("ca.pem").display().to_string();
    let other = certificates.path("other.pem").display().to_string();
    let mut running = Vec::new();
    for (number, (url, more, parts)) in [
        (
            format!("http://127.0.0.1:{nobody}/clients"),
            vec![],
            ["cannot reach", "--list-url"],
        ),
        (
            format!("http://127.0.0.1:{plain}/v1/stats"),
            vec!["--list-user", "u"],
            ["answers 401", "--list-password-file"],
        ),
        (
            format!("https://localhost:{secured}/v1/nothing"),
            vec!["--list-ca", &ca],
            ["answers 404", "check `--list-url`"],
        ),
        (
            format!("https://localhost:{secured}/metrics"),
            vec!["--list-ca", &ca],
            ["is no JSON", "right address"],
        ),
        (
            format!("https://localhost:{secured}/v1/stats"),
            vec!["--list-ca", &ca],
            ["`data` is missing", "`--field` the fields"],
        ),
        (
            format!("https://localhost:{secured}/v1/stats"),
            vec!["--list-ca", &other],
            ["is not accepted", "--list-ca"],
        ),
        (
            format!("https://127.0.0.1:{plain}/clients"),
            vec!["--list-ca", &ca],
            ["no TLS with", "begins with `http://`"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let log = folder.path().join(format!("bridge.{number}"));
        let mut command = Command::new(BINARY);
        command
            .args(["bridge", "--to", "stdout", "--format-in", "generic"])
            .args(["--listen-to", "lifecycle", "--list-url", &url])
            .args(["--from", &format!("mqtt://127.0.0.1:{}", broker.port())])
            .args(["--client-id", &format!("bridge {number}")])
            .args(more)
            .env("MQTT_PRESENCE_LIST_PASSWORD", "wrong-secret")
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        running.push((spawn(&mut command).unwrap(), log, url, parts));
    }
    for (bridge, log, url, parts) in running {
        let said = || std::fs::read_to_string(&log).unwrap();
        // It is tried again, so the sentence comes twice.
        eventually(&format!("{url}: {parts:?} twice"), || {
            let said = said();
            parts.iter().all(|part| said.matches(part).count() > 1)
        });
        assert!(said().contains(&url), "{}", said());
        assert!(!said().contains("wrong-secret"), "{}", said());
        let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
        assert_eq!(status.code(), Some(0), "{}", said());
    }
}

#[test]
fn a_list_that_does_not_answer_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let broker =
        Mosquitto::start(&folder.path().join("mosquitto"), "allow_anonymous true").unwrap();
    let (frozen, port) = service(folder.path(), "");
    let stopped = Command::new("kill")
        .args(["-s", "STOP", &frozen.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    let log = folder.path().join("bridge.log");
    let events = folder.path().join("events");
    let url = format!("http://127.0.0.1:{port}/clients");
    let mut command = Command::new(BINARY);
    command
        .args(["bridge", "--to", "stdout", "--format-in", "generic"])
        .args(["--listen-to", "lifecycle", "--list-url", &url])
        .args(["--from", &format!("mqtt://127.0.0.1:{}", broker.port())])
        .env("RUST_LOG", "debug")
        .stdout(File::create(&events).unwrap())
        .stderr(File::create(&log).unwrap());
    let bridge = spawn(&mut command).unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let asked = |times: usize| said().matches("who is connected").count() == times;
    eventually("the list is asked for", || asked(1));
    let (client, mut connection) = connect(broker.port(), "extension", 60);
    let notice = r#"{"clientId":"d","channelId":"c","eventType":"connect"}"#;
    client
        .publish("lifecycle", QoS::AtLeastOnce, false, notice)
        .unwrap();
    while !matches!(
        connection.recv().unwrap().unwrap(),
        rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_))
    ) {}
    eventually("what the bridge hears goes on", || {
        let events = std::fs::read_to_string(&events).unwrap();
        events.contains("\"clientId\":\"d\"")
    });
    assert!(!said().contains("has not answered"), "{}", said());
    eventually("the list has not answered", || {
        said().contains("has not answered within 20 s")
    });
    eventually("it is asked for again", || asked(2));
    // The end of the bridge does not wait for the answer.
    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", said());
}

#[test]
fn options_that_lead_to_no_list_end_the_bridge_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none").display().to_string();
    let ended = |options: &[&str]| -> Output {
        Command::new(BINARY)
            .args(["bridge", "--to", "stdout", "--from", "mqtt://127.0.0.1:1"])
            .args(["--listen-to", "lifecycle"])
            .args(options)
            .output()
            .unwrap()
    };
    let list = ["--list-url", "https://127.0.0.1:2/clients"];
    let emqx = ["--format-in", "emqx"];
    for (options, part) in [
        (vec![list[0], list[1]], "`mosquitto`"),
        (vec![list[0], list[1], "--format-in", "aws"], "`aws`"),
        (
            vec![list[0], list[1], "--format-in", "vernemq"],
            "`vernemq`",
        ),
        (
            vec![list[0], "ftp://h/clients", emqx[0], emqx[1]],
            "`--list-url` takes",
        ),
        (
            vec![list[0], "http://u:p@h/clients", emqx[0], emqx[1]],
            "--list-user",
        ),
        (
            vec![list[0], "http://h/clients?page=2", emqx[0], emqx[1]],
            "leave `page` out",
        ),
        (
            vec![list[0], list[1], emqx[0], emqx[1], "--list-every", "0s"],
            "`--list-every` is zero",
        ),
        (
            vec![list[0], list[1], emqx[0], emqx[1], "--list-ca", &none],
            "cannot be read",
        ),
        (
            vec![
                list[0],
                list[1],
                emqx[0],
                emqx[1],
                "--list-user",
                "u",
                "--list-password-file",
                &none,
            ],
            "`--list-password-file`",
        ),
        (vec!["--list-every", "5m"], "--list-url"),
    ] {
        let output = ended(&options);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(said.contains(part), "{options:?}: {said}");
    }
}
