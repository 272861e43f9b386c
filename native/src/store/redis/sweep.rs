//! Forgetting. Several instances may do it at once: what one has dropped, the
//! others do not find.

use redis::cmd;

use super::cache::Cached;
use super::commit::Writer;
use super::link::Link;
use super::record;
use super::script::{Outcome, Write};
use super::totals;
use crate::store::StoreError;
use crate::store::join::{Counted, closed_at, timeless};

/// Clients that one step changes, so that commits get their turn in between.
const STEP: usize = 1000;
/// Transitions that one step drops.
const TRIM: &str = "
local rows = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1000)
for i, row in ipairs(rows) do
  if tonumber(row[2][4]) >= tonumber(ARGV[1]) then
    redis.call('XTRIM', KEYS[1], 'MINID', row[1])
    return 0
  end
end
if #rows == 0 then return 0 end
local last = tonumber(string.match(rows[#rows][1], '^%d+'))
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-0', last + 1))
return 1";

/// What one step of forgetting did.
pub(super) struct Step {
    /// Channels that went.
    pub gone: u64,
    /// Whether there may be more that are due.
    pub more: bool,
}

impl Writer {
    /// Forgets channels of the next clients; `skip` of them stay, because
    /// others had just changed them.
    pub async fn forget(
        &mut self,
        link: &Link,
        now: u64,
        skip: &mut usize,
    ) -> Result<Step, StoreError> {
        let outcome = self.forget_step(link, now, skip).await;
        if outcome.is_err() {
            self.forget_all();
        }
        outcome
    }

    async fn forget_step(
        &mut self,
        link: &Link,
        now: u64,
        skip: &mut usize,
    ) -> Result<Step, StoreError> {
        let Some(latest) = now.checked_sub(self.options.retention) else {
            return Ok(Step {
                gone: 0,
                more: false,
            });
        };
        let mut command = cmd("ZRANGE");
        command
            .arg(self.caller.keys.closed())
            .arg("-inf")
            .arg(format!("({latest}"));
        command.arg("BYSCORE").arg("LIMIT").arg(*skip).arg(STEP);
        let due: Vec<String> = link.ask(&command).await?;
        let due: Vec<&str> = due.iter().map(String::as_str).collect();
        if due.is_empty() {
            return Ok(Step {
                gone: 0,
                more: false,
            });
        }
        // Afresh: a sweep is rare, and memory may be behind other instances.
        for id in &due {
            self.cache.remove(id);
        }
        self.load(link, &due).await?;
        let token = self.token();
        let tip = std::mem::take(&mut self.tip);
        let mut write = Write {
            tip: &tip,
            guess: self.last,
            token: &token,
            now,
            ..Write::default()
        };
        self.check(&mut write, &due);
        let timeless = timeless(&self.options);
        let before = totals::middle(self.last);
        let mut after = before.clone();
        let mut gone = 0;
        for id in &due {
            let cached = self.cache.get(id);
            let Some(packed) = cached.and_then(Cached::seen) else {
                continue;
            };
            let mut entry = packed.entry();
            let counted = Counted::of(&entry.client, &timeless);
            let dropped = entry.client.forget(now, &self.options);
            match closed_at(&entry.client, self.options.closing) {
                Some(at) => write.closed.push((at, id)),
                None => write.unclosed.push(id),
            }
            if dropped > 0 {
                gone += dropped as u64;
                after.change(counted, Counted::of(&entry.client, &timeless));
                write
                    .records
                    .push((id, record::write(&entry, &token).into()));
            }
        }
        write.totals = totals::deltas(&before, &after);
        let outcome = self.caller.call(link, &write).await?;
        drop(write);
        for id in &due {
            self.cache.remove(id);
        }
        match outcome {
            Outcome::Done { base, alone } => {
                if !alone {
                    self.cache.doubt_all();
                }
                self.last = base;
                self.tip = token.to_string();
            }
            Outcome::Changed { .. } | Outcome::Again { .. } => {
                // The next sweep finds them again.
                gone = 0;
                *skip += due.len();
                self.cache.doubt_all();
            }
        }
        Ok(Step {
            gone,
            more: due.len() == STEP,
        })
    }

    /// Drops transitions observed before `oldest`, a step at a time.
    pub async fn trim(&self, link: &Link, oldest: u64) -> Result<(), StoreError> {
        let mut command = cmd("EVAL");
        command
            .arg(TRIM)
            .arg(1)
            .arg(self.caller.keys.transitions())
            .arg(oldest);
        while link.ask::<u8>(&command).await? == 1 {}
        Ok(())
    }
}
