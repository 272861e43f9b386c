//! The network between an instance and its store, which can be cut.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often an idle direction looks whether the network is back.
const LOOK: Duration = Duration::from_millis(50);

/// A port on loopback that leads to the port of a store, or nowhere.
pub struct Proxy {
    port: u16,
    cut: Arc<AtomicBool>,
}

impl Proxy {
    pub fn start(to: u16) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let network = Arc::clone(&cut);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let network = Arc::clone(&network);
                thread::spawn(move || connect(near, to, &network));
            }
        });
        Proxy { port, cut }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on every byte is dropped, in both directions, without a word.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Connections that lost bytes are closed; idle ones never noticed.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

fn connect(near: TcpStream, to: u16, cut: &AtomicBool) {
    // Who connects during a cut waits for an answer that does not come.
    while cut.load(Ordering::SeqCst) {
        thread::sleep(LOOK);
    }
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else {
        return;
    };
    let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| carry(near, far, cut));
        carry(far_too, near_too, cut);
    });
}

/// One direction of a connection, until an end closes it or bytes were lost.
fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    let mut lost = false;
    if from.set_read_timeout(Some(LOOK)).is_err() || to.set_nodelay(true).is_err() {
        return;
    }
    loop {
        let read = from.read(&mut buffer);
        let cut = cut.load(Ordering::SeqCst);
        match read {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(1..) | Err(_) if cut || lost => lost = true,
            Ok(0) | Err(_) if !cut => break,
            // The end of a connection does not come through either.
            Ok(0) => {
                lost = true;
                thread::sleep(LOOK);
            }
            Ok(length) => {
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
        if lost && !cut {
            break;
        }
    }
    for stream in [&from, &to] {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
