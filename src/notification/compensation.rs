//! The consumer of `compensation.queue`: what was told and does not hold any more is told anew or withdrawn, and whoever
//! asked for something that was refused after it had been accepted hears why. (The audit has its own copy of it all.)

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};
use serde::Deserialize;
use uuid::Uuid;

use super::content::{Content, GameCompleted};
use super::kind::Kind;
use super::table::{self, Draft, achievement_id, game_completed_id, payment_id};
use super::tell;
use crate::database::Database;
use crate::game::event::EntryVoided;
use crate::ids::UserId;
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, scaling, topology};
use crate::outbox::envelope::Envelope;

const RESULTS: &str = "compensation.game.ended";
const PAYMENT: &str = "compensation.session.payment_marked";
const ACHIEVEMENT: &str = "compensation.notifications.achievement_unlocked";

/// Puts right what users were told.
pub(crate) struct Compensation;

impl Compensation {
    /// Consumes until the bus closes.
    pub(crate) fn run(self, bus: Bus, database: Database) -> impl Future<Output = ()> + Send {
        scaling::run(bus, &topology::COMPENSATION, database, || Self)
    }
}

impl Handler for Compensation {
    async fn apply(&mut self, tx: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        let (mut drafts, mut taken_back) = (Vec::new(), Vec::new());
        for message in messages {
            let envelope = &message.envelope;
            match envelope.event_type.as_str() {
                changed if takes_back(changed) => drafts.extend(put_right(tx, envelope).await?),
                ACHIEVEMENT => taken_back.extend(achievement(envelope)),
                _ => drafts.extend(refused(envelope)),
            }
        }
        // It may have been earned again meanwhile: the table is the truth.
        let standing = tell::achievements_of(tx, taken_back.iter().map(|(user, _)| *user)).await?;
        let gone = taken_back.into_iter().filter(|achievement| !standing.contains(achievement));
        table::withdraw(tx, gone.map(|(user, code)| achievement_id(user, &code)).collect()).await?;
        tell::name(tx, &mut drafts).await?;
        Ok(table::store(tx, drafts).await?)
    }

    /// A mark that was taken back in a running game needs nothing but the log.
    fn concerns(&self, message: &Message) -> bool {
        takes_back(&message.envelope.event_type) || !message.envelope.is_of_the_log()
    }
}

/// Whether such a message of the log changes what users were told.
pub(super) fn takes_back(event_type: &str) -> bool {
    [RESULTS, PAYMENT].contains(&event_type)
}

/// Withdraws what users were told and does not hold any more; answers what they are to be told instead.
pub(super) async fn put_right(tx: &DatabaseTransaction, envelope: &Arc<Envelope>) -> Result<Vec<Draft>, DbErr> {
    if envelope.event_type == PAYMENT {
        withdraw_payment(tx, envelope).await?;
        return Ok(Vec::new());
    }
    withdraw_reopened(tx, envelope).await?;
    Ok(corrected(envelope))
}

/// The results of an ended game as they are now, for each player.
fn corrected(envelope: &Arc<Envelope>) -> Vec<Draft> {
    let (Some(game), Ok(said)) = (envelope.game_id, serde_json::from_str::<Results>(envelope.data.json())) else {
        return Vec::new();
    };
    let (results, currency) = match said {
        Results { correction: Some(CorrectedResults { results, currency }), .. } => (results, currency),
        Results { results, currency, .. } => (results.unwrap_or_default(), currency),
    };
    let draft = |result: GameCompleted| {
        let user = result.user_id?;
        let completed = GameCompleted {
            game_id: Some(game),
            session_id: envelope.session_id,
            currency: currency.clone(),
            is_corrected: true,
            ..result
        };
        let (id, version) = (game_completed_id(game.0, user), envelope.seq.unwrap_or_default());
        let content = Content::GameCompleted(completed);
        Some(Draft { id, user, content, version, cause: envelope.clone() })
    };
    results.into_iter().filter_map(draft).collect()
}

/// Withdraws what was told of a game that goes on.
async fn withdraw_reopened(tx: &DatabaseTransaction, envelope: &Envelope) -> Result<(), DbErr> {
    let (Some(game), Ok(said)) = (envelope.game_id, serde_json::from_str::<Results>(envelope.data.json())) else {
        return Ok(());
    };
    let former = said.former_results.unwrap_or_default();
    let users: Vec<UserId> = former.into_iter().filter_map(|result| result.user_id).collect();
    let told = users.into_iter().map(|user| (game_completed_id(game.0, user), user)).collect();
    table::withdraw_as_of(tx, Kind::GameCompleted, told, envelope.seq.unwrap_or_default()).await
}

/// What an event that changed an ended game says of its results.
#[derive(Deserialize)]
struct Results {
    /// Of a void, or of a mark that was moved.
    #[serde(default)]
    results: Option<Vec<GameCompleted>>,
    #[serde(default)]
    currency: String,
    /// Of a mark that was forgotten.
    #[serde(default)]
    correction: Option<CorrectedResults>,
    /// Of a game that goes on.
    #[serde(default)]
    former_results: Option<Vec<GameCompleted>>,
}

#[derive(Deserialize)]
struct CorrectedResults {
    results: Vec<GameCompleted>,
    currency: String,
}

/// Withdraws what was told of a payment that was taken back.
async fn withdraw_payment(tx: &DatabaseTransaction, envelope: &Envelope) -> Result<(), DbErr> {
    let (Some(session), Ok(said)) = (envelope.session_id, serde_json::from_str::<EntryVoided>(envelope.data.json()))
    else {
        return Ok(());
    };
    let told = said.user_ids.iter().map(|user| (payment_id(session.0, said.voided_seq, *user), *user)).collect();
    table::withdraw_as_of(tx, Kind::PaymentMarked, told, envelope.seq.unwrap_or_default()).await
}

fn achievement(envelope: &Envelope) -> Option<(UserId, String)> {
    let Ok(Content::AchievementUnlocked(lost)) = Content::read(Kind::AchievementUnlocked, envelope) else {
        return None;
    };
    envelope.user_id.filter(|_| !lost.code.is_empty()).map(|user| (user, lost.code))
}

/// A command that was refused says so by a stable code.
fn refused(envelope: &Arc<Envelope>) -> Option<Draft> {
    let user = envelope.user_id?;
    let content = Content::read(Kind::CommandRefused, envelope).ok();
    let says_why = |content: &Content| matches!(content, Content::CommandRefused(refused) if !refused.code.is_empty());
    let Some(content) = content.filter(says_why) else {
        tracing::debug!(event_type = envelope.event_type, "a compensation that asks for nothing");
        return None;
    };
    let id = Uuid::new_v5(&envelope.event_id, b"notification");
    Some(Draft { id, user, content, version: 0, cause: envelope.clone() })
}
