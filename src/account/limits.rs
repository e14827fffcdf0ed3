//! How often somebody may do something. Within one node: token buckets, one for each key, with a bound on the keys;
//! time is an argument, so tests need not wait. Over all nodes: the limits of this room.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::address::network_of;
use super::attempts::{Attempts, Limit};
use crate::http::Problem;

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
        self.try_take_many(1, now)
    }

    /// Takes so many tokens if they are all there; more than the burst never are.
    pub fn try_take_many(&mut self, count: u32, now: Instant) -> bool {
        self.refill(now);
        let there = self.tokens >= f64::from(count);
        if there {
            self.tokens -= f64::from(count);
        }
        there
    }

    /// When there will be a token, an hour at most.
    pub fn retry_after(&mut self, now: Instant) -> Duration {
        self.retry_many_after(1, now)
    }

    /// When there will be so many, an hour at most.
    pub fn retry_many_after(&mut self, count: u32, now: Instant) -> Duration {
        self.refill(now);
        let missing = (f64::from(count) - self.tokens).max(0.0);
        Duration::try_from_secs_f64(missing / self.rate_per_second).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
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
    kept: Mutex<BucketTable<K>>,
}

struct BucketTable<K> {
    buckets: HashMap<K, TokenBucket>,
    swept_at: Option<Instant>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// So many a second for each key, and at most `burst` at once.
    pub fn per_second(count: u32, burst: u32) -> Self {
        Self::bounded(f64::from(count), burst, KEYS_MAX)
    }

    /// One in that time for each key.
    pub fn each(period: Duration) -> Self {
        Self::bounded(1.0 / period.as_secs_f64().max(0.001), 1, KEYS_MAX)
    }

    fn bounded(rate_per_second: f64, burst: u32, keys_max: usize) -> Self {
        let kept = Mutex::new(BucketTable { buckets: HashMap::new(), swept_at: None });
        Self { rate_per_second, burst: f64::from(burst), keys_max, kept }
    }

    /// Takes a token of that key, or says after which time to come back.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        self.take_many(key, 1, now)
    }

    /// Takes so many tokens of that key, or says after which time to come back; never more than the burst.
    pub fn take_many(&self, key: K, count: u32, now: Instant) -> Result<(), Duration> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.buckets.len() >= self.keys_max && !kept.buckets.contains_key(&key) && !kept.sweep(self.keys_max, now) {
            return Err(SWEEP_EVERY);
        }
        let new = || TokenBucket::new(self.rate_per_second, self.burst, now);
        let bucket = kept.buckets.entry(key).or_insert_with(new);
        if bucket.try_take_many(count, now) { Ok(()) } else { Err(bucket.retry_many_after(count, now)) }
    }
}

impl<K: Hash + Eq> BucketTable<K> {
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

/// The limits of this room, counted over all nodes.
pub(super) struct Limits {
    attempts: Attempts,
    registrations: Limit,
    failures: Limit,
    failures_of_address: Limit,
}

impl Limits {
    pub(super) fn new(attempts: Attempts, registrations_per_minute: u32, failures_per_minute: u32) -> Self {
        Self {
            attempts,
            registrations: Limit::per_minute("registrations", registrations_per_minute),
            failures: Limit::per_minute("failed logins", failures_per_minute),
            failures_of_address: Limit::per_minute(
                "failed logins from this address",
                failures_per_minute.saturating_mul(10),
            ),
        }
    }

    pub(super) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    pub(super) async fn register(&self, address: IpAddr) -> Result<(), Problem> {
        self.attempts.take(&self.registrations, &network_of(address).to_string()).await
    }

    /// Counts a guess of a password as wrong before it is looked at: many guesses at once can't outrun the limit.
    /// A right one is to be forgiven. It counts for the account and the address together, so that nobody locks the
    /// owner out who guesses from elsewhere, and for the address over all accounts.
    pub(super) async fn guess(&self, username: &str, address: IpAddr) -> Result<Guess<'_>, NoGuess> {
        let address = network_of(address).to_string();
        let guess = Guess { limits: self, account: format!("{username} {address}"), address };
        let refused = |subject: &str| {
            let subject = subject.to_owned();
            move |problem| NoGuess { problem, subject }
        };
        self.attempts.look(&self.failures, &guess.account).await.map_err(refused(&guess.account))?;
        self.attempts.take(&self.failures_of_address, &guess.address).await.map_err(refused(&guess.address))?;
        if let Err(problem) = self.attempts.take(&self.failures, &guess.account).await {
            let given_back = self.attempts.give_back(&[(&self.failures_of_address, &guess.address)]).await;
            given_back.map_err(|error| refused(&guess.address)(error.into()))?;
            return Err(refused(&guess.account)(problem));
        }
        Ok(guess)
    }
}

/// A guess that was not allowed, and who guessed too often.
#[derive(Debug)]
pub(super) struct NoGuess {
    pub(super) problem: Problem,
    pub(super) subject: String,
}

/// A guess of a password that counts as wrong until it is forgiven.
#[must_use]
pub(super) struct Guess<'a> {
    limits: &'a Limits,
    account: String,
    address: String,
}

impl Guess<'_> {
    pub(super) async fn forgive(self) -> Result<(), Problem> {
        let Limits { attempts, failures, failures_of_address, .. } = self.limits;
        Ok(attempts.give_back(&[(failures, &self.account), (failures_of_address, &self.address)]).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Settings;
    use crate::account::test_app::TestApp;
    use crate::http::Code;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(9, 9, 9, 9));

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
        let buckets = Buckets::bounded(1.0, 60, 2);
        assert_eq!(buckets.take(1, start), Ok(()));
        assert_eq!(buckets.take(2, start), Ok(()));
        assert_eq!(buckets.take(3, start), Err(SWEEP_EVERY));
        assert_eq!(buckets.take(1, start), Ok(()), "known keys go on");
        let later = start + Duration::from_secs(1);
        assert_eq!(buckets.take(3, later), Ok(()), "2 was full again");
        assert_eq!(buckets.kept.lock().expect("kept").buckets.len(), 2);
    }

    #[actix_web::test]
    async fn wrong_guesses_stop_an_account_for_their_address_and_right_ones_do_not() {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let nodes = [(); 2].map(|()| Limits::new(Attempts::new(app.database.clone()), 60, 5));
        for guess in 0..20 {
            let right = nodes[guess % 2].guess("anna", ADDRESS).await.expect("right guesses");
            right.forgive().await.expect("storage");
        }
        for guess in 0..5 {
            let _wrong = nodes[guess % 2].guess("anna", ADDRESS).await.expect("wrong guesses");
        }
        for node in &nodes {
            let refused = node.guess("anna", ADDRESS).await.err().expect("the sixth");
            assert_eq!(refused.problem.code(), Code::RateLimited);
            assert!(node.guess("boris", ADDRESS).await.is_ok(), "another account goes on");
            assert!(node.guess("anna", ELSEWHERE).await.is_ok(), "its owner is elsewhere");
        }
    }

    #[actix_web::test]
    async fn wrong_guesses_stop_an_address_over_all_accounts() {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let limits = Limits::new(Attempts::new(app.database.clone()), 60, 5);
        for account in 0..50 {
            let _wrong = limits.guess(&account.to_string(), ADDRESS).await.expect("wrong guesses");
        }
        assert!(limits.guess("anna", ADDRESS).await.is_err());
        assert!(limits.guess("anna", ELSEWHERE).await.is_ok());
    }
}
