use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::{Value, json};

use crate::support::{Service, command, connects, event, finished, run};

#[test]
fn get_answers_with_its_exit_code() {
    let service = Service::memory(&[]);
    service.tell(&[
        event("GID_x@@@a/1", "1", "connect", 1_767_225_600_000),
        event("b", "2", "tcpclean", 5),
    ]);
    let url = service.url.as_str();
    let (code, out, _) = run(&["get", "GID_x@@@a/1", "--url", url]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("GID_x@@@a/1")
            && out.contains("online")
            && out.contains("2026-01-01T00:00:00"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "no colours in a pipe");
    let (code, out, _) = run(&[
        "get",
        "GID_x@@@a/1",
        "never",
        "--url",
        url,
        "--format",
        "json",
    ]);
    assert_eq!(code, 3);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["clients"][0]["status"], "online");
    assert_eq!(
        answer["clients"][1],
        json!({"clientId": "never", "online": false, "status": "unknown", "since": null})
    );
    let (code, out, _) = run(&["get", "GID_x@@@a/1", "b", "--why", "--url", url]);
    assert_eq!(code, 3);
    assert!(
        out.contains("channel 1 is live") && out.contains("channel 2 is orphan"),
        "{out}"
    );
    let ids: Vec<String> = (0..2_500).map(|n| format!("n{n}")).collect();
    let mut args = vec!["get", "--url", url, "--format", "json"];
    args.extend(ids.iter().map(String::as_str));
    let (_, out, _) = run(&args);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["clients"][2_499]["clientId"], "n2499");
}

#[test]
fn get_says_why_it_cannot() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let (code, out, said) = run(&["get", "a", "--url", &url]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        said.contains(&format!("cannot reach `{url}`")) && said.contains("mqtt-presence serve"),
        "{said}"
    );
    for (args, part) in [
        (vec!["get"], "CLIENT_ID"),
        (vec!["get", "a", "--url", "ftp://x"], "`ftp://x`"),
        (vec!["get", "a", "--token-file", "/no/such"], "`/no/such`"),
    ] {
        let (code, _, said) = run(&args);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn get_sends_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hush\n").unwrap();
    let file = file.to_str().unwrap();
    let service = Service::memory(&["--token-file", file]);
    let (code, _, said) = run(&["get", "a", "--url", &service.url]);
    assert_eq!(code, 2);
    assert!(
        said.contains("401") && said.contains("--token-file"),
        "{said}"
    );
    let (code, ..) = run(&["get", "a", "--url", &service.url, "--token-file", file]);
    assert_eq!(code, 3);
    let output = command(&["get", "a", "--url", &service.url])
        .env("MQTT_PRESENCE_TOKEN", "hush")
        .output()
        .unwrap();
    assert_eq!(finished(output).0, 3);
}

struct Watch {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Watch {
    fn start(args: &[&str]) -> Watch {
        let mut child = command(&[&["watch"], args].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Watch { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watch_goes_on_over_a_restart_and_ends_with_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let service = Service::sqlite(&file, &[]);
    service.tell(&connects(0..2));
    let mut watch = Watch::start(&["--url", &service.url, "--after", "0"]);
    let first: Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!(
        (&first["id"], &first["clientId"]),
        (&json!(1), &json!("GID_x@@@dev000"))
    );
    watch.line();
    let address = service.address().to_owned();
    service.kill();
    let service = Service::sqlite(&file, &["--bind", &address]);
    service.tell(&connects(2..4));
    let ids: Vec<Value> = (0..2)
        .map(|_| serde_json::from_str::<Value>(&watch.line()).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, [3, 4]);
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &watch.child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(watch.child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(watch.child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(said, "", "quiet in a pipe");
}

#[test]
fn watch_prints_lines_for_people() {
    let service = Service::memory(&[]);
    service.tell(&[
        event("a\u{1b}[31m", "1", "connect", 1_767_225_600_000),
        event("b", "2", "connect", 5),
    ]);
    let mut watch = Watch::start(&[
        "--url",
        &service.url,
        "--after",
        "0",
        "--format",
        "table",
        "--prefix",
        "a",
    ]);
    let line = watch.line();
    assert_eq!(
        line,
        "2026-01-01T00:00:00.000Z  online   a\\u{1b}[31m  (connect of channel 1)\n"
    );
    let (code, _, said) = run(&["watch", "--url", &service.url, "--after", "77"]);
    assert_eq!(code, 2);
    assert!(said.contains("newer than the newest"), "{said}");
}

#[test]
fn the_printed_configuration_has_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.toml");
    std::fs::write(
        &file,
        "[rule]\nlease = '12h'\n[api]\ntoken = 'hush'\n[[source]]\nkind = 'http'\n",
    )
    .unwrap();
    let (code, out, said) = run(&[
        "serve",
        "--config",
        file.to_str().unwrap(),
        "--print-config",
        "--bind",
        "0.0.0.0:1",
    ]);
    assert_eq!((code, said.as_str()), (0, ""));
    for part in [
        "lease = \"12h\"",
        "token = \"[redacted]\"",
        "bind = \"0.0.0.0:1\"",
        "[[source]]\nkind = \"http\"",
    ] {
        assert!(out.contains(part), "{out}");
    }
    assert!(!out.contains("hush"));
    // What is printed is a configuration again, once the token is put back.
    let again = folder.path().join("again.toml");
    std::fs::write(&again, &out).unwrap();
    let (code, twice, said) = run(&[
        "serve",
        "--config",
        again.to_str().unwrap(),
        "--print-config",
    ]);
    assert_eq!((code, twice), (0, out), "{said}");
}

#[test]
fn doctor_says_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("p.db");
    let path = store.to_str().unwrap();
    let (code, out, _) = run(&["doctor", "--path", path, "--bind", "127.0.0.1:0"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("all is well") && out.contains("will be made"),
        "{out}"
    );
    assert!(!store.exists(), "doctor writes nothing");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let service = Service::sqlite(&store, &[]);
    let (code, out, _) = run(&["doctor", "--path", path, "--bind", service.address()]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("a service answers at"), "{out}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    drop(service);
    let store = folder.path().join("no-store.db");
    let path = store.to_str().unwrap();
    std::fs::write(&store, "no database ".repeat(1_000)).unwrap();
    let args = [
        "--set",
        "source.0.kind=file",
        "--set",
        "source.0.path=/no/such",
    ];
    let thread = std::thread::spawn(move || {
        while let Ok((stream, _)) = taken.accept() {
            drop(stream)
        }
    });
    let (code, out, _) = run(&[&["doctor", "--path", path, "--bind", &bind], &args[..]].concat());
    assert_eq!(code, 1, "{out}");
    for part in [
        "is taken by another process",
        "is not a SQLite database",
        "`/no/such` cannot be read",
        "3 things",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    drop(thread);
    let (code, out, _) = run(&["doctor", "--set", "api.rate=x"]);
    assert_eq!(code, 1);
    assert!(out.contains("`api.rate` is `x`"), "{out}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        assert!(out.contains("watch") && out.contains("prefix"), "{shell}");
    }
}

#[test]
fn help_teaches_by_example() {
    for name in ["serve", "get", "watch", "doctor", "health", "completions"] {
        let (code, out, _) = run(&[name, "--help"]);
        assert_eq!(code, 0);
        assert!(out.contains("Examples:\n  "), "{name}");
    }
}

#[test]
fn a_configuration_that_cannot_be_printed_is_a_sentence() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = command(&["serve", "--print-config"]);
    let (code, _, said) = finished(command.stdout(full).output().unwrap());
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("cannot write to standard output") && !said.contains("panicked"),
        "{said}"
    );
}
