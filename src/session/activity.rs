//! Whether a live session is needed in memory.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a session does, as its actor says. Whoever holds a clone keeps the session in memory.
pub(super) struct Activity {
    busy_at_ms: AtomicU64,
    is_idle: AtomicBool,
    has_listeners: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        let no = || AtomicBool::new(false);
        Self { busy_at_ms: AtomicU64::new(now_ms()), is_idle: no(), has_listeners: no() }
    }

    /// Somebody wanted something.
    pub(super) fn touch(&self) {
        self.busy_at_ms.store(now_ms(), Ordering::Relaxed);
    }

    /// Nothing is under way and nobody listens, or not.
    pub(super) fn set_idle(&self, is_idle: bool) {
        self.is_idle.store(is_idle, Ordering::Release);
    }

    /// Somebody listens, or nobody.
    pub(super) fn set_listeners(&self, has_listeners: bool) {
        self.has_listeners.store(has_listeners, Ordering::Relaxed);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_idle.load(Ordering::Acquire)
    }

    pub(super) fn has_listeners(&self) -> bool {
        self.has_listeners.load(Ordering::Relaxed)
    }

    pub(super) fn idle_for(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.busy_at_ms.load(Ordering::Relaxed)))
    }
}

fn now_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}
