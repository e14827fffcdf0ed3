//! How often somebody may do something: token buckets, one for each key, with a bound on the keys.
//! Time is an argument, so tests need not wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::address::network_of;
use crate::problem::{Code, Problem};

const KEYS_MAX: usize = 100_000;
const SWEEP_EVERY: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Refills steadily up to its burst; each thing done takes one token.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    rate_per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full one.
    pub fn new(rate_per_second: f64, burst: f64, now: Instant) -> Self {
        Self { rate_per_second, burst, tokens: burst, at: now }
    }

    /// Takes a token if there is one.
    pub fn try_take(&mut self, now: Instant) -> bool {
        self.refill(now);
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }

    /// When there will be a token, an hour at most.
    pub fn retry_after(&mut self, now: Instant) -> Duration {
        self.refill(now);
        let missing = (1.0 - self.tokens).max(0.0);
        Duration::try_from_secs_f64(missing / self.rate_per_second).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
    }

    /// Puts a token back: what it was taken for did not count.
    pub fn give_back(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.burst
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate_per_second).min(self.burst);
        self.at = self.at.max(now);
    }
}

/// A bucket for each key. A full bucket says nothing and is forgotten when room is needed; where even that makes no
/// room, new keys are refused: only an attack from very many addresses at once gets there.
pub struct Buckets<K> {
    rate_per_second: f64,
    burst: f64,
    keys_max: usize,
    kept: Mutex<Kept<K>>,
}

struct Kept<K> {
    buckets: HashMap<K, TokenBucket>,
    swept_at: Option<Instant>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// So many a minute for each key, all of them at once if need be.
    pub fn per_minute(count: u32) -> Self {
        Self::bounded(count, KEYS_MAX)
    }

    fn bounded(count: u32, keys_max: usize) -> Self {
        let kept = Mutex::new(Kept { buckets: HashMap::new(), swept_at: None });
        Self { rate_per_second: f64::from(count) / 60.0, burst: f64::from(count), keys_max, kept }
    }

    /// Takes a token of that key, or says after which time to come back.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.buckets.len() >= self.keys_max && !kept.buckets.contains_key(&key) && !kept.sweep(self.keys_max, now) {
            return Err(SWEEP_EVERY);
        }
        let new = || TokenBucket::new(self.rate_per_second, self.burst, now);
        let bucket = kept.buckets.entry(key).or_insert_with(new);
        if bucket.try_take(now) { Ok(()) } else { Err(bucket.retry_after(now)) }
    }

    /// Puts a token of that key back.
    pub fn give_back(&self, key: &K, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = kept.buckets.get_mut(key) {
            bucket.give_back(now);
        }
    }
}

impl<K: Hash + Eq> Kept<K> {
    /// Whether there is room now. A sweep looks at every key, so it is not done for every stranger.
    fn sweep(&mut self, keys_max: usize, now: Instant) -> bool {
        if self.swept_at.is_some_and(|swept_at| now.saturating_duration_since(swept_at) < SWEEP_EVERY) {
            return false;
        }
        self.swept_at = Some(now);
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
        self.buckets.len() < keys_max
    }
}

/// The limits of this room.
pub(super) struct Limits {
    registrations: Buckets<IpAddr>,
    failures_of_account: Buckets<String>,
    failures_of_address: Buckets<IpAddr>,
}

impl Limits {
    pub(super) fn new(registrations_per_minute: u32, failures_per_minute: u32) -> Self {
        Self {
            registrations: Buckets::per_minute(registrations_per_minute),
            failures_of_account: Buckets::per_minute(failures_per_minute),
            failures_of_address: Buckets::per_minute(failures_per_minute.saturating_mul(10)),
        }
    }

    pub(super) fn register(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        self.registrations.take(network_of(address), now).map_err(|wait| too_many("registrations", wait))
    }

