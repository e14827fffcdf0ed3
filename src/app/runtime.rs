//! The runtimes that the program has beside the HTTP workers.

use anyhow::Context;
use tokio::runtime::Runtime;

/// Threads of the runtime that the journal has beside the workers, and of the one that the bus has. Two runtimes: a
/// commit must not wait while messages are written and read. One thread each: two wake each other for
/// work that one has time for.
const BACK_THREADS: usize = 1;

pub(super) fn runtime(name: &str) -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(BACK_THREADS)
        .thread_name(name)
        .enable_all()
        .build()
        .context("starting the runtime")
}
