//! The command `replay` as a user meets it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const EVENTS: &str = concat!(
    r#"{"clientId":"GID_a@@@1","channelId":"c1","eventType":"connect","time":1000,"clientIp":"10.0.0.1:1"}"#,
    "\n",
    r#"{"clientId":"GID_a@@@1","channelId":"c1","eventType":"tcpclean","time":2000}"#,
    "\n",
    r#"{"clientId":"GID_a@@@2","channelId":"c2","eventType":"connect","time":3000}"#,
    "\n",
);

const BAD: &str = r#"{"clientId":"GID_a@@@1","eventType":"connect","time":1}"#;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-presence"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MQTT_PRESENCE_")) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_vector_gives_its_bytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/replay");
    let mut seen = 0;
    for folder in fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if !folder.is_dir() {
            continue;
        }
        seen += 1;
        let names = fs::read_dir(&folder).unwrap();
        let mut files: Vec<PathBuf> = names
            .map(|entry| PathBuf::from(entry.unwrap().file_name()))
            .filter(|name| name.to_str().unwrap().starts_with("input."))
            .collect();
        files.sort();
        let mut replay = command(&["replay", "--format", "json"]);
        replay
            .current_dir(&folder)
            .args(&files)
            .args(flags(&folder));
        let output = replay.output().unwrap();
        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
        // Only what is read as a broker's own is spoken of.
        let of_broker = |line: &str| line.contains("` is read as `");
        assert!(
            stderr(&output).lines().all(of_broker),
            "{}: {}",
            folder.display(),
            stderr(&output)
        );
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert_eq!(
            stderr(&output).is_empty(),
            !name.starts_with("broker-"),
            "{name}"
        );
        assert_eq!(stdout(&output), expected, "{}", folder.display());
        assert_eq!(output.status.code(), Some(0));
    }
    assert!(seen >= 40, "only {seen} vectors found");
}

/// A vector's options as flags.
fn flags(folder: &Path) -> Vec<String> {
    let Ok(options) = fs::read(folder.join("options.json")) else {
        return Vec::new();
    };
    let options: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&options).unwrap();
    options
        .iter()
        .map(|(key, value)| match (key.as_str(), value) {
            ("takeover", value) => {
                assert_eq!(value, &true);
                "--takeover".to_owned()
            }
            ("closing", value) => format!("--closing={}", value.as_str().unwrap()),
            ("after", value) => format!("--after={value}"),
            ("at", value) => format!("--at={value}"),
            ("flapCount", value) => format!("--flap-count={value}"),
            ("flapWindow", value) => format!("--flap-window={value}ms"),
            ("lateAfter", value) => format!("--late-after={value}ms"),
            (key, _) => panic!("unknown option {key}"),
        })
        .collect()
}

