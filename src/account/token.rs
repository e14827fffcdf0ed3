//! The tokens: access tokens are signed (HS256) and say all by themselves; refresh tokens are
//! known to the database by their hash only.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::CurrentUser;
use crate::http::{Code, Problem};
use crate::ids::{Timestamp, UserId};

/// What an account may do beyond its own affairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountRole)]
pub enum AccountRole {
    /// Nothing.
    #[default]
    User,
    /// Operates the service.
    Admin,
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    sub: UserId,
    login: Uuid,
    /// As it was when the token was made, for nodes of older versions: what counts is looked up where it is used.
    #[serde(default)]
    role: AccountRole,
    /// Two tokens of one second differ.
    #[serde(default)]
    jti: Uuid,
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

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    access_seconds: i64,
    successors: Hmac<Sha256>,
}

impl Tokens {
    pub(super) fn new(secret: &[u8], access_token_life: Duration) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            access_seconds: i64::try_from(access_token_life.as_secs()).unwrap_or(i64::MAX),
            successors: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        }
    }

    /// The refresh token that follows this one. It is computed, so that the same answer can be given again without being
    /// stored in a way that a reader of the database could use; only who has the secret and the token can know it.
    pub(super) fn successor_of(&self, refresh_token: &str) -> String {
        let mut mac = self.successors.clone();
        mac.update(b"refresh token after ");
        mac.update(refresh_token.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    pub(super) fn access_seconds(&self) -> i64 {
        self.access_seconds
    }

    pub(super) fn access(
        &self,
        user: UserId,
        login: Uuid,
        role: AccountRole,
        now: Timestamp,
    ) -> Result<String, Problem> {
        let iat = now.millis() / 1000;
        let exp = iat + self.access_seconds;
        self.sign(&AccessClaims {
            sub: user,
            login,
            role,
            jti: Uuid::new_v4(),
            aud: AccessClaims::AUDIENCE.to_owned(),
            iat,
            exp,
        })
    }

    pub(super) fn verify_access(&self, token: &str, now: Timestamp) -> Result<CurrentUser, Problem> {
        let claims: AccessClaims = self.read(token, now)?;
        let expires_at = Timestamp::from_millis(claims.exp * 1000);
        Ok(CurrentUser { id: claims.sub, login_id: claims.login, expires_at })
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

/// The first refresh token of a login: 32 random bytes, base64url.
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
        (user, login, tokens().access(user, login, AccountRole::Admin, at(NOW)).expect("token"))
    }

    #[test]
    fn an_access_token_says_who_and_until_when() {
        let (user, login, token) = access();
        let current = tokens().verify_access(&token, at(NOW + 899_999)).expect("valid");
        assert_eq!((current.id, current.login_id), (user, login));
        assert_eq!(current.expires_at, at(NOW + 900_000));
        let another = tokens().access(user, login, AccountRole::Admin, at(NOW)).expect("token");
        assert_ne!(another, token, "of the same second");
    }

    #[test]
    fn who_spends_a_refresh_token_again_gets_the_same_successor() {
        let token = refresh_token();
        let next = tokens().successor_of(&token);
        assert_eq!(next, tokens().successor_of(&token));
        assert_eq!(URL_SAFE_NO_PAD.decode(&next).expect("base64url").len(), 32);
        assert!(next != token && next != tokens().successor_of(&next));
        let other = Tokens::new(b"another secret", Duration::from_secs(900));
        assert_ne!(other.successor_of(&token), next, "nobody without the secret can know it");
    }

    #[test]
    fn expired_is_told_apart_from_invalid() {
        let (_, _, token) = access();
        let code = |token: &str, now| tokens().verify_access(token, at(now)).expect_err("refused").code();
        assert_eq!(code(&token, NOW + 900_000), Code::TokenExpired);
        assert_eq!(code(&format!("{token}x"), NOW), Code::Unauthenticated);
        assert_eq!(code("", NOW), Code::Unauthenticated);
        let other = Tokens::new(b"another secret", Duration::from_secs(900));
        let forged = other.access(UserId(Uuid::nil()), Uuid::nil(), AccountRole::Admin, at(NOW)).expect("token");
        assert_eq!(code(&forged, NOW + 900_000), Code::Unauthenticated, "a forged token is never just old");
        let claims = token.split('.').nth(1).expect("claims");
        let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(code(&unsigned, NOW), Code::Unauthenticated);
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
