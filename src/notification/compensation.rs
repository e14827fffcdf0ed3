//! The consumer of `compensation.queue`: what was told and does not hold any more is told anew or withdrawn, and whoever
//! asked for something that was refused after it had been accepted hears why. (The audit has its own copy of it all.)

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};
use serde::Deserialize;
use uuid::Uuid;

use super::content::{ChatMessage, Content, GameCompleted};
use super::kind::Kind;
use super::table::{
    self, Draft, achievement_id, friend_id, game_completed_id, invitation_id, message_id, of_cause_id, payment_id,
};
use super::tell;
use crate::database::Database;
use crate::game::event::{EntryVoided, PlayerDeparture};
use crate::ids::{Seq, UserId};
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, scaling, topology};
use crate::outbox::envelope::{Data, Envelope};

const RESULTS: &str = "compensation.game.ended";
const PAYMENT: &str = "compensation.session.payment_marked";
const INVITATION: &str = "compensation.notifications.session_invitation";
const ACHIEVEMENT: &str = "compensation.notifications.achievement_unlocked";
const FRIEND_REQUEST: &str = "compensation.notifications.friend_request";
const FRIEND_ACCEPTED: &str = "compensation.notifications.friend_accepted";
const MESSAGE: &str = "compensation.notifications.message";
/// Of what is told once, under an id of its own, this stands for good.
const TAKEN_BACK: Seq = Seq(1);

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
                FRIEND_REQUEST => withdraw_friend(tx, Kind::FriendRequest, envelope).await?,
                FRIEND_ACCEPTED => withdraw_friend(tx, Kind::FriendAccepted, envelope).await?,
                MESSAGE => put_message_right(tx, envelope).await?,
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
    [RESULTS, PAYMENT, INVITATION].contains(&event_type)
}

/// Withdraws what users were told and does not hold any more; answers what they are to be told instead.
pub(super) async fn put_right(tx: &DatabaseTransaction, envelope: &Arc<Envelope>) -> Result<Vec<Draft>, DbErr> {
    match envelope.event_type.as_str() {
        PAYMENT => withdraw_payment(tx, envelope).await?,
        INVITATION => withdraw_invitation(tx, envelope).await?,
        _ => {
            withdraw_reopened(tx, envelope).await?;
            return Ok(corrected(envelope));
        }
    }
    Ok(Vec::new())
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

/// Withdraws an invitation that was declined or withdrawn.
async fn withdraw_invitation(tx: &DatabaseTransaction, envelope: &Envelope) -> Result<(), DbErr> {
    let gone = serde_json::from_str::<PlayerDeparture>(envelope.data.json());
    let Some(ended) = gone.ok().and_then(|gone| gone.invitation) else { return Ok(()) };
    let told = vec![(invitation_id(ended.event_id), ended.user_id)];
    table::withdraw_as_of(tx, Kind::SessionInvitation, told, TAKEN_BACK).await
}

/// Withdraws what was told of a request that waits no more, or of a friendship that ended.
async fn withdraw_friend(tx: &DatabaseTransaction, kind: Kind, envelope: &Envelope) -> Result<(), DbErr> {
    #[derive(Deserialize)]
    struct OfRequest {
        request_id: Uuid,
    }
    let (Some(user), Ok(said)) = (envelope.user_id, serde_json::from_str::<OfRequest>(envelope.data.json())) else {
        return Ok(());
    };
    let told = vec![(friend_id(kind, said.request_id), user)];
    table::withdraw_as_of(tx, kind, told, TAKEN_BACK).await
}

/// Withdraws what was told of a chat that was read, or of a message that was taken back; rewords it where the message says
/// something else.
async fn put_message_right(tx: &DatabaseTransaction, envelope: &Envelope) -> Result<(), DbErr> {
    #[derive(Deserialize)]
    struct ChangedNotice {
        chat_id: Uuid,
        last_number: i64,
        message_id: Option<Uuid>,
        content: Option<String>,
    }
    let (Some(user), Ok(said)) = (envelope.user_id, serde_json::from_str::<ChangedNotice>(envelope.data.json())) else {
        return Ok(());
    };
    let id = message_id(said.chat_id, user, said.last_number);
    let there = table::held(tx, id).await?;
    let told = there.as_ref().and_then(|row| serde_json::from_str::<ChatMessage>(&row.data).ok());
    let is_about_another = |told: &ChatMessage| said.message_id.is_some_and(|changed| told.message_id != Some(changed));
    match (there, told, said.content) {
        (_, Some(told), _) if is_about_another(&told) => Ok(()),
        (Some(row), Some(told), Some(content)) => {
            let data = Data::encode(&ChatMessage { content: content.clone(), ..told });
            table::reword(tx, row, content, data.json().to_owned()).await
        }
        (_, _, Some(_)) => Ok(()),
        _ => table::withdraw_as_of(tx, Kind::Message, vec![(id, user)], Seq(envelope.timestamp.millis())).await,
    }
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
    let id = of_cause_id(envelope.event_id);
    Some(Draft { id, user, content, version: Seq::ZERO, cause: envelope.clone() })
}
