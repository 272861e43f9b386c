//! Client addresses in eight bytes.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::intern::Interner;

/// An address: `ip:port` of IPv4 as a number, anything else as the number of
/// its text. Nearly every connection has one of its own, so keeping each text
/// would cost more than all the rest of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address(u64);

/// Marks the number of a text; an IPv4 address and port need 48 bits.
const TEXT: u64 = 1 << 63;

impl Address {
    /// No address.
    const ABSENT: Address = Address(u64::MAX);

    /// Equal texts give equal addresses.
    pub fn new(text: Option<&str>, texts: &mut Interner) -> Address {
        match text {
            None => Address::ABSENT,
            Some(text) => match packed(text.as_bytes()) {
                Some(packed) => Address(packed),
                None => Address(TEXT | u64::from(texts.intern(0, text))),
            },
        }
    }

    /// The text as it was given.
    pub fn text(self, texts: &Interner) -> Option<Cow<'_, str>> {
        if self == Address::ABSENT {
            None
        } else if self.0 & TEXT != 0 {
            Some(Cow::Borrowed(texts.text(self.0 as u32)))
        } else {
            let [_, _, a, b, c, d, port @ ..] = self.0.to_be_bytes();
            let port = u16::from_be_bytes(port);
            Some(Cow::Owned(format!("{a}.{b}.{c}.{d}:{port}")))
        }
    }

    /// The order of the texts, absent first.
    pub fn compare(self, other: Address, texts: &Interner) -> Ordering {
        if self == other {
            Ordering::Equal
        } else {
            self.text(texts).cmp(&other.text(texts))
        }
    }
}

/// The number of an address that is written just as it would be printed.
fn packed(text: &[u8]) -> Option<u64> {
    let (mut packed, mut at) = (0, 0);
    for (end, most, bits) in [
        (Some(b'.'), 255, 8),
        (Some(b'.'), 255, 8),
        (Some(b'.'), 255, 8),
        (Some(b':'), 255, 8),
        (None, 65_535, 16),
    ] {
        let from = at;
        let mut part: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = text.get(at).filter(|_| at - from < 5) {
            part = part * 10 + u64::from(digit - b'0');
            at += 1;
        }
        let leading_zero = at - from > 1 && text[from] == b'0';
        if at == from || leading_zero || part > most || text.get(at).copied() != end {
            return None;
        }
        at += 1;
        packed = packed << bits | part;
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        let mut texts = Interner::default();
        let given = [
            "10.0.0.1:5000",
            "0.0.0.0:0",
            "255.255.255.255:65535",
            "",
            "10.0.0.1",
            "10.0.0.01:5",
            "10.0.0.1:05",
            "256.0.0.1:5",
            "10.0.0.1:65536",
            "10.0.0.1:5 ",
            "1.2.3.4:5:6",
            "[::1]:5",
            "10.0.0.1:",
            "1.2.3:4",
            ".1.2.3:4",
            "1.2.3.4.5:6",
            "00.0.0.0:0",
            "100000.0.0.0:1",
        ];
        let addresses: Vec<Address> = given
            .iter()
            .map(|text| Address::new(Some(text), &mut texts))
            .collect();
        for (address, text) in addresses.iter().zip(given) {
            assert_eq!(address.text(&texts).as_deref(), Some(text));
            assert_eq!(*address, Address::new(Some(text), &mut texts));
        }
        for (one, a) in addresses.iter().zip(given) {
            for (other, b) in addresses.iter().zip(given) {
                assert_eq!(one.compare(*other, &texts), a.cmp(b), "{a} and {b}");
            }
            let absent = Address::new(None, &mut texts);
            assert_eq!(absent.compare(*one, &texts), Ordering::Less);
        }
        assert_eq!(texts.len(), given.len() - 3, "three are numbers");
    }
}
