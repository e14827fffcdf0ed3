//! What a mail carries to show that whoever follows it reads that mailbox. It is computed from the server's secret when the
//! mail is sent, so it is stored nowhere, and it holds as long as all that it was computed from stays as it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::user;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use sha2::Sha256;
use uuid::Uuid;

use super::contact::{Contact, contact_of, fingerprint};
use super::{Accounts, names};
use crate::clock;
use crate::http::Problem;
use crate::ids::UserId;

/// What a mail allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailPurpose {
    /// Says that the address is the user's.
    ConfirmAddress,
    /// A new password, once: the old one is part of the proof.
    ResetPassword,
}

impl MailPurpose {
    const ALL: [MailPurpose; 2] = [MailPurpose::ConfirmAddress, MailPurpose::ResetPassword];

    /// The kind of its mails.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            MailPurpose::ConfirmAddress => "confirm_address",
            MailPurpose::ResetPassword => "password_reset",
        }
    }

    /// The purpose of mails of that kind.
    pub(crate) fn named(word: &str) -> Option<Self> {
        MailPurpose::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }

    /// How long it may lie in the mailbox.
    pub(crate) fn life_seconds(self) -> i64 {
        match self {
            MailPurpose::ConfirmAddress => 3 * 24 * 3_600,
            MailPurpose::ResetPassword => 3_600,
        }
    }
}

/// A mail to the owner of an account.
pub(crate) struct AccountLetter {
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) contact: Contact,
    /// What the link in it carries.
    pub(crate) token: String,
}

/// User, time of expiry, seal.
const TOKEN_BYTES: usize = 16 + 8 + 32;

/// Signs and checks these.
pub(super) struct MailProofs(Hmac<Sha256>);

impl MailProofs {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    fn seal(&self, purpose: MailPurpose, user: &user::Model, email: &str, expires_at: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"mail to ");
        mac.update(purpose.as_str().as_bytes());
        mac.update(user.id.as_bytes());
        mac.update(&expires_at.to_be_bytes());
        mac.update(email.as_bytes());
        if purpose == MailPurpose::ResetPassword {
            // No address has a NUL, so nothing else gives the same bytes.
            mac.update(b"\0");
            mac.update(user.password_hash.as_bytes());
        }
        mac
    }

    fn token(&self, purpose: MailPurpose, user: &user::Model, email: &str, expires_at: i64) -> String {
        let mut token = Vec::with_capacity(TOKEN_BYTES);
        token.extend(user.id.as_bytes());
        token.extend(expires_at.to_be_bytes());
        token.extend(self.seal(purpose, user, email, expires_at).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }
}

/// What a token says by itself; whether it is true is said by its seal alone.
struct Claim {
    user: Uuid,
    expires_at: i64,
    seal: [u8; 32],
}

impl Claim {
    fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (user, rest) = bytes.split_first_chunk::<16>()?;
        let (expires_at, seal) = rest.split_first_chunk::<8>()?;
        let expires_at = i64::from_be_bytes(*expires_at);
        Some(Self { user: Uuid::from_bytes(*user), expires_at, seal: seal.try_into().ok()? })
    }
}

impl Accounts {
    /// What such a mail needs; `None`: there is nobody to send it to any more, or the account has another address by now
    /// than the one that it was asked for (`address`: its fingerprint).
    pub(crate) async fn letter(
        &self,
        user: UserId,
        purpose: MailPurpose,
        address: Option<&str>,
    ) -> Result<Option<AccountLetter>, DbErr> {
        let Some(row) = self.mailable(user).await? else { return Ok(None) };
        let Some(email) = row.email.clone() else { return Ok(None) };
        if address.is_some_and(|address| address != fingerprint(&email.to_lowercase())) {
            return Ok(None);
        }
        let contact = contact_of(self.0.database.reader(), user).await?;
        if purpose == MailPurpose::ConfirmAddress && contact.confirmed_address(&row).is_some() {
            return Ok(None);
        }
        let expires_at = clock::now().millis() / 1_000 + purpose.life_seconds();
        let token = self.0.mail_proofs.token(purpose, &row, &email, expires_at);
        let display_name = names::shown_name(&row.display_name, &row.username);
        Ok(Some(AccountLetter { email, username: row.username, display_name, contact, token }))
    }

