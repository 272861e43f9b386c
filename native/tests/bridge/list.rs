//! What a gap left wrong is put right from the broker's own list: Moquette's,
//! over HTTP.

use std::path::Path;
use std::time::{Duration, Instant};

use rumqttc::{Client, Connection};

use crate::moquette::{Moquette, over_http, told};
use crate::road::{Broker, Road, eventually, row_of};
use crate::rumqtt::{connect, everybody};

type Device = (Client, Connection);

/// From the bridge's return to the right answers.
const AT_MOST: Duration = Duration::from_secs(2);
/// The bridge's own name at the broker.
const BRIDGE: &str = "mqtt-presence-bridge";

fn listing(list: &str, folder: &Path, secret: &str) -> Vec<String> {
    let file = folder.join("list.secret");
    std::fs::write(&file, secret).unwrap();
    let file = file.display().to_string();
    [
        "--list-url",
        list,
        "--list-user",
        "bridge",
        "--list-password-file",
        &file,
    ]
    .map(String::from)
    .to_vec()
}

fn with_list() -> Road<Moquette> {
    let folder = tempfile::tempdir().unwrap();
    let broker = Moquette::start(folder.path());
    let flags = listing(&broker.list(), folder.path(), "list-secret");
    over_http(folder, broker, &flags)
}

fn row(case: &str, answer: &str, took: Duration) {
    row_of::<Moquette>("rumqttc, with the broker's list", case, answer, took);
}

/// Who is there before the gap.
struct Before {
    leaves: Device,
    stays: Device,
    returns: Device,
}

/// Who is there after it.
struct After {
    stays: Device,
    returned: Device,
    came: Device,
    since: Instant,
}

fn before(road: &Road<Moquette>) -> Before {
    let port = road.broker.port();
    let before = Before {
        leaves: connect(port, "leaves", 60),
        stays: connect(port, "stays", 60),
        returns: connect(port, "returns", 60),
    };
    for id in ["leaves", "stays", "returns"] {
        road.comes_online(0, id);
    }
    before
}

/// How often the broker has told this of the bridge's name.
fn times(broker: &Moquette, what: &str) -> usize {
    broker.log().matches(&told(what, BRIDGE)).count()
}

/// The broker has ended so many connections of the bridge's name, one after another.
fn closes(broker: &Moquette, connections: usize) {
    eventually("the broker has closed the bridge's connection", || {
        times(broker, "CONNECTED") == connections && times(broker, "LOST") == connections
    });
}

/// The broker forgets the bridge's session, so that nobody tells the bridge what happens then.
fn forget(broker: &Moquette) {
    // A bridge whose first try the broker answered too late has come twice.
    let before = times(broker, "CONNECTED");
    // Moquette's loop breaks when it drops a session with a message on its way.
    std::thread::sleep(Duration::from_secs(1));
    // Without a session, and by the bridge's own name.
    drop(connect(broker.port(), BRIDGE, 60));
    closes(broker, before + 1);
}

fn meanwhile(broker: &Moquette, before: Before) -> After {
    let port = broker.port();
    let from = broker.log().len();
    let has = |what: &str, id: &str| {
        eventually("the broker has seen it", || {
            broker.log()[from..].contains(&told(what, id))
        });
    };
    drop((before.leaves, before.returns));
    has("LOST", "leaves");
    has("LOST", "returns");
    let (returned, came) = (connect(port, "returns", 60), connect(port, "came", 60));
    has("CONNECTED", "returns");
    has("CONNECTED", "came");
    After {
        stays: before.stays,
        returned,
        came,
        since: Instant::now(),
    }
}

/// The answers are right in time, and what is open ends by its own notice.
fn is_right(road: &Road<Moquette>, after: After, case: &str) {
    for (id, status, ends) in [
        ("leaves", "offline", &["tcpclean"][..]),
        ("stays", "online", &["open"]),
        ("returns", "online", &["tcpclean", "open"]),
        ("came", "online", &["open"]),
    ] {
        road.answers(0, &told("CONNECTED", id), id, status, ends);
    }
    let took = after.since.elapsed();
    assert!(took < AT_MOST, "{case}: {took:?}");
    row(case, "as the broker has it", took);
    let from = road.broker.log().len();
    drop((after.stays, after.returned, after.came));
    for (id, ends) in [
        ("stays", &["tcpclean"][..]),
        ("returns", &["tcpclean", "tcpclean"]),
        ("came", &["tcpclean"]),
    ] {
        road.answers(from, &told("LOST", id), id, "offline", ends);
    }
}

