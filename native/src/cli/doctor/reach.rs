//! What files and hosts allow.

use std::path::Path;

/// Whether a file can be made in this folder; tried with one that is removed.
pub(super) fn writable_folder(folder: &Path) -> Result<(), String> {
    if !folder.is_dir() {
        return Err(format!("is not there: make `{}`", folder.display()));
    }
    let probe = folder.join(format!(".mqtt-presence-doctor-{}", std::process::id()));
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe);
    match made {
        Ok(_) => std::fs::remove_file(&probe)
            .map_err(|error| format!("does not let files be removed: {error}")),
        Err(error) => Err(format!(
            "cannot be written: {error}; give this user the right, or another `store.path`"
        )),
    }
}

/// Whether `host:port` accepts a connection.
pub(super) fn tcp(address: &str) -> Result<(), String> {
    use std::io::ErrorKind;
    use std::net::{TcpStream, ToSocketAddrs};
    /// How long a host may take.
    const CONNECT: std::time::Duration = std::time::Duration::from_secs(3);

    let found = address
        .to_socket_addrs()
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => format!("`{address}` is not of the form `host:port`"),
            _ => format!("`{address}`: no such host ({error})"),
        })?;
    let mut last = format!("`{address}`: no such host");
    for one in found {
        match TcpStream::connect_timeout(&one, CONNECT) {
            Ok(_) => return Ok(()),
            Err(error) => last = format!("`{address}` does not accept a connection: {error}"),
        }
    }
    Err(last)
}

/// Whether a secret's file is open to all users.
#[cfg(unix)]
pub(super) fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

/// Whether a secret's file is open to all users.
#[cfg(not(unix))]
pub(super) fn others_may_read(_: &Path) -> bool {
    false
}
