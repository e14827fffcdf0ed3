//! The consumer of `notifications.service.queue`: from messages to notifications. What a message lacks (names) is read
//! in the same transaction, all at once for a whole batch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use entity::{achievement, session, user};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::content::{Content, FromUser, Person};
use super::evening;
use super::kind::Kind;
use super::table::{self, Draft, achievement_id, friend_id, game_completed_id, message_id, of_cause_id, payment_id};
use crate::database::Database;
use crate::ids::{Seq, UserId};
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, scaling, topology};
use crate::outbox::delivery::{self, DeliveryRequest};
use crate::outbox::envelope::Envelope;

/// Rows read at once.
const ROWS_MAX: usize = 500;

/// Makes notifications of messages.
#[derive(Clone, Copy)]
pub(crate) struct NotificationConsumer {
    /// Whether mail can be sent.
    pub(crate) sends_mail: bool,
}

impl NotificationConsumer {
    /// Consumes until the bus closes.
    pub(crate) fn run(self, bus: Bus, database: Database) -> impl Future<Output = ()> + Send {
        scaling::run(bus, &topology::NOTIFICATIONS, database, move || self)
    }
}

/// Which notification a message asks for. What tells of friendships in general asks for none, but for the two that
/// somebody else waits for.
pub(super) fn kind_of(event_type: &str) -> Option<Kind> {
    match event_type.split_once('.')? {
        ("notifications", name) => Kind::named(name),
        ("social", "friend_request") => Some(Kind::FriendRequest),
        _ => None,
    }
}

impl Handler for NotificationConsumer {
    async fn apply(&mut self, tx: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        let mut drafts = Vec::new();
        for message in messages {
            if let Some(kind) = kind_of(&message.envelope.event_type) {
                drafts.push(draft(kind, &message.envelope)?);
            }
        }
        drafts = standing(tx, drafts).await?;
        name(tx, &mut drafts).await?;
        if self.sends_mail {
            evening::request(tx, messages.iter().map(|message| &*message.envelope)).await?;
        }
        // Nodes of earlier versions send dead letters again by the bus.
        for asked in messages.iter().filter_map(|message| DeliveryRequest::asked_by(&message.envelope)) {
            delivery::request_again(tx, &asked).await?;
        }
        Ok(table::store(tx, drafts).await?)
    }

    fn concerns(&self, message: &Message) -> bool {
        let envelope = &message.envelope;
        let is_evening = self.sends_mail && envelope.event_type == evening::COMPLETED;
        is_evening || kind_of(&envelope.event_type).is_some() || DeliveryRequest::asked_by(envelope).is_some()
    }
}

pub(super) fn draft(kind: Kind, cause: &Arc<Envelope>) -> Result<Draft, Failure> {
    let lacks = |what: &str| Failure::Permanent(format!("{} lacks {what}", cause.event_type));
    let user = cause.user_id.ok_or_else(|| lacks("user_id"))?;
    let unreadable = |error| Failure::Permanent(format!("{} is unreadable: {error}", cause.event_type));
    let content = Content::read(kind, cause).map_err(unreadable)?;
    let seq = cause.seq.unwrap_or_default();
    let of_cause = || of_cause_id(cause.event_id);
    // Said twice, under two keys, it is still one request.
    let of_request =
        |kind: Kind, asked: &FromUser| asked.request_id.map_or_else(of_cause, |request| friend_id(kind, request));
    let (id, version) = match &content {
        Content::GameCompleted(_) => {
            let game = cause.game_id.ok_or_else(|| lacks("game_id"))?;
            (game_completed_id(game.0, user), seq)
        }
        Content::AchievementUnlocked(achievement) if achievement.code.is_empty() => return Err(lacks("data.code")),
        Content::AchievementUnlocked(achievement) => (achievement_id(user, &achievement.code), Seq::ZERO),
        Content::PaymentMarked(_) => {
            let session = cause.session_id.ok_or_else(|| lacks("session_id"))?;
            (payment_id(session.0, seq, user), seq)
        }
        Content::FriendRequest(asked) | Content::FriendAccepted(asked) => {
            (of_request(content.kind(), asked), Seq::ZERO)
        }
        Content::Message(message) => {
            let of_chat = message.place().map(|(chat, last_number)| message_id(chat, user, last_number));
            (of_chat.unwrap_or_else(of_cause), Seq(cause.timestamp.millis()))
        }
        Content::SessionInvitation(_) | Content::CommandRefused(_) => (of_cause(), Seq::ZERO),
    };
    Ok(Draft { id, user, content, version, cause: cause.clone() })
}

