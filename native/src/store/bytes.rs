//! Numbers and texts in few bytes, for what a store writes often: LEB128, and
//! texts with their length in front.

pub(super) fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A text whose length is written with `more` added.
pub(super) fn text(bytes: &mut Vec<u8>, text: &str, more: u64) {
    number(bytes, text.len() as u64 + more);
    bytes.extend_from_slice(text.as_bytes());
}

/// What is left to read; each answer is `None` where the bytes are damaged.
pub(super) struct Decoder<'a> {
    pub bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A text whose length was written with `more` added; `Some(None)` where
    /// that marks an absent one.
    pub fn text(&mut self, more: u64) -> Option<Option<String>> {
        let Some(length) = self.number()?.checked_sub(more) else {
            return Some(None);
        };
        let text = self.take(length)?;
        Some(Some(String::from_utf8(text.to_vec()).ok()?))
    }
}
