//! What a run has seen: counts, how long answers took, what was broken when, and what must not be.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::schedule::Fault;

/// A violation may be the doing of a fault that is over for so long.
const AFTERMATH: Duration = Duration::from_secs(20);
/// Commands that were asked for so long after a fault still wait because of it.
const RECOVERY: Duration = Duration::from_secs(3);
/// Of fifteen minutes.
const TOKENS_LAST: Duration = Duration::from_secs(14 * 60);
/// Sentences of one kind of violation.
const SENTENCES: usize = 10;

/// What the tasks of a run tell.
pub(super) struct Report {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    windows: Vec<Window>,
    violations: BTreeMap<&'static str, Vec<String>>,
    counts: BTreeMap<String, u64>,
    acks: Vec<Ack>,
    logged_in: Option<Instant>,
}

/// When a fault was there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) fault: Fault,
    from: Instant,
    to: Option<Instant>,
}

/// A command that was acknowledged.
#[derive(Clone, Copy, Debug)]
struct Ack {
    asked: Instant,
    acked: Instant,
    node: usize,
    session: usize,
}

/// The begun fault, to end it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun(usize);

/// How long acknowledgements took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits {
    pub(super) count: usize,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) max: Duration,
}

impl Waits {
    fn of(mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        let at = |share: usize| waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1))).copied();
        Self {
            count: waits.len(),
            p50: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
            max: waits.last().copied().unwrap_or_default(),
        }
    }
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        self.to.is_some_and(|to| now > to + AFTERMATH)
    }

    fn concerns(&self, ack: &Ack) -> bool {
        match (self.fault.node(), self.fault.session()) {
            (Some(node), _) => ack.node == node,
            (None, Some(session)) => ack.session == session,
            (None, None) => true,
        }
    }

    fn overlaps(&self, ack: &Ack) -> bool {
        ack.acked > self.from && self.to.is_none_or(|to| ack.asked < to + RECOVERY)
    }
}

impl Report {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line for whoever watches the run.
    pub(super) fn say(&self, line: &str) {
        eprintln!("nemesis {:7.1} s: {line}", self.began.elapsed().as_secs_f64());
    }

    pub(super) fn count(&self, what: &str) {
        self.add(what, 1);
    }

    pub(super) fn add(&self, what: &str, count: u64) {
        let mut state = self.state();
        match state.counts.get_mut(what) {
            Some(sum) => *sum += count,
            None => drop(state.counts.insert(what.to_owned(), count)),
        }
    }

    pub(super) fn acked(&self, asked: Instant, node: usize, session: usize) {
        self.state().acks.push(Ack { asked, acked: Instant::now(), node, session });
    }

    pub(super) fn begin(&self, fault: Fault) -> Begun {
        self.say(&format!("begins: {fault}"));
        self.count(&format!("fault: {}", fault.kind()));
        let mut state = self.state();
        state.windows.push(Window { fault, from: Instant::now(), to: None });
        Begun(state.windows.len() - 1)
    }

    pub(super) fn end(&self, begun: Begun) {
        let mut state = self.state();
        let Some(window) = state.windows.get_mut(begun.0) else { return };
        window.to = Some(Instant::now());
        let fault = window.fault;
        drop(state);
        self.say(&format!("over:   {fault}"));
    }

    /// Was there such a fault since then, or is it hardly over?
    pub(super) fn was_there(&self, since: Instant, is_meant: impl Fn(&Fault) -> bool) -> bool {
        let state = self.state();
        state.windows.iter().any(|window| is_meant(&window.fault) && window.to.is_none_or(|to| to > since))
    }

    /// Something that must not be.
    pub(super) fn violation(&self, what: &'static str, sentence: &str) {
        let mut state = self.state();
        let now = Instant::now();
        let there: Vec<String> = state
            .windows
            .iter()
            .filter(|window| !window.is_over(now))
            .map(|window| match window.to {
                None => window.fault.to_string(),
                Some(to) => format!("{} (over for {:.1} s)", window.fault, (now - to).as_secs_f64()),
            })
            .collect();
        let faults = if there.is_empty() { "no faults".to_owned() } else { there.join("; ") };
        let sentence = format!("{:.1} s: {what}: {sentence} [{faults}]", self.began.elapsed().as_secs_f64());
        let sentences = state.violations.entry(what).or_default();
        if sentences.len() < SENTENCES {
            eprintln!("nemesis VIOLATION {sentence}");
        }
        sentences.push(sentence);
    }

    /// Everybody has a new token.
    pub(super) fn logged_in(&self) {
        self.state().logged_in = Some(Instant::now());
    }

    /// A socket that was opened by one may be closed by now.
    pub(super) fn are_tokens_old(&self) -> bool {
        self.state().logged_in.is_none_or(|since| since.elapsed() > TOKENS_LAST)
    }

    pub(super) fn is_violated(&self, what: &str) -> bool {
        self.state().violations.contains_key(what)
    }

    pub(super) fn violations(&self) -> usize {
        self.state().violations.values().map(Vec::len).sum()
    }

    /// How long acknowledgements took that a fault was in the way of: those that it concerns, and the others.
    pub(super) fn waits(&self, is_meant: impl Fn(&Fault) -> bool) -> (Waits, Waits) {
        let state = self.state();
        let (mut concerned, mut others) = (Vec::new(), Vec::new());
        for window in state.windows.iter().filter(|window| is_meant(&window.fault)) {
            for ack in state.acks.iter().filter(|ack| window.overlaps(ack)) {
                let waits = if window.concerns(ack) { &mut concerned } else { &mut others };
                waits.push(ack.acked - ack.asked);
            }
        }
        (Waits::of(concerned), Waits::of(others))
    }

    fn all_waits(&self) -> Waits {
        Waits::of(self.state().acks.iter().map(|ack| ack.acked - ack.asked).collect())
    }

    /// All figures, and what broke.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        let all = self.all_waits();
        let seconds = |time: Duration| time.as_secs_f64();
        let _ = writeln!(
            text,
            "commands acknowledged: {}; from asking to the acknowledgement p50 {:.3} s, p99 {:.2} s, longest {:.1} s",
            all.count,
            seconds(all.p50),
            seconds(all.p99),
            seconds(all.max)
        );
        let kinds: Vec<&'static str> = {
            let state = self.state();
            let mut kinds: Vec<_> = state.windows.iter().map(|window| window.fault.kind()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        };
        let _ = writeln!(text, "longest waits while a fault was there (others may have been, too): concerned, others");
        for kind in kinds {
            let (concerned, others) = self.waits(|fault| fault.kind() == kind);
            let _ = writeln!(text, "  {kind}: {:.1} s, {:.1} s", seconds(concerned.max), seconds(others.max));
        }
        let state = self.state();
        for (what, count) in &state.counts {
            let _ = writeln!(text, "{what}: {count}");
        }
        for (what, sentences) in &state.violations {
            let _ = writeln!(text, "VIOLATED {} times: {what}", sentences.len());
            for sentence in sentences.iter().take(SENTENCES) {
                let _ = writeln!(text, "  {sentence}");
            }
        }
        text
    }
}
