//! The one hook the client takes: it signs requests, mends routes, and tells
//! the watch what name servers and brokers answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rocketmq_client_rust::{AclClientRPCHook, ClientError};
use rocketmq_error::SharedError;
use rocketmq_protocol::protocol::remoting_command::RemotingCommand;
use rocketmq_protocol::protocol::route::topic_route_data::TopicRouteData;
use rocketmq_transport::api::RPCHook;

use super::holds::Holds;
use super::pace::Pace;
use super::parcel::{self, Tags};
use super::route;
use super::trace::{RETRY, Tracer, read_from};
use super::watch::{Ask, Watch};

/// Codes of requests.
const SEND: i32 = 10;
const PULL: i32 = 11;
const QUERY_OFFSET: i32 = 14;
const UPDATE_OFFSET: i32 = 15;
const HEARTBEAT: i32 = 34;
const SEND_BACK: i32 = 36;
const ROUTE: i32 = 105;
const SEND_V2: i32 = 310;
const SEND_BATCH: i32 = 320;

/// Codes of answers.
const SUCCESS: i32 = 0;
const NO_PERMISSION: i32 = 16;
const TOPIC_NOT_EXIST: i32 = 17;
const PULL_NOT_FOUND: i32 = 19;
const PULL_RETRY_IMMEDIATELY: i32 = 20;
const PULL_OFFSET_MOVED: i32 = 21;
const QUERY_NOT_FOUND: i32 = 22;
/// A broker that has lost its clients, or what they subscribe to, says so until
/// their next heartbeat: no refusal.
const PULL_NOT_SUBSCRIBED: i32 = 24;
const PULL_SUBSCRIPTION_OLD: i32 = 25;

/// The bit of a pull that says that its `commitOffset` counts.
const COMMITS: i64 = 1;

pub(super) struct Hook {
    pub(super) signer: Option<AclClientRPCHook>,
    pub(super) watch: Arc<Watch>,
    pub(super) tracer: Option<Arc<Tracer>>,
    pub(super) pace: Pace,
    pub(super) holds: Arc<Holds>,
    /// Pulls are packed into parcels, of these tags.
    pub(super) packs: Option<Tags>,
}

impl RPCHook for Hook {
    fn do_before_request(
        &self,
        to: SocketAddr,
        request: &mut RemotingCommand,
    ) -> Result<(), SharedError> {
        match request.code() {
            SEND_BATCH => keep_ids(request),
            // A listener that panicked: its messages are read again, and a broker
            // would give back the first one of a parcel alone.
            SEND_BACK => return refuse("what is not consumed stays in its queue"),
            SEND | SEND_V2 if retries(request) => {
                return refuse("what is not consumed stays in its queue");
            }
            PULL => {
                self.pace(request);
                if commits(request) {
                    let stored = self.stored(request)?;
                    request.add_ext_field("commitOffset", stored.to_string());
                }
                if let Some((broker, queue)) = self.queue(request) {
                    self.watch.asked(broker, queue);
                    if let Some(offset) = number(request, "queueOffset") {
                        self.watch.lags().begins(broker, queue, offset);
                    }
                    if commits(request)
                        && let Some(offset) = number(request, "commitOffset")
                    {
                        let mut lags = self.watch.lags();
                        lags.consumed_at_least(broker, queue, offset);
                    }
                }
                if commits(request) {
                    self.trace(request);
                }
            }
            UPDATE_OFFSET => {
                // The client tells an offset once, so it should not take one for
                // told of which the broker has heard a part.
                if Some(self.stored(request)?) < number(request, "commitOffset") {
                    return refuse("the store does not have all of it yet");
                }
                if let Some((broker, queue)) = self.queue(request)
                    && let Some(offset) = number(request, "commitOffset")
                {
                    self.watch.lags().consumed(broker, queue, offset);
                }
                self.trace(request);
            }
            _ => {}
        }
        match &self.signer {
            Some(signer) => signer.do_before_request(to, request),
            None => Ok(()),
        }
    }

