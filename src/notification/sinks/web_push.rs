//! To browsers by Web Push: the body is encrypted for the browser alone (RFC 8291), and the push service is told who sends
//! it (VAPID, RFC 8292) by a key that all nodes share.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::delivery::Model;
use entity::{push_subscription, server_key};
use ring::agreement::{self, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use ring::{aead, hkdf};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DbErr, EntityTrait, Set};
use serde_json::{Value, json};

use super::{Sinks, payload};
use crate::clock;
use crate::database::Database;
use crate::messaging::consumer::Failure;

/// The name of the key in the table.
const VAPID: &str = "vapid";
/// The size of the record, which is the whole body (RFC 8188); push services take no larger ones.
const RECORD: u32 = 4_096;
/// Of what is told: encrypted it has to fit into the record.
const BODY_CHARS_MAX: usize = 400;
/// How long a push service keeps it for a browser that is away.
const TTL_SECONDS: u32 = 24 * 3_600;
const TOKEN_SECONDS: i64 = 12 * 3_600;

/// Why a push can't be encrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushCipherError {
    #[error("the browser's keys are none")]
    BrowserKeys,
    /// An answer of the cryptography that it never gives.
    #[error("the encryption of a push failed")]
    Broken,
}

impl From<ring::error::Unspecified> for PushCipherError {
    fn from(_: ring::error::Unspecified) -> Self {
        PushCipherError::Broken
    }
}

/// What this service signs its pushes with.
pub(crate) struct VapidKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl VapidKey {
    /// The key of this service: made once, by whichever node comes first.
    pub(crate) async fn load(database: &Database) -> Result<Self, DbErr> {
        let random = SystemRandom::new();
        let broken = |_| DbErr::Custom("the key of Web Push can't be used".to_owned());
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(broken)?;
        let row =
            server_key::ActiveModel { name: Set(VAPID.to_owned()), value: Set(URL_SAFE_NO_PAD.encode(made.as_ref())) };
        let there = OnConflict::column(server_key::Column::Name).do_nothing().to_owned();
        let inserting = server_key::Entity::insert(row).on_conflict(there);
        inserting.exec_without_returning(database.writer()).await?;
        let stored = server_key::Entity::find_by_id(VAPID.to_owned()).one(database.writer()).await?;
        let stored = stored.and_then(|row| URL_SAFE_NO_PAD.decode(row.value).ok()).unwrap_or_default();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &stored, &random)
            .map_err(|_| DbErr::Custom("the key of Web Push can't be used".to_owned()))?;
        Ok(Self { pair, random })
    }

    /// What browsers subscribe with.
    pub(crate) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref())
    }

    /// The header that says who sends, to a push service at that origin.
    fn authorization(&self, origin: &str, contact: &str, now_seconds: i64) -> Result<String, PushCipherError> {
        let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(json!({"typ": "JWT", "alg": "ES256"}));
        let claims = encode(json!({"aud": origin, "exp": now_seconds + TOKEN_SECONDS, "sub": contact}));
        let signed = format!("{head}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(&self.random, signed.as_bytes())?);
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(key: &hkdf::Prk, info: &[&[u8]]) -> Result<[u8; N], PushCipherError> {
    let mut bytes = [0; N];
    key.expand(info, Length(N))?.fill(&mut bytes)?;
    Ok(bytes)
}

/// The body for the browser with these keys.
fn encrypt(browser: &[u8], secret: &[u8], text: &[u8]) -> Result<Vec<u8>, PushCipherError> {
    let random = SystemRandom::new();
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &random)?;
    let public = ours.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, browser);
    let shared =
        agreement::agree_ephemeral(ours, &theirs, |shared| hkdf::Salt::new(hkdf::HKDF_SHA256, secret).extract(shared))
            .map_err(|_| PushCipherError::BrowserKeys)?;
    let key: [u8; 32] = expand(&shared, &[b"WebPush: info\0", browser, public.as_ref()])?;
    let key = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(&key);
    let content: [u8; 16] = expand(&key, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = expand(&key, &[b"Content-Encoding: nonce\0"])?;
    // The last record ends so.
    let mut sealed = [text, &[2]].concat();
    let sealing = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &content)?);
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    sealing.seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut sealed)?;
    let length = u8::try_from(public.as_ref().len()).map_err(|_| PushCipherError::Broken)?;
    Ok([&salt[..], &RECORD.to_be_bytes(), &[length], public.as_ref(), &sealed].concat())
}

/// What a notification says, short enough.
fn told(claimed: &Model) -> Value {
    let notification = payload(claimed);
    let short = |field: &str| {
        let text = notification[field].as_str().unwrap_or_default();
        text.chars().take(BODY_CHARS_MAX).collect::<String>()
    };
    json!({
        "id": notification["id"], "kind": claimed.kind, "title": short("title"), "body": short("body"),
        "session_id": notification["data"]["session_id"],
    })
}

fn sealed_for(subscription: &push_subscription::Model, claimed: &Model) -> Result<Vec<u8>, PushCipherError> {
    let bytes = |key: &str| URL_SAFE_NO_PAD.decode(key).map_err(|_| PushCipherError::BrowserKeys);
    encrypt(&bytes(&subscription.p256dh)?, &bytes(&subscription.auth)?, told(claimed).to_string().as_bytes())
}

impl Sinks {
    pub(super) async fn push(&self, claimed: &Model) -> Result<(), Failure> {
        let db = self.database.reader();
        let Some(id) = claimed.target_id else { return Ok(()) };
        // Ended meanwhile: nobody wants it any more.
        let Some(subscription) = push_subscription::Entity::find_by_id(id).one(db).await? else { return Ok(()) };
        let broken = |error: PushCipherError| Failure::Permanent(error.to_string());
        let body = match sealed_for(&subscription, claimed) {
            Ok(body) => body,
            // Nothing can ever be sent to it.
            Err(PushCipherError::BrowserKeys) => {
                push_subscription::Entity::delete_by_id(id).exec(self.database.writer()).await?;
                return Ok(());
            }
            Err(error) => return Err(broken(error)),
        };
        let target = self.outbound.target(&subscription.endpoint);
        let target = target.map_err(|reason| Failure::Transient(reason.to_owned()))?;
        let now = clock::now().millis() / 1_000;
        let authorization = self.vapid.authorization(&target.origin(), &self.contact, now).map_err(broken)?;
        let headers = [
            ("authorization", authorization),
            ("content-encoding", "aes128gcm".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
            ("ttl", TTL_SECONDS.to_string()),
            ("urgency", "normal".to_owned()),
            // A doubled one takes the place of the first, as long as the browser has not had it.
            ("topic", claimed.id.simple().to_string()),
        ];
        match self.outbound.post(&target, &headers, body).await {
            Ok(status) if status.is_success() => Ok(()),
            // The browser has ended it.
            Ok(status) if [404, 410].contains(&status.as_u16()) => {
                push_subscription::Entity::delete_by_id(id).exec(self.database.writer()).await?;
                Ok(())
            }
            Ok(status) if status.as_u16() == 413 => Err(Failure::Permanent("it is too large".to_owned())),
            Ok(status) => Err(Failure::Transient(format!("it answered {}", status.as_u16()))),
            Err(reason) => Err(Failure::Transient(reason)),
        }
    }
}
