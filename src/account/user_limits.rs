//! How often one user may do something. Commands over all sockets and REST together, and reads, by buckets of this node,
//! since they are too many to be counted elsewhere; sessions, invitations and tries of a join code over all nodes. The
//! rooms that do these things ask here first.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::address::network_of;
use super::attempts::{Attempts, Limit};
use super::limits::Buckets;
use crate::http::{Code, Problem};
use crate::ids::UserId;

/// Reads for each command: a page reads far more than it writes, and a script that reads as fast as it can is to hear
/// of it before others wait.
const READS_PER_COMMAND: u32 = 10;

/// Wrong codes from an address for each try of a user: a whole club may be behind it, and must not be locked out by one
/// of its guests.
const WRONG_CODES_PER_TRY: u32 = 10;

/// Settings of this file.
#[derive(Clone, Copy, Debug)]
pub struct UserRates {
    /// Commands; a burst may be twice as many.
    pub commands_per_second: u32,
    /// Messages in chats, and changes of them; a burst may be twice as many.
    pub messages_per_second: u32,
    /// Sessions that are opened.
    pub sessions_per_hour: u32,
    /// Invitations to sessions.
    pub invitations_per_hour: u32,
    /// Tries of a join code by one user; of wrong ones from one address ten times that.
    pub joins_per_minute: u32,
}

impl Default for UserRates {
    /// The limits of the contract.
    fn default() -> Self {
        Self {
            commands_per_second: 20,
            messages_per_second: 5,
            sessions_per_hour: 30,
            invitations_per_hour: 60,
            joins_per_minute: 30,
        }
    }
}

pub(crate) struct UserLimits {
    commands: Buckets<UserId>,
    reads: Buckets<UserId>,
    messages: Buckets<UserId>,
    attempts: Attempts,
    sessions: Limit,
    invitations: Limit,
    codes: Limit,
    codes_of_address: Limit,
}

impl UserLimits {
    pub(super) fn new(attempts: Attempts, rates: UserRates) -> Self {
        let commands = rates.commands_per_second;
        let reads = commands.saturating_mul(READS_PER_COMMAND);
        Self {
            commands: Buckets::per_second(commands, commands.saturating_mul(2)),
            reads: Buckets::per_second(reads, reads.saturating_mul(2)),
            messages: Buckets::per_second(rates.messages_per_second, rates.messages_per_second.saturating_mul(2)),
            attempts,
            sessions: Limit::per_hour("new sessions", rates.sessions_per_hour),
            invitations: Limit::per_hour("invitations", rates.invitations_per_hour),
            codes: Limit::per_minute("tries of a code", rates.joins_per_minute),
            codes_of_address: Limit::per_minute(
                "wrong codes from this address",
                rates.joins_per_minute.saturating_mul(WRONG_CODES_PER_TRY),
            ),
        }
    }

    /// Counts a command, or any other call that changes something; says after which time to come back.
    pub(crate) fn command(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        self.commands.take(user, now)
    }

    /// Counts a message in a chat, or a change of one.
    pub(crate) fn message(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        self.messages.take(user, now)
    }

    /// Counts a call over REST: one that changes something as a command, any other as a read.
    pub(super) fn call(&self, user: UserId, changes: bool, now: Instant) -> Result<(), Problem> {
        let taken = if changes { self.command(user, now) } else { self.reads.take(user, now) };
        taken.map_err(|wait| {
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            Problem::new(Code::RateLimited, format!("too many calls, try again in {seconds} s")).retry_after(seconds)
        })
    }

    /// Counts a session that is to be opened.
    pub(crate) async fn open_session(&self, user: UserId) -> Result<(), Problem> {
        self.attempts.take(&self.sessions, &user.to_string()).await
    }

    /// It was not opened after all.
    pub(crate) async fn session_not_opened(&self, user: UserId) -> Result<(), Problem> {
        Ok(self.attempts.give_back(&[(&self.sessions, &user.to_string())]).await?)
    }

    /// Counts an invitation.
    pub(crate) async fn invite(&self, user: UserId) -> Result<(), Problem> {
        self.attempts.take(&self.invitations, &user.to_string()).await
    }

    /// Counts a try of a code that opens a session before it is looked up: many guesses at once can't outrun the limit.
    /// One that is right is to be forgiven to the address, behind which a whole club may be. `user`: who tries, where
    /// that is known.
    pub(crate) async fn try_code(&self, user: Option<UserId>, address: IpAddr) -> Result<CodeTry<'_>, Problem> {
        let address = network_of(address).to_string();
        self.attempts.look(&self.codes_of_address, &address).await?;
        if let Some(user) = user {
            self.attempts.take(&self.codes, &user.to_string()).await?;
        }
        self.attempts.take(&self.codes_of_address, &address).await?;
        Ok(CodeTry { limits: self, address })
    }
}

/// A try of a code that counts as wrong until it is forgiven.
#[must_use]
pub(crate) struct CodeTry<'a> {
    limits: &'a UserLimits,
    address: String,
}

impl CodeTry<'_> {
    pub(crate) async fn forgive(self) -> Result<(), Problem> {
        Ok(self.limits.attempts.give_back(&[(&self.limits.codes_of_address, &self.address)]).await?)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::account::Settings;
    use crate::account::test_app::TestApp;

    const ANNA: UserId = UserId(Uuid::from_u128(1));
    const BORIS: UserId = UserId(Uuid::from_u128(2));

    /// The app keeps the database.
    async fn limits() -> (TestApp, UserLimits) {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let limits = UserLimits::new(Attempts::new(app.database.clone()), UserRates::default());
        (app, limits)
    }

    #[actix_web::test]
    async fn a_command_costs_the_same_wherever_it_comes_from_and_a_read_less() {
        let ((_app, limits), now) = (limits().await, Instant::now());
        let over_both = (0..50).filter(|n| {
            if n % 2 == 0 { limits.command(ANNA, now).is_ok() } else { limits.call(ANNA, true, now).is_ok() }
        });
        assert_eq!(over_both.count(), 40);
        assert_eq!((0..500).filter(|_| limits.call(ANNA, false, now).is_ok()).count(), 400);
        assert!(limits.command(BORIS, now).is_ok(), "another user goes on");
    }

    #[actix_web::test]
    async fn wrong_codes_stop_a_user_and_an_address_and_right_ones_only_the_user() {
        let (_app, limits) = limits().await;
        let [here, there] = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        for _ in 0..30 {
            let right = limits.try_code(Some(ANNA), here).await.expect("within the limit");
            right.forgive().await.expect("storage");
        }
        assert!(limits.try_code(Some(ANNA), here).await.is_err(), "right ones count for the user");
        for _ in 0..30 {
            let _wrong = limits.try_code(Some(BORIS), here).await.expect("the address was forgiven");
        }
        assert!(limits.try_code(Some(BORIS), here).await.is_err(), "he has guessed enough");
        let dina = UserId(Uuid::from_u128(3));
        let right = limits.try_code(Some(dina), here).await.expect("the others of his club go on");
        right.forgive().await.expect("storage");
        for guesser in 10..19 {
            for _ in 0..30 {
                let guesser = UserId(Uuid::from_u128(guesser));
                let _wrong = limits.try_code(Some(guesser), here).await.expect("the address has more");
            }
        }
        assert!(limits.try_code(Some(dina), here).await.is_err(), "the address is stopped");
        for _ in 0..29 {
            let _wrong = limits.try_code(Some(dina), there).await.expect("a refusal by the address cost her nothing");
        }
        assert!(limits.try_code(None, here).await.is_err(), "whoever tries");
    }
}