    /// The user's confirmed address and how he is reached; `None`: no mail is to be sent to him.
    pub(crate) async fn confirmed_address(&self, user: UserId) -> Result<Option<(String, Contact)>, DbErr> {
        let Some(row) = self.mailable(user).await? else { return Ok(None) };
        let contact = contact_of(self.0.database.reader(), user).await?;
        let address = contact.confirmed_address(&row).map(str::to_owned);
        Ok(address.map(|address| (address, contact)))
    }

    async fn mailable(&self, user: UserId) -> Result<Option<user::Model>, DbErr> {
        let there = user::Entity::find_by_id(user.0).filter(user::Column::DisabledAtMs.is_null());
        there.filter(user::Column::DeletedAtMs.is_null()).one(self.0.database.reader()).await
    }

    /// Whose mailbox the token was sent to, and to which address: 422 for any other token.
    pub(super) async fn proved(&self, purpose: MailPurpose, token: &str) -> Result<(user::Model, String), Problem> {
        let wrong = || Problem::invalid("token", "is not valid, or no longer");
        let claim = Claim::read(token).filter(|claim| claim.expires_at > clock::now().millis() / 1_000);
        let claim = claim.ok_or_else(wrong)?;
        let user = self.mailable(UserId(claim.user)).await?.ok_or_else(wrong)?;
        let email = user.email.clone().ok_or_else(wrong)?;
        let seal = self.0.mail_proofs.seal(purpose, &user, &email, claim.expires_at);
        seal.verify_slice(&claim.seal).map_err(|_| wrong())?;
        Ok((user, email))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> user::Model {
        user::Model {
            id: Uuid::from_u128(7),
            username: "anna".to_owned(),
            display_name: "Anna".to_owned(),
            display_name_folded: "anna".to_owned(),
            email: None,
            password_hash: "hash".to_owned(),
            created_at_ms: 0,
            updated_at_ms: 0,
            role: None,
            disabled_at_ms: None,
            deleted_at_ms: None,
            left_sessions_at_ms: None,
            created_by: None,
            is_guest: false,
            debts_seen_at_ms: None,
        }
    }

    #[test]
    fn a_proof_holds_for_its_purpose_address_time_and_password_alone() {
        let proofs = MailProofs::new(b"a secret");
        let (reset, confirm) = (MailPurpose::ResetPassword, MailPurpose::ConfirmAddress);
        let token = proofs.token(reset, &anna(), "a@club.example", 1_000);
        let claim = Claim::read(&token).expect("a token");
        assert_eq!((claim.user, claim.expires_at), (Uuid::from_u128(7), 1_000));
        let holds = |proofs: &MailProofs, purpose, user: user::Model, email, expires_at| {
            proofs.seal(purpose, &user, email, expires_at).verify_slice(&claim.seal).is_ok()
        };
        assert!(holds(&proofs, reset, anna(), "a@club.example", 1_000));
        assert!(!holds(&proofs, confirm, anna(), "a@club.example", 1_000));
        assert!(!holds(&proofs, reset, anna(), "b@club.example", 1_000));
        assert!(!holds(&proofs, reset, anna(), "a@club.example", 1_001));
        let changed = user::Model { password_hash: "another".to_owned(), ..anna() };
        assert!(!holds(&proofs, reset, changed, "a@club.example", 1_000));
        assert!(!holds(&MailProofs::new(b"another secret"), reset, anna(), "a@club.example", 1_000));
        for no_token in ["", "x", &token[1..], &format!("{token}AAAA")] {
            assert!(Claim::read(no_token).is_none(), "{no_token}");
        }
    }
}
