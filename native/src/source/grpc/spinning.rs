//! Whether a thread of a connection spins.
//!
//! When the proxy resets the library's control stream, a task of the library
//! asks that stream again and again without ever yielding: one core is gone,
//! and nothing fails. Such a worker is neither parked nor does it come round
//! to its bookkeeping, and that shows in the runtime's counters.

use std::time::Duration;

use tokio::runtime::RuntimeMetrics;

/// So many looks without any sign of life are too many; at two looks a second
/// that is 4 s, when the longest poll of a healthy task takes a millisecond.
const LOOKS: u32 = 8;

#[derive(Debug)]
pub(super) struct Watch {
    metrics: RuntimeMetrics,
    workers: Vec<Worker>,
}

#[derive(Clone, Debug, Default)]
struct Worker {
    parked_or_woken: u64,
    busy: Duration,
    looks: u32,
}

impl Watch {
    pub(super) fn new(metrics: RuntimeMetrics) -> Self {
        let workers = vec![Worker::default(); metrics.num_workers()];
        Watch { metrics, workers }
    }

    /// To be asked at regular times.
    pub(super) fn is_stuck(&mut self) -> bool {
        let metrics = &self.metrics;
        self.workers.iter_mut().enumerate().any(|(number, worker)| {
            let parked_or_woken = metrics.worker_park_unpark_count(number);
            let busy = metrics.worker_total_busy_duration(number);
            let is_awake = parked_or_woken.is_multiple_of(2);
            let is_unchanged = worker.parked_or_woken == parked_or_woken && worker.busy == busy;
            worker.looks = if is_awake && is_unchanged {
                worker.looks + 1
            } else {
                0
            };
            worker.parked_or_woken = parked_or_woken;
            worker.busy = busy;
            worker.looks >= LOOKS
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    fn stuck_within(watch: &mut Watch, looks: u32) -> bool {
        (0..looks).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            watch.is_stuck()
        })
    }

    #[test]
    fn tells_a_spinning_task_from_busy_and_idle_ones() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut watch = Watch::new(runtime.metrics());
        assert!(!stuck_within(&mut watch, 2 * LOOKS), "idle");

        let end = Instant::now() + Duration::from_millis(900);
        let busy = runtime.spawn(async move {
            while Instant::now() < end {
                tokio::task::yield_now().await;
            }
        });
        assert!(!stuck_within(&mut watch, 2 * LOOKS), "busy");
        runtime.block_on(busy).unwrap();

        let end = Arc::new(AtomicBool::new(false));
        let seen = end.clone();
        runtime.spawn(async move {
            while !seen.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        assert!(stuck_within(&mut watch, 3 * LOOKS), "spinning");
        end.store(true, Ordering::Relaxed);
    }
}
