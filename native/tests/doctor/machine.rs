//! Configuration, address, disk, files: no server is needed.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use xtask::certificates::Certificates;
use xtask::child;
use xtask::http;

use crate::{BINARY, command, doctor, examined};

#[test]
fn the_configuration() {
    doctor(&["--set", "api.bnd=1"]).has("config_unknown_key", "error", "did you mean `bind`?");
    doctor(&["--set", "stor.kind=memory"]).has(
        "config_unknown_key",
        "error",
        "did you mean `store`?",
    );
    doctor(&["--set", "api.rate=x"]).has("config_invalid", "error", "`api.rate` is `x`");
    let open = doctor(&["--bind", "0.0.0.0:1"]);
    open.has("config_open_without_token", "error", "set `api.token_file`");
    for args in [
        ["--set", "api.token_file=/no/such"],
        ["--set", "store.password_file=/no/such"],
    ] {
        doctor(&args).has(
            "config_secret_unreadable",
            "error",
            "`/no/such` cannot be read",
        );
    }
    let sink = [
        "kind=webhook",
        "name=a",
        "url=http://127.0.0.1:1",
        "secret_file=/no/such",
    ];
    doctor(&as_flags(&sink_settings(&sink))).has(
        "config_secret_unreadable",
        "error",
        "`sink.0.secret_file`: `/no/such` cannot be read",
    );
}

fn sink_settings(settings: &[&str]) -> Vec<String> {
    let key = |set: &&str| ["--set".to_owned(), format!("sink.0.{set}")];
    settings.iter().flat_map(key).collect()
}

fn as_flags(settings: &[String]) -> Vec<&str> {
    settings.iter().map(String::as_str).collect()
}

#[cfg(feature = "remoting")]
#[test]
fn the_file_of_a_secret_key() {
    let mut args = Vec::new();
    for set in [
        "kind=remoting",
        "namesrv=127.0.0.1:1",
        "topic=t",
        "group=g",
        "access_key=a",
        "secret_key_file=/no/such",
    ] {
        args.extend(["--set".to_owned(), format!("source.0.{set}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    doctor(&args).has(
        "config_secret_unreadable",
        "error",
        "source.0.secret_key_file",
    );
}

#[test]
fn the_address() {
    let memory = ["--store", "memory"];
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        while let Ok((stream, _)) = taken.accept() {
            drop(stream);
        }
    });
    doctor(&["--bind", &bind, "--store", "memory"]).has("port_taken", "error", &bind);
    drop(thread);
    let elsewhere = ["--bind", "192.0.2.1:1", "--allow-anonymous"];
    doctor(&[&elsewhere[..], &memory].concat()).has(
        "address_not_here",
        "error",
        "`192.0.2.1` is no address of this machine",
    );
    let open = doctor(&[&["--bind", "0.0.0.0:0", "--allow-anonymous"][..], &memory].concat());
    open.has("api_open_to_all", "warning", "set `api.token_file`");
    open.is_well();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "hush").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o644)).unwrap();
    let report = doctor(&["--token-file", token.to_str().unwrap(), "--store", "memory"]);
    report.has("secret_open_to_others", "warning", "chmod 600");
    assert!(!report.json.to_string().contains("hush"));
}

