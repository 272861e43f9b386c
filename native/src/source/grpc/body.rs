//! Compressed message bodies. The proxy hands them out as they were sent, the
//! client library does not unpack them, and neither says how they are packed:
//! the first bytes tell. None of them can begin JSON in UTF-8.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;

/// A broker takes messages of at most 4 MiB; unpacked JSON of more than this
/// is no presence notice but a bomb.
const LARGEST: u64 = 8 * 1024 * 1024;

const LZ4: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Why a body cannot be read: a code of section 1 and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) code: mqtt_presence_core::event::Code,
    pub(super) message: String,
}

/// The body as it was before the producer compressed it.
pub(super) fn unpack(body: &[u8]) -> Result<Cow<'_, [u8]>, Unreadable> {
    use mqtt_presence_core::event::Code;

    for (magic, name) in [(LZ4, "lz4"), (ZSTD, "zstd")] {
        if body.starts_with(&magic) {
            return Err(Unreadable {
                code: Code::InvalidJson,
                message: format!(
                    "the message body is compressed with `{name}`, which the grpc source cannot \
                     read: have the producer use `zlib` or none, or use the `remoting` source"
                ),
            });
        }
    }
    if !looks_like_zlib(body) {
        return Ok(Cow::Borrowed(body));
    }
    let mut plain = Vec::new();
    match ZlibDecoder::new(body)
        .take(LARGEST + 1)
        .read_to_end(&mut plain)
    {
        Ok(_) if plain.len() as u64 > LARGEST => Err(Unreadable {
            code: Code::TooLarge,
            message: format!("the message body is larger than `{LARGEST}` bytes once unpacked"),
        }),
        Ok(_) => Ok(Cow::Owned(plain)),
        // It only looked so; what it is, the reader says.
        Err(_) => Ok(Cow::Borrowed(body)),
    }
}

/// RFC 1950: method 8 with a window of 32 KiB, and a header divisible by 31.
fn looks_like_zlib(body: &[u8]) -> bool {
    matches!(body, [0x78, flags, ..] if u16::from_be_bytes([0x78, *flags]).is_multiple_of(31))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use mqtt_presence_core::event::Code;

    use super::*;

    fn pack(plain: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn unpacks_zlib_of_every_level_and_leaves_the_rest() {
        let plain = br#"{"clientId":"GID_a@@@1"}"#;
        for level in 0..10 {
            assert_eq!(
                *unpack(&pack(plain, level)).unwrap(),
                *plain,
                "level {level}"
            );
        }
        for body in [
            &plain[..],
            b"",
            b"x",
            b"x^2 is no zlib",
            b"\x78\x9c\xff\xff",
        ] {
            assert_eq!(*unpack(body).unwrap(), *body);
        }
    }

    #[test]
    fn says_what_it_cannot_unpack() {
        let zstd = unpack(b"\x28\xB5\x2F\xFD\x00").unwrap_err();
        assert!(zstd.message.contains("`zstd`"));
        let lz4 = unpack(b"\x04\x22\x4D\x18\x00").unwrap_err();
        assert!(lz4.message.contains("`lz4`"));
        let bomb = unpack(&pack(&vec![b' '; 9 * 1024 * 1024], 9)).unwrap_err();
        assert_eq!(bomb.code, Code::TooLarge);
    }
}
