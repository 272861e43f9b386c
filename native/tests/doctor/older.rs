//! A real server, but for the version that it says it is: none that is too old
//! can be installed here.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// A port that leads to the server at `port`. Whatever follows `marker` in its
/// answers begins with `instead`.
pub fn server(port: u16, marker: &'static [u8], instead: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let older = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            thread::spawn(move || carry(near, far, |_| {}));
            thread::spawn(move || carry(far_too, near_too, |bytes| write(bytes, marker, instead)));
        }
    });
    older
}

fn carry(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&mut [u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        change(&mut buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

fn write(bytes: &mut [u8], marker: &[u8], instead: &[u8]) {
    let found = bytes.windows(marker.len()).position(|at| at == marker);
    if let Some(begin) = found.map(|at| at + marker.len()) {
        bytes[begin..begin + instead.len()].copy_from_slice(instead);
    }
}
