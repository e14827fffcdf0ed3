//! More or fewer workers of a queue, by what waits in it and by how long its messages take. Workers share the queue's
//! messages on RabbitMQ; inside the process there is one.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use super::Bus;
use super::consumer::{self, Handler};
use super::topology::Queue;
use crate::clock;
use crate::database::Database;
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static DIED: Trouble = Trouble::new();

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks in a row that must find it too slow before one worker more is started.
const HOT_LOOKS: u32 = 3;
/// Looks in a row that must find it idle before one worker is stopped: slow to stop, so that it does not swing.
const COOL_LOOKS: u32 = 15;
/// Messages that may wait for each worker.
const DEPTH_HOT: u64 = 500;
const DEPTH_COOL: u64 = 20;

/// What a queue looks like at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Messages that wait.
    pub depth: u64,
    /// From a message's arrival at this node to its effect.
    pub latency: Duration,
}

/// Decides how many workers a queue has. Pure: what it knows is what it was told.
#[derive(Debug)]
pub struct Scaler {
    target: Duration,
    min: usize,
    max: usize,
    workers: usize,
    hot: u32,
    cool: u32,
}

impl Scaler {
    /// Begins with the fewest.
    pub fn new(queue: &Queue) -> Self {
        let (min, max) = queue.workers;
        Self { target: queue.target, min, max, workers: min, hot: 0, cool: 0 }
    }

    /// How many workers there should be after this look; one more or one fewer at most.
    pub fn decide(&mut self, Sample { depth, latency }: Sample) -> usize {
        let hot = latency > self.target || depth > DEPTH_HOT * self.workers as u64;
        // What one worker fewer could do as well: half the latency is no promise, but a good guess.
        let cool = latency < self.target / 2 && depth < DEPTH_COOL;
        self.hot = if hot { self.hot + 1 } else { 0 };
        self.cool = if cool { self.cool + 1 } else { 0 };
        if self.hot >= HOT_LOOKS && self.workers < self.max {
            self.workers += 1;
            self.hot = 0;
        } else if self.cool >= COOL_LOOKS && self.workers > self.min {
            self.workers -= 1;
            self.cool = 0;
        }
        self.workers
    }
}

/// Consumes a queue with as many workers as it needs, each with a handler of its own. A handler must bear that others
/// apply messages of the same session at the same time. Ends when a worker ends, which is when the bus closes; one that
/// panicked is replaced, and what it had not committed comes again. Bound by the call, not only when it is awaited: what is published next arrives.
pub fn run<H: Handler + 'static>(
    bus: Bus,
    queue: &'static Queue,
    database: Database,
    handler: impl Fn() -> H + Send,
) -> impl Future<Output = ()> + Send {
    let first = consumer::run(bus.clone(), queue, database.clone(), handler());
    scale(bus, queue, first, move |bus| consumer::run(bus, queue, database.clone(), handler()))
}

async fn scale<W>(bus: Bus, queue: &'static Queue, first: W, another: impl Fn(Bus) -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    let mut scaler = Scaler::new(queue);
    let mut workers = JoinSet::new();
    let mut stops: Vec<AbortHandle> = vec![workers.spawn(first)];
    let mut look = clock::every(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            Some(ended) = workers.join_next() => match ended {
                // One of those that were stopped.
                Err(error) if error.is_cancelled() => continue,
                // Another one is started with the next look, so that one which always dies does not spin.
                Err(error) => {
                    telemetry::consumer_renewed(queue.name, "worker_died");
                    if DIED.is_news() {
                        tracing::error!(queue = queue.name, %error, "a worker of the queue died; another takes its place");
                    }
                    stops.retain(|stop| !stop.is_finished());
                    continue;
                }
                Ok(()) => return,
            },
        }
        let wanted = match &bus {
            Bus::InProcess(_) => 1,
            Bus::Rabbit(rabbit) => {
                let load = rabbit.load(queue);
                let sample = Sample { depth: load.depth.load(Ordering::Relaxed), latency: load.latency() };
                let wanted = scaler.decide(sample);
                load.workers.store(wanted as u64, Ordering::Relaxed);
                if sample.depth == 0 {
                    load.rest();
                }
                telemetry::workers(queue.name, wanted, sample.latency);
                wanted
            }
        };
        while stops.len() < wanted {
            stops.push(workers.spawn(another(bus.clone())));
        }
        // What a stopped worker had not committed is rolled back and comes again to another.
        stops.drain(wanted..).for_each(|stop| stop.abort());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messaging::topology::{GAME, STATS};

    const IDLE: Sample = Sample { depth: 0, latency: Duration::from_millis(1) };
    const SLOW: Sample = Sample { depth: 0, latency: Duration::from_millis(80) };
    const FULL: Sample = Sample { depth: 100_000, latency: Duration::from_millis(1) };
    const FAIR: Sample = Sample { depth: 100, latency: Duration::from_millis(40) };

    fn after(scaler: &mut Scaler, sample: Sample, looks: u32) -> usize {
        (0..looks).map(|_| scaler.decide(sample)).last().expect("a look")
    }

    #[test]
    fn slow_or_full_for_a_while_is_one_worker_more_up_to_the_most() {
        for sample in [SLOW, FULL] {
            let mut scaler = Scaler::new(&GAME);
            assert_eq!(after(&mut scaler, sample, HOT_LOOKS - 1), 1, "a moment is no reason");
            assert_eq!(after(&mut scaler, sample, 1), 2);
            assert_eq!(after(&mut scaler, sample, 100), 4);
        }
    }

    #[test]
    fn idle_for_long_is_one_worker_fewer_down_to_the_least() {
        let mut scaler = Scaler::new(&GAME);
        assert_eq!(after(&mut scaler, SLOW, 100), 4);
        assert_eq!(after(&mut scaler, IDLE, COOL_LOOKS - 1), 4);
        assert_eq!(after(&mut scaler, IDLE, 1), 3);
        assert_eq!(after(&mut scaler, IDLE, 1_000), 1);
    }

    #[test]
    fn between_the_two_nothing_changes_and_both_counts_begin_anew() {
        let mut scaler = Scaler::new(&GAME);
        for _ in 0..50 {
            after(&mut scaler, SLOW, HOT_LOOKS - 1);
            assert_eq!(after(&mut scaler, FAIR, 1), 1);
        }
        after(&mut scaler, SLOW, HOT_LOOKS);
        for _ in 0..50 {
            after(&mut scaler, IDLE, COOL_LOOKS - 1);
            assert_eq!(after(&mut scaler, FAIR, 1), 2);
        }
    }

    #[tokio::test]
    async fn a_worker_that_panicked_is_replaced() {
        let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
        let worker = move |panics: bool| {
            let started = started.clone();
            async move {
                let _ = started.send(());
                assert!(!panics, "a worker of a test that dies");
            }
        };
        let first = worker(true);
        scale(Bus::in_process(), &STATS, first, move |_| worker(false)).await;
        assert_eq!((starts.recv().await, starts.recv().await), (Some(()), Some(())), "the first and the second");
        assert_eq!(starts.recv().await, None, "which ended as when the bus closes");
    }

    #[test]
    fn the_statistics_have_one_worker_whatever_waits() {
        assert_eq!(after(&mut Scaler::new(&STATS), FULL, 100), 1);
    }
}