/// The bridge's log has it, after so many bytes.
fn says_so(road: &Road<Moquette>, said: usize) {
    let log = std::fs::read_to_string(road.bridge_log()).unwrap();
    assert!(log[said..].contains("there was a gap"), "{log}");
}

#[test]
fn notices_that_the_broker_kept_and_its_list_say_the_same() {
    let mut road = with_list();
    let there = before(&road);
    let mut after = None;
    road.without_bridge(|road| after = Some(meanwhile(&road.broker, there)));
    is_right(&road, after.unwrap(), "bridge down, its session kept");
    road.end();
}

#[test]
fn what_came_and_went_while_the_bridge_was_down_is_put_right() {
    let mut road = with_list();
    let there = before(&road);
    let said = std::fs::read(road.bridge_log()).unwrap().len();
    let mut after = None;
    road.without_bridge(|Road { broker, .. }| {
        closes(broker, times(broker, "CONNECTED"));
        forget(broker);
        after = Some(meanwhile(broker, there));
    });
    is_right(&road, after.unwrap(), "bridge down, its session lost");
    says_so(&road, said);
    road.end();
}

#[test]
fn what_came_and_went_while_the_session_was_lost_is_put_right() {
    let road = with_list();
    let there = before(&road);
    let said = std::fs::read(road.bridge_log()).unwrap().len();
    let mut after = None;
    road.while_still(|broker| {
        forget(broker);
        after = Some(meanwhile(broker, there));
    });
    is_right(&road, after.unwrap(), "session lost under the bridge");
    says_so(&road, said);
    road.end();
}

#[test]
fn a_list_that_refuses_is_asked_until_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Moquette::start(folder.path());
    let flags = listing(&broker.list(), folder.path(), "wrong-secret");
    let secret = folder.path().join("list.secret");
    let early = connect(broker.port(), "before the bridge", 60);
    // The bridge is heard, so what it hears goes on.
    let road = over_http(folder, broker, &flags);
    let log = || std::fs::read_to_string(road.bridge_log()).unwrap();
    eventually("the list has refused", || log().contains("answers 401"));
    assert!(log().contains("--list-password-file"), "{}", log());
    assert_eq!(road.client("before the bridge")["status"], "unknown");
    std::fs::write(secret, "list-secret\n").unwrap();
    let since = Instant::now();
    eventually("the list is read", || {
        road.client("before the bridge")["status"] == "online"
    });
    row("list refused, then answered", "online", since.elapsed());
    assert!(!log().contains("secret-"), "{}", log());
    drop(early);
    let line = told("LOST", "before the bridge");
    road.answers(0, &line, "before the bridge", "offline", &["tcpclean"]);
    road.end();
}

/// Clients of the storm.
const STORM: usize = 200;

#[test]
fn lists_that_are_read_in_a_storm_leave_no_ghost_and_close_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Moquette::start(folder.path());
    // Each list is 300 ms old when it comes.
    let list = broker.list() + "?late=300";
    let mut flags = listing(&list, folder.path(), "list-secret");
    flags.extend(["--list-every", "50ms"].map(String::from));
    let road = over_http(folder, broker, &flags);
    let port = road.broker.port();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lists = || road.broker.log().matches("listed").count();
    let count = |what: &str, online: usize| {
        let since = Instant::now();
        // The bridge itself is on the list too.
        eventually(what, || road.stats()["online"] == online + 1);
        since.elapsed()
    };
    // As often as it takes for a list to fall into a storm.
    let mut second = loop {
        let before = lists();
        let connected = runtime.block_on(everybody(port, STORM));
        if lists() > before {
            break connected;
        }
    };
    let took = count("all are online again", STORM);
    row("storm of 200 while lists are read", "200 online", took);
    // Later lists change nothing.
    let before = lists();
    eventually("two more lists are read", || lists() > before + 2);
    count("all are still online", STORM);
    for number in 0..STORM {
        let id = format!("storm {number}");
        assert_eq!(road.client(&id)["status"], "online", "{id}");
    }
    let gone = second.split_off(STORM / 2);
    drop(gone);
    let took = count("half are offline", STORM / 2);
    row("storm, half are cut off", "100 online", took);
    drop(second);
    count("all are offline", 0);
    road.end();
}
