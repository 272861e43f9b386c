//! Places, leases and dead letters of sinks.

use std::time::Duration;

use redis::cmd;

use super::fault::damaged;
use super::keys::Keys;
use super::link::Link;
use super::read::{Row, after, bytes};
use crate::store::{DeadLetter, SinkState, StoreError};

/// Milliseconds by the server's clock, which is the same for all instances.
const NOW: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ = function() return string.format('%.0f', now + ARGV[2]) end
";
const STATE: &str = "
local place, holder, lease = unpack(redis.call('HMGET', KEYS[1], 'place', 'holder', 'until'))
if not place then return false end
if not holder or tonumber(lease) <= now then holder = '' end
return {place, holder, redis.call('XLEN', KEYS[2])}";
const CLAIM: &str = "
local place, holder, lease = unpack(redis.call('HMGET', KEYS[1], 'place', 'holder', 'until'))
if not place then return false end
if holder and holder ~= ARGV[1] and tonumber(lease) > now then return false end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', until_())
return place";
const MOVE: &str = "
local place, holder = unpack(redis.call('HMGET', KEYS[1], 'place', 'holder'))
if not place or holder ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', until_())
if tonumber(place) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'place', ARGV[3])
  for i = 4, #ARGV, 2 do redis.call('XADD', KEYS[2], ARGV[i] .. '-0', 'letter', ARGV[i + 1]) end
end
return 1";
const RELEASE: &str = "
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'until') end
return 1";

/// A script about one sink.
fn script(text: &str, keys: &Keys, sink: &str) -> redis::Cmd {
    let mut command = cmd("EVAL");
    command
        .arg(format!("{NOW}{text}"))
        .arg(2)
        .arg(keys.sink(sink))
        .arg(keys.dead(sink));
    command
}

pub(super) async fn open(
    link: &Link,
    keys: &Keys,
    sink: &str,
    start: u64,
) -> Result<(), StoreError> {
    let mut command = cmd("HSETNX");
    command.arg(keys.sink(sink)).arg("place").arg(start);
    link.ask::<i64>(&command).await.map(|_| ())
}

pub(super) async fn state(
    link: &Link,
    keys: &Keys,
    sink: &str,
) -> Result<Option<SinkState>, StoreError> {
    let found: Option<(u64, String, u64)> = link.ask(&script(STATE, keys, sink)).await?;
    Ok(found.map(|(place, holder, dead)| SinkState {
        place,
        holder: Some(holder).filter(|holder| !holder.is_empty()),
        dead,
    }))
}

pub(super) async fn claim(
    link: &Link,
    keys: &Keys,
    sink: &str,
    holder: &str,
    lease: Duration,
) -> Result<Option<u64>, StoreError> {
    let mut command = script(CLAIM, keys, sink);
    command.arg(holder).arg(millis(lease));
    link.ask(&command).await
}

pub(super) async fn go(
    link: &Link,
    keys: &Keys,
    (sink, holder): (&str, &str),
    to: u64,
    lease: Duration,
    dead: &[DeadLetter],
) -> Result<bool, StoreError> {
    let mut command = script(MOVE, keys, sink);
    command.arg(holder).arg(millis(lease)).arg(to);
    for letter in dead {
        let text = serde_json::to_string(letter)
            .map_err(|error| damaged(&format!("a dead letter of sink `{sink}`"), error))?;
        command.arg(letter.numbered.id).arg(text);
    }
    Ok(link.ask::<u8>(&command).await? == 1)
}

pub(super) async fn release(
    link: &Link,
    keys: &Keys,
    sink: &str,
    holder: &str,
) -> Result<(), StoreError> {
    let mut command = script(RELEASE, keys, sink);
    link.ask::<u8>(command.arg(holder)).await.map(|_| ())
}

pub(super) async fn letters(
    link: &Link,
    keys: &Keys,
    sink: &str,
    after_id: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let rows = after(link, keys.dead(sink), after_id, limit as u64).await?;
    let letter = |row: &Row| {
        serde_json::from_slice(bytes(row, 1))
            .map_err(|error| damaged(&format!("dead letter `{}` of sink `{sink}`", row.0), error))
    };
    rows.iter().map(letter).collect()
}

pub(super) async fn drop_letters(
    link: &Link,
    keys: &Keys,
    sink: &str,
    ids: &[u64],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut command = cmd("XDEL");
    command.arg(keys.dead(sink));
    for id in ids {
        command.arg(format!("{id}-0"));
    }
    link.ask::<i64>(&command).await.map(|_| ())
}

fn millis(lease: Duration) -> u64 {
    u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)
}