/// Each kind of key that names a file with a secret.
#[cfg(all(feature = "remoting", feature = "grpc"))]
#[test]
fn files_of_secrets_that_everybody_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, "hush").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let config = folder.path().join("p.toml");
    let remoting =
        "kind = 'remoting'\nnamesrv = '127.0.0.1:1'\ntopic = 't'\ngroup = 'g'\naccess_key = 'a'";
    let grpc =
        "kind = 'grpc'\nendpoint = '127.0.0.1:1'\ntopic = 't'\ngroup = 'g'\naccess_key = 'a'";
    let webhook = "kind = 'webhook'\nname = 'w'\nurl = 'http://127.0.0.1:1'";
    let rocketmq =
        "kind = 'rocketmq'\nname = 'r'\nnamesrv = '127.0.0.1:1'\ntopic = 't'\naccess_key = 'a'";
    let parts = [
        ("store", "password"),
        ("api", "token"),
        ("source 0 (remoting)", "remoting"),
        ("source 1 (grpc)", "grpc"),
        ("sink `w` (webhook)", "webhook"),
        ("sink `r` (rocketmq)", "rocketmq"),
    ];
    for mode in [0o644, 0o640] {
        let files = parts.map(|(_, name)| file(name, mode));
        let [password, token, first, second, third, fourth] = &files;
        let text = format!(
            "[store]\nkind = 'memory'\npassword_file = {password:?}\n\
             [[api.token]]\nname = 'a'\nscope = 'read'\nfile = {token:?}\n\
             [[source]]\n{remoting}\nsecret_key_file = {first:?}\n\
             [[source]]\n{grpc}\nsecret_key_file = {second:?}\n\
             [[sink]]\n{webhook}\nsecret_file = {third:?}\n\
             [[sink]]\n{rocketmq}\nsecret_key_file = {fourth:?}\n"
        );
        std::fs::write(&config, text).unwrap();
        let report = doctor(&["--config", config.to_str().unwrap()]);
        let findings = report.json["findings"].as_array().unwrap();
        let open = findings
            .iter()
            .filter(|one| one["name"] == "secret_open_to_others");
        let open: Vec<(&str, &str)> = open
            .map(|one| {
                let message = one["message"].as_str().unwrap();
                (one["part"].as_str().unwrap(), message)
            })
            .collect();
        let wanted = if mode == 0o644 { parts.len() } else { 0 };
        assert_eq!(open.len(), wanted, "{:#}", report.json);
        for ((part, message), ((wanted, _), file)) in open.iter().zip(parts.iter().zip(&files)) {
            assert_eq!(part, wanted);
            assert!(message.contains(file.as_str()), "{message} lacks {file}");
        }
        assert!(!report.json.to_string().contains("hush"));
    }
}

/// In a network of its own, where no port is special to this machine.
#[test]
fn a_port_without_the_right_to_it() {
    let mut shell = command("unshare");
    let rights = [
        "--net",
        "setpriv",
        "--inh-caps=-net_bind_service",
        "--bounding-set=-net_bind_service",
        BINARY,
    ];
    shell.args(rights);
    let settings = ["--bind", "0.0.0.0:99", "--allow-anonymous"];
    let report = examined(shell, &[&settings[..], &["--store", "memory"]].concat());
    report.has("port_not_allowed", "error", "`0.0.0.0:99`");
}

#[test]
fn a_service_that_wants_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path()).unwrap();
    let port = http::free_port(0).unwrap();
    let bind = format!("127.0.0.1:{port}");
    let mut settings = vec!["--bind".to_owned(), bind.clone()];
    settings.extend(["--store", "memory"].map(String::from));
    for (key, file) in [
        ("cert", "server.pem"),
        ("key", "server.key"),
        ("client_ca", "ca.pem"),
    ] {
        let path = certificates.path(file);
        settings.extend(["--set".into(), format!("api.tls.{key}={}", path.display())]);
    }
    let settings = as_flags(&settings);
    let mut service = command(BINARY);
    service.arg("serve").args(&settings).stderr(Stdio::null());
    let service = child::spawn(&mut service).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(&bind).is_err() {
        assert!(Instant::now() < end, "the service does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = doctor(&settings);
    report.has("service_running", "warning", &bind);
    report.is_well();
    drop(service);

    // What speaks no TLS is no such service.
    let taken = TcpListener::bind(&bind).unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = taken.accept() {
            drop(stream);
        }
    });
    doctor(&settings).has("port_taken", "error", &bind);
}

#[test]
fn a_service_that_runs() {
    let port = http::free_port(0).unwrap();
    let bind = format!("127.0.0.1:{port}");
    let settings = ["--bind", &bind, "--store", "memory"];
    let mut service = command(BINARY);
    service.arg("serve").args(settings).stderr(Stdio::null());
    let service = child::spawn(&mut service).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !http::get(port, "/healthz").is_ok_and(|(status, _)| status == 200) {
        assert!(Instant::now() < end, "the service does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let report = doctor(&settings);
    drop(service);
    report.has("service_running", "warning", &bind);
    report.is_well();
}

#[test]
fn tokens_and_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "hush").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    let token = token.to_str().unwrap();
    let open = [
        "--store",
        "memory",
        "--bind",
        "0.0.0.0:0",
        "--token-file",
        token,
    ];
    let report = doctor(&open);
    report.has("tokens_unencrypted", "warning", "set `api.tls`");
    report.is_well();

    let tls = |key: &str| {
        let file = |name: &str, path: &str| {
            let path = certificates.path(path);
            format!("api.tls.{name}={}", path.display())
        };
        let (cert, key) = (file("cert", "server.pem"), file("key", key));
        doctor(&[&open[..], &["--set", &cert, "--set", &key]].concat())
    };
    tls("ca.key").has("tls_unusable", "error", "correct `api.tls.cert`");
    tls("server.key").is_well();
}

