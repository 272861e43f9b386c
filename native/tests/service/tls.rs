//! HTTPS: certificates, their renewal, those of clients, and commands that ask.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use xtask::certificates::Certificates;

use crate::support::{Service, connects, eventually, run};

/// A service with the certificate `server.pem`, and its files.
fn secured(folder: &Path, more: &[&str]) -> (Service, Certificates) {
    let certificates = Certificates::make(folder).unwrap();
    let set =
        |key: &str, name: &str| format!("api.tls.{key}={}", certificates.path(name).display());
    let (cert, key) = (set("cert", "server.pem"), set("key", "server.key"));
    let service = Service::memory(&[&["--set", &cert, "--set", &key], more].concat());
    (service, certificates)
}

#[test]
fn commands_reach_it_and_know_whom_to_trust() {
    let folder = tempfile::tempdir().unwrap();
    let (mut service, certificates) = secured(folder.path(), &[]);
    service.trust(&certificates.path("ca.pem"));
    assert!(service.url.starts_with("https://"));
    service.tell(&connects(0..1));
    assert_eq!(service.get("/v1/stats").json["online"], 1);

    let ca = certificates.path("ca.pem");
    let ca = ca.to_str().unwrap();
    let (url, id) = (service.url.as_str(), "GID_x@@@dev000");
    let (code, out, said) = run(&["get", id, "--url", url, "--ca", ca]);
    assert_eq!(code, 0, "{said}");
    assert!(out.contains("online"), "{out}");
    let other = certificates.path("other.pem");
    for (more, part) in [
        (&[][..], "its certificate is not accepted"),
        (
            &["--ca", other.to_str().unwrap()],
            "its certificate is not accepted",
        ),
        (&["--ca", "/no/such"], "`--ca`: `/no/such` cannot be read"),
        (
            &["--ca", certificates.path("server.key").to_str().unwrap()],
            "holds no certificate",
        ),
    ] {
        let (code, _, said) = run(&[&["get", id, "--url", url], more].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(part), "{said}");
    }
    // Plain HTTP to it is no answer, and no harm.
    let plain = url.replace("https://", "http://");
    let (code, ..) = run(&["get", id, "--url", &plain]);
    assert_eq!(code, 2);
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn watch_follows_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (mut service, certificates) = secured(folder.path(), &[]);
    let ca = certificates.path("ca.pem");
    service.trust(&ca);
    service.tell(&connects(0..2));
    let mut watch = crate::support::command(&[
        "watch",
        "--after",
        "0",
        "--format",
        "ndjson",
        "--url",
        &service.url,
        "--ca",
        ca.to_str().unwrap(),
    ])
    .spawn()
    .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(watch.stdout.take().unwrap()));
    let ids: Vec<String> = (0..2).map(|_| lines.next().unwrap().unwrap()).collect();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(
        ids[0].contains("dev000") && ids[1].contains("dev001"),
        "{ids:?}"
    );
}

