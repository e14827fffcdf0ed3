//! PURE: what differs between the log of an evening and what was acknowledged, told and summed of it.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Until;
use super::check::Played;
use super::club::Known;

/// What was acknowledged is in the log once, as it was acknowledged; what was refused is not.
pub(super) fn wrong_acknowledgements(known: &Known, log: &[Value]) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let mut by_command: HashMap<&str, Vec<(i64, String)>> = HashMap::new();
    for event in log {
        let place = (event["seq"].as_i64().unwrap_or_default(), event["event_id"].as_str().unwrap_or_default());
        let command = event["command_id"].as_str().unwrap_or_default();
        by_command.entry(command).or_default().push((place.0, place.1.to_owned()));
    }
    for (command, acked) in &known.acked {
        let there = by_command.get(command.to_string().as_str()).map(Vec::as_slice).unwrap_or_default();
        let is_same = if acked.is_whole { there == acked.events } else { there.starts_with(&acked.events) };
        if !is_same || acked.events.is_empty() {
            let sentence = format!("command {command}: {acked:?}, the log has {there:?}");
            wrong.push(("an acknowledged command is not in the log as it was acknowledged", sentence));
        }
    }
    for command in known.refused.iter().filter(|command| by_command.contains_key(command.to_string().as_str())) {
        wrong.push(("a refused command is in the log", format!("command {command}")));
    }
    // A command is one mark, and the end of the game that it may bring, or that the game goes on.
    for (command, events) in by_command.iter().filter(|(_, events)| events.len() > 1) {
        let followed = |(seq, _): &(i64, String)| {
            let event = log.get(*seq as usize - 1);
            event.is_some_and(|event| event["type"] == "game.ended" || event["type"] == "game.reopened")
        };
        if events.len() > 2 || events[1].0 != events[0].0 + 1 || !followed(&events[1]) {
            wrong.push(("a command is in the log more than once", format!("command {command}: {events:?}")));
        }
    }
    wrong
}

/// What a session's state says of its participants and its game, where the rules say something else.
pub(super) fn state_differences(Played { log, evening, .. }: &Played<'_>, session: &Value) -> Until {
    let mut wrong = Vec::new();
    if session["seq"] != log.len() {
        wrong.push(format!("seq {} of {}", session["seq"], log.len()));
    }
    for participant in session["participants"].as_array().into_iter().flatten() {
        let id = participant["id"].as_str().unwrap_or_default();
        let completed = evening.games_with(id).filter(|(game, _)| game.status == "completed").count() as i64;
        let balls: i64 = evening.games_with(id).map(|(_, line)| line.balls).sum();
        let is = [evening.net(id), completed, balls];
        let said =
            ["balance", "games_played", "balls_potted"].map(|field| participant[field].as_i64().unwrap_or(i64::MIN));
        if said != is {
            wrong.push(format!("{id}: balance, games, balls are {said:?}, the rules say {is:?}"));
        }
    }
    let current = evening.games.last().filter(|game| game.status == "in_progress");
    match (current, session["current_game"].as_object()) {
        (None, None) => {}
        (Some(game), Some(said)) if said["id"] == game.id.as_str() => {
            game.compare_scores(&said["scores"], &json!({"seq": "now"}), &mut wrong);
        }
        (game, said) => {
            wrong.push(format!("the game in progress is {said:?}, the log says {:?}", game.map(|game| &game.id)))
        }
    }
    wrong
}

