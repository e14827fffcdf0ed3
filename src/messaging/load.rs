//! How busy a queue is: what waits in it, how long its messages take here, who works on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// One queue as operators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QueueReport {
    /// Its name.
    pub name: String,
    /// Messages that wait.
    #[serde(rename = "messages")]
    pub depth: u64,
    /// Consumers on all nodes.
    pub consumers: u64,
    /// Workers on this node.
    pub workers: u64,
    /// From the arrival at this node to the effect, smoothed.
    pub latency_ms: f64,
    /// What that should be at most.
    pub target_ms: f64,
}

/// The figures of one queue; written by many, read by the scaling and by operators.
#[derive(Default)]
pub(super) struct Load {
    pub(super) depth: AtomicU64,
    pub(super) consumers: AtomicU64,
    pub(super) workers: AtomicU64,
    latency_us: AtomicU64,
}

impl Load {
    /// A message took so long from its arrival here to its effect.
    pub(super) fn took(&self, took: Duration) {
        let new = took.as_micros() as u64;
        // A lost update between two workers costs one sample of many.
        let old = self.latency_us.load(Ordering::Relaxed);
        self.latency_us.store((old * 7 + new) / 8, Ordering::Relaxed);
    }

    /// Nothing waits and nothing came: what was slow before says nothing about now.
    pub(super) fn rest(&self) {
        self.took(Duration::ZERO);
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_us.load(Ordering::Relaxed))
    }

    pub(super) fn report(&self, name: &str, target: Duration) -> QueueReport {
        QueueReport {
            name: name.to_owned(),
            depth: self.depth.load(Ordering::Relaxed),
            consumers: self.consumers.load(Ordering::Relaxed),
            workers: self.workers.load(Ordering::Relaxed),
            latency_ms: self.latency().as_secs_f64() * 1_000.0,
            target_ms: target.as_secs_f64() * 1_000.0,
        }
    }
}
