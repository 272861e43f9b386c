//! A peer: the rule in Redis alone. A script an event keeps the smallest times
//! of a channel and whether its client is online; scripts are pipelined. It
//! gives the same answers, and nothing else: no transitions, no history, no
//! counts, nothing forgotten.

use std::sync::Arc;
use std::time::Instant;

use mqtt_presence::store::Batch;
use mqtt_presence_core::event::Kind;

/// Keys: the client's hash, the set of those online. Arguments: client id,
/// channel, `c` or `d`, time.
const SCRIPT: &str = "
local channel, kind, time = ARGV[2], ARGV[3], tonumber(ARGV[4])
local field = kind .. channel
local known = redis.call('HGET', KEYS[1], field)
if known and tonumber(known) <= time then return 0 end
redis.call('HSET', KEYS[1], field, time)
if known then return 0 end
local other = redis.call('HEXISTS', KEYS[1], (kind == 'c' and 'd' or 'c') .. channel)
local open = 0
if kind == 'c' and other == 0 then open = 1 elseif kind == 'd' and other == 1 then open = -1 end
if open ~= 0 then
  if redis.call('HINCRBY', KEYS[1], 'open', open) > 0 then redis.call('SADD', KEYS[2], ARGV[1])
  else redis.call('SREM', KEYS[2], ARGV[1]) end
end
return 1";

/// Scripts that are sent at once.
const PIPELINED: usize = 1_024;

/// Seconds that the scripts took, and the clients online.
pub async fn run_all(url: &str, batches: &[Arc<Batch>]) -> (f64, u64) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(SCRIPT);
    let script: String = load.query_async(&mut connection).await.unwrap();
    let began = Instant::now();
    for batch in batches {
        for events in batch.events.chunks(PIPELINED) {
            let mut pipe = redis::pipe();
            for (event, _) in events {
                let kind = if event.kind == Kind::Connect {
                    "c"
                } else {
                    "d"
                };
                pipe.cmd("EVALSHA")
                    .arg(&script)
                    .arg(2)
                    .arg(format!("{{lua}}:{}", event.client_id))
                    .arg("{lua}")
                    .arg(&event.client_id)
                    .arg(&event.channel_id)
                    .arg(kind)
                    .arg(event.time)
                    .ignore();
            }
            let _: () = pipe.query_async(&mut connection).await.unwrap();
        }
    }
    let took = began.elapsed().as_secs_f64();
    let mut count = redis::cmd("SCARD");
    let online = count.arg("{lua}").query_async(&mut connection).await;
    (took, online.unwrap())
}