/// Balances, and transfers that clear them.
pub(super) fn balance_differences(Played { evening, .. }: &Played<'_>, balance: &Value) -> Until {
    let mut wrong = Vec::new();
    let mut open: BTreeMap<&str, i64> = BTreeMap::new();
    for line in balance["participants"].as_array().into_iter().flatten() {
        let id = line["participant_id"].as_str().unwrap_or_default();
        let (said, is) = (line["net"].as_i64(), evening.net(id));
        open.insert(id, is);
        if said != Some(is) {
            wrong.push(format!("{id}: net is {said:?}, the rules say {is}"));
        }
    }
    if open.values().sum::<i64>() != 0 || open.len() != evening.participants.len() {
        wrong.push(format!("{open:?} is no balance of {} participants", evening.participants.len()));
    }
    let transfers = balance["settlement"].as_array().map(Vec::as_slice).unwrap_or_default();
    let owing = open.values().filter(|net| **net != 0).count();
    for transfer in transfers {
        let amount = transfer["amount"].as_i64().unwrap_or_default();
        for (end, change) in [("from", amount), ("to", -amount)] {
            *open.entry(transfer[end].as_str().unwrap_or_default()).or_default() += change;
        }
    }
    if open.values().any(|net| *net != 0) || transfers.len() > owing.saturating_sub(1) {
        wrong.push(format!("the settlement {transfers:?} leaves {open:?}"));
    }
    wrong
}

/// What the log says a user has done.
pub(super) fn totals(played: &Played<'_>, participant: &str) -> BTreeMap<&'static str, i64> {
    let lines: Vec<_> = played.evening.games_with(participant).collect();
    let ended: Vec<_> = lines.iter().filter(|(game, _)| game.status == "completed").map(|(_, line)| line).collect();
    let mut totals = BTreeMap::from([
        ("/games", ended.len() as i64),
        ("/wins", ended.iter().filter(|line| line.won).count() as i64),
        ("/losses", ended.iter().filter(|line| line.lost).count() as i64),
        ("/points", lines.iter().map(|(_, line)| line.points).sum()),
        ("/balls_potted", lines.iter().map(|(_, line)| line.balls).sum()),
        ("/fouls", lines.iter().map(|(_, line)| line.fouls).sum()),
        ("/best_score", ended.iter().map(|line| line.points).max().unwrap_or_default()),
    ]);
    if !ended.is_empty() {
        totals.insert("/nets/RUB", ended.iter().map(|line| line.net()).sum());
    }
    totals
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::nemesis::club::Acked;

    fn event(seq: i64, command: u128, kind: &str) -> Value {
        json!({"seq": seq, "event_id": format!("event {seq}"), "command_id": Uuid::from_u128(command), "type": kind})
    }

    fn acked(seqs: &[i64]) -> Acked {
        Acked { events: seqs.iter().map(|seq| (*seq, format!("event {seq}"))).collect(), is_whole: true }
    }

    fn wrong(known: &Known, log: &[Value]) -> Vec<&'static str> {
        wrong_acknowledgements(known, log).into_iter().map(|(what, _)| what).collect()
    }

    #[test]
    fn what_is_lost_doubled_renumbered_or_was_refused_is_seen() {
        let pot = "game.ball_potted";
        let log = [event(1, 1, pot), event(2, 2, pot), event(3, 2, "game.ended"), event(4, 3, pot)];
        let mut known = Known::default();
        known.acked.insert(Uuid::from_u128(1), acked(&[1]));
        known.acked.insert(Uuid::from_u128(2), acked(&[2, 3]));
        assert!(wrong(&known, &log).is_empty());
        let not_there = ["an acknowledged command is not in the log as it was acknowledged"];
        assert_eq!(wrong(&known, &log[..2]), not_there, "its second event is lost");
        assert_eq!(wrong(&known, &[event(1, 7, pot), log[1].clone(), log[2].clone()]), not_there, "lost");
        known.acked.insert(Uuid::from_u128(3), acked(&[5]));
        assert_eq!(wrong(&known, &log), not_there, "renumbered");
        known.acked.remove(&Uuid::from_u128(3));
        known.refused.push(Uuid::from_u128(3));
        assert_eq!(wrong(&known, &log), ["a refused command is in the log"]);
        known = Known::default();
        let twice = [event(1, 1, pot), event(2, 2, pot), event(3, 1, pot)];
        assert_eq!(wrong(&known, &twice), ["a command is in the log more than once"]);
    }
}
