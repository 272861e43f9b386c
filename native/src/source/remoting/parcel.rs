//! What one pull brings goes through the client as one message.
//!
//! The client takes each message apart twice, keeps it in tables and copies
//! those tables before a listener sees it: more work than all that follows.
//! So the frames of an answer are laid into the body of one made-up message,
//! and the listener takes them out again. It has the offset of the first, as
//! that is where the queue's consumed part ends while the store does not have
//! them; an empty one with the offset of the last is put behind it, so that
//! the next offset is right once the store does.
//!
//! Answers with anything unusual in them are left as they are.

use std::ops::Range;

use rocketmq_model::common::message::MessageTrait as _;
use rocketmq_model::common::message::message_ext::MessageExt;

use super::frame::{self, Frame, HEAD};

/// The topic of what is made up: brokers allow no such name.
pub(super) const TOPIC: &str = "#parcel";

/// Where the bits are that tell how long the hosts are.
const FLAG: Range<usize> = 36..40;

/// The tags of a subscription; a broker that knows only their hashes may
/// send others.
#[derive(Debug)]
pub(super) struct Tags(Vec<String>);

impl Tags {
    /// Of `a||b`; `*` is every tag.
    pub(super) fn new(expression: &str) -> Tags {
        if expression.trim() == "*" {
            return Tags(Vec::new());
        }
        let tags = expression.split("||").map(str::trim);
        Tags(
            tags.filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn takes(&self, tag: Option<&str>) -> bool {
        self.0.is_empty() || self.0.iter().any(|known| Some(known.as_str()) == tag)
    }
}

/// The frames of an answer as one message, or as two; `None` leaves them as
/// they are.
pub(super) fn pack(mut answer: &[u8], tags: &Tags) -> Option<Vec<u8>> {
    let mut frames = Vec::with_capacity(32);
    while !answer.is_empty() {
        let frame = frame::take(&mut answer)?;
        if tags.takes(frame.tag) {
            frames.push(frame);
        }
    }
    let (first, last) = (frames.first()?, frames.last()?);
    let length = frames.iter().map(|frame| frame.bytes.len()).sum();
    let mut packed = Vec::with_capacity(length + 512);
    put(&mut packed, first, length, &frames)?;
    if frames.len() > 1 {
        put(&mut packed, last, 0, &[])?;
    }
    Some(packed)
}

/// Adds a made-up message with the offset, time and tag of this one.
fn put(packed: &mut Vec<u8>, like: &Frame<'_>, length: usize, frames: &[Frame<'_>]) -> Option<()> {
    let begin = packed.len();
    packed.extend_from_slice(&like.bytes[..HEAD]);
    packed[begin..][FLAG].fill(0);
    // Hosts, times given back and a transaction's offset, none of which is read.
    packed.resize(begin + HEAD + 8 + 8 + 8 + 12, 0);
    packed.extend_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
    for frame in frames {
        packed.extend_from_slice(frame.bytes);
    }
    packed.push(TOPIC.len() as u8);
    packed.extend_from_slice(TOPIC.as_bytes());
    let tag = like.tag.map(|tag| format!("TAGS\u{1}{tag}\u{2}"));
    let tag = tag.unwrap_or_default();
    packed.extend_from_slice(&u16::try_from(tag.len()).ok()?.to_be_bytes());
    packed.extend_from_slice(tag.as_bytes());
    let size = u32::try_from(packed.len() - begin).ok()?;
    packed[begin..begin + 4].copy_from_slice(&size.to_be_bytes());
    Some(())
}

/// The frames in such a message, each with its offset; `None` when it is an
/// ordinary one.
pub(super) fn open(message: &MessageExt) -> Option<impl Iterator<Item = (i64, Frame<'_>)>> {
    if message.topic().as_str() != TOPIC {
        return None;
    }
    let mut rest = message.get_body().map_or(&[][..], |body| body);
    let frames = std::iter::from_fn(move || frame::take(&mut rest));
    let mut moved = None;
    Some(frames.map(move |frame| {
        // A queue that was moved to this broker counts from elsewhere.
        let moved = *moved.get_or_insert(message.queue_offset() - frame.offset);
        (frame.offset + moved, frame)
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use rocketmq_protocol::common::message::message_decoder::decodes_batch;

    use super::*;

    /// A message as a broker stores it.
    fn stored(flag: u32, offset: i64, body: &[u8], properties: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend((-626_843_481_i32).to_be_bytes());
        bytes.extend([7; 4 + 4 + 4]);
        bytes.extend(offset.to_be_bytes());
        bytes.extend((offset * 300).to_be_bytes());
        bytes.extend(flag.to_be_bytes());
        for bit in [1 << 4, 1 << 5] {
            bytes.extend([1; 8]);
            bytes.extend(vec![9; if flag & bit == 0 { 4 } else { 16 }]);
            bytes.extend(10_911_u32.to_be_bytes());
        }
        bytes.extend([0; 4 + 8]);
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(body);
        bytes.extend(b"\x05topic");
        bytes.extend((properties.len() as u16).to_be_bytes());
        bytes.extend(properties);
        let size = bytes.len() as u32;
        bytes[..4].copy_from_slice(&size.to_be_bytes());
        bytes
    }

    /// As the client reads an answer.
    fn received(answer: Vec<u8>) -> Vec<MessageExt> {
        decodes_batch(&mut Bytes::from(answer), true, true)
    }

    type Seen = (i64, Vec<u8>, Option<String>, Option<String>);

    /// What the client takes from an answer, message by message.
    fn seen(answer: Vec<u8>, tags: &Tags) -> Vec<Seen> {
        let messages = received(answer);
        let property = |message: &MessageExt, name: &str| {
            let properties = message.properties();
            properties.get(name).map(|text| text.as_str().to_owned())
        };
        let wanted = messages
            .iter()
            .filter(|message| tags.takes(property(message, "TAGS").as_deref()));
        wanted
            .map(|message| {
                let body = message.body().unwrap_or_default().to_vec();
                let offset = message.queue_offset();
                let tag = property(message, "TAGS");
                (offset, body, tag, property(message, "UNIQ_KEY"))
            })
            .collect()
    }

    fn unpacked(messages: &[MessageExt]) -> Vec<Seen> {
        let frames = messages.iter().flat_map(|message| open(message).unwrap());
        frames
            .map(|(offset, frame)| {
                let tag = frame.tag.map(str::to_owned);
                let key = Some(frame.unique_key.to_owned());
                (offset, frame.body.to_vec(), tag, key)
            })
            .collect()
    }

    fn property() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            Just("TAGS"),
            Just("KEYS"),
            Just("UNIQ_KEY"),
            Just("UNIQ_KEYS")
        ];
        let value = prop_oneof![Just("connect"), Just("other"), Just(""), Just("0A\u{e9}")];
        (name, value, any::<bool>()).prop_map(|(name, value, whole)| match whole {
            true => format!("{name}\u{1}{value}"),
            false => name.to_owned(),
        })
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let flag = prop_oneof![Just(0), Just(0x10), Just(0x20), Just(0x30), Just(0xa)];
        let body = prop::collection::vec(any::<u8>(), 0..40);
        let properties = prop::collection::vec(property(), 0..5);
        (flag, 0..1_000_i64, body, properties).prop_map(|(flag, offset, body, mut properties)| {
            properties.push("UNIQ_KEY\u{1}0A01".to_owned());
            let place = offset as usize % properties.len();
            properties.rotate_left(place);
            stored(flag, offset, &body, properties.join("\u{2}").as_bytes())
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_what_was_sent(
            messages in prop::collection::vec(message(), 1..6),
            expression in prop_oneof![Just("*"), Just("connect || tcpclean")],
        ) {
            let (answer, tags) = (messages.concat(), Tags::new(expression));
            let expected = seen(answer.clone(), &tags);
            match pack(&answer, &tags) {
                None => prop_assert!(expected.is_empty()),
                Some(packed) => {
                    let messages = received(packed);
                    prop_assert!(messages.len() == expected.len().min(2));
                    let ends: Vec<i64> = messages.iter().map(MessageExt::queue_offset).collect();
                    prop_assert_eq!(ends[0], expected[0].0);
                    prop_assert_eq!(*ends.last().unwrap(), expected.last().unwrap().0);
                    prop_assert_eq!(unpacked(&messages), expected);
                }
            }
        }

        #[test]
        fn damage_leaves_an_answer_as_it_is(
            message in message(),
            at in any::<prop::sample::Index>(),
            byte: u8,
        ) {
            let tags = Tags::new("*");
            prop_assert!(pack(&message[..at.index(message.len())], &tags).is_none());
            let mut damaged = message.clone();
            let at = at.index(message.len());
            damaged[at] = byte;
            // The client looks at the topic too, and drops what it cannot read.
            let expected = seen(damaged.clone(), &tags);
            if !expected.is_empty() && let Some(packed) = pack(&damaged, &tags) {
                prop_assert_eq!(unpacked(&received(packed)), expected);
            }
        }
    }

    #[test]
    fn unusual_messages_are_left_to_the_client() {
        let id = b"UNIQ_KEY\x010A01";
        let tags = Tags::new("*");
        for flag in [1, 1 << 6, 1 << 7] {
            assert!(pack(&stored(flag, 1, b"{}", id), &tags).is_none());
        }
        assert!(pack(&stored(0, 1, b"{}", b"TAGS\x01connect"), &tags).is_none());
        assert!(pack(&stored(0, 1, b"{}", id), &tags).is_some());
        assert!(pack(&[], &tags).is_none());
        assert!(open(&received(stored(0, 1, b"{}", id))[0]).is_none());
    }

    #[test]
    fn a_queue_that_was_moved_keeps_its_count() {
        let id = b"UNIQ_KEY\x010A01";
        let answer = [stored(0, 5, b"a", id), stored(0, 7, b"b", id)].concat();
        let mut messages = received(pack(&answer, &Tags::new("*")).unwrap());
        for message in &mut messages {
            message.set_queue_offset(message.queue_offset() + 100);
        }
        let offsets: Vec<i64> = unpacked(&messages).iter().map(|seen| seen.0).collect();
        assert_eq!(offsets, [105, 107]);
    }
}
