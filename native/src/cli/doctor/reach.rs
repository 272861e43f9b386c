//! What files and hosts allow.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::Name;

/// How much room a folder must have, in bytes: the least that the store takes.
const ROOM: usize = 1 << 20;

/// Whether a file of some size can be made in this folder; tried with one that
/// is removed.
pub(super) fn writable_folder(folder: &Path) -> Result<(), (Name, String, &'static str)> {
    if !folder.is_dir() {
        let what = format!("the folder `{}` is not there", folder.display());
        return Err((
            Name::FolderMissing,
            what,
            "make it, or set another `store.path`",
        ));
    }
    let probe = folder.join(format!(".mqtt-presence-doctor-{}", std::process::id()));
    let written = write(&probe);
    let _ = std::fs::remove_file(&probe);
    written.map_err(|error| {
        let shown = folder.display();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
                Name::DiskFull,
                format!("the disk of `{shown}` is full: {error}"),
                "free some space there, or set another `store.path`",
            ),
            ErrorKind::ReadOnlyFilesystem => (
                Name::DiskReadOnly,
                format!("the disk of `{shown}` can only be read"),
                "mount it for writing, or set another `store.path`",
            ),
            _ => (
                Name::FolderNotWritable,
                format!("the folder `{shown}` cannot be written: {error}"),
                "give this user the right, or set another `store.path`",
            ),
        }
    })
}

fn write(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(&vec![0; ROOM])?;
    file.sync_all()
}

/// Whether `host:port` accepts a connection.
pub(super) fn tcp(address: &str) -> Result<(), String> {
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

/// Whether a gRPC server answers at `host:port`: what HTTP/2 begins with is
/// answered with its settings. Anything else closes, waits or says other things.
#[cfg(feature = "grpc")]
pub(super) fn speaks_http2(address: &str) -> bool {
    use std::io::Read;
    use std::net::TcpStream;
    use std::time::Duration;

    /// The preface, and an empty frame of settings.
    const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const SETTINGS: u8 = 4;

    let greet = || -> std::io::Result<u8> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        stream.write_all(GREETING)?;
        let mut header = [0; 9];
        stream.read_exact(&mut header)?;
        Ok(header[3])
    };
    greet().is_ok_and(|kind| kind == SETTINGS)
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
