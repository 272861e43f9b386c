//! A bound on the bytes that wait, for threads and tasks alike.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Lets deliveries in while fewer than `limit` bytes wait. The one that
/// passes the limit still gets in, so a delivery larger than the limit is not
/// stuck, and memory stays within the limit and one delivery.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    waiting: Mutex<usize>,
    thread: Condvar,
    task: Notify,
}

/// Bytes that are let in until this is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub fn new(limit: usize) -> Arc<Budget> {
        Arc::new(Budget {
            limit: limit.max(1),
            waiting: Mutex::new(0),
            thread: Condvar::new(),
            task: Notify::new(),
        })
    }

    pub fn waiting(&self) -> usize {
        *self.lock()
    }

    pub async fn charge(self: &Arc<Self>, bytes: usize) -> Charge {
        loop {
            // Listening begins before the look, so that no release is missed.
            let mut released = std::pin::pin!(self.task.notified());
            released.as_mut().enable();
            if let Some(charge) = self.admit(self.lock(), bytes) {
                return charge;
            }
            released.await;
        }
    }

    pub fn charge_blocking(self: &Arc<Self>, bytes: usize) -> Charge {
        let mut waiting = self.lock();
        while *waiting >= self.limit {
            let woken = self.thread.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        *waiting += bytes;
        drop(waiting);
        self.charged(bytes)
    }

    fn admit(self: &Arc<Self>, mut waiting: MutexGuard<'_, usize>, bytes: usize) -> Option<Charge> {
        (*waiting < self.limit).then(|| {
            *waiting += bytes;
            self.charged(bytes)
        })
    }

    fn charged(self: &Arc<Self>, bytes: usize) -> Charge {
        Charge {
            budget: Arc::clone(self),
            bytes,
        }
    }

    // A number is whole whatever panicked beside it.
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        *self.budget.lock() -= self.bytes;
        self.budget.thread.notify_all();
        self.budget.task.notify_waiters();
    }
}
