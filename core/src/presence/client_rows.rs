//! All clients: rows, and beside them what does not fit into one.

use std::ops::{Index, IndexMut};

use super::Last;
use super::client_row::ClientRow;
use super::rows::Rows;
use super::side::Side;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientRows {
    rows: Rows<ClientRow>,
    /// Ids that do not fit.
    texts: Side<Box<str>>,
    /// Last flips that do not fit.
    flips: Side<Last>,
}

impl ClientRows {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a client; returns its row.
    pub fn add(&mut self, id: &str) -> u32 {
        let row =
            ClientRow::short(id).unwrap_or_else(|| ClientRow::long(self.texts.add(id.into())));
        self.rows.push(row)
    }

    pub fn id(&self, client: u32) -> &str {
        str::from_utf8(self.id_bytes(client)).expect("the bytes are those of a text")
    }

    fn id_bytes(&self, client: u32) -> &[u8] {
        self.rows[client]
            .id()
            .unwrap_or_else(|place| self.texts.get(place).map_or(b"", |text| text.as_bytes()))
    }

    /// Whether it has this id. WebAssembly compares memory byte by byte.
    pub fn is(&self, client: u32, id: &str) -> bool {
        let (a, b) = (self.id_bytes(client), id.as_bytes());
        if a.len() != b.len() {
            return false;
        }
        let (Some(a_end), Some(b_end)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
            return a.iter().zip(b).all(|(a, b)| a == b);
        };
        let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
        // The last eight bytes may take in some of the words before them.
        word(a_end) == word(b_end) && words.into_iter().all(|(a, b)| word(a) == word(b))
    }

    pub fn last_flip(&self, client: u32) -> Option<Last> {
        self.rows[client]
            .last_flip()
            .unwrap_or_else(|place| self.flips.get(place).copied())
    }

    pub fn set_last_flip(&mut self, client: u32, last: Option<Last>) {
        let row = &mut self.rows[client];
        if let Err(place) = row.last_flip() {
            self.flips.take(place);
        }
        if !row.set_last_flip(last)
            && let Some(last) = last
        {
            row.set_odd_flip(last.online, self.flips.add(last));
        }
    }
}

impl Index<u32> for ClientRows {
    type Output = ClientRow;

    fn index(&self, client: u32) -> &ClientRow {
        &self.rows[client]
    }
}

impl IndexMut<u32> for ClientRows {
    fn index_mut(&mut self, client: u32) -> &mut ClientRow {
        &mut self.rows[client]
    }
}

#[cfg(test)]
mod tests {
    use super::super::client_row::SHORT;
    use super::*;

    #[test]
    fn an_id_is_its_text_and_no_other() {
        let text = "é".repeat(40);
        for length in (0..text.len()).step_by(2).chain([SHORT]) {
            let mut clients = ClientRows::default();
            let client = clients.add(&text[..length]);
            assert_eq!(clients.id(client), &text[..length]);
            assert!(clients.is(client, &text[..length]));
            assert!(!clients.is(client, &text[..length + 2]));
            if length > 0 {
                assert!(!clients.is(client, &(text[..length - 2].to_owned() + "ü")));
            }
        }
    }

    #[test]
    fn the_last_flip_comes_back_whether_it_fits_or_not() {
        let mut clients = ClientRows::default();
        let client = clients.add("a");
        assert_eq!(clients.last_flip(client), None);
        for (online, time, observed_at) in [
            (true, 1, 2),
            (true, u64::MAX, 2),
            (false, 1, (1 << 48) - 1),
            (true, 1, 1 << 48),
            (false, 0, (1 << 48) - 2),
        ] {
            let last = Some(Last {
                online,
                time,
                observed_at,
            });
            clients.set_last_flip(client, last);
            assert_eq!(clients.last_flip(client), last);
            assert_eq!(clients[client].online(), Some(online));
        }
        clients.set_last_flip(client, None);
        assert_eq!(clients.last_flip(client), None);
        assert_eq!(clients[client].online(), None);
    }
}
