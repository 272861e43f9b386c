//! Server-sent events from a stream of lines.

use std::io::{self, BufRead};

/// Longest line that is read; a transition has at most a few kB.
const LINE: u64 = 1024 * 1024;

/// One event. A place without data has `data: None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// `id:`, how far the stream has come.
    pub id: Option<String>,
    /// `event:`, empty for an ordinary one.
    pub name: String,
    /// `data:`, lines joined.
    pub data: Option<String>,
}

/// Reads the next event; comments are passed over, `None` at the end.
///
/// # Errors
/// The stream broke, or is none of server-sent events.
pub(super) fn next(stream: &mut impl BufRead) -> io::Result<Option<Event>> {
    let mut event = Event::default();
    let mut started = false;
    loop {
        let mut line = Vec::new();
        let read = io::Read::take(&mut *stream, LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            // Cut off, or far too long: half an event is none.
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the stream was cut off",
            ));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            if started {
                return Ok(Some(event));
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut event.name),
            "data" => match &mut event.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => event.data = Some(value.to_owned()),
            },
            _ => continue,
        }
        started = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_places_comments_and_lines() {
        let mut stream: &[u8] =
            b": hello\n\nid: 7\nretry: 2000\n\ndata: a\r\ndata:b\nid:8\nevent: gap\n\nid: 9\nda";
        assert_eq!(
            next(&mut stream).unwrap(),
            Some(Event {
                id: Some("7".into()),
                ..Event::default()
            })
        );
        let event = next(&mut stream).unwrap().unwrap();
        assert_eq!(
            event,
            Event {
                id: Some("8".into()),
                name: "gap".into(),
                data: Some("a\nb".into())
            }
        );
        assert!(next(&mut stream).is_err(), "half an event is none");
        assert_eq!(next(&mut stream).unwrap(), None);
    }
}
