//! The start: is this server fit to keep state, and do the totals fit the rule?

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use mqtt_presence_core::presence::Options;
use redis::cmd;

use super::fault::{unavailable, unusable};
use super::keys::Keys;
use super::link::Link;
use super::read;
use crate::store::join::{Counted, Totals, closed_at, timeless};
use crate::store::{StoreError, StoreTrouble};

/// The layout of the keys that this version knows.
const SCHEMA: u32 = 2;
/// How often a count of all clients may be overtaken by commits.
const COUNTS: usize = 20;
/// Takes the totals that were counted, if nobody committed meanwhile.
const TAKE: &str = "
if (redis.call('HGET', KEYS[1], 'tip') or '') ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], 'counted', ARGV[2])
return 1";

/// A number that no other instance has.
pub(super) fn instance() -> u64 {
    // Seeded from the operating system; the time tells apart what that does not.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(crate::clock::now());
    hasher.finish()
}

/// Looks at the server's settings; answers what a person should know.
pub(super) async fn inspect(link: &Link, cluster: bool) -> Result<Vec<String>, StoreError> {
    let address = &link.address;
    if cluster {
        // Its nodes have settings of their own, and one command asks one node.
        let nodes: HashMap<String, String> = per_node(link).await?;
        let mut warnings = Vec::new();
        for (node, text) in nodes {
            let info = info(&text);
            if info.get("role").is_some_and(|role| role == "master") {
                warnings.extend(judge(&node, &info)?);
            }
        }
        return Ok(warnings);
    }
    let text: String = link.ask(cmd("INFO").arg("everything")).await?;
    let info = info(&text);
    if info.get("cluster_enabled").is_some_and(|on| on == "1") {
        return Err(unusable(format!(
            "`{address}` is part of a Redis Cluster; set `store.cluster = true`"
        ))
        .about(StoreTrouble::ClusterMismatch));
    }
    if info.get("role").is_some_and(|role| role == "slave") {
        return Err(unusable(format!(
            "`{address}` is a read-only replica; name its master in `store.url`"
        ))
        .about(StoreTrouble::ReadOnly));
    }
    let mut warnings = judge(address, &info)?;
    // Hosted servers often forbid CONFIG; then nothing is said of it.
    let mut config = cmd("CONFIG");
    config.arg("GET").arg("appendfsync");
    let fsync = link.try_ask::<HashMap<String, String>>(&config).await?;
    let lazy = fsync.is_ok_and(|found| found.get("appendfsync").is_some_and(|v| v == "no"));
    if lazy && info.get("aof_enabled").is_some_and(|on| on == "1") {
        warnings.push(format!(
            "`appendfsync` of `{address}` is `no`: a crash of the machine loses what the system has not written yet; set it to `always`, or `everysec` to lose a second at most"
        ));
    }
    Ok(warnings)
}

async fn per_node(link: &Link) -> Result<HashMap<String, String>, StoreError> {
    link.ask(cmd("INFO").arg("everything")).await
}

fn info(text: &str) -> HashMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

fn judge(address: &str, info: &HashMap<String, String>) -> Result<Vec<String>, StoreError> {
    let value = |name: &str| info.get(name).map_or("", String::as_str);
    if value("loading") == "1" {
        return Err(unavailable(format!(
            "`{address}` is still reading its data"
        )));
    }
    let version = value("redis_version");
    let mut parts = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let version_number = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if version_number < (6, 2) {
        return Err(unusable(format!(
            "`{address}` is Redis {version}; this store needs 6.2 or later"
        ))
        .about(StoreTrouble::TooOld));
    }
    let policy = value("maxmemory_policy");
    // The only keys that expire are the notes of an instance's last commit,
    // without which nothing but a rejected record can come twice.
    if value("maxmemory") != "0" && policy.starts_with("allkeys") {
        return Err(unusable(format!(
            "`maxmemory-policy` of `{address}` is `{policy}`: with its memory full it would throw clients away; set it to `noeviction`"
        )).about(StoreTrouble::Evicting));
    }
    let mut warnings = Vec::new();
    if value("aof_enabled") == "0" {
        warnings.push(format!(
            "`appendonly` of `{address}` is off: a crash loses every commit since the last snapshot, or all of them where `save` is empty; set `appendonly yes`"
        ));
    }
    Ok(warnings)
}

/// Refuses what a newer version wrote, or one with another layout.
pub(super) async fn known(link: &Link, keys: &Keys) -> Result<(), StoreError> {
    let schema: Option<u32> = link.ask(cmd("HGET").arg(keys.meta()).arg("schema")).await?;
    match schema {
        Some(newer) if newer > SCHEMA => Err(unusable(format!(
            "the data was written by a newer mqtt-presence (layout {newer}, this one knows {SCHEMA}); use that version or another `store.prefix`"
        ))
        .about(StoreTrouble::Newer)),
        Some(older) if older < SCHEMA => Err(unusable(format!(
            "the data was written by an mqtt-presence before the first release (layout {older}, this one knows {SCHEMA}); use another `store.prefix` and read the topic again"
        ))),
        _ => Ok(()),
    }
}

/// Makes this rule the one in force and counts afresh where it was another;
/// commits under the other rule are refused from then on.
pub(super) async fn adopt(
    link: &Link,
    keys: &Keys,
    options: &Options,
) -> Result<String, StoreError> {
    let rule = format!(
        "closing={:?} takeover={}",
        options.closing, options.takeover
    )
    .to_lowercase();
    known(link, keys).await?;
    let counted: Option<String> = link
        .ask(cmd("HGET").arg(keys.meta()).arg("counted"))
        .await?;
    let mut command = cmd("HSET");
    command
        .arg(keys.meta())
        .arg("schema")
        .arg(SCHEMA)
        .arg("rule")
        .arg(&rule);
    let _: i64 = link.ask(&command).await?;
    if counted.as_deref() == Some(&rule) {
        return Ok(rule);
    }
    for _ in 0..COUNTS {
        if count(link, keys, options, &rule).await? {
            return Ok(rule);
        }
    }
    Err(unavailable(
        "the clients could not be counted under the new rule while other instances commit",
    ))
}

/// Counts all clients; false when somebody committed meanwhile.
async fn count(
    link: &Link,
    keys: &Keys,
    options: &Options,
    rule: &str,
) -> Result<bool, StoreError> {
    let tip: Option<String> = link.ask(cmd("HGET").arg(keys.meta()).arg("tip")).await?;
    let timeless = timeless(options);
    let mut all = Totals::default();
    let mut last: Option<String> = None;
    loop {
        let step = read::walk(link, keys, "", last.as_deref(), 1000).await?;
        let mut closed = cmd("ZADD");
        closed.arg(keys.closed());
        let mut any = false;
        for (id, entry) in &step {
            all.add(Counted::of(&entry.client, &timeless));
            if let Some(at) = closed_at(&entry.client, options.closing) {
                closed.arg(at).arg(id);
                any = true;
            }
        }
        if any {
            let _: i64 = link.ask(&closed).await?;
        }
        match step.into_iter().next_back() {
            Some((id, _)) => last = Some(id),
            None => break,
        }
    }
    let mut command = cmd("EVAL");
    command.arg(TAKE).arg(2).arg(keys.meta()).arg(keys.totals());
    command.arg(tip.unwrap_or_default()).arg(rule);
    for (name, value) in all.of_clients() {
        command.arg(name).arg(*value);
    }
    Ok(link.ask::<u8>(&command).await? == 1)
}