#[test]
fn a_table_names_the_clients_without_colours_in_a_pipe() {
    let output = run(&["replay", "-"], &format!("{EVENTS}{BAD}\n"));
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(table.contains("2 clients: 1 online"), "{table}");
    assert!(
        table.contains("4 records: 3 accepted (0 duplicates), 1 rejected"),
        "{table}"
    );
    assert!(table.contains("GID_a@@@2"), "{table}");
    assert!(table.contains("missing_field"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn control_characters_of_others_do_not_reach_the_terminal() {
    let event = r#"{"clientId":"\u001b[31mred","channelId":"c","eventType":"connect","time":1}"#;
    let output = run(&["replay", "-"], event);
    assert!(!stdout(&output).contains('\u{1b}'));
    assert!(
        stdout(&output).contains(r"\u{1b}[31mred"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_long_fleet_is_cut_and_says_how_to_see_all() {
    let fleet = run(&["generate", "--clients", "200", "--events", "1000"], "");
    let output = run(&["replay", "-"], stdout(&fleet));
    let table = stdout(&output);
    assert!(table.contains("… and 150 clients more"), "{table}");
    let output = run(&["replay", "-", "--format", "ndjson"], stdout(&fleet));
    assert_eq!(stdout(&output).lines().count(), 200);
}

#[test]
fn ndjson_gives_clients_then_errors() {
    let output = run(
        &["replay", "-", "--format", "ndjson"],
        &format!("{BAD}\n{EVENTS}"),
    );
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with(r#"{"clientId":"GID_a@@@1","online":false"#));
    assert!(lines[1].starts_with(r#"{"clientId":"GID_a@@@2","online":true"#));
    assert!(
        lines[2]
            .starts_with(r#"{"record":1,"line":1,"column":1,"offset":0,"code":"missing_field""#)
    );
}

#[test]
fn rejected_records_fail_only_a_strict_run() {
    let input = format!("{EVENTS}{BAD}\n");
    assert_eq!(run(&["replay", "-"], &input).status.code(), Some(0));
    let strict = run(&["replay", "-", "--strict", "--format", "json"], &input);
    assert_eq!(strict.status.code(), Some(1));
    assert!(stdout(&strict).starts_with(r#"{"summary":{"records":4,"#));
    assert_eq!(
        run(&["replay", "-", "--strict"], EVENTS).status.code(),
        Some(0)
    );
    let covered = run(&["replay", "-", "--strict", "--after", "3"], &input);
    assert_eq!(covered.status.code(), Some(0), "the first three are sound");
}

#[test]
fn bad_usage_exits_2_and_prints_no_answer() {
    for arguments in [
        &["replay"][..],
        &["replay", "-", "--after", "1", "--at", "1000"],
        &["replay", "-", "--at", "yesterday"],
        &["replay", "-", "--after", "-1"],
        &["replay", "-", "--flap-count", "0"],
        &["replay", "-", "--flap-window", "60"],
        &["replay", "-", "--closing", "disconnect"],
        &["replay", "-", "-"],
        &["nonsense"],
    ] {
        let output = run(arguments, EVENTS);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert_ne!(stderr(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.ndjson", EVENTS);
    let missing = folder.path().join("missing.ndjson");
    let missing = missing.to_str().unwrap();
    for bad in [missing, folder.path().to_str().unwrap()] {
        let output = run(&["replay", &good, bad, "--format", "json"], "");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(stdout(&output), "");
        assert!(
            stderr(&output).starts_with(&format!("mqtt-presence: cannot read `{bad}`: ")),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn times_read_as_rfc_3339_and_as_milliseconds() {
    let at = |time: &str| run(&["replay", "-", "--format", "json", "--at", time], EVENTS);
    let both = [at("1970-01-01T00:00:01.500Z"), at("1500")];
    assert_eq!(stdout(&both[0]), stdout(&both[1]));
    assert!(stdout(&both[0]).contains(r#""clients":1,"online":1}"#));
}

#[test]
fn standard_input_goes_together_with_files() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "first.ndjson", EVENTS);
    let output = run(&["replay", &name, "-", "--format", "json"], EVENTS);
    let answer: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(answer["summary"]["duplicates"], 3);
    assert_eq!(answer["clients"][0]["anomalies"][0]["file"], "-");
    assert_eq!(answer["clients"][0]["anomalies"][0]["record"], 4);
}

#[test]
fn limits_are_options() {
    let output = run(
        &["replay", "-", "--max-record", "80", "--format", "json"],
        EVENTS,
    );
    let answer: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(answer["errors"][0]["code"], "too_large");
    let nested = r#"{"clientId":"a","channelId":"c","eventType":"connect","time":1,"x":[[]]}"#;
    let output = run(&["replay", "-", "--max-depth", "2", "--strict"], nested);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn options_may_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "events.ndjson", EVENTS);
    let answer = |variable: &str, value: &str, flags: &[&str]| {
        let mut replay = command(&["replay", &name, "--format", "json"]);
        let output = replay.args(flags).env(variable, value).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output).to_owned()
    };
    let late = |answer: &str| answer.contains(r#""kind":"late""#);
    let reversed = EVENTS.lines().rev().collect::<Vec<_>>().join("\n");
    fs::write(&name, reversed).unwrap();
    assert!(late(&answer("MQTT_PRESENCE_LATE_AFTER", "1ms", &[])));
    assert!(!late(&answer(
        "MQTT_PRESENCE_LATE_AFTER",
        "1ms",
        &["--late-after", "60s"]
    )));
    assert!(!late(&answer("MQTT_PRESENCE_TAKEOVER", "false", &[])));
}

#[test]
fn a_pipe_closed_early_ends_quietly() {
    let fleet = run(&["generate", "--clients", "2000", "--events", "20000"], "");
    let folder = tempfile::tempdir().unwrap();
    let name = file(folder.path(), "fleet.ndjson", stdout(&fleet));
    for arguments in [
        &["replay", &name, "--format", "ndjson"][..],
        &["replay", &name, "--format", "json"],
        &["generate", "--events", "1000000"],
    ] {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::with_capacity(64, child.stdout.take().unwrap());
        output.fill_buf().unwrap();
        drop(output);
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
        assert_eq!(said, "", "{arguments:?}");
    }
}

#[test]
fn help_teaches_by_example() {
    let output = run(&["replay", "--help"], "");
    let help = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        help.contains("mqtt-presence replay events.ndjson --at 2026-01-01T08:30:00Z"),
        "{help}"
    );
    assert!(help.contains("Exit codes:"), "{help}");
}

#[test]
fn recordings_of_brokers_are_read_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let aws = concat!(
        r#"{"clientId":"a","timestamp":1573002230757,"eventType":"connected","sessionIdentifier":"s","versionNumber":0}"#,
        "\n",
        r#"{"clientId":"a","timestamp":1573002340451,"eventType":"disconnected","sessionIdentifier":"s","#,
        r#""clientInitiatedDisconnect":true,"disconnectReason":"CLIENT_INITIATED_DISCONNECT"}"#,
        "\n",
        r#"{"clientId":"a","timestamp":1,"eventType":"subscribed","sessionIdentifier":"s"}"#,
    );
    let emqx = r#"[{"clientid":"e","ipaddress":"10.0.0.1","connected_at":1700000000001},
{"clientid":"e","reason":"normal","connected_at":1700000000001,"disconnected_at":1700000000009}]"#;
    let mosquitto = concat!(
        "1700000000: mosquitto version 2.0.11 starting\n",
        "1700000000: New client connected from 10.0.0.1:5 as m (p2, c1, k60).\n",
        "1700000003: Client m closed its connection.\n",
        "1700000004: New client connected from 10.0.0.1:6 as m (p2, c1, k60).\n",
    );
    for (name, text, format, records, rejected, online) in [
        ("aws.ndjson", aws, "aws", 3, 1, 0),
        ("emqx.json", emqx, "emqx", 2, 0, 0),
        ("mosquitto.log", mosquitto, "mosquitto", 3, 0, 1),
    ] {
        let path = file(folder.path(), name, text);
        let output = run(&["replay", &path, "--format", "json"], "");
        assert!(
            stderr(&output).contains(&format!("is read as `{format}`")),
            "{name}"
        );
        let answer: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
        let summary = &answer["summary"];
        assert_eq!(summary["records"], records, "{name}: {answer:#}");
        assert_eq!(summary["rejected"], rejected, "{name}: {answer:#}");
        assert_eq!(summary["online"], online, "{name}: {answer:#}");
        let output = run(
            &["replay", &path, "--format", "json", "--format-in", "events"],
            "",
        );
        let answer: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
        assert_eq!(answer["summary"]["accepted"], 0, "{name}: {answer:#}");
    }
    // Numbers run on over a log and a file of events.
    let log = file(folder.path(), "first.log", mosquitto);
    let bad = file(folder.path(), "second.json", BAD);
    let output = run(&["replay", &log, &bad, &log, "--format", "json"], "");
    let answer: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(answer["errors"][0]["record"], 4, "{answer:#}");
    assert_eq!(answer["summary"]["records"], 7, "{answer:#}");
}
