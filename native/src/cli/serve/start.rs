//! The order of life: port, store, pipeline, sinks, sources, interface; and back.

use std::io::{self, ErrorKind, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{ending, sources, stores};
use crate::api;
use crate::cli::service::DEFAULT_URL;
use crate::config::Config;
use crate::pipeline::{self, Intake, Pipeline, Settings};
use crate::sink;
use crate::store::StoreError;
use crate::trace::Traces;

/// Deliveries that wait for the pipeline at most.
const WAITING: usize = 256;

/// Waits until it is told to end, says so in readiness, and goes on for the
/// notice, so that nobody is sent here any more when the port closes.
async fn left(told: &CancellationToken, leaving: &CancellationToken, notice: Duration) {
    told.cancelled().await;
    leaving.cancel();
    tokio::time::sleep(notice).await;
}

/// Runs the service until it is told to end.
///
/// # Errors
/// A sentence: it could not start, or cannot go on.
pub(super) async fn service(config: Config) -> Result<ExitCode, String> {
    let told = CancellationToken::new();
    ending::listen(told.clone())
        .map_err(|error| format!("signals cannot be listened for: {error}"))?;
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| format!("metrics cannot be recorded: {error}"))?;
    pipeline::metrics::describe();
    let bind = config.api.bind;
    let listener = TcpListener::bind(bind)
        .await
        .map_err(|error| not_bound(bind, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| not_bound(bind, &error))?;

    let access = Arc::new(api::Access::new(config.api.all_tokens())?);
    let tls = match &config.api.tls {
        Some(settings) => Some(Arc::new(api::Tls::new(settings)?)),
        None => None,
    };

    let options = config.rule.options();
    let opening = {
        let (store, options) = (config.store.clone(), options.clone());
        tokio::task::spawn_blocking(move || stores::open(&store, &options))
    };
    // It may wait for a server; nothing has begun that would have to be ended.
    let Some(opened) = told.run_until_cancelled(opening).await else {
        tracing::info!("ended before the store was there");
        return Ok(ExitCode::SUCCESS);
    };
    let store = opened
        .map_err(|error| format!("the store could not be opened: {error}"))?
        .map_err(|error| error.to_string())?;

    // The last to hold the store has to wait while it closes.
    let closing = Arc::clone(&store);
    let half = config.shutdown.deadline.duration() / 2;
    let settings = Settings {
        drain: half,
        ..Settings::default()
    };
    let (pipeline, health) = Pipeline::new(Arc::clone(&store), pipeline::system_clock(), settings);
    let (intake, deliveries) = Intake::new(WAITING);
    let drain = CancellationToken::new();
    let mut pipeline = tokio::spawn(pipeline.run(deliveries, drain.clone()));

    // Before any event is taken, so that what it changes is delivered.
    let sinks = sink::open(&config, &store).await?;
    let stop = CancellationToken::new();
    let leaving = CancellationToken::new();
    let delivering = sink::start(&sinks, &stop);
    let traces = config
        .remembers()
        .then(|| Arc::new(Traces::new(crate::clock::now())));
    let mut running = sources::start(&config, &intake, &store, traces.as_ref(), &stop);
    let mut parts = vec![api::Part {
        name: "pipeline".into(),
        health,
    }];
    parts.append(&mut running.parts);
    let router = api::router(api::Parts {
        api: config.api.clone(),
        access: Arc::clone(&access),
        store,
        options,
        limits: config.limits.event(),
        intake: intake.clone(),
        takes_events: config.takes_http(),
        parts,
        sinks,
        traces,
        metrics,
        leaving: leaving.clone(),
        shutdown: stop.clone(),
    });
    tokio::spawn(api::reread(access, tls.clone(), stop.clone()));
    let server = api::Server {
        router,
        api: config.api.clone(),
        tls,
    };
    let interface = tokio::spawn(server.serve(listener, stop.clone()));
    let scheme = config.api.scheme();
    tracing::info!(%address, scheme, store = config_name(&config), sources = config.source.len(), sinks = config.sink.len(), "listening");
    if io::stderr().is_terminal() {
        eprint!("{}", what_to_try(scheme, address));
    }

    let mut ended = false;
    let outcome = tokio::select! {
        () = left(&told, &leaving, config.shutdown.notice.duration()) => Ok(()),
        error = running.failed() => Err(error.to_string()),
        how = &mut pipeline => {
            ended = true;
            Err(sentence(how))
        }
    };
    leaving.cancel();
    stop.cancel();
    let tasks = running.tasks;
    let quiet = timeout(half, async {
        let _ = interface.await;
        tasks.wait().await;
    });
    // A receiver that does not answer by then gets the same again.
    let (quiet, _) = tokio::join!(quiet, timeout(half, delivering.wait()));
    let in_time = quiet.is_ok();
    if !in_time {
        tracing::warn!(
            "some requests or sources did not end in time; what they brought comes again"
        );
    }
    drop(intake);
    drain.cancel();
    // Whatever ends it, what the sources brought is stored first.
    let drained = match ended {
        true => Ok(true),
        false => drained(pipeline, half).await,
    };
    outcome?;
    let drained = drained?;
    if !drained {
        tracing::warn!("not all that was taken in is stored; what can come again does");
    }
    tracing::info!("ended");
    // A store that tidies up as it closes may take its time: nothing hangs on it.
    drop(closing);
    Ok(if in_time && drained {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Waits for the pipeline, which has a deadline of its own.
async fn drained(
    pipeline: JoinHandle<Result<usize, StoreError>>,
    within: Duration,
) -> Result<bool, String> {
    match timeout(within + Duration::from_secs(1), pipeline).await {
        Ok(Ok(Ok(left))) => Ok(left == 0),
        Ok(ended) => Err(sentence(ended)),
        Err(_) => Ok(false),
    }
}

/// Why the pipeline ended although nobody told it to.
fn sentence(ended: Result<Result<usize, StoreError>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(_)) => "the pipeline ended by itself".into(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("the pipeline met a defect: {error}"),
    }
}

fn config_name(config: &Config) -> String {
    match config.store.kind {
        crate::config::StoreKind::Memory => "memory".into(),
        crate::config::StoreKind::Redis => config.store.url.clone().unwrap_or_default(),
        crate::config::StoreKind::Postgres => "postgres".into(),
        crate::config::StoreKind::Sqlite => config.store.path.display().to_string(),
    }
}

/// For a person at a terminal.
fn what_to_try(scheme: &str, address: SocketAddr) -> String {
    let address = if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    };
    let url = format!("{scheme}://{address}");
    let flag = if url == DEFAULT_URL {
        String::new()
    } else {
        format!(" --url {url}")
    };
    format!(
        "\n  mqtt-presence answers at {url}\n\n  Try, in another terminal:\n    \
         mqtt-presence watch{flag}\n    mqtt-presence get CLIENT_ID{flag}\n    \
         curl {url}/v1/stats\n\n  Ctrl-C ends it in order.\n\n"
    )
}

fn not_bound(bind: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "`{bind}` is taken by another process: end that, or take another port with `--bind {}` or `api.bind`",
            SocketAddr::new(bind.ip(), 0)
        ),
        ErrorKind::PermissionDenied => {
            format!(
                "`{bind}` may not be used: ports below 1024 need rights; take another with `--bind`"
            )
        }
        ErrorKind::AddrNotAvailable => {
            format!(
                "`{}` is no address of this machine; take one that is with `--bind`",
                bind.ip()
            )
        }
        _ => format!("cannot listen on `{bind}`: {error}"),
    }
}
