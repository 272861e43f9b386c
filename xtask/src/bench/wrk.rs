//! Clients that ask without a pause, the next question after each answer.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::store::CLIENTS;
use crate::tool;

/// Each asks one question at a time.
const CONNECTIONS: &str = "4";
/// Questions that take turns.
const REQUESTS: u32 = 20_000;

/// What they saw.
pub(super) struct Seen {
    /// Answers a second.
    pub(super) rate: f64,
    /// The 99th percentile of an answer's time in milliseconds.
    pub(super) p99: f64,
}

/// Asks the service on this port for clients here and there, for 20 s.
pub(super) fn ask(folder: &Path, port: u16) -> Result<Seen, String> {
    if !tool::answers("sh", &["-c", "command -v wrk"]) {
        tool::debian(&["wrk"])?;
    }
    let script = folder.join("ask.lua");
    // Made before the first question: Lua's collector would otherwise be what is
    // measured. 7,919 has no divisor in common with the number of clients.
    let text = format!(
        "local requests, n = {{}}, 0\n\
         init = function()\n  \
         for i = 1, {REQUESTS} do\n    \
         local path = string.format('/v1/clients/GID_fleet%%40%%40%%40device-%06d', i * 7919 % {CLIENTS})\n    \
         requests[i] = wrk.format('GET', path)\n  \
         end\nend\n\
         request = function()\n  n = n % #requests + 1\n  return requests[n]\nend\n"
    );
    fs::write(&script, text)
        .map_err(|error| format!("cannot write `{}`: {error}", script.display()))?;
    println!("\n==> {CONNECTIONS} connections without a pause");
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", CONNECTIONS])
        .args(["--duration", "20s", "--latency", "--script"])
        .arg(&script)
        .arg(format!("http://127.0.0.1:{port}"))
        .output()
        .map_err(|error| format!("cannot start `wrk`: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    if !output.status.success() || said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err("not every request of `wrk` was answered".into());
    }
    let word = |before: &str| {
        let rest = said.split_once(before)?.1;
        rest.split_whitespace().next()
    };
    let seen = || {
        Some(Seen {
            rate: word("Requests/sec:")?.parse().ok()?,
            p99: milliseconds(word("99%")?)?,
        })
    };
    seen().ok_or_else(|| "`wrk` said something else than before".to_owned())
}

/// `812.00us`, `1.02ms` or `2.00s`.
fn milliseconds(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let in_milliseconds = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        "s" => 1000.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * in_milliseconds)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn each_unit_of_wrk_is_read() {
        for (text, expected) in [("812.00us", 0.812), ("1.02ms", 1.02), ("2.00s", 2000.0)] {
            assert_eq!(milliseconds(text), Some(expected));
        }
        assert_eq!(milliseconds("12"), None);
    }
}
