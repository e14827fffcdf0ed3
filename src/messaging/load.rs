//! How busy a queue is: what waits in it, how long its messages take here, who works on it, and whether the broker
//! delivers to them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// One queue as operators see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QueueReport {
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
    /// Consumers of this node that get nothing now, by their number, and since when.
    missing: Mutex<BTreeMap<u64, Instant>>,
    attached: AtomicU64,
}

/// One consumer of this node as long as somebody wants its messages; it may be without a channel meanwhile.
pub(super) struct ConsumerGauge {
    load: Arc<Load>,
    number: u64,
}

impl ConsumerGauge {
    /// Wanted from now on, and not there yet.
    pub(super) fn new(load: Arc<Load>) -> Self {
        let attached = Self { number: load.attached.fetch_add(1, Ordering::Relaxed), load };
        attached.is_missing();
        attached
    }

    /// The broker delivers to it.
    pub(super) fn is_there(&self) {
        self.load.missing().remove(&self.number);
    }

    /// The broker does not, from now on.
    pub(super) fn is_missing(&self) {
        self.load.missing().entry(self.number).or_insert_with(Instant::now);
    }
}

impl Drop for ConsumerGauge {
    fn drop(&mut self) {
        self.is_there();
    }
}

impl Load {
    /// Has a consumer of this node been without the broker for so long?
    pub(super) fn misses_a_consumer_for(&self, time: Duration) -> bool {
        self.missing().values().any(|since| since.elapsed() > time)
    }

    fn missing(&self) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_missed_from_when_it_was_lost_until_it_is_there_or_not_wanted() {
        let load = Arc::new(Load::default());
        let [one, two] = [ConsumerGauge::new(load.clone()), ConsumerGauge::new(load.clone())];
        assert!(load.misses_a_consumer_for(Duration::ZERO), "both are wanted");
        one.is_there();
        assert!(load.misses_a_consumer_for(Duration::ZERO), "the other is not there");
        two.is_there();
        assert!(!load.misses_a_consumer_for(Duration::ZERO));
        two.is_missing();
        assert!(load.misses_a_consumer_for(Duration::ZERO) && !load.misses_a_consumer_for(Duration::from_secs(60)));
        drop(two);
        assert!(!load.misses_a_consumer_for(Duration::ZERO));
    }
}
