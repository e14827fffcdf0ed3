//! Passwords are stored as argon2id hashes. Hashing is slow and takes 19 MiB on purpose, so it runs beside the request
//! workers, a few at once, with a bound on those that wait.

use std::sync::Arc;

use actix_web::web;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::http::{Code, Problem};

const AT_ONCE: usize = 2;
const WAITING_MAX: usize = 64;

#[derive(Clone)]
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    nobodys_hash: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self::bounded(AT_ONCE, WAITING_MAX)
    }

    fn bounded(at_once: usize, waiting_max: usize) -> Self {
        let nobodys_hash = hash_now("nobody's password").expect("these parameters and this length are valid");
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + waiting_max)),
            nobodys_hash: nobodys_hash.into(),
        }
    }

    /// 503 `overloaded` where too many wait already.
    pub(super) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.run(move || hash_now(&password)).await?.map_err(Problem::internal)
    }

    /// Without a hash (there is no such user) it takes as long and is false.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobodys_hash.to_string());
        Ok(self.run(move || verify_now(&password, &hash)).await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let full = |_| Problem::new(Code::Overloaded, "too many passwords are being checked, try again");
        let place = self.places.clone().try_acquire_owned().map_err(full)?;
        let running = self.running.clone().acquire_owned().await.map_err(Problem::internal)?;
        // The permits go with the work: a client that hangs up must not make room for more than may run.
        let done = web::block(move || {
            let _held = (place, running);
            work()
        });
        done.await.map_err(Problem::internal)
    }
}

fn argon2() -> Result<Argon2<'static>, argon2::Error> {
    // OWASP's second choice for argon2id: 19 MiB, two passes, one lane.
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None)?))
}

fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    let argon2 = argon2().map_err(|_| argon2::password_hash::Error::ParamsInvalid)?;
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    let verified = PasswordHash::new(hash).map(|hash| Argon2::default().verify_password(password.as_bytes(), &hash));
    matches!(verified, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.expect("hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.expect("verify"));
        assert!(!passwords.verify("wrong horse".into(), Some(hash.clone())).await.expect("verify"));
        assert!(!passwords.verify("nobody's password".into(), None).await.expect("verify"));
        assert!(!passwords.verify("anything".into(), Some("no hash".into())).await.expect("verify"));
        assert_ne!(hash, passwords.hash("correct horse".into()).await.expect("hash"), "each has its own salt");
    }

    #[actix_web::test]
    async fn who_finds_no_place_to_wait_is_told_at_once() {
        let passwords = Passwords::bounded(1, 1);
        let held = passwords.running.clone().acquire_owned().await.expect("permit");
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(passwords.hash("password".into()))).collect();
        for one in &mut waiting {
            assert!(futures_util::poll!(one).is_pending());
        }
        let refused = passwords.hash("password".into()).await.expect_err("no place");
        assert_eq!(refused.code(), Code::Overloaded);
        drop(held);
        for one in waiting {
            one.await.expect("hash");
        }
    }
}
