//! Certificates for tests of TLS, made by `openssl`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Two authorities, `ca.pem` and `other.pem`, and a certificate of the first
/// for a server on loopback, `server.pem` with `server.key`.
#[derive(Debug)]
pub struct Certificates(PathBuf);

impl Certificates {
    /// Makes them in this folder.
    ///
    /// # Errors
    /// A sentence: `openssl` is missing or did not do it.
    pub fn make(folder: &Path) -> Result<Certificates, String> {
        let said = |error: std::io::Error| format!("`{}`: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(said)?;
        let folder = folder.canonicalize().map_err(said)?;
        let key = "-newkey rsa:2048 -nodes";
        for name in ["ca", "other"] {
            let made = format!(
                "req -x509 {key} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"
            );
            openssl(&folder, &made)?;
        }
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
        std::fs::write(folder.join("names"), names).map_err(said)?;
        openssl(
            &folder,
            &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
        )?;
        openssl(
            &folder,
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem \
             -days 2 -extfile names",
        )?;
        Ok(Certificates(folder))
    }

    /// Where the file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn openssl(folder: &Path, arguments: &str) -> Result<(), String> {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .map_err(|error| format!("`openssl` (Debian: `apt-get install openssl`): {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "openssl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
