//! A wire between the source and the proxy that can be damaged.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Forwards connections to the proxy, frame by frame on the way back.
#[derive(Clone, Default)]
pub struct Wire {
    /// Turns the status OK of each answer into a code that nobody knows.
    pub unknown_status: Arc<AtomicBool>,
    /// Resets stream 1 of a connection, the control stream, as a proxy does
    /// that drops it: RST_STREAM with CANCEL.
    pub reset: Arc<Notify>,
}

impl Wire {
    /// Listens on this address from now on.
    pub async fn listen(&self, address: SocketAddr, proxy: String) {
        let listener = TcpListener::bind(address).await.unwrap();
        let wire = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&proxy).await else {
                    continue;
                };
                let (mut from_client, to_client) = client.into_split();
                let (from_server, mut to_server) = server.into_split();
                tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
                });
                tokio::spawn(wire.clone().back(from_server, to_client));
            }
        });
    }

    async fn back(self, mut server: OwnedReadHalf, mut client: OwnedWriteHalf) {
        let (frames, mut received) = tokio::sync::mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok(frame) = read_frame(&mut server).await {
                if frames.send(frame).await.is_err() {
                    break;
                }
            }
        });
        loop {
            let frame = tokio::select! {
                frame = received.recv() => frame,
                () = self.reset.notified() => Some(RESET_STREAM_1.to_vec()),
            };
            let Some(mut frame) = frame else { return };
            if self.unknown_status.load(Ordering::Relaxed) {
                damage(&mut frame);
            }
            if client.write_all(&frame).await.is_err() {
                return;
            }
        }
    }
}

const RESET_STREAM_1: [u8; 13] = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];

/// An HTTP/2 frame: three bytes of length, type, flags, stream, payload.
async fn read_frame(server: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let mut frame = vec![0; 9];
    server.read_exact(&mut frame).await?;
    let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
    frame.resize(9 + length as usize, 0);
    server.read_exact(&mut frame[9..]).await?;
    Ok(frame)
}

/// `code: 20000` of a protobuf status becomes 20001.
fn damage(frame: &mut [u8]) {
    const OK: [u8; 4] = [0x08, 0xA0, 0x9C, 0x01];
    let places: Vec<usize> = (0..frame.len().saturating_sub(3))
        .filter(|at| frame[*at..].starts_with(&OK))
        .collect();
    for at in places {
        frame[at + 1] = 0xA1;
    }
}
