//! Lists that cannot be had: the bridge says why and goes on, or does not begin.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use xtask::certificates::Certificates;
use xtask::child::{Running, spawn};
use xtask::http;
use xtask::mosquitto::Mosquitto;

use crate::road::{BINARY, eventually};

/// A service over TLS: what answers there is no broker's list.
fn service(folder: &Path, tls: &Path) -> (Running, Running, [u16; 2]) {
    let ports = [http::free_port(0).unwrap(), http::free_port(0).unwrap()];
    let token = folder.join("token");
    std::fs::write(&token, "right-secret").unwrap();
    let start = |port: u16, more: &str| {
        let config = folder.join(format!("{port}.toml"));
        let text =
            format!("[store]\nkind = \"memory\"\n[api]\nbind = \"127.0.0.1:{port}\"\n{more}");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(BINARY);
        command.args(["serve", "--config"]).arg(config);
        command.stderr(File::create(folder.join(format!("{port}.log"))).unwrap());
        spawn(&mut command).unwrap()
    };
    let plain = start(ports[0], &format!("token_file = {:?}\n", token));
    let secured = start(
        ports[1],
        &format!(
            "[api.tls]\ncert = {:?}\nkey = {:?}\n",
            tls.join("server.pem"),
            tls.join("server.key")
        ),
    );
    eventually("both services listen", || {
        ports
            .iter()
            .all(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok())
    });
    (plain, secured, ports)
}

#[test]
fn a_list_that_cannot_be_had_is_a_sentence_and_the_bridge_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let tls = folder.path().join("tls");
    let certificates = Certificates::make(&tls).unwrap();
    let broker =
        Mosquitto::start(&folder.path().join("mosquitto"), "allow_anonymous true").unwrap();
    let (_plain, _secured, [plain, secured]) = service(folder.path(), &tls);
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
