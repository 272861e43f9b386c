//! The newest messages, found by message and by client.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use super::{Message, Queue, Way};

/// What a message takes beside its texts, and what each client of it takes.
const MESSAGE: usize = 400;
const CLIENT: usize = 160;

/// Messages have numbers from 0 on, in the order they came.
#[derive(Debug)]
pub(super) struct Ring {
    limit: usize,
    bytes: usize,
    /// Number of the oldest that is kept.
    first: u64,
    ways: VecDeque<Way>,
    by_message: HashMap<String, VecDeque<u64>>,
    by_client: HashMap<String, VecDeque<u64>>,
    /// By offset, the messages of a queue that the broker was not told of.
    waiting: HashMap<Queue, BTreeMap<u64, u64>>,
}

impl Ring {
    pub fn new(limit: usize) -> Ring {
        Ring {
            limit,
            bytes: 0,
            first: 0,
            ways: VecDeque::new(),
            by_message: HashMap::new(),
            by_client: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    pub fn push(&mut self, messages: Vec<Message>, now: u64) -> Range<u64> {
        let begin = self.end();
        for message in messages {
            let number = self.end();
            self.bytes += bytes(&message);
            let of_message = self.by_message.entry(message.message_id.clone());
            of_message.or_default().push_back(number);
            for client in &message.clients {
                let of_client = self.by_client.entry(client.clone());
                of_client.or_default().push_back(number);
            }
            let waiting = match self.waiting.get_mut(&message.queue) {
                Some(waiting) => waiting,
                None => self.waiting.entry(message.queue.clone()).or_default(),
            };
            waiting.insert(message.offset, number);
            self.ways.push_back(Way {
                message,
                delivered: now,
                committed: None,
                returned: None,
                acknowledged: None,
            });
        }
        while self.bytes > self.limit && self.ways.len() > 1 {
            self.drop_oldest();
        }
        begin..self.end()
    }

    fn end(&self) -> u64 {
        self.first + self.ways.len() as u64
    }

    /// The way of this number, if it is still kept.
    fn way(&mut self, number: u64) -> Option<&mut Way> {
        let index = number.checked_sub(self.first)?;
        self.ways.get_mut(usize::try_from(index).ok()?)
    }

    fn drop_oldest(&mut self) {
        let Some(Way { message, .. }) = self.ways.pop_front() else {
            return;
        };
        let number = self.first;
        self.first += 1;
        self.bytes -= bytes(&message);
        forget(&mut self.by_message, &message.message_id, number);
        for client in &message.clients {
            forget(&mut self.by_client, client, number);
        }
        self.settle(&message.queue, message.offset, number);
    }

    /// It no longer waits for its offset to be told.
    fn settle(&mut self, queue: &Queue, offset: u64, number: u64) {
        if let Some(waiting) = self.waiting.get_mut(queue)
            && waiting.get(&offset) == Some(&number)
        {
            waiting.remove(&offset);
            if waiting.is_empty() {
                self.waiting.remove(queue);
            }
        }
    }

    pub fn committed(&mut self, numbers: Range<u64>, now: u64) {
        for number in numbers {
            if let Some(way) = self.way(number) {
                way.committed = Some(now);
            }
        }
    }

    pub fn returned(&mut self, numbers: Range<u64>, now: u64) {
        for number in numbers {
            let Some(way) = self.way(number) else {
                continue;
            };
            way.returned = Some(now);
            let (queue, offset) = (way.message.queue.clone(), way.message.offset);
            self.settle(&queue, offset, number);
        }
    }

    pub fn acknowledged(&mut self, queue: &Queue, before: u64, now: u64) {
        let Some(waiting) = self.waiting.get_mut(queue) else {
            return;
        };
        let after = waiting.split_off(&before);
        let told = std::mem::replace(waiting, after);
        if waiting.is_empty() {
            self.waiting.remove(queue);
        }
        for number in told.into_values() {
            if let Some(way) = self.way(number) {
                way.acknowledged = Some(now);
            }
        }
    }

    pub fn find(&self, id: &str) -> Vec<Way> {
        let of = |index: &HashMap<String, VecDeque<u64>>| {
            index.get(id).into_iter().flatten().copied().collect()
        };
        let mut numbers: Vec<u64> = of(&self.by_message);
        numbers.extend::<Vec<u64>>(of(&self.by_client));
        numbers.sort_unstable();
        numbers.dedup();
        let ways = numbers
            .into_iter()
            .filter_map(|number| self.ways.get(usize::try_from(number - self.first).ok()?));
        ways.cloned().collect()
    }

    pub fn oldest(&self) -> Option<u64> {
        let oldest = self.ways.front().filter(|_| self.first > 0);
        oldest.map(|way| way.delivered)
    }
}

/// Each number leaves in order, so it is the first.
fn forget(index: &mut HashMap<String, VecDeque<u64>>, id: &str, number: u64) {
    if let Some(numbers) = index.get_mut(id) {
        while numbers.front().is_some_and(|first| *first <= number) {
            numbers.pop_front();
        }
        if numbers.is_empty() {
            index.remove(id);
        }
    }
}

fn bytes(message: &Message) -> usize {
    let clients = message
        .clients
        .iter()
        .map(|client| CLIENT + 2 * client.len());
    MESSAGE
        + 2 * message.message_id.len()
        + message.topic.len()
        + message.queue.broker.len()
        + clients.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, clients: &[&str], offset: u64) -> Message {
        Message {
            message_id: id.to_owned(),
            clients: clients.iter().map(|&client| client.to_owned()).collect(),
            queue: Queue {
                broker: "b".to_owned(),
                ..Queue::default()
            },
            offset,
            ..Message::default()
        }
    }

    fn found(ring: &Ring, id: &str) -> Vec<(u64, Option<u64>, Option<u64>)> {
        let ways = ring.find(id).into_iter();
        ways.map(|way| (way.message.offset, way.committed, way.acknowledged))
            .collect()
    }

    #[test]
    fn steps_are_found_by_message_and_by_client() {
        let mut ring = Ring::new(1 << 20);
        let call = ring.push(
            vec![message("m1", &["a", "b"], 7), message("m2", &["a"], 8)],
            10,
        );
        let other = ring.push(vec![message("m3", &[], 9)], 11);
        ring.committed(call, 12);
        ring.acknowledged(&message("", &[], 0).queue, 8, 13);
        assert_eq!(found(&ring, "m1"), [(7, Some(12), Some(13))]);
        assert_eq!(found(&ring, "b"), [(7, Some(12), Some(13))]);
        assert_eq!(
            found(&ring, "a"),
            [(7, Some(12), Some(13)), (8, Some(12), None)]
        );
        // Left behind, it is not acknowledged by what others do to its offset.
        ring.returned(other, 14);
        ring.acknowledged(&message("", &[], 0).queue, 100, 15);
        assert_eq!(found(&ring, "m2"), [(8, Some(12), Some(15))]);
        assert_eq!(found(&ring, "m3"), [(9, None, None)]);
        assert_eq!(ring.find("m3")[0].returned, Some(14));
        assert!(ring.waiting.is_empty() && ring.find("nobody").is_empty());
    }

    #[test]
    fn another_queue_of_the_same_number_is_another() {
        let mut ring = Ring::new(1 << 20);
        ring.push(vec![message("m1", &[], 7)], 10);
        let queue = message("", &[], 0).queue;
        let others = [
            Queue {
                retry: true,
                ..queue.clone()
            },
            Queue {
                id: 1,
                ..queue.clone()
            },
            Queue {
                broker: "c".to_owned(),
                ..queue
            },
        ];
        for other in &others {
            ring.acknowledged(other, 100, 11);
        }
        assert_eq!(found(&ring, "m1"), [(7, None, None)]);
    }

    #[test]
    fn a_message_that_comes_again_has_two_ways() {
        let mut ring = Ring::new(1 << 20);
        let first = ring.push(vec![message("m", &["a"], 7)], 10);
        ring.push(vec![message("m", &["a"], 7)], 20);
        ring.committed(first, 11);
        ring.acknowledged(&message("", &[], 0).queue, 8, 30);
        assert_eq!(
            found(&ring, "m"),
            [(7, Some(11), None), (7, None, Some(30))]
        );
        assert_eq!(found(&ring, "m"), found(&ring, "a"));
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_left_of_what_went() {
        let mut ring = Ring::new(100 * MESSAGE);
        assert_eq!(ring.oldest(), None);
        for n in 0..10_000u64 {
            let clients = [format!("c{}", n % 7), format!("d{n}")];
            let clients = clients.each_ref().map(String::as_str);
            ring.push(vec![message(&format!("m{n}"), &clients, n)], n);
            assert!(ring.bytes <= ring.limit);
        }
        let kept = ring.ways.len();
        assert!(kept > 10 && kept < 100, "{kept}");
        assert_eq!(ring.by_message.len(), kept);
        assert_eq!(ring.by_client.len(), kept + 7);
        assert_eq!(
            ring.waiting.values().map(BTreeMap::len).sum::<usize>(),
            kept
        );
        assert_eq!(ring.oldest(), Some(10_000 - kept as u64));
        // What went meanwhile is committed for nobody.
        ring.committed(0..10_000, 5);
        assert!(ring.find("m0").is_empty());
        // One alone is kept however large it is.
        let large = "x".repeat(100 * MESSAGE);
        ring.push(vec![message(&large, &[], 1)], 1);
        assert_eq!((ring.ways.len(), ring.find(&large).len()), (1, 1));
    }
}