    /// Counts a guess of a password as wrong before it is looked at: many guesses at once can't outrun the limit.
    /// A right one is to be forgiven. An empty name is nobody's and counts for the address only.
    pub(super) fn guess(&self, username: &str, address: IpAddr, now: Instant) -> Result<Guess<'_>, Problem> {
        let address = network_of(address);
        self.failures_of_address.take(address, now).map_err(|wait| too_many("failed logins", wait))?;
        let of_account =
            if username.is_empty() { Ok(()) } else { self.failures_of_account.take(username.to_owned(), now) };
        if let Err(wait) = of_account {
            self.failures_of_address.give_back(&address, now);
            return Err(too_many("failed logins", wait));
        }
        Ok(Guess { limits: self, username: username.to_owned(), address })
    }
}

/// A guess of a password that counts as wrong until it is forgiven.
#[must_use]
pub(super) struct Guess<'a> {
    limits: &'a Limits,
    username: String,
    address: IpAddr,
}

impl Guess<'_> {
    pub(super) fn forgive(self, now: Instant) {
        self.limits.failures_of_account.give_back(&self.username, now);
        self.limits.failures_of_address.give_back(&self.address, now);
    }
}

fn too_many(what: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    Problem::new(Code::RateLimited, format!("too many {what}, try again in {seconds} s")).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(2.0, 3.0, start);
        assert_eq!((0..5).filter(|_| bucket.try_take(start)).count(), 3);
        assert_eq!(bucket.retry_after(start), Duration::from_millis(500));
        assert!(!bucket.try_take(start + Duration::from_millis(499)));
        assert!(bucket.try_take(start + Duration::from_millis(500)));
        let later = start + Duration::from_secs(60);
        assert_eq!((0..5).filter(|_| bucket.try_take(later)).count(), 3);
        assert!(!bucket.try_take(start), "a clock that goes back gives nothing");
    }

    #[test]
    fn a_bucket_without_a_rate_never_refills() {
        let now = Instant::now();
        let mut bucket = TokenBucket::new(0.0, 0.0, now);
        assert!(!bucket.try_take(now + Duration::from_secs(1)));
        assert_eq!(bucket.retry_after(now), LONGEST_WAIT);
    }

    #[test]
    fn keys_are_bounded_by_forgetting_full_buckets() {
        let start = Instant::now();
        let buckets = Buckets::bounded(60, 2);
        assert_eq!(buckets.take(1, start), Ok(()));
        assert_eq!(buckets.take(2, start), Ok(()));
        assert_eq!(buckets.take(3, start), Err(SWEEP_EVERY));
        assert_eq!(buckets.take(1, start), Ok(()), "known keys go on");
        let later = start + Duration::from_secs(1);
        assert_eq!(buckets.take(3, later), Ok(()), "2 was full again");
        assert_eq!(buckets.kept.lock().expect("kept").buckets.len(), 2);
    }

    #[test]
    fn wrong_guesses_stop_an_account_and_right_ones_do_not() {
        let limits = Limits::new(60, 5);
        let now = Instant::now();
        for _ in 0..20 {
            limits.guess("anna", ADDRESS, now).expect("right guesses").forgive(now);
        }
        for _ in 0..5 {
            let _wrong = limits.guess("anna", ADDRESS, now).expect("wrong guesses");
        }
        let problem = limits.guess("anna", ADDRESS, now).err().expect("the sixth");
        assert_eq!(problem.code(), Code::RateLimited);
        assert!(limits.guess("boris", ADDRESS, now).is_ok(), "another account goes on");
        assert!(limits.guess("anna", ADDRESS, now + Duration::from_secs(12)).is_ok());
    }

    #[test]
    fn wrong_guesses_stop_an_address_over_all_accounts() {
        let limits = Limits::new(60, 5);
        let now = Instant::now();
        for account in 0..50 {
            let _wrong = limits.guess(&account.to_string(), ADDRESS, now).expect("wrong guesses");
        }
        assert!(limits.guess("anna", ADDRESS, now).is_err());
        assert!(limits.guess("anna", IpAddr::from([9, 9, 9, 9]), now).is_ok());
    }
}
