//! The command `generate` as a user meets it.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn generate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mqtt-presence"))
        .arg("generate")
        .args(arguments)
        .output()
        .unwrap()
}

/// A digest small enough to write down (FNV-1a, 64 bits).
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_same_arguments_give_the_same_bytes_on_any_machine() {
    let calm = generate(&["--clients", "500", "--events", "5000", "--seed", "7"]);
    let stormy = generate(&[
        "--clients",
        "500",
        "--events",
        "5000",
        "--seed",
        "7",
        "--loss",
        "1%",
        "--duplicate",
        "0.05",
        "--shuffle",
        "200",
    ]);
    assert_eq!(
        calm.stdout.iter().filter(|byte| **byte == b'\n').count(),
        5_000
    );
    assert_eq!(
        stormy.stdout.iter().filter(|byte| **byte == b'\n').count(),
        5_000
    );
    // A change here changes every fleet that was ever quoted: say so in the changelog.
    assert_eq!(
        (digest(&calm.stdout), digest(&stormy.stdout)),
        (12_413_927_262_392_350_573, 17_027_506_152_697_832_274)
    );
}

#[test]
fn bad_usage_exits_2_and_quotes_the_text() {
    for (arguments, quoted) in [
        (&["--loss", "1.5"][..], "1.5"),
        (&["--duplicate", "many"], "many"),
        (&["--clients", "0"], "0"),
        (&["--start", "today"], "today"),
        (&["--start", "9007199254740991"], "9007199254740991"),
    ] {
        let output = generate(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(quoted), "{said}");
    }
}

#[test]
fn a_fleet_may_start_at_any_time() {
    let output = generate(&["--events", "1", "--start", "2030-01-01T00:00:00Z"]);
    let event: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let time = event["time"].as_u64().unwrap();
    let start = 1_893_456_000_000;
    assert!((start..start + 20 * 60_000).contains(&time), "{time}");
}