    fn do_after_response(
        &self,
        from: SocketAddr,
        request: &RemotingCommand,
        response: &mut RemotingCommand,
    ) -> Result<(), SharedError> {
        match request.code() {
            ROUTE => self.route(from, request, response),
            HEARTBEAT => {
                self.broker(Ask::Heartbeat, &[SUCCESS], from, response);
            }
            PULL if matches!(response.code(), PULL_NOT_SUBSCRIBED | PULL_SUBSCRIPTION_OLD) => {}
            PULL => {
                let good = [
                    SUCCESS,
                    PULL_NOT_FOUND,
                    PULL_RETRY_IMMEDIATELY,
                    PULL_OFFSET_MOVED,
                ];
                if self.broker(Ask::Pull, &good, from, response)
                    && let Some((broker, queue)) = self.queue(request)
                {
                    self.watch.answered(broker, queue);
                    if let Some(end) = number(response, "maxOffset") {
                        self.watch.lags().end(broker, queue, end, Instant::now());
                    }
                    if let Some(tags) = &self.packs
                        && response.code() == SUCCESS
                        && let Some(packed) = response
                            .body()
                            .and_then(|answer| parcel::pack(answer, tags))
                    {
                        response.set_body_mut_ref(packed);
                    }
                }
            }
            SEND_BATCH => {
                let said = refusal(response.code(), response);
                let denied = is_denied(response.code(), &said).then_some(said);
                self.watch.wrote(from, denied);
            }
            QUERY_OFFSET => {
                self.broker(Ask::Offset, &[SUCCESS, QUERY_NOT_FOUND], from, response);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Hook {
    fn route(&self, from: SocketAddr, request: &RemotingCommand, response: &mut RemotingCommand) {
        let mended = response
            .body()
            .filter(|_| response.code() == SUCCESS)
            .and_then(|body| route::mend(body));
        let readable = mended
            .as_ref()
            .map(|(body, _)| TopicRouteData::decode(body).map_err(|error| error.to_string()));
        // The client also asks for the group's retry topic, which may be missing.
        let asked = request.ext_fields().and_then(|fields| fields.get("topic"));
        if asked.is_none_or(|topic| topic.as_str() == self.watch.topic()) {
            match (response.code(), &readable, &mended) {
                (SUCCESS, Some(Ok(_)), Some((_, brokers))) => {
                    self.watch.route(from, Ok(brokers.clone()))
                }
                (SUCCESS, Some(Err(error)), _) => self
                    .watch
                    .route(from, Err(format!("its answer cannot be read: {error}"))),
                (SUCCESS, ..) => self.watch.route(
                    from,
                    Err("its answer cannot be read: it is no route".to_owned()),
                ),
                (TOPIC_NOT_EXIST, ..) => self.watch.topic_missing(from),
                (code, ..) => self.watch.route(from, Err(refusal(code, response))),
            }
        }
        if let Some((body, _)) = mended {
            response.set_body_mut_ref(body);
        }
    }

    /// Holds a request back that comes too soon for the client: some hundred
    /// microseconds, and only while a queue brings 40,000 messages a second.
    fn pace(&self, request: &RemotingCommand) {
        let fields = request.ext_fields();
        let field = |name: &str| fields.and_then(|fields| fields.get(name));
        if let (Some(topic), Some(broker)) = (field("topic"), field("bname"))
            && let Some(id) = field("queueId").and_then(|id| id.parse().ok())
        {
            let queue = read_from(topic, broker, id);
            let wait = self.pace.wait(queue, self.watch.queues(), Instant::now());
            std::thread::sleep(wait);
        }
    }

    /// How much of what a request calls consumed the store has.
    fn stored(&self, request: &RemotingCommand) -> Result<i64, SharedError> {
        let Some((topic, broker, id, offset)) = told(request) else {
            return refuse("a consumed offset of no queue");
        };
        Ok(self.holds.stored(&read_from(topic, broker, id), offset))
    }

    /// Tells the tracer what the broker is told, of the retry topic too.
    fn trace(&self, request: &RemotingCommand) {
        let Some(tracer) = &self.tracer else {
            return;
        };
        if let Some((topic, broker, queue, offset)) = told(request)
            && let Ok(offset) = u64::try_from(offset)
        {
            tracer.told(topic, broker, queue, offset);
        }
    }

    /// Broker and number of the queue that is read, when it is the topic's.
    fn queue<'a>(&self, request: &'a RemotingCommand) -> Option<(&'a str, i32)> {
        let fields = request.ext_fields()?;
        if fields.get("topic")?.as_str() != self.watch.topic() {
            return None;
        }
        let queue = fields.get("queueId")?.parse().ok()?;
        Some((fields.get("bname")?.as_str(), queue))
    }

    /// Whether the answer is a good one.
    fn broker(&self, ask: Ask, good: &[i32], from: SocketAddr, response: &RemotingCommand) -> bool {
        let code = response.code();
        let answer = if good.contains(&code) {
            Ok(())
        } else {
            Err(refusal(code, response))
        };
        let is_good = answer.is_ok();
        self.watch.broker(ask, from, answer);
        is_good
    }
}

/// Topic, broker, queue and offset of a request that says what was consumed.
fn told(request: &RemotingCommand) -> Option<(&str, &str, i32, i64)> {
    let fields = request.ext_fields()?;
    Some((
        fields.get("topic")?,
        fields.get("bname")?,
        fields.get("queueId")?.parse().ok()?,
        fields.get("commitOffset")?.parse().ok()?,
    ))
}

/// Whether a message is sent to a group's retry topic; `b` is that field's short name.
fn retries(request: &RemotingCommand) -> bool {
    let fields = request.ext_fields();
    let topic = fields.and_then(|fields| fields.get("b").or_else(|| fields.get("topic")));
    topic.is_some_and(|topic| topic.contains(RETRY))
}

fn refuse<T>(reason: &str) -> Result<T, SharedError> {
    Err(ClientError::illegal_argument(reason).into_shared_error())
}

/// Whether a pull also says what was consumed.
fn commits(pull: &RemotingCommand) -> bool {
    number(pull, "sysFlag").unwrap_or(0) & COMMITS != 0
}

/// A field that is a number.
fn number(command: &RemotingCommand, name: &str) -> Option<i64> {
    command.ext_fields()?.get(name)?.parse().ok()
}

/// The broker adds a batch's properties to those of each message, so the
/// batch's own id would hide theirs.
fn keep_ids(request: &mut RemotingCommand) {
    // `i` is the short name of the properties, `name 1 value 2 name 1 value 2 …`.
    let Some(properties) = request.ext_fields().and_then(|fields| fields.get("i")) else {
        return;
    };
    let kept: String = properties
        .split_inclusive('\u{2}')
        .filter(|property| !property.starts_with("UNIQ_KEY\u{1}"))
        .collect();
    request.add_ext_field("i", kept);
}

pub(super) fn refusal(code: i32, response: &RemotingCommand) -> String {
    let remark = response
        .remark()
        .map(|remark| remark.as_str().trim())
        .filter(|remark| !remark.is_empty());
    match remark {
        // Brokers append a link to a help page and, some, where in their code it was.
        Some(remark) => {
            let first = remark.lines().next().unwrap_or(remark);
            let first = first.split(", org.apache.").next().unwrap_or(first);
            let short: String = first.chars().take(200).collect();
            format!("`{}` (code {code})", short.replace('`', "'"))
        }
        None => format!("code {code}"),
    }
}

/// Whether the server's access control says no: 5.x has a code for that, 4.x
/// tells the name of its exception.
pub(super) fn is_denied(code: i32, refusal: &str) -> bool {
    code == NO_PERMISSION || refusal.contains("AclException")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(code: i32, fields: &[(&'static str, &'static str)]) -> RemotingCommand {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        RemotingCommand::create_remoting_command(code).set_ext_fields(fields.collect())
    }

    #[test]
    fn the_broker_is_told_what_the_store_has() {
        let hook = Hook {
            signer: None,
            watch: Arc::new(Watch::new("T".into(), "G".into())),
            tracer: None,
            pace: Pace::default(),
            holds: Arc::default(),
            packs: None,
        };
        let asks = |code, offset| {
            let queue = [("topic", "T"), ("bname", "b"), ("queueId", "3")];
            let consumed = [("sysFlag", "1"), ("commitOffset", offset)];
            let mut request = request(code, &[&queue[..], &consumed[..]].concat());
            let to = ([127, 0, 0, 1], 1).into();
            let sent = hook.do_before_request(to, &mut request);
            sent.ok().and(number(&request, "commitOffset"))
        };
        let held = hook.holds.hold(read_from("T", "b", 3), 10);
        assert_eq!(asks(PULL, "70"), Some(10));
        assert_eq!(asks(PULL, "7"), Some(7));
        assert_eq!(asks(UPDATE_OFFSET, "70"), None);
        assert_eq!(asks(UPDATE_OFFSET, "7"), Some(7));
        held.committed();
        assert_eq!(asks(PULL, "70"), Some(70));
        assert_eq!(asks(UPDATE_OFFSET, "70"), Some(70));
    }

    #[test]
    fn nothing_is_given_back() {
        let retry = |field| request(SEND_V2, &[(field, "%RETRY%G")]);
        assert!(retries(&retry("b")) && retries(&retry("topic")));
        assert!(!retries(&request(SEND_V2, &[("b", "T")])));
    }
}
