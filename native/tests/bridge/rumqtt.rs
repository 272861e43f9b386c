//! Devices with rumqttc.

use std::time::{Duration, Instant};

use rumqttc::{
    AsyncClient, Client, Connection, Event, EventLoop, LastWill, MqttOptions, Packet, QoS,
};

use crate::road::{Road, eventually, row};

pub fn connect(port: u16, id: &str, keep_alive: u64) -> (Client, Connection) {
    let mut options = options(port, id);
    options
        .set_keep_alive(Duration::from_secs(keep_alive))
        .set_last_will(LastWill::new(
            format!("wills/{id}"),
            "gone",
            QoS::AtLeastOnce,
            false,
        ));
    let (client, mut connection) = Client::new(options, 10);
    let answer = connection.recv().unwrap().unwrap();
    assert!(
        matches!(answer, Event::Incoming(Packet::ConnAck(_))),
        "{answer:?}"
    );
    (client, connection)
}

fn options(port: u16, id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(id, "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(60));
    options
}

pub fn goodbye((client, mut connection): (Client, Connection)) {
    client.disconnect().unwrap();
    while connection.recv().is_ok_and(|event| event.is_ok()) {}
}

#[test]
fn each_way_to_end_is_answered_within_two_seconds() {
    let road = Road::over_http();
    let port = road.broker.port();
    let seen = || road.broker.log().len();

    // An id that looks like the log's own words around it.
    let odd = "clean stop (p2, c1, k60). as x";
    let from = seen();
    let device = connect(port, odd, 60);
    road.comes_online(from, odd);
    goodbye(device);
    let line = format!("Client {odd} disconnected.");
    let took = road.answers(from, &line, odd, "offline", &["disconnect"]);
    row("rumqttc", "clean stop", "offline, disconnect", took);

    let from = seen();
    drop(connect(port, "cut off", 60));
    let line = "Client cut off closed its connection.";
    let took = road.answers(from, line, "cut off", "offline", &["tcpclean"]);
    row("rumqttc", "cut off", "offline, tcpclean", took);

    let from = seen();
    let silent = connect(port, "silent", 1);
    let line = "Client silent has exceeded timeout";
    let took = road.answers(from, line, "silent", "offline", &["tcpclean"]);
    row("rumqttc", "keep-alive", "offline, tcpclean", took);
    drop(silent);

    let from = seen();
    let first = connect(port, "taken", 60);
    let second = connect(port, "taken", 60);
    let line = "Client taken already connected, closing old connection.";
    let took = road.answers(from, line, "taken", "online", &["tcpclean", "open"]);
    row(
        "rumqttc",
        "takeover",
        "online, the older one tcpclean",
        took,
    );
    drop((first, second));

    let (watcher, mut wills) = connect(port, "watcher", 60);
    watcher.subscribe("wills/#", QoS::AtLeastOnce).unwrap();
    while !matches!(
        wills.recv().unwrap().unwrap(),
        Event::Incoming(Packet::SubAck(_))
    ) {}
    let from = seen();
    drop(connect(port, "with a will", 60));
    let line = "Client with a will closed its connection.";
    let took = road.answers(from, line, "with a will", "offline", &["tcpclean"]);
    let will = loop {
        if let Event::Incoming(Packet::Publish(message)) = wills.recv().unwrap().unwrap() {
            break message.topic;
        }
    };
    assert_eq!(will, "wills/with a will");
    row("rumqttc", "will", "offline, tcpclean; the will came", took);
    drop((watcher, wills));
    road.end();
}

#[test]
fn a_killed_broker_leaves_no_ghosts() {
    let mut road = Road::over_http();
    let port = road.broker.port();
    let before = road.broker.log().len();
    let gone = connect(port, "gone with the broker", 60);
    let back = connect(port, "back again", 60);
    for id in ["gone with the broker", "back again"] {
        road.comes_online(before, id);
    }
    // Mosquitto counts whole seconds: what is open must be older than the new start.
    std::thread::sleep(Duration::from_secs(2));
    road.broker.kill();
    drop((gone, back));
    let from = road.broker.log().len();
    road.broker.start_again().unwrap();
    let started = Instant::now();
    eventually("the open channels are closed", || {
        road.client("gone with the broker")["status"] == "offline"
    });
    let took = started.elapsed();
    road.is_heard();
    let _back = connect(port, "back again", 60);
    road.answers(
        from,
        " as back again (p",
        "back again",
        "online",
        &["tcpclean", "open"],
    );
    let log = std::fs::read_to_string(road.bridge_log()).unwrap();
    assert!(log.contains("the broker has restarted"), "{log}");
    // Its sign is the uptime, so this counts from the start, not from a notice.
    row(
        "rumqttc",
        "broker killed",
        "offline; online again after a connect",
        took,
    );
    road.end();
}

/// Clients of the storm.
const STORM: usize = 2_000;

#[test]
fn a_storm_of_reconnects_ends_in_the_right_answer() {
    let road = Road::over_http();
    let port = road.broker.port();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let count = |what: &str, online: usize| {
        let start = Instant::now();
        eventually(what, || {
            let stats = road.stats();
            stats["online"] == online && stats["clients"] == STORM + 1
        });
        start.elapsed()
    };
    let first = runtime.block_on(everybody(port, STORM));
    // All are cut off and come again at once.
    drop(first);
    let mut second = runtime.block_on(everybody(port, STORM));
    let took = count("all are online again", STORM);
    row("rumqttc", "storm of 2,000", "2,000 online", took);
    // Of every two one leaves.
    let mut number = 0;
    second.retain(|_| {
        number += 1;
        number % 2 == 0
    });
    let took = count("every second one is offline", STORM / 2);
    row("rumqttc", "storm, half are cut off", "1,000 online", took);
    for number in [0, 1, STORM - 2, STORM - 1] {
        let status = if number % 2 == 0 { "offline" } else { "online" };
        let id = format!("storm {number}");
        assert_eq!(road.client(&id)["status"], status, "{id}");
    }
    drop(second);
    count("all are offline", 0);
    road.end();
}

/// So many clients that connect at once.
pub async fn everybody(port: u16, clients: usize) -> Vec<(AsyncClient, EventLoop)> {
    let all = (0..clients).map(|number| {
        tokio::spawn(async move {
            let (client, mut eventloop) =
                AsyncClient::new(options(port, &format!("storm {number}")), 10);
            loop {
                match eventloop.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => return (client, eventloop),
                    Ok(_) => {}
                    // A full queue of the system: again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        })
    });
    let mut connected = Vec::new();
    for task in all.collect::<Vec<_>>() {
        connected.push(task.await.unwrap());
    }
    connected
}
