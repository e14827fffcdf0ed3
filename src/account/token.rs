//! The tokens: access and share tokens are signed (HS256) and say all by themselves; refresh tokens are random and
//! known to the database by their hash only.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::CurrentUser;
use crate::game::id::{Timestamp, UserId};
use crate::problem::{Code, Problem};

const SHARE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// What an account may do beyond its own affairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountRole)]
pub enum Role {
    /// Nothing.
    User,
    /// Operates the service.
    Admin,
}

/// What a share token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareToken {
    /// The session that may be read.
    pub session_id: Uuid,
    /// Until when.
    pub expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    sub: UserId,
    login: Uuid,
    role: Role,
    aud: String,
    iat: i64,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
struct ShareClaims {
    session_id: Uuid,
    aud: String,
    iat: i64,
    exp: i64,
}

trait Expires {
    const AUDIENCE: &'static str;

    fn exp(&self) -> i64;
}

impl Expires for AccessClaims {
    const AUDIENCE: &'static str = "access";

    fn exp(&self) -> i64 {
        self.exp
    }
}

impl Expires for ShareClaims {
    const AUDIENCE: &'static str = "share";

    fn exp(&self) -> i64 {
        self.exp
    }
}

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access_seconds: i64,
}

impl Tokens {
    pub(super) fn new(secret: &[u8], access_token_life: Duration) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            access_seconds: i64::try_from(access_token_life.as_secs()).unwrap_or(i64::MAX),
        }
    }

    pub(super) fn access_seconds(&self) -> i64 {
        self.access_seconds
    }

    pub(super) fn access(&self, user: UserId, login: Uuid, role: Role, now: Timestamp) -> Result<String, Problem> {
        let iat = now.millis() / 1000;
        let exp = iat + self.access_seconds;
        self.sign(&AccessClaims { sub: user, login, role, aud: AccessClaims::AUDIENCE.to_owned(), iat, exp })
    }

    pub(super) fn verify_access(&self, token: &str, now: Timestamp) -> Result<CurrentUser, Problem> {
        let claims: AccessClaims = self.read(token, now)?;
        let expires_at = Timestamp::from_millis(claims.exp * 1000);
        Ok(CurrentUser { id: claims.sub, login_id: claims.login, role: claims.role, expires_at })
    }

    pub(super) fn share(&self, session_id: Uuid, now: Timestamp) -> Result<String, Problem> {
        let iat = now.millis() / 1000;
        self.sign(&ShareClaims { session_id, aud: ShareClaims::AUDIENCE.to_owned(), iat, exp: iat + SHARE_SECONDS })
    }

    pub(super) fn verify_share(&self, token: &str, now: Timestamp) -> Result<ShareToken, Problem> {
        let claims: ShareClaims = self.read(token, now)?;
        Ok(ShareToken { session_id: claims.session_id, expires_at: Timestamp::from_millis(claims.exp * 1000) })
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, Problem> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding).map_err(Problem::internal)
    }

    fn read<C: DeserializeOwned + Expires>(&self, token: &str, now: Timestamp) -> Result<C, Problem> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[C::AUDIENCE]);
        // Compared with our own clock below, without the minute of grace that the library gives.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<C>(token, &self.decoding, &validation)
            .map_err(|_| Problem::new(Code::Unauthenticated, "this token is not valid"))?
            .claims;
        if claims.exp() <= now.millis() / 1000 {
            return Err(Problem::new(Code::TokenExpired, "this token has expired"));
        }
        Ok(claims)
    }
}

/// A new refresh token: 32 random bytes, base64url.
pub(super) fn refresh_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// How the database knows a refresh token. It is random and long, so one plain hash is enough.
pub(super) fn hash_of(refresh_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(refresh_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_769_882_645_000;

    fn tokens() -> Tokens {
        Tokens::new(SECRET, Duration::from_secs(900))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn access() -> (UserId, Uuid, String) {
        let (user, login) = (UserId(Uuid::now_v7()), Uuid::now_v7());
        (user, login, tokens().access(user, login, Role::Admin, at(NOW)).expect("token"))
    }

    #[test]
    fn an_access_token_says_who_and_until_when() {
        let (user, login, token) = access();
        let current = tokens().verify_access(&token, at(NOW + 899_999)).expect("valid");
        assert_eq!((current.id, current.login_id, current.role), (user, login, Role::Admin));
        assert_eq!(current.expires_at, at(NOW + 900_000));
    }

    #[test]
    fn expired_is_told_apart_from_invalid() {
        let (_, _, token) = access();
        let code = |token: &str, now| tokens().verify_access(token, at(now)).expect_err("refused").code();
        assert_eq!(code(&token, NOW + 900_000), Code::TokenExpired);
        assert_eq!(code(&format!("{token}x"), NOW), Code::Unauthenticated);
        assert_eq!(code("", NOW), Code::Unauthenticated);
        let other = Tokens::new(b"another secret", Duration::from_secs(900));
        let forged = other.access(UserId(Uuid::nil()), Uuid::nil(), Role::Admin, at(NOW)).expect("token");
        assert_eq!(code(&forged, NOW + 900_000), Code::Unauthenticated, "a forged token is never just old");
        let claims = token.split('.').nth(1).expect("claims");
        let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(code(&unsigned, NOW), Code::Unauthenticated);
    }

    #[test]
    fn a_share_token_opens_its_session_and_nothing_else() {
        let session = Uuid::now_v7();
        let share = tokens().share(session, at(NOW)).expect("token");
        assert_eq!(tokens().verify_share(&share, at(NOW)).expect("valid").session_id, session);
        assert_eq!(tokens().verify_access(&share, at(NOW)).expect_err("aud").code(), Code::Unauthenticated);
        let (_, _, access) = access();
        assert_eq!(tokens().verify_share(&access, at(NOW)).expect_err("aud").code(), Code::Unauthenticated);
        let late = tokens().verify_share(&share, at(NOW + SHARE_SECONDS * 1000)).expect_err("late");
        assert_eq!(late.code(), Code::TokenExpired);
    }

    #[test]
    fn refresh_tokens_are_long_and_stored_by_hash() {
        let token = refresh_token();
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).expect("base64url").len(), 32);
        assert_ne!(token, refresh_token());
        assert_eq!(hash_of(&token).len(), 43);
        assert_ne!(hash_of(&token), token);
    }
}
