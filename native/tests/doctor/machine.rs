//! Configuration, address, disk, files: no server is needed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

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
