//! Ids as [`Table`](super::table::Table) keeps them.

/// A text that lies in its row where it is short enough, as ids mostly are:
/// comparing it then costs no second trip to memory.
#[derive(Clone, Debug)]
pub(super) enum Id {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

const SHORT: usize = 38;

impl Id {
    pub fn new(text: &str) -> Id {
        if text.len() > SHORT {
            return Id::Long(text.into());
        }
        let mut bytes = [0; SHORT];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Id::Short {
            length: text.len() as u8,
            bytes,
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Id::Short { length, bytes } => &bytes[..usize::from(*length)],
            Id::Long(text) => text.as_bytes(),
        }
    }

    pub fn text(&self) -> &str {
        str::from_utf8(self.bytes()).expect("the bytes are those of a text")
    }

    /// Whether it is this text. WebAssembly compares memory byte by byte.
    pub fn is(&self, text: &str) -> bool {
        let (a, b) = (self.bytes(), text.as_bytes());
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
}

#[cfg(test)]
mod tests {
    use super::{Id, SHORT};

    #[test]
    fn an_id_is_its_text_and_no_other() {
        let text = "é".repeat(40);
        for length in (0..text.len()).step_by(2).chain([SHORT]) {
            let id = Id::new(&text[..length]);
            assert_eq!(id.text(), &text[..length]);
            assert!(id.is(&text[..length]));
            assert!(!id.is(&text[..length + 2]));
            if length > 0 {
                assert!(!id.is(&(text[..length - 2].to_owned() + "ü")));
            }
        }
    }
}
