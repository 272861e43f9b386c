//! Files as a source, through the pipeline into a store.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::fleet::FleetConfig;
use mqtt_presence::pipeline::{Intake, Pipeline, Settings, system_clock};
use mqtt_presence::source::file::{FileConfig, FileSource};
use mqtt_presence::source::fleet::FleetSource;
use mqtt_presence::source::{Context, Health, Source, SourceError};
use mqtt_presence::store::{Keep, Memory, Redis, RedisSettings, Store};
use mqtt_presence_core::presence::Options;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use xtask::redis::Server;

struct Bench {
    store: Arc<dyn Store>,
    folder: TempDir,
}

struct Running {
    shutdown: CancellationToken,
    health: watch::Receiver<Health>,
    source: JoinHandle<Result<(), SourceError>>,
    pipeline: JoinHandle<()>,
}

fn bench() -> Bench {
    Bench {
        store: Arc::new(Memory::new(Options::default(), Keep::default())),
        folder: tempfile::tempdir().unwrap(),
    }
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, source: impl Source) -> Running {
        let (intake, receiver) = Intake::new(8);
        let shutdown = CancellationToken::new();
        let (pipeline, _) =
            Pipeline::new(Arc::clone(&self.store), system_clock(), Settings::default());
        let token = shutdown.clone();
        let pipeline = tokio::spawn(async {
            assert_eq!(pipeline.run(receiver, token).await.unwrap(), 0);
        });
        let (sender, health) = watch::channel(Health::Starting);
        let context = Context {
            intake,
            shutdown: shutdown.clone(),
            health: sender,
        };
        Running {
            shutdown,
            health,
            source: tokio::spawn(Box::new(source).run(context)),
            pipeline,
        }
    }

    fn follow(&self, path: &Path) -> Running {
        let config = FileConfig {
            poll: Duration::from_millis(10),
            ..FileConfig::new(path)
        };
        self.start(FileSource::new(config, Arc::clone(&self.store)))
    }

    async fn read_once(&self, path: &Path) -> Result<(), SourceError> {
        let config = FileConfig {
            follow: false,
            ..FileConfig::new(path)
        };
        let mut running = self.start(FileSource::new(config, Arc::clone(&self.store)));
        let outcome = (&mut running.source).await.unwrap();
        running.pipeline.await.unwrap();
        outcome
    }

    /// Waits until so many clients and rejected records are there, and no more.
    async fn reaches(&self, clients: u64, rejected: u64) {
        for _ in 0..500 {
            let stats = self.store.stats(0).await.unwrap();
            if (stats.clients, stats.quarantined) == (clients, rejected) {
                tokio::time::sleep(Duration::from_millis(60)).await;
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let stats = self.store.stats(0).await.unwrap();
        assert_eq!((stats.clients, stats.quarantined), (clients, rejected));
    }
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.source.await.unwrap().unwrap();
        self.pipeline.await.unwrap();
    }
}

fn line(client: &str) -> String {
    format!(
        "{{\"clientId\":\"{client}\",\"channelId\":\"c\",\"eventType\":\"connect\",\"time\":17}}\n"
    )
}

