//! What no message came for, or what came was lost with its queue: the log and the table of achievements say what users
//! are to be told, and what they were told is in the table of notifications.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use entity::achievement;
use entity::notification::{Column, Entity};
use entity::{game_player, user};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::compensation::{put_right, takes_back};
use super::content::{AchievementUnlocked, Content};
use super::evening;
use super::kind::Kind;
use super::table::{self, Draft, achievement_id};
use super::tell;
use crate::database::Database;
use crate::game::Fact;
use crate::ids::{GameId, Position, Seq, Timestamp, UserId};
use crate::journal::follow::{LogPart, Projection, SweepOutcome};
use crate::journal::{JournalError, Record, commit_feed};
use crate::messaging::consumer::{Failure, caught};
use crate::messaging::message::{Peers, messages_of};
use crate::outbox::envelope::Envelope;
use crate::stats::CHECK;
use crate::stats::achievements::{Award, UnlockedAchievement};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNREADABLE: Trouble = Trouble::new();

/// Events of one transaction that users may have to be told of.
const EVENTS_MAX: u64 = 200;
/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// Tells users what they were not told.
pub(crate) struct Sweep {
    /// Whether mail can be sent.
    pub(crate) sends_mail: bool,
}

impl Projection for Sweep {
    const NAME: &'static str = "notifications";
    // Whoever is told of an achievement is told what the statistics say.
    const AFTER: Option<&'static str> = Some("statistics");
    type Error = Failure;

    async fn sweep(&mut self, database: &Database, part: LogPart) -> Result<SweepOutcome, Failure> {
        let mut events = commit_feed::telling(database.reader(), part, EVENTS_MAX).await?;
        let mut position = match events.last() {
            Some(&(position, _)) if events.len() as u64 == EVENTS_MAX => position,
            _ => part.upto,
        };
        if let Some(newer) = events.iter().position(|(_, event)| event.as_ref().is_ok_and(|event| event.needs_newer()))
        {
            // Whom it tells is for a node to say that can read it.
            position = events[newer].0.previous();
            events.truncate(newer);
        }
        let records = readable(events);
        match tell_of_all(database, &records, self.sends_mail).await {
            // One that can't be told must not keep the others from being told.
            Err(Failure::Permanent(_)) => {
                for record in &records {
                    match tell_of_all(database, std::slice::from_ref(record), self.sends_mail).await {
                        Err(Failure::Permanent(reason)) => tracing::error!(reason, "nobody is told of an event"),
                        told => told?,
                    }
                }
            }
            told => told?,
        }
        Ok(if position > part.after { SweepOutcome::Upto(position) } else { SweepOutcome::Held })
    }
}

