//! A commit that needs no check, as a transaction. What is large are commands
//! of their own: in a script, the server would hash every byte of them and copy
//! it twice more, which takes it longer than the writing.
//!
//! A script before them looks whether nobody else committed, another behind
//! them does the rest (folder `lua`). Both come with their text, for a name
//! that the server has forgotten would be noticed too late.

use redis::{Cmd, Pipeline, Value, cmd, from_redis_value};

use super::fault::{self, damaged};
use super::link::Link;
use super::script::{Caller, Outcome, Write, finish};
use crate::store::StoreError;

const BEGIN: &str = concat!(
    include_str!("lua/head.lua"),
    include_str!("lua/check.lua"),
    include_str!("lua/begin.lua"),
);
const END: &str = concat!(
    include_str!("lua/head.lua"),
    include_str!("lua/restore.lua"),
    include_str!("lua/finish.lua"),
);

/// How a commit that needs no check is sent.
pub(super) enum Unchecked {
    Transaction(Pipeline),
    /// To a cluster, whose client asks once more only for a single command.
    Script(Cmd),
}

impl Caller {
    /// The commit as it is sent, unless somebody else commits first.
    pub async fn unchecked(&self, link: &Link, write: &Write<'_>) -> Result<Unchecked, StoreError> {
        Ok(if link.is_cluster() {
            Unchecked::Script(self.command(link, write).await?)
        } else {
            Unchecked::Transaction(self.transaction(write))
        })
    }

    /// Has it run.
    pub async fn ask(&self, link: &Link, commit: &Unchecked) -> Result<Outcome, StoreError> {
        match commit {
            Unchecked::Transaction(commands) => self.exec(link, commands).await,
            Unchecked::Script(command) => self.run(link, command).await,
        }
    }

    fn transaction(&self, write: &Write<'_>) -> Pipeline {
        let keys = &self.keys;
        let mut all = Pipeline::with_capacity(5 + write.flips.len());
        all.atomic();
        all.add_command(self.script(BEGIN, write));
        if !write.records.is_empty() {
            let bytes = write.records.iter().map(|(_, record)| record.len() + 40);
            let mut records = Cmd::with_capacity(2 + 2 * write.records.len(), bytes.sum());
            records.arg("HSET").arg(keys.clients());
            for (id, record) in &write.records {
                records.arg(*id).arg(&record[..]);
            }
            all.add_command(records);
        }
        if !write.fresh.is_empty() {
            let mut ids = cmd("ZADD");
            ids.arg(keys.ids());
            for id in &write.fresh {
                ids.arg(0).arg(*id);
            }
            all.add_command(ids);
        }
        if !write.closed.is_empty() {
            let mut closed = cmd("ZADD");
            closed.arg(keys.closed());
            for (at, id) in &write.closed {
                closed.arg(*at).arg(*id);
            }
            all.add_command(closed);
        }
        let mut last = write.guess;
        for told in &write.flips {
            last += told.count as u64;
            let mut entry = Cmd::with_capacity(9, told.lines.len() + 400);
            entry
                .arg("XADD")
                .arg(keys.transitions())
                .arg(format!("{last}-0"));
            entry
                .arg("previous")
                .arg(&told.previous)
                .arg("at")
                .arg(write.now);
            entry.arg("transitions").arg(told.lines.as_slice());
            all.add_command(entry);
        }
        let mut end = self.script(END, write);
        end.arg(last - write.guess);
        finish(&mut end, write);
        all.add_command(end);
        all
    }

    fn script(&self, text: &str, write: &Write<'_>) -> Cmd {
        let mut script = cmd("EVAL");
        script.arg(text);
        self.head(&mut script, write);
        script
    }

    async fn exec(&self, link: &Link, transaction: &Pipeline) -> Result<Outcome, StoreError> {
        let answers = link.try_all(transaction).await?;
        let mut answers = answers.map_err(|error| fault::of(&link.address, &error))?;
        let bad = |error| damaged("an answer", error);
        let ended = answers.pop().unwrap_or(Value::Nil);
        let began = answers.into_iter().next().unwrap_or(Value::Nil);
        let began: Vec<Value> = from_redis_value(began).map_err(bad)?;
        // `go` is all that `begin.lua` says of a commit that may be written.
        self.outcome(if began.len() == 1 {
            from_redis_value(ended).map_err(bad)?
        } else {
            began
        })
    }
}
