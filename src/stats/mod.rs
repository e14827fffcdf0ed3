//! Player statistics: a projection of the log. A message is only a hint that a session has moved on; what is applied is
//! the log itself, up to a cursor kept in the same transaction. So results are exact whatever is doubled, late or
//! shuffled, and a void needs no case of its own. What hints were lost of is found by a sweep.

pub mod achievements;
mod award;
mod cursor;
mod details;
mod evenings;
mod fairness;
mod games;
mod leaderboard;
mod money;
mod older_rows;
mod opponents;
mod period;
mod projection;
mod rarity;
mod rebuild;
mod standings;
pub mod statistics;
mod sweep;
mod told;
mod totals;

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web;
use sea_orm::DatabaseTransaction;
use tokio::sync::mpsc;

use self::projection::{Checks, Hints, Projection, SkippedSessions};
use self::told::StatsAnnouncer;
use crate::database::Database;
use crate::ids::{Seq, SessionId};
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::message::{ADVANCED, sessions_advanced};
use crate::messaging::{Bus, Message, scaling, topology};
use crate::telemetry::Trouble;

pub use self::older_rows::keep_filled_in;
pub use self::rarity::Rarities;
pub use self::rebuild::{Rebuilt, rebuild};
pub use self::standings::Standings;
pub use self::sweep::Sweep;

// Said when it begins and once a minute while it lasts.
static HELD: Trouble = Trouble::new();

/// Asks for a look at a player's achievements.
pub(crate) const CHECK: &str = "stats.achievement_check";
/// Batches whose left out sessions wait to be tried again; those of more are found by the sweep.
const HELD_MAX: usize = 1_024;
/// How soon sessions that somebody else held are tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Sessions that somebody else held, and how far each is known to have got.
type LockedCursors = Vec<(SessionId, Seq)>;

/// The consumer of `stats.service.queue`: it reads the log where messages hint at it.
#[derive(Default)]
pub struct Statistics {
    untold: StatsAnnouncer,
}

impl Statistics {
    /// The same statistics, made from what hints did not come for.
    pub fn sweep(&self) -> Sweep {
        Sweep::new(self.untold.clone())
    }

    /// Consumes until the bus closes.
    pub fn run(self, bus: Bus, database: Database) -> impl Future<Output = ()> + Send {
        let Self { untold } = self;
        let (held, waiting) = mpsc::channel(HELD_MAX);
        let telling = untold.clone().run(bus.clone());
        let again = try_again(database.clone(), Projection::new(untold.clone()), waiting);
        let tables = database.clone();
        let worker = move || Worker {
            database: tables.clone(),
            projection: Projection::new(untold.clone()),
            hints: Hints::new(),
            left_out: SkippedSessions::default(),
            held: held.clone(),
        };
        let consuming = scaling::run(bus, &topology::STATS, database, worker);
        async move {
            tokio::select! {
                () = consuming => {}
                () = telling => {}
                () = again => {}
            }
        }
    }
}

struct Worker {
    database: Database,
    projection: Projection,
    /// Of the messages that are to be applied next.
    hints: Hints,
    left_out: SkippedSessions,
    held: mpsc::Sender<LockedCursors>,
}

/// Which sessions messages say have moved on.
fn hints_of(messages: &[Message]) -> Hints {
    let mut hints = Hints::new();
    let mut note = |session, upto| {
        let hint = hints.entry(session).or_default();
        hint.upto = hint.upto.max(upto);
    };
    for message in messages {
        let envelope = &message.envelope;
        if !message.records.is_empty() {
            message.records.iter().for_each(|record| note(record.event.session_id, record.seq()));
        } else if let Some(sessions) = sessions_advanced(envelope) {
            sessions.into_iter().for_each(|(session, seq)| note(session, seq));
        } else if let (Some(session), Some(seq)) = (envelope.session_id, envelope.seq) {
            note(session, seq);
        }
    }
    for record in messages.iter().flat_map(|message| message.records.iter()) {
        if let Some(hint) = hints.get_mut(&record.event.session_id) {
            hint.records.push(record.clone());
        }
    }
    hints
}

impl Handler for Worker {
    async fn prepare(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.hints = hints_of(messages);
        Ok(self.projection.prepare(&self.database, &self.hints).await?)
    }

    async fn apply(&mut self, tx: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        let mut checks: Checks = BTreeMap::new();
        for Message { envelope, .. } in messages {
            if let (CHECK, Some(user)) = (envelope.event_type.as_str(), envelope.user_id) {
                checks.insert(user, envelope.clone());
            }
        }
        self.left_out = self.projection.apply(tx, std::mem::take(&mut self.hints), checks).await?;
        // What tells of that session alone is kept as a dead letter. What tells of many must not be lost for it.
        match self.left_out.unreadable.pop() {
            Some(reason) if messages.iter().any(|message| message.envelope.event_type != ADVANCED) => {
                Err(Failure::Permanent(reason))
            }
            _ => Ok(()),
        }
    }

    fn settled(&mut self, committed: bool) {
        self.projection.settled(committed);
        let held = std::mem::take(&mut self.left_out).held;
        if committed && !held.is_empty() {
            // What does not fit is behind its cursor, and found by the sweep.
            let _ = self.held.try_send(held);
        }
    }
}

/// Applies what was left out, since somebody else held it, as soon as it is free.
async fn try_again(database: Database, mut projection: Projection, mut waiting: mpsc::Receiver<LockedCursors>) {
    let mut held: BTreeMap<SessionId, Seq> = BTreeMap::new();
    loop {
        if held.is_empty() {
            match waiting.recv().await {
                Some(more) => note(&mut held, more),
                // Those that send are about to end, and this with them.
                None => return std::future::pending().await,
            }
        }
        tokio::time::sleep(AGAIN_AFTER).await;
        while let Ok(more) = waiting.try_recv() {
            note(&mut held, more);
        }
        let hints = sweep::hints(held.iter().map(|(session, seq)| (*session, *seq)));
        match sweep::apply(&database, &mut projection, hints).await {
            Ok(SkippedSessions { held: still, .. }) => held = still.into_iter().collect(),
            Err(Failure::Database(error)) => {
                if HELD.is_news() {
                    tracing::warn!(%error, "sessions that were left out of the statistics wait");
                }
            }
            // The sweep finds them, and goes one by one.
            Err(_) => held.clear(),
        }
    }
}

fn note(held: &mut BTreeMap<SessionId, Seq>, more: LockedCursors) {
    for (session, seq) in more {
        let upto = held.entry(session).or_default();
        *upto = seq.max(*upto);
    }
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/stats/leaderboard").route(web::get().to(leaderboard::list)))
        .service(web::resource("/stats/achievements").route(web::get().to(rarity::list)))
        .service(web::resource("/stats/users/{id}").route(web::get().to(statistics::of_user)))
        .service(web::resource("/stats/users/{id}/games").route(web::get().to(games::list)))
        .service(web::resource("/stats/users/{id}/opponents").route(web::get().to(opponents::list)))
        .service(web::resource("/stats/users/{id}/evenings").route(web::get().to(evenings::list)))
        .service(web::resource("/stats/users/{id}/money").route(web::get().to(money::series)))
        .service(web::resource("/stats/users/{id}/achievements").route(web::get().to(award::list)))
        .service(web::resource("/stats/sessions/{id}/order-fairness").route(web::get().to(fairness::of_session)));
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    leaderboard::list,
    statistics::of_user,
    games::list,
    opponents::list,
    evenings::list,
    money::series,
    award::list,
    rarity::list,
    fairness::of_session
))]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