async fn tell_of_all(database: &Database, records: &[Arc<Record>], sends_mail: bool) -> Result<(), Failure> {
    if records.is_empty() {
        return Ok(());
    }
    caught(async {
        let tx = database.begin_write().await?;
        tell_of(&tx, records, sends_mail).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Without those that can't be read: nobody is told of them, as it is with their messages.
fn readable(events: Vec<(Position, Result<Arc<Record>, JournalError>)>) -> Vec<Arc<Record>> {
    let read = |(_, event): (Position, Result<Arc<Record>, JournalError>)| {
        event
            .inspect_err(|error| {
                if UNREADABLE.is_news() {
                    tracing::error!(%error, "nobody is told of an event")
                }
            })
            .ok()
    };
    events.into_iter().filter_map(read).collect()
}

async fn tell_of(tx: &DatabaseTransaction, records: &[Arc<Record>], sends_mail: bool) -> Result<(), Failure> {
    let mut drafts = Vec::new();
    for message in records.iter().flat_map(|record| messages_of(record, is_told, Peers::None)) {
        let envelope = &message.envelope;
        match tell::kind_of(&envelope.event_type) {
            Some(kind) => drafts.push(tell::draft(kind, envelope)?),
            None if envelope.event_type == evening::COMPLETED && sends_mail => {
                evening::request(tx, std::iter::once(&**envelope)).await?;
            }
            None if envelope.event_type == evening::COMPLETED => {}
            None => drafts.extend(put_right(tx, envelope).await?),
        }
    }
    let gone = deleted(tx, &drafts).await?;
    drafts.retain(|draft| !gone.contains(&draft.user));
    tell::name(tx, &mut drafts).await?;
    tell_of_achievements(tx, &mut drafts, claims_of(records)).await?;
    Ok(table::store(tx, drafts).await?)
}

fn is_told(key: &str) -> bool {
    tell::kind_of(key).is_some() || takes_back(key) || key == evening::COMPLETED
}

/// Whoever was given a place, with all games that were played there, and the message that asks for a look at that.
fn claims_of(records: &[Arc<Record>]) -> Vec<(UserId, Arc<Envelope>)> {
    let claims = records.iter().filter(|record| matches!(record.event.fact, Fact::ParticipantClaimed(_)));
    let asks = claims.flat_map(|record| messages_of(record, |key| key == CHECK, Peers::None));
    asks.filter_map(|message| Some((message.envelope.user_id?, message.envelope))).collect()
}

/// Adds the achievements that these ends and corrections of games, and games that became somebody's, may have brought, and
/// withdraws what does not stand.
async fn tell_of_achievements(
    tx: &DatabaseTransaction,
    drafts: &mut Vec<Draft>,
    claims: Vec<(UserId, Arc<Envelope>)>,
) -> Result<(), DbErr> {
    let ended = |draft: &Draft| Some((draft.cause.game_id?, draft.cause.clone(), draft.user));
    let ended: Vec<_> = drafts.iter().filter(|draft| draft.kind() == Kind::GameCompleted).filter_map(ended).collect();
    if ended.is_empty() && claims.is_empty() {
        return Ok(());
    }
    let times = ends_of(tx, ended.iter().map(|(game, ..)| *game)).await?;
    // A game changes what was earned by it or by later ones, and nothing before.
    let mut since: BTreeMap<_, _> =
        claims.into_iter().map(|(user, cause)| (user, (Timestamp::from_millis(0), cause))).collect();
    for (game, cause, user) in ended {
        let at = times.get(&game).copied().unwrap_or(cause.timestamp);
        let earliest = since.entry(user).or_insert_with(|| (at, cause.clone()));
        if at < earliest.0 {
            *earliest = (at, cause);
        }
    }
    let earned = tell::earned_by(tx, since.keys().copied()).await?;
    let stands: HashSet<(Uuid, &str)> = earned.iter().map(|row| (row.user_id, row.code.as_str())).collect();
    let told = told_of_achievements(tx, since.keys().copied()).await?;
    let fallen = told.iter().filter(|(user, code)| !stands.contains(&(user.0, code.as_str())));
    table::withdraw(tx, fallen.map(|(user, code)| achievement_id(*user, code)).collect()).await?;
    for achievement::Model { user_id, code, game_id, earned_at_ms } in earned {
        let (user, earned_at) = (UserId(user_id), Timestamp::from_millis(earned_at_ms));
        let Some((_, cause)) = since.get(&user).filter(|(at, _)| earned_at >= *at) else { continue };
        let award = Award { game_id: GameId(game_id), earned_at };
        drafts.push(Draft {
            id: achievement_id(user, &code),
            user,
            content: Content::AchievementUnlocked(UnlockedAchievement::of(&code, award).into()),
            version: Seq::ZERO,
            cause: cause.clone(),
        });
    }
    Ok(())
}

/// When these games ended.
async fn ends_of(
    tx: &impl ConnectionTrait,
    games: impl Iterator<Item = GameId>,
) -> Result<BTreeMap<GameId, Timestamp>, DbErr> {
    let games: Vec<Uuid> = games.map(|game| game.0).collect();
    let mut ends = BTreeMap::new();
    for games in games.chunks(ROWS_MAX) {
        let rows: Vec<(Uuid, Option<i64>)> = game_player::Entity::find()
            .select_only()
            .columns([game_player::Column::GameId, game_player::Column::EndedAtMs])
            .filter(game_player::Column::GameId.is_in(games.iter().copied()))
            .into_tuple()
            .all(tx)
            .await?;
        ends.extend(rows.into_iter().filter_map(|(game, at)| Some((GameId(game), Timestamp::from_millis(at?)))));
    }
    Ok(ends)
}

/// Which achievements these users were told of, and were not told that they are gone.
async fn told_of_achievements(
    tx: &impl ConnectionTrait,
    users: impl Iterator<Item = UserId>,
) -> Result<Vec<(UserId, String)>, DbErr> {
    let users: Vec<Uuid> = users.map(|user| user.0).collect();
    let mut told = Vec::new();
    for users in users.chunks(ROWS_MAX) {
        let rows: Vec<(Uuid, String)> = Entity::find()
            .select_only()
            .columns([Column::UserId, Column::Data])
            .filter(Column::UserId.is_in(users.iter().copied()))
            .filter(Column::Kind.eq(Kind::AchievementUnlocked.as_str()))
            .filter(Column::IsWithdrawn.eq(false))
            .into_tuple()
            .all(tx)
            .await?;
        told.extend(rows.into_iter().filter_map(|(user, data)| {
            let told: AchievementUnlocked = serde_json::from_str(&data).ok()?;
            Some((UserId(user), told.code))
        }));
    }
    Ok(told)
}

/// Those among the users whose accounts were deleted meanwhile.
async fn deleted(tx: &impl ConnectionTrait, drafts: &[Draft]) -> Result<HashSet<UserId>, DbErr> {
    let users: Vec<Uuid> = drafts.iter().map(|draft| draft.user.0).collect();
    let mut deleted = HashSet::new();
    for users in users.chunks(ROWS_MAX) {
        let rows: Vec<Uuid> = user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::Id.is_in(users.iter().copied()))
            .filter(user::Column::DeletedAtMs.is_not_null())
            .into_tuple()
            .all(tx)
            .await?;
        deleted.extend(rows.into_iter().map(UserId));
    }
    Ok(deleted)
}
