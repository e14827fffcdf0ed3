//! Guests that nobody uses any more go, unless an evening still has money open with them. Balances stand in no table: they
//! are folded from the logs, for the few guests that the accounts name.

use entity::session_member::{Column, Entity};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::account::Accounts;
use crate::database::Database;
use crate::ids::{Money, Seq, SessionId, UserId};
use crate::journal::{self, JournalError};

/// How often the accounts are asked for more of them in one go.
const ROUNDS_MAX: usize = 50;

/// Looks at some of them; answers how many were deleted. For a task that runs now and then.
pub(crate) async fn delete_unused(accounts: &Accounts, database: &Database) -> Result<usize, DbErr> {
    let mut deleted = 0;
    for _ in 0..ROUNDS_MAX {
        let guests = accounts.unused_guests().await?;
        if guests.is_empty() {
            break;
        }
        for guest in guests {
            if has_open_balance(database, guest).await? {
                accounts.keep_guest(guest).await?;
            } else if accounts.delete_unused(guest).await? {
                deleted += 1;
            }
        }
    }
    Ok(deleted)
}

/// In any evening. Where a log can't be read here nobody knows, so it may be.
async fn has_open_balance(database: &Database, user: UserId) -> Result<bool, DbErr> {
    let sessions = Entity::find().filter(Column::UserId.eq(user.0)).all(database.reader()).await?;
    for member in sessions {
        let state = match journal::state_at(database.reader(), SessionId(member.session_id), Seq::MAX).await {
            Ok(state) if !state.needs_newer() => state,
            Ok(_) | Err(JournalError::Unreadable { .. }) => return Ok(true),
            Err(JournalError::Unavailable(error)) => return Err(error),
        };
        let Some(participant) = state.participant_of(user).map(|participant| participant.id) else { continue };
        let sums = state.balance().participants;
        if sums.iter().any(|sum| sum.participant_id == participant && sum.net != Money::ZERO) {
            return Ok(true);
        }
    }
    Ok(false)
}