/// Without the achievements that were taken back meanwhile: the table is the truth, a message may be late.
async fn standing(tx: &impl ConnectionTrait, drafts: Vec<Draft>) -> Result<Vec<Draft>, DbErr> {
    let unlocked = drafts.iter().filter(|draft| draft.kind() == Kind::AchievementUnlocked);
    let standing = achievements_of(tx, unlocked.map(|draft| draft.user)).await?;
    let stands = |draft: &Draft| match &draft.content {
        Content::AchievementUnlocked(unlocked) => standing.contains(&(draft.user, unlocked.code.clone())),
        _ => true,
    };
    Ok(drafts.into_iter().filter(stands).collect())
}

/// Which achievements these users have.
pub(super) async fn achievements_of(
    tx: &impl ConnectionTrait,
    users: impl Iterator<Item = UserId>,
) -> Result<HashSet<(UserId, String)>, DbErr> {
    let earned = earned_by(tx, users).await?;
    Ok(earned.into_iter().map(|row| (UserId(row.user_id), row.code)).collect())
}

/// What these users have earned. It stays so until the transaction ends: the check of achievements locks their rows, too.
pub(super) async fn earned_by(
    tx: &impl ConnectionTrait,
    users: impl Iterator<Item = UserId>,
) -> Result<Vec<achievement::Model>, DbErr> {
    let users: BTreeSet<Uuid> = users.map(|user| user.0).collect();
    let users: Vec<Uuid> = users.into_iter().collect();
    let mut earned = Vec::new();
    for users in users.chunks(ROWS_MAX) {
        let locked = user::Entity::find().select_only().column(user::Column::Id);
        let locked = locked.filter(user::Column::Id.is_in(users.iter().copied())).order_by_asc(user::Column::Id);
        let _: Vec<Uuid> = locked.lock_shared().into_tuple().all(tx).await?;
        let rows = achievement::Entity::find().filter(achievement::Column::UserId.is_in(users.iter().copied()));
        earned.extend(rows.all(tx).await?);
    }
    Ok(earned)
}

/// Puts names to the ids that the drafts speak of.
pub(super) async fn name(tx: &impl ConnectionTrait, drafts: &mut [Draft]) -> Result<(), DbErr> {
    let of_session = |draft: &mut Draft| draft.cause.session_id.filter(|_| draft.content.session_name().is_some());
    let sessions: Vec<Uuid> = drafts.iter_mut().filter_map(of_session).map(|id| id.0).collect();
    let sessions = sessions_named(tx, sessions.into_iter()).await?;
    for draft in drafts.iter_mut() {
        let session = draft.cause.session_id.and_then(|id| sessions.get(&id.0));
        if let Some(name) = draft.content.session_name() {
            *name = session.map(|session| session.name.clone());
        }
        if let Content::SessionInvitation(invitation) = &mut draft.content {
            // Earlier versions did not say who: it was who runs the session.
            invitation.inviter = invitation.inviter.or(session.map(|session| session.creator_user_id));
        }
    }
    let people = users_named(tx, drafts.iter().filter_map(|draft| draft.content.sender())).await?;
    for draft in drafts {
        if let Some(person) = draft.content.sender().and_then(|id| people.get(&id)) {
            draft.content.name_sender(person);
        }
    }
    Ok(())
}

async fn sessions_named(
    tx: &impl ConnectionTrait,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, session::Model>, DbErr> {
    let ids: BTreeSet<Uuid> = ids.collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut named = HashMap::new();
    for ids in ids.chunks(ROWS_MAX) {
        let rows = session::Entity::find().filter(session::Column::Id.is_in(ids.iter().copied())).all(tx).await?;
        named.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(named)
}

async fn users_named(
    tx: &impl ConnectionTrait,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, Person>, DbErr> {
    let ids: BTreeSet<Uuid> = ids.collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut named = BTreeMap::new();
    for ids in ids.chunks(ROWS_MAX) {
        let rows = user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).all(tx).await?;
        let profile = |row: &user::Model| Person { user_id: row.id, display_name: row.display_name.clone() };
        named.extend(rows.iter().map(|row| (row.id, profile(row))));
    }
    Ok(named)
}
