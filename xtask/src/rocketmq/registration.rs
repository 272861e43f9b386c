//! Whether the name server knows the broker yet. A broker says that it is
//! ready before it has told the name server; clients would find no route.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// GetBrokerClusterInfo in RocketMQ's remoting protocol.
const REQUEST: &str = r#"{"code":106,"flag":0,"language":"JAVA","opaque":1,"serializeTypeCurrentRPC":"JSON","version":0}"#;

/// Waits until the name server lists `broker-a`.
pub(super) fn wait(namesrv: SocketAddr, deadline: Duration) -> Result<(), String> {
    let end = Instant::now() + deadline;
    loop {
        match ask(namesrv) {
            Ok(answer) if answer.contains("broker-a") => return Ok(()),
            _ if Instant::now() < end => std::thread::sleep(Duration::from_millis(100)),
            Ok(_) => {
                return Err(format!(
                    "the broker did not register at the name server {namesrv} within {} s",
                    deadline.as_secs()
                ));
            }
            Err(error) => {
                return Err(format!(
                    "the name server {namesrv} does not answer: {error}"
                ));
            }
        }
    }
}

fn ask(namesrv: SocketAddr) -> std::io::Result<String> {
    let limit = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&namesrv, limit)?;
    stream.set_read_timeout(Some(limit))?;
    let header = u32::try_from(REQUEST.len()).expect("the request is short");
    // Length of all that follows, length of the header (its top byte 0 says JSON), header, no body.
    stream.write_all(&[(header + 4).to_be_bytes(), header.to_be_bytes()].concat())?;
    stream.write_all(REQUEST.as_bytes())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = Vec::new();
    stream
        .take(u64::from(u32::from_be_bytes(length)))
        .read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
