//! How fair the orders of an evening were: in kolkhoz who plays after whom decides who pays whom.

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::CurrentUser;
use crate::game::Session;
use crate::game::view::GameStatus;
use crate::http::{PathId, Problem, ProblemBody};
use crate::ids::{ParticipantId, SessionId};
use crate::journal::{Journal, JournalError};

/// The orders of a session, counted.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct OrderFairness {
    session_id: SessionId,
    /// Games that were started and not cancelled.
    games: u32,
    /// Whoever played, by place.
    participants: Vec<ParticipantOrders>,
}

/// One player's places in the orders.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct ParticipantOrders {
    participant_id: ParticipantId,
    display_name: String,
    games: u32,
    /// How often the player was first, second, ...
    positions: Vec<u32>,
    /// After whom the player played; the first one plays after the last one.
    predecessors: Vec<Predecessor>,
}

/// How often somebody played right before.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Predecessor {
    participant_id: ParticipantId,
    count: u32,
}

/// How often each participant had each position and each predecessor.
#[utoipa::path(
    get, path = "/api/v1/stats/sessions/{id}/order-fairness", operation_id = "get_order_fairness", tag = "statistics",
    security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = OrderFairness), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
    ),
)]
pub(super) async fn of_session(
    user: CurrentUser,
    id: PathId<SessionId>,
    journal: web::Data<Journal>,
) -> Result<web::Json<OrderFairness>, Problem> {
    let opened = journal.open(id.into_inner()).await.map_err(|error| match error {
        JournalError::Unavailable(cause) => Problem::storage(&cause),
        JournalError::Unreadable { .. } => Problem::internal(error),
    })?;
    let session = opened.ok_or_else(|| Problem::not_found("there is no such session"))?.state;
    session.may_read(user.id)?;
    Ok(web::Json(count(&session)))
}

fn count(session: &Session) -> OrderFairness {
    let games = session.games().filter_map(|game| session.game_view(game));
    let orders: Vec<Vec<ParticipantId>> =
        games.filter(|game| game.status != GameStatus::Cancelled).map(|game| game.order).collect();
    let longest = orders.iter().map(Vec::len).max().unwrap_or_default();
    let participants = session.participants().iter().filter_map(|participant| {
        let mut counted = ParticipantOrders {
            participant_id: participant.id,
            display_name: participant.display_name.clone(),
            games: 0,
            positions: vec![0; longest],
            predecessors: Vec::new(),
        };
        for order in &orders {
            let Some(position) = order.iter().position(|player| *player == participant.id) else { continue };
            counted.games += 1;
            counted.positions[position] += 1;
            let before = order[(position + order.len() - 1) % order.len()];
            match counted.predecessors.iter_mut().find(|there| there.participant_id == before) {
                Some(there) => there.count += 1,
                None => counted.predecessors.push(Predecessor { participant_id: before, count: 1 }),
            }
        }
        counted.predecessors.sort_by_key(|there| (std::cmp::Reverse(there.count), there.participant_id));
        (counted.games > 0).then_some(counted)
    });
    OrderFairness { session_id: session.id(), games: orders.len() as u32, participants: participants.collect() }
}
