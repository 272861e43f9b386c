//! The script of a commit, its arguments and its answer.

use std::sync::Arc;

use bytes::Bytes;
use redis::{Cmd, ErrorKind, FromRedisValue, ServerErrorKind, Value, cmd, from_redis_value};
use tokio::sync::OnceCell;

use super::fault::{self, damaged, unusable};
use super::keys::Keys;
use super::link::Link;
use super::told::Told;
use crate::store::{Keep, StoreError};

const COMMIT: &str = concat!(
    include_str!("lua/head.lua"),
    include_str!("lua/check.lua"),
    include_str!("lua/write.lua"),
    include_str!("lua/finish.lua"),
);

/// What one call of the script checks and writes.
#[derive(Debug, Default)]
pub(super) struct Write<'a> {
    /// Number of the commit within its instance; 0 for one that may be lost.
    pub number: u64,
    /// The last commit that this instance saw; empty for none.
    pub tip: &'a str,
    /// Check each client; otherwise nothing is written if somebody else
    /// committed since `tip`.
    pub verify: bool,
    /// The number of transitions that the caller knew of.
    pub guess: u64,
    pub token: &'a str,
    pub now: u64,
    /// Clients and the commits that wrote them last.
    pub checks: (Vec<&'a str>, Vec<Arc<str>>),
    pub records: Vec<(&'a str, Bytes)>,
    pub fresh: Vec<&'a str>,
    pub closed: Vec<(u64, &'a str)>,
    pub unclosed: Vec<&'a str>,
    /// Entries with the transitions, observed now.
    pub flips: Vec<Told>,
    pub totals: Vec<(&'static str, i64)>,
    /// Message id or nothing, code, raw bytes, and the rest as JSON.
    pub poison: Vec<(&'a str, &'a str, &'a [u8], Vec<u8>)>,
    /// Numbers of rejected records that leave the quarantine.
    pub released: &'a [u64],
    pub checkpoints: &'a [(String, String)],
}

/// What the script answered.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Written; so many transitions were there before, and whether nobody
    /// else committed since `tip`.
    Done { base: u64, alone: bool },
    /// Written by an earlier call whose answer was lost.
    Again { base: u64, count: u64 },
    /// Nothing written: the number of transitions, and the records that differ.
    Changed {
        last: u64,
        records: Vec<(String, Vec<u8>)>,
    },
}

/// What stays the same over all calls.
#[derive(Debug)]
pub(super) struct Caller {
    pub keys: Keys,
    pub keep: Keep,
    pub rule: String,
    pub instance: u64,
}

impl Caller {
    pub async fn call(&self, link: &Link, write: &Write<'_>) -> Result<Outcome, StoreError> {
        let command = self.command(link, write).await?;
        self.run(link, &command).await
    }

    /// The call of the script.
    pub async fn command(&self, link: &Link, write: &Write<'_>) -> Result<Cmd, StoreError> {
        static SHA: OnceCell<String> = OnceCell::const_new();
        let sha = SHA.get_or_try_init(|| load(link)).await?;
        Ok(self.arguments(write, sha))
    }

    /// Has the script run.
    pub async fn run(&self, link: &Link, command: &Cmd) -> Result<Outcome, StoreError> {
        let mut answer = link.try_ask::<Vec<Value>>(command).await?;
        if matches!(&answer, Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript))
        {
            load(link).await?;
            answer = link.try_ask(command).await?;
        }
        let answer = answer.map_err(|error| fault::of(&link.address, &error))?;
        self.outcome(answer)
    }

    fn arguments(&self, write: &Write<'_>, sha: &str) -> Cmd {
        let records: usize = write
            .records
            .iter()
            .map(|(_, record)| record.len() + 40)
            .sum();
        let flips: usize = write.flips.iter().map(|told| told.lines.len() + 200).sum();
        let mut cmd = Cmd::with_capacity(
            40 + 2 * write.checks.0.len() + 3 * write.flips.len() + 2 * write.records.len(),
            4096 + 64 * write.checks.0.len() + flips + records,
        );
        cmd.arg("EVALSHA").arg(sha);
        self.head(&mut cmd, write);
        cmd.arg(write.checks.0.len());
        for id in &write.checks.0 {
            cmd.arg(*id);
        }
        cmd.arg(write.checks.1.len());
        for token in &write.checks.1 {
            cmd.arg(&**token);
        }
        cmd.arg(2 * write.records.len());
        for (id, record) in &write.records {
            cmd.arg(*id).arg(&record[..]);
        }
        cmd.arg(2 * write.fresh.len());
        for id in &write.fresh {
            cmd.arg(0).arg(*id);
        }
        cmd.arg(2 * write.closed.len());
        for (at, id) in &write.closed {
            cmd.arg(*at).arg(*id);
        }
        cmd.arg(write.unclosed.len());
        for id in &write.unclosed {
            cmd.arg(*id);
        }
        cmd.arg(3 * write.flips.len());
        for told in &write.flips {
            cmd.arg(told.count)
                .arg(&told.previous)
                .arg(told.lines.as_slice());
        }
        finish(&mut cmd, write);
        cmd
    }

    /// What `head.lua` takes: the keys, and what all scripts are told.
    pub fn head(&self, cmd: &mut Cmd, write: &Write<'_>) {
        let keys = &self.keys;
        cmd.arg(10);
        for key in [
            keys.clients(),
            keys.ids(),
            keys.closed(),
            keys.transitions(),
            keys.meta(),
            keys.totals(),
            keys.quarantine(),
            keys.rejected(),
            keys.checkpoints(),
            keys.instance(self.instance, write.number),
        ] {
            cmd.arg(key);
        }
        cmd.arg(write.number)
            .arg(write.tip)
            .arg(u8::from(write.verify));
        cmd.arg(write.guess).arg(write.token).arg(&self.rule);
        cmd.arg(self.keep.history_rows)
            .arg(self.keep.quarantine_rows);
        cmd.arg(self.keep.quarantine_bytes).arg(write.now);
    }

    pub fn outcome(&self, answer: Vec<Value>) -> Result<Outcome, StoreError> {
        let mut answer = answer.into_iter();
        let word: String = next(&mut answer)?;
        Ok(match word.as_str() {
            "done" => Outcome::Done {
                base: next(&mut answer)?,
                alone: next::<u8>(&mut answer)? == 1,
            },
            "again" => Outcome::Again {
                base: next(&mut answer)?,
                count: next(&mut answer)?,
            },
            "changed" => {
                let last = next(&mut answer)?;
                let mut records = Vec::new();
                while answer.len() > 0 {
                    records.push((next(&mut answer)?, next(&mut answer)?));
                }
                Outcome::Changed { last, records }
            }
            _ => {
                let other: String = next(&mut answer)?;
                return Err(unusable(match other.as_str() {
                    "" => "the data was taken away while the service ran; start the service again"
                        .to_owned(),
                    other => format!(
                        "another instance works with the rule `{other}`, this one with `{}`; give all instances the same `[rule]`",
                        self.rule
                    ),
                }));
            }
        })
    }
}

/// What `finish.lua` takes.
pub(super) fn finish(cmd: &mut Cmd, write: &Write<'_>) {
    cmd.arg(2 * write.totals.len());
    for (name, delta) in &write.totals {
        cmd.arg(*name).arg(*delta);
    }
    cmd.arg(write.released.len());
    for id in write.released {
        cmd.arg(*id);
    }
    cmd.arg(4 * write.poison.len());
    for (message, code, raw, record) in &write.poison {
        cmd.arg(*message)
            .arg(*code)
            .arg(*raw)
            .arg(record.as_slice());
    }
    cmd.arg(2 * write.checkpoints.len());
    for (key, value) in write.checkpoints {
        cmd.arg(key).arg(value);
    }
}

fn next<T: FromRedisValue>(answer: &mut impl Iterator<Item = Value>) -> Result<T, StoreError> {
    let value = answer.next().unwrap_or(Value::Nil);
    from_redis_value(value).map_err(|error| damaged("an answer", error))
}

/// Gives the server the script; the name by which it is called.
async fn load(link: &Link) -> Result<String, StoreError> {
    link.ask(cmd("SCRIPT").arg("LOAD").arg(COMMIT)).await
}
