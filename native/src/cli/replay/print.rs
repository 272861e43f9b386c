//! The report for machines. Texts are made on all cores and written in order.

use std::io::{self, Write};
use std::sync::mpsc::sync_channel;
use std::thread;

use mqtt_presence_core::replay::{ClientEntry, Merged};
use serde::Serialize;

/// Clients of one text.
const PIECE: usize = 1024;

/// One object on one line.
pub(super) fn json(
    output: &mut impl Write,
    report: &Merged<'_, '_>,
    threads: usize,
) -> io::Result<()> {
    output.write_all(b"{\"summary\":")?;
    serde_json::to_writer(&mut *output, &report.summary)?;
    output.write_all(b",\"clients\":[")?;
    if let Some((first, rest)) = report.clients.split_first() {
        serde_json::to_writer(&mut *output, first)?;
        clients(output, rest, threads, |client, text| {
            text.push(b',');
            write(client, text);
        })?;
    }
    output.write_all(b"],\"errors\":")?;
    serde_json::to_writer(&mut *output, report.errors)?;
    output.write_all(b"}\n")
}

/// One line a client, then one line an error.
pub(super) fn ndjson(
    output: &mut impl Write,
    report: &Merged<'_, '_>,
    threads: usize,
) -> io::Result<()> {
    clients(output, &report.clients, threads, |client, text| {
        write(client, text);
        text.push(b'\n');
    })?;
    for error in report.errors {
        serde_json::to_writer(&mut *output, error)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

fn write(value: &impl Serialize, text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("numbers and strings serialize");
}

/// Writes what `add` makes of each client. Each thread makes every so manieth
/// piece, and no more than two before they are written.
fn clients(
    output: &mut impl Write,
    clients: &[&ClientEntry<'_>],
    threads: usize,
    add: impl Fn(&ClientEntry<'_>, &mut Vec<u8>) + Sync,
) -> io::Result<()> {
    let pieces = clients.chunks(PIECE);
    let threads = threads.clamp(1, pieces.len().max(1));
    thread::scope(|scope| {
        let mut makers = Vec::new();
        for first in 0..threads {
            let (made, take) = sync_channel(1);
            let pieces = pieces.clone().skip(first).step_by(threads);
            let add = &add;
            scope.spawn(move || {
                for piece in pieces {
                    let mut text = Vec::new();
                    piece.iter().for_each(|client| add(client, &mut text));
                    if made.send(text).is_err() {
                        // Nobody reads the output any more.
                        return;
                    }
                }
            });
            makers.push(take);
        }
        let texts = makers.iter().cycle().take(pieces.len());
        texts
            .map_while(|maker| maker.recv().ok())
            .try_for_each(|text| output.write_all(&text))
    })
}
