//! Accounts that are deleted leave the sessions they played in, by an event in each: what is told of the past stays, the
//! name at the table from then on is "deleted player". A command line may have deleted them, so the table is looked at.

use std::collections::BTreeSet;
use std::time::Duration;

use entity::{asked_place, session_member, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{CommandError, Sessions, Submission};
use crate::clock;
use crate::database::Database;
use crate::game::command::Command;
use crate::ids::{CommandId, CorrelationId, SessionId, UserId};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static LATE: Trouble = Trouble::new();

const LOOK_EVERY: Duration = Duration::from_secs(2);
const AT_ONCE: u64 = 10;

/// Follows the table until it is dropped. Several nodes may do the same: the second one finds nothing to change.
pub(crate) async fn run(sessions: Sessions, database: Database) {
    let mut due = clock::every(LOOK_EVERY);
    loop {
        due.tick().await;
        if let Err(error) = look(&sessions, &database).await
            && LATE.is_news()
        {
            tracing::warn!(%error, "sessions were not told of deleted accounts; they are when the database answers");
        }
    }
}

async fn look(sessions: &Sessions, database: &Database) -> Result<(), DbErr> {
    let gone: Vec<Uuid> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::DeletedAtMs.is_not_null())
        .filter(user::Column::LeftSessionsAtMs.is_null())
        .limit(AT_ONCE)
        .into_tuple()
        .all(database.reader())
        .await?;
    for user in gone {
        let mut left_all = true;
        for session in sessions_of(database, user).await? {
            left_all &= leave(sessions, UserId(user), SessionId(session)).await;
        }
        if left_all {
            let asked = asked_place::Entity::delete_many().filter(asked_place::Column::UserId.eq(user));
            asked.exec(database.writer()).await?;
            user::Entity::update_many()
                .col_expr(user::Column::LeftSessionsAtMs, Expr::value(clock::now().millis()))
                .filter(user::Column::Id.eq(user))
                .exec(database.writer())
                .await?;
        }
    }
    Ok(())
}

/// Where the user has a place, or may wait for one.
async fn sessions_of(database: &Database, user: Uuid) -> Result<BTreeSet<Uuid>, DbErr> {
    let places = session_member::Entity::find().filter(session_member::Column::UserId.eq(user));
    let asked = asked_place::Entity::find().filter(asked_place::Column::UserId.eq(user));
    let places = places.all(database.reader()).await?.into_iter().map(|place| place.session_id);
    let asked = asked.all(database.reader()).await?.into_iter().map(|asked| asked.session_id);
    Ok(places.chain(asked).collect())
}

/// False: it is to be tried again.
async fn leave(sessions: &Sessions, user: UserId, session: SessionId) -> bool {
    let command_id = CommandId(Uuid::new_v5(&session.0, user.0.as_bytes()));
    let forget = Submission::new(user, None, Command::Forget, command_id, CorrelationId(crate::clock::new_id()));
    match sessions.execute(session, forget).await {
        Ok(_) => true,
        Err(CommandError::Busy | CommandError::NotStored) => false,
        Err(error) => {
            tracing::warn!(session.id = %session, %error, "a deleted account could not leave a session");
            true
        }
    }
}
