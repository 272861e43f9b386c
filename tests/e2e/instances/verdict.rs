//! What went wrong, counted.

use std::collections::HashMap;

use mqtt_presence_core::presence::{Presence, Status};

use super::follower::Heard;

/// All of it is 0, or the run has failed.
#[derive(Default)]
pub struct Verdict {
    /// Answers of an instance that are not those of the evaluation in memory.
    pub wrong: u64,
    /// Clients whose stored facts are not those that were sent.
    pub lost: u64,
    /// Transitions told twice, out of order, or to what the client was already.
    pub doubled: u64,
    /// Transitions never told: a number left out, or a client whose last one
    /// is not its answer.
    pub missing: u64,
    /// The first of each.
    pub examples: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.wrong + self.lost + self.doubled + self.missing == 0
    }

    /// Looks at one instance's answer for a client.
    pub fn answer(&mut self, instance: usize, id: &str, status: &str, expected: Status) {
        let wanted = serde_json::to_value(expected).unwrap();
        if wanted != status {
            let example = || format!("instance {instance} says `{id}` is {status}, not {wanted}");
            note(&mut self.wrong, &mut self.examples, example);
        }
    }

    /// Looks at what the store holds.
    pub fn stored(&mut self, differences: Vec<String>) {
        for difference in differences {
            note(&mut self.lost, &mut self.examples, || difference);
        }
    }

    /// Looks at what was told of `last` transitions.
    pub fn told(&mut self, heard: &Heard, last: u64, expected: &Presence) {
        let mut online: HashMap<&str, bool> = HashMap::new();
        let mut before = 0;
        for flip in &heard.flips {
            let was = online.insert(&flip.client, flip.online).unwrap_or(false);
            if flip.id <= before || flip.id > last || was == flip.online {
                let example = || format!("{} after {before}: `{}`", flip.id, flip.client);
                note(&mut self.doubled, &mut self.examples, example);
            }
            for id in before + 1..flip.id {
                let example = || format!("{id} was not told");
                note(&mut self.missing, &mut self.examples, example);
            }
            before = before.max(flip.id);
        }
        for id in before + 1..=last {
            let example = || format!("{id} was not told");
            note(&mut self.missing, &mut self.examples, example);
        }
        for (id, client) in expected.iter() {
            let is = client.online(expected.options(), 1);
            if online.get(id).is_some_and(|told| *told) != is {
                let example = || format!("the last transition told of `{id}` is not to {is}");
                note(&mut self.missing, &mut self.examples, example);
            }
        }
        for refusal in &heard.refusals {
            note(&mut self.missing, &mut self.examples, || refusal.clone());
        }
    }
}

/// Examples are for people.
const EXAMPLES: u64 = 3;

fn note(count: &mut u64, examples: &mut Vec<String>, example: impl FnOnce() -> String) {
    if *count < EXAMPLES {
        examples.push(example());
    }
    *count += 1;
}

#[cfg(test)]
mod tests {
    use mqtt_presence_core::event::{Event, Kind};
    use mqtt_presence_core::presence::Options;

    use super::super::follower::Flip;
    use super::*;

    /// `a` is online, `b` offline again.
    fn expected() -> Presence {
        let mut presence = Presence::new(Options::default());
        for (client, kind) in [
            ("a", Kind::Connect),
            ("b", Kind::Connect),
            ("b", Kind::Tcpclean),
        ] {
            let event = Event {
                client_id: client.to_owned(),
                channel_id: "1".to_owned(),
                kind,
                time: 1,
                client_ip: None,
                extra: None,
            };
            presence.apply(&event, "", None, 1);
        }
        presence
    }

    fn told(flips: &[(u64, &str, bool)]) -> (u64, u64) {
        let flips = flips.iter().map(|(id, client, online)| Flip {
            id: *id,
            client: (*client).to_owned(),
            online: *online,
        });
        let heard = Heard {
            flips: flips.collect(),
            ..Heard::default()
        };
        let mut verdict = Verdict::default();
        verdict.told(&heard, 3, &expected());
        assert_eq!(
            verdict.is_clean(),
            verdict.examples.is_empty(),
            "{:?}",
            verdict.examples
        );
        (verdict.doubled, verdict.missing)
    }

    #[test]
    fn what_was_told_is_counted() {
        let (a, b, c) = ((1, "a", true), (2, "b", true), (3, "b", false));
        assert_eq!(told(&[a, b, c]), (0, 0));
        // A number that was left out, and then not to what the client was not.
        assert_eq!(told(&[a, c]), (1, 1));
        // The end is missing: the number and the answer.
        assert_eq!(told(&[a, b]), (0, 2));
        assert_eq!(told(&[a, b, b, c]), (1, 0));
        // Neither in order, nor to something else each time.
        assert_eq!(told(&[a, c, b]), (2, 2));
        // Under a number that nobody gave.
        assert_eq!(told(&[a, b, c, (4, "a", false)]), (1, 1));
    }

    #[test]
    fn other_answers_and_other_facts_are_counted() {
        let mut verdict = Verdict::default();
        verdict.answer(0, "a", "online", Status::Online);
        assert!(verdict.is_clean());
        verdict.answer(1, "a", "unknown", Status::Online);
        verdict.stored(vec!["a differs".to_owned()]);
        assert_eq!((verdict.wrong, verdict.lost), (1, 1));
        assert_eq!(verdict.examples.len(), 2);
    }
}