#[test]
fn a_renewed_certificate_needs_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut service, certificates) = secured(folder.path(), &[]);
    service.trust(&certificates.path("ca.pem"));
    assert_eq!(service.get("/healthz").status, 200);

    // A pair of another authority; the certificate comes first, and does not fit the key yet.
    let renewed = Certificates::make(&folder.path().join("renewed")).unwrap();
    let replace = |name: &str| std::fs::copy(renewed.path(name), certificates.path(name)).unwrap();
    replace("server.pem");
    eventually("the mismatch is said", || {
        service.log().contains("is not the one of the certificate")
    });
    service.trust(&certificates.path("ca.pem"));
    assert_eq!(
        service.get("/healthz").status,
        200,
        "the old pair still serves"
    );
    replace("server.key");
    eventually("it is read again", || {
        service.log().contains("the certificate was read again")
    });
    service.trust(&renewed.path("ca.pem"));
    assert_eq!(service.get("/healthz").status, 200);
    std::fs::remove_file(certificates.path("server.key")).unwrap();
    eventually("the missing key is said", || {
        service.log().contains("cannot be read")
    });
    service.trust(&renewed.path("ca.pem"));
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn with_an_authority_of_clients_only_theirs_may_connect() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("clients")).unwrap();
    let client_ca = format!(
        "api.tls.client_ca={}",
        certificates.path("ca.pem").display()
    );
    let (service, own) = secured(folder.path(), &["--set", &client_ca]);
    let url = service.url.replace("http://", "https://");
    let ca = own.path("ca.pem");
    let asks = |identity: Option<&Certificates>| {
        let mut args = vec!["get".to_owned(), "a".into(), "--url".into(), url.clone()];
        args.extend(["--ca".into(), ca.display().to_string()]);
        if let Some(identity) = identity {
            for (flag, name) in [("--cert", "server.pem"), ("--key", "server.key")] {
                args.extend([flag.into(), identity.path(name).display().to_string()]);
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        run(&args)
    };
    let (code, _, said) = asks(Some(&certificates));
    assert_eq!(code, 3, "asked, and not online: {said}");
    for stranger in [None, Some(&own)] {
        let (code, _, said) = asks(stranger);
        assert_eq!(code, 2, "{said}");
        // The handshake's last word may be lost when the connection is reset.
        assert!(said.contains("cannot reach"), "{said}");
    }
}

#[test]
fn a_handshake_that_dawdles_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (mut service, certificates) = secured(folder.path(), &["--set", "api.header_timeout=1s"]);
    service.trust(&certificates.path("ca.pem"));
    let address = service.address().to_owned();
    let mut idle: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let start = Instant::now();
    // A handshake has begun, and the rest never comes.
    idle[0].write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).unwrap();
    assert_eq!(service.get("/healthz").status, 200, "others are served");
    for stream in &mut idle {
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let ended = stream.read(&mut [0; 64]);
        assert!(
            matches!(ended, Ok(0))
                || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        );
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_is_wrong_with_the_files_is_said_at_the_start_and_by_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path()).unwrap();
    let path = |name: &str| certificates.path(name).display().to_string();
    for (cert, key, parts) in [
        (
            "server.pem",
            "ca.key",
            &["ca.key", "is not the one of the certificate"][..],
        ),
        (
            "server.key",
            "server.key",
            &["`api.tls.cert`", "holds no certificate"],
        ),
        (
            "server.pem",
            "server.pem",
            &["`api.tls.key`", "holds no key"],
        ),
        (
            "missing.pem",
            "server.key",
            &["`api.tls.cert`", "missing.pem", "cannot be read"],
        ),
    ] {
        let (cert, key) = (
            format!("api.tls.cert={}", path(cert)),
            format!("api.tls.key={}", path(key)),
        );
        for command in ["serve", "doctor"] {
            let (code, out, said) = run(&[
                command,
                "--store",
                "memory",
                "--bind",
                "127.0.0.1:0",
                "--set",
                &cert,
                "--set",
                &key,
            ]);
            assert_eq!(code, 1, "{said}");
            for part in parts {
                assert!(
                    format!("{out}{said}").contains(part),
                    "{command}: {out}{said} lacks {part}"
                );
            }
        }
    }
    let only = format!("api.tls.cert={}", path("server.pem"));
    let (code, _, said) = run(&["serve", "--store", "memory", "--set", &only]);
    assert_eq!(code, 2);
    assert!(said.contains("`api.tls.key` is missing"), "{said}");

    let (cert, key) = (
        format!("api.tls.cert={}", path("server.pem")),
        format!("api.tls.key={}", path("server.key")),
    );
    let set = ["--store", "memory", "--set", &cert, "--set", &key];
    let service = Service::start(&set);
    let (code, out, _) = run(&[&["doctor", "--bind", service.address()], &set[..]].concat());
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("a service answers at") && out.contains("certificate and key go together"),
        "{out}"
    );
}
