//! Channel ids and addresses in the few bytes that they mostly need.

/// A text of up to 16 bytes, or 32 lower-case hexadecimal digits in 16.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    /// The length of the text.
    pub length: u8,
    pub bytes: [u8; 16],
}

/// By words: WebAssembly compares memory byte by byte.
impl PartialEq for Packed {
    fn eq(&self, other: &Packed) -> bool {
        self.length == other.length && self.words() == other.words()
    }
}

impl Packed {
    /// `None` where the text is longer and of another sort.
    pub fn new(text: &str) -> Option<Packed> {
        let mut bytes = [0; 16];
        let length = text.len() as u8;
        if let Ok(digits) = <&[u8; 32]>::try_from(text.as_bytes()) {
            let words = digits.as_chunks::<8>().0;
            let mut wrong = 0;
            for (word, four) in words.iter().zip(bytes.as_chunks_mut::<4>().0) {
                let (packed, bits) = hex(u64::from_le_bytes(*word));
                *four = packed.to_le_bytes();
                wrong |= bits;
            }
            if wrong != 0 {
                return None;
            }
        } else {
            bytes
                .get_mut(..text.len())?
                .copy_from_slice(text.as_bytes());
        }
        Some(Packed { length, bytes })
    }

    pub fn unpack(self) -> String {
        if self.length != 32 {
            let bytes = &self.bytes[..usize::from(self.length)];
            return String::from_utf8_lossy(bytes).into_owned();
        }
        let digits = self.bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// As two words, of which the length is no part.
    pub fn words(self) -> [u64; 2] {
        let [low, high] = [0, 8].map(|at| self.bytes[at..].first_chunk().copied());
        [low, high].map(|word| u64::from_le_bytes(word.unwrap_or_default()))
    }
}

/// Eight digits, all at once, into four bytes; and bits where one is no digit.
fn hex(word: u64) -> (u32, u64) {
    const ONES: u64 = u64::MAX / 0xFF;
    let letters = (word & (ONES * 0x40)) >> 6;
    let values = (word & (ONES * 0x0F)) + letters * 9;
    // Written again, what was no digit is something else.
    let beyond_nine = ((values + ONES * 0x76) & (ONES * 0x80)) >> 7;
    let again = values + ONES * 0x30 + beyond_nine * 0x27;
    let wrong = (again ^ word) | values & (ONES * 0xF0);
    let pairs = ((values << 4) | (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
    ((fours | (fours >> 16)) as u32, wrong)
}

/// `a.b.c.d:port` as 48 bits, if it is written without a needless zero.
pub(super) fn address(text: &str) -> Option<u64> {
    // Of so many digits, the least number without a needless zero.
    const LEAST: [u64; 6] = [u64::MAX, 0, 10, 100, 1_000, 10_000];
    if text.len() > "255.255.255.255:65535".len() {
        return None;
    }
    let (mut packed, mut part, mut digits, mut parts) = (0_u64, 0_u64, 0_usize, 0_u8);
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            // Too many digits are seen at their end.
            part = part.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
            continue;
        }
        let separator = if parts < 3 { b'.' } else { b':' };
        if byte != separator || parts > 3 || part > 255 || part < *LEAST.get(digits)? {
            return None;
        }
        packed = packed << 8 | part;
        (part, digits, parts) = (0, 0, parts + 1);
    }
    let is_port = part <= 0xFFFF && part >= *LEAST.get(digits)?;
    (parts == 4 && is_port).then_some(packed << 16 | part)
}

pub(super) fn address_text(packed: u64) -> String {
    let [_, _, a, b, c, d, high, low] = packed.to_be_bytes();
    format!("{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back() {
        for text in [
            "",
            "c1",
            "é",
            "0123456789abcdef",
            "00ff9a1e5b7c2d3f4a5b6c7d8e9f0a1b",
        ] {
            assert_eq!(Packed::new(text).map(Packed::unpack).as_deref(), Some(text));
        }
        for text in ["00FF9a1e5b7c2d3f4a5b6c7d8e9f0a1b", "0123456789abcdef0"] {
            assert_eq!(Packed::new(text), None);
        }
    }

    #[test]
    fn one_byte_that_is_no_digit_is_seen_wherever_it_stands() {
        let digits = b"0123456789abcdef9876543210fedcba";
        for at in 0..32 {
            for byte in 0..128_u8 {
                let mut text = *digits;
                text[at] = byte;
                let text = str::from_utf8(&text).unwrap();
                let expected = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                assert_eq!(Packed::new(text).is_some(), expected, "{text}");
                if let Some(packed) = Packed::new(text) {
                    assert_eq!(packed.unpack(), text);
                }
            }
        }
    }

    #[test]
    fn an_address_comes_back_or_is_none() {
        for text in ["0.0.0.0:0", "10.1.109.186:64084", "255.255.255.255:65535"] {
            assert_eq!(address(text).map(address_text).as_deref(), Some(text));
        }
        for text in [
            "",
            "1",
            "1.2.3.4",
            "1.2.3.4:",
            "1.2.3:4",
            "01.2.3.4:5",
            "1.2.3.4:05",
            "1.2.3.256:5",
            "1.2.3.4:65536",
            "1.2.3.4:5:6",
            "1.2.3.4.5:6",
            "1.2.3.4.5",
            "1..3.4:5",
            "[::1]:80",
            "1:2.3.4:5",
            "1.2.3.4:5 ",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