fn lines(name: &str, count: usize) -> String {
    (0..count).map(|n| line(&format!("{name}{n}"))).collect()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_file_is_read_once_and_then_the_source_has_finished() {
    let bench = bench();
    let path = bench.path("events.json");
    // Its end is cut off, and a line in the middle is no record.
    fs::write(
        &path,
        lines("a", 2500) + "oops\n" + &lines("b", 10) + "{\"clientId\":",
    )
    .unwrap();
    bench.read_once(&path).await.unwrap();
    bench.reaches(2510, 2).await;
    let kept = bench.store.quarantine(0, 9).await.unwrap();
    assert_eq!(kept[0].poison.code, "invalid_json");
    assert_eq!(kept[0].poison.raw, b"oops");
    let offset = lines("a", 2500).len() as u64;
    assert_eq!(kept[0].poison.origin.offset, Some(offset));
    assert_eq!(kept[1].poison.code, "truncated");
    // Again: all of it is known.
    bench.read_once(&path).await.unwrap();
    bench.reaches(2510, 2).await;
    // More: only that is read, in the middle of an array too.
    append(&path, &format!("\n[{},{}", line("x"), line("y")));
    bench.read_once(&path).await.unwrap();
    assert!(bench.store.stats(0).await.unwrap().clients >= 2512);
}

#[tokio::test]
async fn a_path_that_is_missing_is_an_error_once_and_awaited_when_followed() {
    let bench = bench();
    let path = bench.path("later.json");
    let error = bench.read_once(&path).await.unwrap_err().to_string();
    assert!(error.contains("later.json` does not exist"), "{error}");
    let mut running = bench.follow(&path);
    let failing = |health: &Health| matches!(health, Health::Failing(_));
    running.health.wait_for(failing).await.unwrap();
    fs::write(&path, line("a")).unwrap();
    running
        .health
        .wait_for(|h| *h == Health::Ready)
        .await
        .unwrap();
    bench.reaches(1, 0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_growing_file_goes_on_where_it_was_over_a_restart() {
    let bench = bench();
    let path = bench.path("log");
    let running = bench.follow(&path);
    // Text that is no record ends where the next one begins.
    append(&path, &(lines("a", 1499) + "bad\n" + &line("a last")));
    bench.reaches(1500, 1).await;
    let (half, other) = (line("split"), 20);
    append(&path, &half[..other]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    append(&path, &half[other..]);
    bench.reaches(1501, 1).await;
    running.stop().await;
    append(&path, &("bad again\n".to_owned() + &line("meanwhile")));
    let running = bench.follow(&path);
    bench.reaches(1502, 2).await;
    running.stop().await;
}

#[tokio::test]
async fn an_array_that_grows_is_read_on_within() {
    let bench = bench();
    let path = bench.path("array");
    append(&path, &format!("[{}", line("a")));
    let running = bench.follow(&path);
    bench.reaches(1, 0).await;
    append(&path, &format!(",{}", line("b")));
    bench.reaches(2, 0).await;
    running.stop().await;
    append(&path, &format!(",{}]\n", line("c")));
    let running = bench.follow(&path);
    bench.reaches(3, 0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_is_cut_is_read_anew() {
    let bench = bench();
    let path = bench.path("log");
    append(&path, &lines("a", 20));
    let running = bench.follow(&path);
    bench.reaches(20, 0).await;
    fs::write(&path, line("new")).unwrap();
    bench.reaches(21, 0).await;
    running.stop().await;
    // Cut and longer than before while nobody looked.
    fs::write(&path, lines("z", 50)).unwrap();
    let running = bench.follow(&path);
    bench.reaches(71, 0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_is_moved_away_is_read_to_its_end() {
    let bench = bench();
    let path = bench.path("log");
    append(&path, &lines("a", 3));
    let running = bench.follow(&path);
    bench.reaches(3, 0).await;
    append(&path, &line("last of the first"));
    fs::rename(&path, bench.path("log.1")).unwrap();
    append(&path, &line("first of the second"));
    bench.reaches(5, 0).await;
    running.stop().await;
    // The same while the service is down.
    append(&path, &line("last of the second"));
    fs::rename(&path, bench.path("log.2")).unwrap();
    append(&path, &line("first of the third"));
    let running = bench.follow(&path);
    bench.reaches(7, 0).await;
    running.stop().await;
}

#[tokio::test]
async fn a_file_is_read_on_until_its_writer_turns_to_the_next() {
    let bench = bench();
    let path = bench.path("log");
    append(&path, &lines("a", 3));
    let mut running = bench.follow(&path);
    bench.reaches(3, 0).await;
    // As logrotate does it: the writer is told of the new file only then.
    for (next, clients) in [("log.1", 6), ("log.2", 9)] {
        let moved = bench.path(next);
        fs::rename(&path, &moved).unwrap();
        fs::write(&path, "").unwrap();
        let text = line(next);
        let (half, rest) = text.split_at(20);
        append(&moved, half);
        tokio::time::sleep(Duration::from_millis(60)).await;
        append(&moved, rest);
        if next == "log.2" {
            // The same over a restart.
            running.stop().await;
            running = bench.follow(&path);
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
        append(&moved, &line(&format!("{next}, late")));
        append(&path, &line(&format!("after {next}")));
        bench.reaches(clients, 0).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("redis"), &["--appendonly", "yes"]).unwrap();
    let settings = RedisSettings::new(server.url());
    let store = Redis::open(settings, Options::default()).await.unwrap();
    let bench = Bench {
        store: Arc::new(store),
        folder,
    };
    let path = bench.path("log");
    append(&path, &lines("a", 3));
    server.kill();
    let config = FileConfig {
        follow: false,
        poll: Duration::from_millis(10),
        ..FileConfig::new(&path)
    };
    let mut running = bench.start(FileSource::new(config, Arc::clone(&bench.store)));
    let failing = |health: &Health| matches!(health, Health::Failing(_));
    running.health.wait_for(failing).await.unwrap();
    server.again().unwrap();
    (&mut running.source).await.unwrap().unwrap();
    bench.reaches(3, 0).await;
    running.pipeline.await.unwrap();
}

#[tokio::test]
async fn a_folder_that_grows() {
    let bench = bench();
    let folder = bench.path("folder");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(folder.join("deeper")).unwrap();
    append(&folder.join("deeper/none"), &line("not read"));
    append(&folder.join(".hidden"), &line("not read"));
    append(&folder.join("1"), &line("a"));
    let running = bench.follow(&folder);
    bench.reaches(1, 0).await;
    append(&folder.join("2"), &lines("b", 1200));
    append(&folder.join("1"), &line("c"));
    bench.reaches(1202, 0).await;
    // Moved within the folder, it is the same file.
    fs::rename(folder.join("1"), folder.join("3")).unwrap();
    append(&folder.join("3"), &("bad\n".to_owned() + &line("d")));
    bench.reaches(1203, 1).await;
    running.stop().await;
    let running = bench.follow(&folder);
    bench.reaches(1203, 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_fleet_sends_at_its_rate_and_finishes() {
    let bench = bench();
    let config = FleetConfig {
        clients: 50,
        events: 600,
        ..FleetConfig::default()
    };
    let started = std::time::Instant::now();
    let mut running = bench.start(FleetSource::new(config, 2000));
    running
        .health
        .wait_for(|h| *h == Health::Finished)
        .await
        .unwrap();
    assert!(started.elapsed() >= Duration::from_millis(290));
    assert_eq!(bench.store.stats(0).await.unwrap().clients, 50);
    running.stop().await;
}
