//! What happens to the instances and to what they live on.

use std::thread::sleep;
use std::time::{Duration, Instant};

use xtask::random::Random;
use xtask::rocketmq::Cluster;

use super::team::Team;

/// How long a store is frozen.
const FROZEN: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    InstancesKilled,
    BrokerKilled,
    StoreKilled,
    StoreFrozen,
    NetworkCut,
}

impl Fault {
    pub const ALL: [Fault; 6] = [
        Fault::Nothing,
        Fault::InstancesKilled,
        Fault::BrokerKilled,
        Fault::StoreKilled,
        Fault::StoreFrozen,
        Fault::NetworkCut,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Fault::Nothing => "none",
            Fault::InstancesKilled => "instances killed (-9) and started again",
            Fault::BrokerKilled => "broker killed (-9) and started again",
            Fault::StoreKilled => "store killed (-9) and started again",
            Fault::StoreFrozen => "store frozen for 20 s",
            Fault::NetworkCut => "network to the store cut",
        }
    }

    /// How many seconds events flow at least while it strikes.
    pub fn seconds(self) -> u64 {
        match self {
            Fault::Nothing => 4,
            Fault::InstancesKilled => 14,
            Fault::BrokerKilled => 10,
            Fault::StoreKilled => 8,
            Fault::StoreFrozen => 23,
            Fault::NetworkCut => 13,
        }
    }

    /// How long it leaves everybody alone before it strikes again.
    pub fn rest(self) -> Duration {
        match self {
            // Producers may need that long to find a broker again.
            Fault::BrokerKilled => Duration::from_secs(30),
            _ => Duration::from_secs(2),
        }
    }

    /// Once, to all teams; what was struck is up again at the end.
    pub fn strike(self, cluster: &mut Cluster, teams: &mut [Team], random: &mut Random) {
        match self {
            Fault::Nothing => sleep(Duration::from_secs(1)),
            Fault::InstancesKilled => instances(teams, random),
            Fault::BrokerKilled => {
                cluster.kill_broker();
                sleep(Duration::from_millis(random.below(2_000)));
                cluster.start_broker().unwrap();
            }
            Fault::StoreKilled => {
                for team in &mut *teams {
                    team.backend.kill();
                }
                sleep(Duration::from_millis(random.below(2_000)));
                for team in teams {
                    team.backend.start_again();
                }
            }
            Fault::StoreFrozen => frozen(teams),
            Fault::NetworkCut => network(teams, random),
        }
    }
}

/// One or two of the three.
fn instances(teams: &mut [Team], random: &mut Random) {
    let mut victims = Vec::new();
    for team in 0..teams.len() {
        let first = random.below(3) as usize;
        victims.push((team, first));
        if random.below(3) == 0 {
            victims.push((team, (first + 1) % 3));
        }
    }
    for (team, victim) in &victims {
        teams[*team].instances[*victim].service.kill();
        sleep(Duration::from_millis(random.below(300)));
    }
    sleep(Duration::from_millis(random.below(1_500)));
    for (team, victim) in &victims {
        teams[*team].instances[*victim].service.start_again();
    }
    sleep(Duration::from_millis(500));
}

/// While it lasts nobody is ready.
fn frozen(teams: &mut [Team]) {
    let end = Instant::now() + FROZEN;
    for team in &*teams {
        team.backend.signal("STOP");
    }
    for instance in teams.iter_mut().flat_map(|team| &mut team.instances) {
        let left = end.saturating_duration_since(Instant::now());
        instance.service.wait(false, left);
    }
    sleep(end.saturating_duration_since(Instant::now()));
    for team in teams {
        team.backend.signal("CONT");
    }
}

/// First of one instance, so that the others commit beside what it holds for
/// the newest; then of all.
fn network(teams: &mut [Team], random: &mut Random) {
    let first = random.below(3) as usize;
    for team in &*teams {
        team.instances[first].network.cut();
    }
    sleep(Duration::from_millis(6_000));
    for instance in teams.iter().flat_map(|team| &team.instances) {
        instance.network.cut();
    }
    sleep(Duration::from_millis(6_000));
    for instance in teams.iter().flat_map(|team| &team.instances) {
        instance.network.mend();
    }
}
