//! What is said because of an event beside the event itself: to the statistics, to players, and of what is taken back.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::game::event::{Fact, GameResult, PlayerJoined};
use crate::ids::UserId;
use crate::journal::Record;
use crate::outbox::envelope::Data;

/// A message for a player with an account; `None`: for whoever played.
pub(super) type ForPlayer<D> = (&'static str, Option<UserId>, D);

/// Data of `notifications.game_completed`.
#[derive(Serialize)]
struct GameCompleted<'a> {
    #[serde(flatten)]
    result: &'a GameResult,
    /// ISO 4217.
    currency: &'a str,
}

/// Data of `notifications.session_invitation`.
#[derive(Serialize)]
struct Invitation<'a> {
    #[serde(flatten)]
    participant: &'a PlayerJoined,
    invited_by: Option<UserId>,
}

/// What statistics need: one message for each player concerned who has an account.
pub(super) fn statistics_of(record: &Record) -> Vec<ForPlayer<Data>> {
    match &record.event.fact {
        Fact::GameReopened(reopened) => {
            let players = reopened.former_results.iter().filter_map(|result| result.user_id);
            let checks = players.map(|user| ("stats.achievement_check", Some(user), json!({}).into()));
            // It counts for nothing until it ends again.
            std::iter::once(("stats.game_corrected", None, data_of(record))).chain(checks).collect()
        }
        fact if corrected_results(fact).is_some() => {
            let results = corrected_results(fact).unwrap_or_default();
            with_check(for_each_player("stats.game_corrected", results, Data::encode))
        }
        Fact::GameEnded(ended) => with_check(for_each_player("stats.game_completed", &ended.results, Data::encode)),
        // All that was played there counts for somebody now.
        Fact::ParticipantClaimed(claimed) => {
            vec![("stats.achievement_check", Some(claimed.user_id), json!({}).into())]
        }
        // It counts for nothing now.
        Fact::GameCancelled(_) => vec![("stats.game_corrected", None, data_of(record))],
        _ => Vec::new(),
    }
}

/// Whoever's ended games changed may have earned an achievement, or lost one. The check stands after the results.
fn with_check(mut messages: Vec<ForPlayer<Data>>) -> Vec<ForPlayer<Data>> {
    let players: Vec<Option<UserId>> = messages.iter().map(|(_, user, _)| *user).collect();
    messages.extend(players.into_iter().map(|user| ("stats.achievement_check", user, json!({}).into())));
    messages
}

/// What players are told of, wherever they are.
pub(super) fn notifications_of(record: &Record) -> Vec<ForPlayer<Data>> {
    match &record.event.fact {
        Fact::GameEnded(ended) => for_each_player("notifications.game_completed", &ended.results, |result| {
            Data::encode(&GameCompleted { result, currency: &ended.currency })
        }),
        Fact::PaymentMarked(payment) => {
            // Whoever marked it knows.
            let told = [payment.from_user_id, payment.to_user_id].into_iter().flatten();
            let told = told.filter(|user| record.event.actor.user_id != Some(*user));
            told.map(|user| ("notifications.payment_marked", Some(user), data_of(record))).collect()
        }
        Fact::PlayerJoined(participant) if !participant.is_active => {
            let invitation = Data::encode(&Invitation { participant, invited_by: record.event.actor.user_id });
            let invited = participant.user_id.map(|user| ("notifications.session_invitation", Some(user), invitation));
            invited.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The results of an ended game as they are from now on.
fn corrected_results(fact: &Fact) -> Option<&[GameResult]> {
    match fact {
        Fact::EventVoided(voided) => voided.standing.results.as_deref(),
        Fact::EventReassigned(moved) => moved.standing.results.as_deref(),
        fact => fact.correction().map(|correction| correction.results.as_slice()),
    }
}

/// What is taken back: a mark, an expense or a payment, the results of a game that had ended, an invitation.
pub(super) fn compensations_of(record: &Record) -> Vec<(&str, Data)> {
    let fact = &record.event.fact;
    let mark = match fact {
        Fact::EventVoided(voided) => Some(voided.voided_type.as_str()),
        Fact::EventReassigned(moved) => Some(moved.reassigned_type.as_str()),
        Fact::EntryVoided(voided) => Some(voided.voided_type.as_str()),
        _ => None,
    };
    let has_ended = corrected_results(fact).is_some() || matches!(fact, Fact::GameReopened(_));
    let is_invited = match fact {
        Fact::PlayerLeft(gone) | Fact::PlayerRemoved(gone) => gone.invitation.is_some(),
        _ => false,
    };
    let told = [(has_ended, "game.ended"), (is_invited, "notifications.session_invitation")];
    let told = told.into_iter().filter_map(|(is_taken_back, told)| is_taken_back.then_some(told));
    mark.into_iter().chain(told).map(|taken_back| (taken_back, data_of(record))).collect()
}

fn for_each_player(
    key: &'static str,
    results: &[GameResult],
    encode: impl Fn(&GameResult) -> Data,
) -> Vec<ForPlayer<Data>> {
    results.iter().filter_map(|result| Some((key, Some(result.user_id?), encode(result)))).collect()
}

/// The `data` of an event, as it is encoded already.
pub(super) fn data_of(record: &Record) -> Data {
    #[derive(Deserialize)]
    struct Part<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    match serde_json::from_str(record.json.get()) {
        Ok(Part { data: Some(data) }) => Data::of(data),
        _ => Value::Null.into(),
    }
}
