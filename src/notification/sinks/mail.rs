//! By mail: one connection to the mail server for each mail.

use std::time::Duration;

use entity::delivery::Model;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;
use uuid::Uuid;

use super::letters::{self, Letter};
use super::{Sinks, payload};
use crate::account::{MailPurpose, RESET_REQUEST};
use crate::ids::{SessionId, UserId};
use crate::messaging::consumer::Failure;
use crate::notification::evening::EVENING;
use crate::outbox::delivery;

/// For each thing said to the mail server.
const STEP_MAX: Duration = Duration::from_secs(10);

/// How mail is sent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MailSettings {
    /// With the password, so it is never shown.
    pub(crate) smtp_url: String,
    /// What mails are from.
    pub(crate) mail_from: String,
}

/// The way to the mail server.
pub(crate) struct MailTransport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailTransport {
    /// Err: which setting is wrong, and why; without what is secret.
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, (&'static str, &'static str)> {
        let from: Mailbox =
            settings.mail_from.parse().map_err(|_| ("mail_from", "is not like Artel <artel@club.example>"))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.smtp_url);
        let mut builder = builder.map_err(|_| ("smtp_url", "is not like smtps://user:password@mail.club.example"))?;
        let says_its_name = settings.smtp_url.split_once("://").is_some_and(|(_, rest)| {
            rest.split('?').next().is_some_and(|rest| rest.trim_end_matches('/').contains('/'))
        });
        if !says_its_name {
            builder = builder.hello_name(ClientId::Domain(from.email.domain().to_owned()));
        }
        Ok(Self { smtp: builder.timeout(Some(STEP_MAX)).build(), from })
    }

    /// What mails are from, without a name.
    pub(crate) fn address(&self) -> &str {
        self.from.email.as_ref()
    }

    /// Connects and greets; Err: what is wrong, in words.
    pub(crate) async fn reach(&self) -> Result<(), String> {
        match tokio::time::timeout(STEP_MAX, self.smtp.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server does not answer as one".to_owned()),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err("the mail server does not answer".to_owned()),
        }
    }

    async fn send(&self, id: Uuid, letter: Letter) -> Result<(), Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::Permanent(error.to_string());
        let to = letter.to.to_lowercase();
        let address = letter.to.parse().map_err(|_| Failure::Permanent("the address is none".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            // The same each time, so that one that comes twice is known.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body)
            .map_err(|error| broken(&error))?;
        self.smtp.send(message).await.map(|_| ()).map_err(|error| {
            // 53x: what is wrong is this server's login, not the mail.
            let is_ours = error.status().is_some_and(|status| status.to_string().starts_with("53"));
            match error.is_permanent() && !is_ours {
                true => Failure::Permanent(without(&words(&error), &to)),
                false => Failure::Transient(without(&words(&error), &to)),
            }
        })
    }
}

/// Servers like to repeat the address, which is for no log.
fn without(words: &str, address: &str) -> String {
    // Offsets are those of `words` only where lower case changes no lengths, as in addresses that mail goes to.
    let lower = words.to_ascii_lowercase();
    let mut told = String::with_capacity(words.len());
    let mut from = 0;
    for (at, found) in lower.match_indices(address) {
        told += words.get(from..at).unwrap_or_default();
        told += "the address";
        from = at + found.len();
    }
    told + words.get(from..).unwrap_or_default()
}

/// An error with its causes. The library never says passwords.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        let below_words = below.to_string();
        if !words.contains(&below_words) {
            words = format!("{words}: {below_words}");
        }
        cause = below.source();
    }
    words
}

#[derive(Deserialize)]
struct ForgottenAddress {
    email: String,
}

#[derive(Deserialize)]
struct OverSession {
    session_id: SessionId,
}

impl Sinks {
    pub(super) async fn send_mail(&self, claimed: &Model) -> Result<(), Failure> {
        if claimed.kind == RESET_REQUEST {
            return self.ask_for_resets(claimed).await;
        }
        let letter = match self.letter(claimed).await? {
            Some(letter) => letter,
            // There is nobody to write to any more.
            None => return Ok(()),
        };
        let mail = self.mail.as_ref().ok_or_else(|| Failure::Transient("no mail is sent here".to_owned()))?;
        mail.send(claimed.id, letter).await
    }

    async fn ask_for_resets(&self, claimed: &Model) -> Result<(), Failure> {
        let unreadable = |error: serde_json::Error| Failure::Permanent(error.to_string());
        let asked: ForgottenAddress = serde_json::from_value(payload(claimed)).map_err(unreadable)?;
        let resets = self.accounts.password_resets(claimed.id, &asked.email).await?;
        Ok(delivery::request(self.database.writer(), &resets).await?)
    }

    /// `None`: nothing is to be said any more.
    async fn letter(&self, claimed: &Model) -> Result<Option<Letter>, Failure> {
        let Some(user) = claimed.user_id.map(UserId) else { return Ok(None) };
        if let Some(purpose) = MailPurpose::named(&claimed.kind) {
            let payload = payload(claimed);
            let letter = self.accounts.letter(user, purpose, payload["address"].as_str()).await?;
            return Ok(letter.map(|letter| letters::of_account(letter, purpose, &self.public_url)));
        }
        if claimed.kind != EVENING {
            // A newer node asked for it, and knows it.
            return Err(Failure::Transient(format!("there is no mail of the kind {}", claimed.kind)));
        }
        let unreadable = |error: serde_json::Error| Failure::Permanent(error.to_string());
        let OverSession { session_id } = serde_json::from_value(payload(claimed)).map_err(unreadable)?;
        let Some((email, contact)) = self.accounts.confirmed_address(user).await? else { return Ok(None) };
        let Some(opened) = self.journal.open(session_id).await? else { return Ok(None) };
        let may_read = opened.state.participant_of(user).is_some_and(|participant| participant.has_sat())
            && opened.state.may_read(user).is_ok();
        if opened.state.needs_newer() {
            return Err(Failure::Transient("a newer node can read the session".to_owned()));
        }
        let is_told = contact.evening_by_mail && may_read;
        Ok(is_told.then(|| letters::of_evening(email, &opened.state, user, contact.language, &self.public_url)))
    }
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_a_server_says_of_an_address_is_told_without_it() {
        let said = "permanent error (550): 5.1.1 <Anna@club.example>: no mailbox anna@club.example here";
        let told = "permanent error (550): 5.1.1 <the address>: no mailbox the address here";
        assert_eq!(without(said, "anna@club.example"), told);
        assert_eq!(without("нет такого ящика", "anna@club.example"), "нет такого ящика");
    }
}
