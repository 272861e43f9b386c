//! A broker behind TLS, with users and an access list.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use xtask::certificates::Certificates;
use xtask::child::spawn;
use xtask::http;
use xtask::mosquitto::Mosquitto;

use crate::road::{BINARY, eventually};

#[test]
fn only_the_named_authority_and_the_right_password_let_the_bridge_in() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    let users = folder.path().join("users");
    xtask::tool::mosquitto().unwrap();
    fs::write(&users, "bridge:right-secret\nblind:right-secret\n").unwrap();
    let hashed = Command::new("mosquitto_passwd")
        .arg("-U")
        .arg(&users)
        .status();
    assert!(hashed.unwrap().success());
    let access = folder.path().join("access");
    fs::write(
        &access,
        "user bridge\ntopic read $SYS/#\nuser blind\ntopic read nothing\n",
    )
    .unwrap();
    let port = http::free_port(0).unwrap();
    // A broker that was started as root gives its rights up.
    for file in [&users, &access, &certificates.path("server.key")] {
        let public = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        fs::set_permissions(file, public).unwrap();
    }
    let text = format!(
        "user root\nallow_anonymous false\npassword_file {}\nacl_file {}\nlog_type subscribe\n\
         listener {port} 127.0.0.1\ncafile {}\ncertfile {}\nkeyfile {}",
        users.display(),
        access.display(),
        certificates.path("ca.pem").display(),
        certificates.path("server.pem").display(),
        certificates.path("server.key").display(),
    );
    let broker = Mosquitto::start(&folder.path().join("mosquitto"), &text).unwrap();
    let bridge = |user: &str, ca: &str| {
        let mut command = Command::new(BINARY);
        command
            .args(["bridge", "--to", "stdout", "--user", user])
            .args([
                "--from",
                &format!("mqtts://localhost:{port}"),
                "--client-id",
                user,
            ])
            .arg("--ca-file")
            .arg(certificates.path(ca))
            .env("MQTT_PRESENCE_BRIDGE_PASSWORD", "right-secret")
            .stdin(Stdio::null());
        command
    };
    let refused = |command: &mut Command| {
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("secret"), "{said}");
        said
    };
    let said = refused(&mut bridge("bridge", "other.pem"));
    assert!(
        said.contains("certificate") && said.contains("--ca-file"),
        "{said}"
    );
    let wrong = &mut bridge("bridge", "ca.pem");
    let said = refused(wrong.env("MQTT_PRESENCE_BRIDGE_PASSWORD", "wrong-secret"));
    assert!(said.contains("--password-file"), "{said}");
    let none = folder.path().join("none.pem");
    let said = refused(
        bridge("bridge", "ca.pem")
            .arg("--cert-file")
            .arg(&none)
            .arg("--key-file")
            .arg(&none),
    );
    assert!(said.contains("none.pem"), "{said}");

    // Let in, it hears who connects next; one that may not read the log hears nothing.
    let hears = fs::File::create(folder.path().join("hears")).unwrap();
    let deaf = fs::File::create(folder.path().join("deaf")).unwrap();
    let let_in = spawn(bridge("bridge", "ca.pem").stdout(hears)).unwrap();
    eventually("the bridge has subscribed", || {
        broker.log().contains("bridge 1 $SYS/broker/log/N")
    });
    let blind = spawn(bridge("blind", "ca.pem").stdout(deaf)).unwrap();
    eventually("the bridge hears of the other", || {
        let heard = fs::read_to_string(folder.path().join("hears")).unwrap();
        heard.contains("\"clientId\":\"blind\"")
    });
    eventually("the other has subscribed", || {
        broker.log().contains("blind 1 $SYS/broker/log/N")
    });
    for running in [let_in, blind] {
        let status = running.stop("INT", Duration::from_secs(5)).unwrap();
        assert_eq!(status.code(), Some(0));
    }
    assert_eq!(fs::read_to_string(folder.path().join("deaf")).unwrap(), "");
}
