//! A message as a broker stores and sends it: `MessageDecoder` of the Java
//! client is where the layout is written down.

use std::str;

use rocketmq_protocol::protocol::body::message_codec::MESSAGE_MAGIC_CODE;

/// Bits of `sysFlag`: a compressed body, hosts of 16 bytes, and a body that
/// holds several messages.
const COMPRESSED: u32 = 1;
const BORN_V6: u32 = 1 << 4;
const STORED_V6: u32 = 1 << 5;
const INNER_BATCH: u32 = 3 << 6;

/// What every frame has before the host it was born on.
pub(super) const HEAD: usize = 48;

/// A message whose body is its bytes as they are, and that has the id a
/// producer gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: i64,
    pub(super) body: &'a [u8],
    pub(super) tag: Option<&'a str>,
    /// Stays the same over a redelivery, while the broker's own id changes.
    pub(super) unique_key: &'a str,
}

/// Takes a frame off the front; `None` when it is cut off or of another kind.
pub(super) fn take<'a>(input: &mut &'a [u8]) -> Option<Frame<'a>> {
    let mut size = *input;
    let size = usize::try_from(number(&mut size)?).ok()?;
    let (bytes, rest) = input.split_at_checked(size)?;
    let frame = read(bytes)?;
    *input = rest;
    Some(frame)
}

fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, mut rest) = bytes.split_at_checked(HEAD)?;
    let field = |at: usize| head[at..at + 4].try_into().map(u32::from_be_bytes).ok();
    let flag = field(36)?;
    if field(4)? != MESSAGE_MAGIC_CODE as u32 || flag & (COMPRESSED | INNER_BATCH) != 0 {
        return None;
    }
    let host = |bit: u32| if flag & bit == 0 { 8 } else { 20 };
    // After the hosts come how often it was given back and a transaction's offset.
    rest = rest.get(host(BORN_V6) + 8 + host(STORED_V6) + 12..)?;
    let body_length = number(&mut rest)? as usize;
    let (body, rest) = rest.split_at_checked(body_length)?;
    let (&topic_length, rest) = rest.split_first()?;
    let rest = rest.get(usize::from(topic_length)..)?;
    let (length, rest) = rest.split_first_chunk()?;
    let properties = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let (mut tag, mut unique_key) = (None, None);
    for property in properties.split(|&byte| byte == 2) {
        let value = |name: &[u8]| property.strip_prefix(name).filter(|text| !text.is_empty());
        if let Some(text) = value(b"UNIQ_KEY\x01") {
            unique_key = Some(text);
        } else if let Some(text) = value(b"TAGS\x01") {
            tag = Some(text);
        }
    }
    Some(Frame {
        bytes,
        offset: i64::from_be_bytes(head[20..28].try_into().ok()?),
        body,
        tag: tag.map(str::from_utf8).transpose().ok()?,
        unique_key: str::from_utf8(unique_key?).ok()?,
    })
}

fn number(input: &mut &[u8]) -> Option<u32> {
    let (number, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(u32::from_be_bytes(*number))
}
