//! How much the heavy tests do, and what that costs the server: full counts with `ARTEL_TEST_HARD=1`, without it as much
//! as takes seconds.

use std::time::Duration;

use crate::test_app::TestApp;

/// Full counts are asked for.
pub fn is_hard() -> bool {
    std::env::var("ARTEL_TEST_HARD").is_ok_and(|hard| hard == "1")
}

pub fn scaled<T>(hard: T, fast: T) -> T {
    if is_hard() { hard } else { fast }
}

/// Whether others hardly notice: a p99 of at most twice the quiet one. A quiet one below the floor is the machine's own
/// noise. Among all other tests there is so much of that, and so few calls are timed, that a fast run shows only that
/// nobody is shut out; the bound proper is that of the hard run, which has the machine for itself.
pub fn is_hardly_noticed(quiet: Duration, during: Duration) -> bool {
    during <= 2 * quiet.max(Duration::from_millis(scaled(25, 2_500)))
}

/// The most memory that was resident at any time since the start.
pub fn memory_peak_kb(app: &TestApp) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("a running server");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