#[test]
fn a_receiver_that_is_not_there() {
    let free = http::free_port(0).unwrap();
    let url = format!("url=http://127.0.0.1:{free}/hook");
    let sink = sink_settings(&["kind=webhook", "name=a", &url, "secret=hush"]);
    let report = doctor(&[&["--store", "memory"][..], &as_flags(&sink)].concat());
    report.has("receiver_unreachable", "error", "check `sink.url`");
    assert!(!report.json.to_string().contains("hush"));
}

#[test]
fn the_proxy_on_the_way_to_a_receiver() {
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = there.local_addr().unwrap();
    let not_there = http::free_port(0).unwrap();
    // No such host: only the proxy could find it.
    let sink = sink_settings(&[
        "kind=webhook",
        "name=a",
        "url=https://receiver.invalid/hook",
        "secret=hush",
    ]);
    let settings = [&["--store", "memory"][..], &as_flags(&sink)].concat();
    let through = |proxy: &str, more: &[(&str, &str)]| {
        let mut command = command(BINARY);
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
            command
                .env_remove(name)
                .env_remove(name.to_ascii_lowercase());
        }
        command.env("HTTPS_PROXY", proxy).envs(more.iter().copied());
        examined(command, &settings)
    };
    let url = format!("http://me:hidden@{there}");
    let report = through(&url, &[]);
    report.is_well();
    let text = report.json.to_string();
    assert!(
        text.contains(&format!("the proxy `{there}` accepts")) && text.contains("receiver.invalid"),
        "{text}"
    );
    assert!(!text.contains("hidden"), "{text}");
    let url = format!("http://me:hidden@127.0.0.1:{not_there}");
    let report = through(&url, &[]);
    report.has("receiver_unreachable", "error", "HTTPS_PROXY");
    report.has(
        "receiver_unreachable",
        "error",
        &format!("127.0.0.1:{not_there}"),
    );
    assert!(!report.json.to_string().contains("hidden"));
    through(&url, &[("NO_PROXY", "receiver.invalid")]).has(
        "receiver_unreachable",
        "error",
        "check `sink.url`",
    );
}

#[test]
fn sources_that_bring_nothing_real() {
    let file = [
        "--set",
        "source.0.kind=file",
        "--set",
        "source.0.path=/no/such",
    ];
    doctor(&file).has("file_unreadable", "error", "`/no/such`");
    let fleet = doctor(&["--store", "memory", "--set", "source.0.kind=fleet"]);
    fleet.has("simulated", "warning", "do not exist");
    fleet.has("store_forgets", "warning", "`memory`");
    fleet.is_well();
}

#[test]
fn the_folder() {
    doctor(&["--path", "/no/such/p.db"]).has("folder_missing", "error", "make it");
    // Where nobody may make a file, not even root.
    doctor(&["--path", "/proc/p.db"]).has("folder_not_writable", "error", "`/proc`");
}

/// The doctor with a disk of its own at `folder`.
fn with_disk(options: &str, folder: &Path) -> crate::Report {
    let path = folder.join("p.db");
    let mut shell = command("unshare");
    shell.args(["--mount", "sh", "-c"]);
    shell.arg("mount -t tmpfs -o $1 tmpfs \"$2\" && shift 2 && exec \"$@\"");
    shell.arg("sh").arg(options).arg(folder).arg(BINARY);
    examined(shell, &["--path", path.to_str().unwrap()])
}

#[test]
fn the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let full = with_disk("size=64k", folder.path());
    full.has("disk_full", "error", "free some space");
    let fixed = with_disk("ro", folder.path());
    fixed.has("disk_read_only", "error", "mount it for writing");
    with_disk("size=8m", folder.path()).is_well();
}
