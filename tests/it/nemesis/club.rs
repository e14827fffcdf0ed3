//! The sessions of a round: who plays where by which rules, and what is known of each while it is played.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::report::Report;
use crate::player::Player;
use crate::test_app::text;

/// Somebody with an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) user: String,
    token: Arc<Mutex<String>>,
    /// The participant.
    pub(super) participant: String,
}

impl Person {
    /// Somebody who has no place, and no token yet.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_token(&self, token: &str) {
        token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A session of the round.
pub(super) struct Table {
    pub(super) index: usize,
    pub(super) session: String,
    /// They play and mark; the first one is the creator.
    pub(super) players: Vec<Person>,
    pub(super) spectator: Person,
    /// Of all who play, guests too.
    pub(super) participants: Vec<String>,
    pub(super) colors: Vec<String>,
    /// The code of a board.
    pub(super) share: String,
    known: Mutex<Known>,
}

/// What anybody has heard of a session.
#[derive(Default)]
pub(super) struct Known {
    /// The highest number that was told to anybody, in whatever way.
    pub(super) seen: i64,
    /// The last event that `game` and `marks` are made from.
    learned: i64,
    /// The game in progress.
    pub(super) game: Option<String>,
    /// Marks that could be taken back, each with its game.
    pub(super) marks: Vec<(i64, String)>,
    /// What was acknowledged: the numbers and ids of the events. Over REST the first one only.
    pub(super) acked: HashMap<Uuid, Acked>,
    /// Refused by whom it was asked first, and asked of nobody else.
    pub(super) refused: Vec<Uuid>,
    /// Commands of another system that the broker took.
    pub(super) published: Vec<(Uuid, Instant)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acked {
    pub(super) events: Vec<(i64, String)>,
    /// All of them are there.
    pub(super) is_whole: bool,
}

impl Known {
    /// The next event of the log, from whoever hears it first.
    pub(super) fn learn(&mut self, event: &Value) {
        let seq = event["seq"].as_i64().unwrap_or_default();
        self.seen = self.seen.max(seq);
        if seq != self.learned + 1 {
            return;
        }
        self.learned = seq;
        let game = event["game_id"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap_or_default() {
            "game.started" => self.game = Some(game),
            "game.ended" | "game.cancelled" => self.game = None,
            "game.ball_potted" | "game.foul_committed" | "game.turn_changed" => self.marks.push((seq, game)),
            _ => {}
        }
    }

    /// The same command is always answered with the same events.
    pub(super) fn ack(&mut self, command: Uuid, acked: Acked, report: &Report) {
        let last = acked.events.last().map_or(0, |(seq, _)| *seq);
        self.seen = self.seen.max(last);
        match self.acked.get(&command) {
            Some(before) if *before != acked => report.violation(
                "a command is acknowledged with other events than before",
                &format!("command {command}: {before:?}, then {acked:?}"),
            ),
            Some(_) => report.count("acknowledged once more, the same"),
            None => drop(self.acked.insert(command, acked)),
        }
    }
}

/// The rules of the table of that number, each with something of its own.
fn rules(index: usize) -> Value {
    let balls = |count: Option<i64>| {
        let ball = |color: &str, points: i64| match count {
            Some(count) => json!({"color": color, "points": points, "count": count}),
            None => json!({"color": color, "points": points}),
        };
        json!([ball("white", 1), ball("yellow", 2), ball("pink", 4), ball("black", 7)])
    };
    match index % 4 {
        0 => json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000, "balls": balls(None),
            "payer": "everyone", "foul": {"kind": "pool", "points": 2}, "order": "manual",
        }),
        1 => json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 2500, "balls": balls(Some(4)),
            "payer": "previous", "last_ball": "player_count_plus_value", "foul": {"kind": "pool"}, "order": "manual",
        }),
        2 => json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 100, "balls": balls(None),
            "payer": "previous", "foul": {"kind": "subtract", "points": 3}, "order": "manual",
        }),
        _ => json!({
            "game_type": "americana", "currency": "RUB", "game_price": 50_000, "target_balls": 12, "format": "2x2",
            "order": "manual",
        }),
    }
}

impl Table {
    /// Opens a session and has everybody sit down; nothing is broken meanwhile.
    pub(super) async fn open(index: usize, base: &str) -> Self {
        let anonymous = Player {
            base: base.to_owned(),
            http: reqwest::Client::new(),
            token: None,
            id: String::new(),
            refresh: String::new(),
        };
        let (mut people, mut names) = (Vec::new(), Vec::new());
        for name in ["anna", "boris", "clara", "dora"] {
            let username = format!("{name}-{}", &Uuid::new_v4().simple().to_string()[..12]);
            let body = json!({"username": username, "password": "correct horse"});
            names.push(username);
            people.push(Player::of(base, &anonymous.done("/api/v1/auth/register", body).await));
        }
        let creator = &people[0];
        let rules = rules(index);
        let opened = json!({"name": format!("table {index}"), "rules": rules, "is_private": index.is_multiple_of(2)});
        let session = creator.done("/api/v1/sessions", opened).await;
        let id = text(&session["id"]);
        let mut participants = vec![text(&session["participants"][0]["id"])];
        for (player, role) in people[1..].iter().zip(["participant", "participant", "spectator"]) {
            let body = json!({"code": session["code"], "role": role});
            participants.push(text(&player.done("/api/v1/sessions/join", body).await["participant_id"]));
        }
        let people: Vec<Person> = people
            .iter()
            .zip(&participants)
            .zip(names)
            .map(|((player, participant), name)| Person {
                name,
                user: player.id.clone(),
                token: Arc::new(Mutex::new(player.token.clone().unwrap_or_default())),
                participant: participant.clone(),
            })
            .collect();
        let mut playing = participants[..3].to_vec();
        // Two of them where that many can play.
        for guest in 0..(if index % 4 == 3 { 1 } else { 2 }) {
            let path = format!("/api/v1/sessions/{id}/participants");
            let body = json!({"display_name": format!("guest {guest}")});
            playing.push(text(&creator.done(&path, body).await["id"]));
        }
        let share = creator.done(&format!("/api/v1/sessions/{id}/share"), json!({})).await;
        let colors = match rules["balls"].as_array() {
            Some(balls) => balls.iter().map(|ball| text(&ball["color"])).collect(),
            None => vec!["white".to_owned()],
        };
        let (spectator, players) = people.split_last().expect("four people");
        Self {
            index,
            session: id,
            players: players.to_vec(),
            spectator: spectator.clone(),
            participants: playing,
            colors,
            share: text(&share["code"]),
            known: Mutex::default(),
        }
    }

    /// One that nobody has opened.
    pub(super) fn unplayed() -> Self {
        Self {
            index: 0,
            session: String::new(),
            players: Vec::new(),
            spectator: Person::default(),
            participants: Vec::new(),
            colors: Vec::new(),
            share: String::new(),
            known: Mutex::default(),
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/api/v1/sessions/{}{rest}", self.session)
    }
}
