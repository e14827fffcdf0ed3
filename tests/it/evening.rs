//! A session with its players, ready to play.

use serde_json::{Value, json};

use super::player::Player;
use super::test_app::{TestApp, text};

/// The kolkhoz of the worked examples: 50 ₽ a point, no counts.
pub fn kolkhoz() -> Value {
    json!({
        "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
        "balls": [
            {"color": "white", "points": 1}, {"color": "yellow", "points": 2}, {"color": "pink", "points": 4},
        ],
        "payer": "previous", "order": "manual",
    })
}

/// A session with its players seated, each with an account, in the order given.
#[derive(Clone)]
pub struct Evening {
    pub session: String,
    pub code: String,
    pub players: Vec<Player>,
    pub participants: Vec<String>,
}

impl Evening {
    pub async fn open(app: &TestApp, names: &[&str], rules: Value) -> Self {
        let mut players = Vec::new();
        for name in names {
            players.push(app.player(name).await);
        }
        let session = players[0].done("/api/v1/sessions", json!({"name": "Friday", "rules": rules})).await;
        let (id, code) = (text(&session["id"]), text(&session["code"]));
        let mut participants = vec![text(&session["participants"][0]["id"])];
        for player in &players[1..] {
            let joined = player.done("/api/v1/sessions/join", json!({"code": code})).await;
            participants.push(text(&joined["participant_id"]));
        }
        Self { session: id, code, players, participants }
    }

    /// All events of the session, as REST tells them.
    pub async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let path = format!("/api/v1/sessions/{}/events?after_seq={}&limit=200", self.session, events.len());
            let page = self.players[0].read(&path).await;
            let items = page["items"].as_array().expect("a list");
            if items.is_empty() {
                assert_eq!(page["last_seq"], events.len(), "the log ends where the session does");
                return events;
            }
            events.extend(items.iter().cloned());
        }
    }

    /// A ball for a player, as a command.
    pub fn ball(&self, player: usize, color: &str) -> Value {
        json!({"type": "pot_ball", "participant_id": self.participants[player], "color": color})
    }

    pub async fn start_game(&self) -> String {
        let path = format!("/api/v1/sessions/{}/games", self.session);
        text(&self.players[0].done(&path, json!({"order": self.participants})).await["id"])
    }

    pub async fn pot(&self, game: &str, player: usize, color: &str) -> Value {
        let command = json!({"type": "pot_ball", "participant_id": self.participants[player], "color": color});
        self.players[0].done(&format!("/api/v1/games/{game}/events"), command).await
    }

    pub async fn end(&self, game: &str) -> Value {
        self.players[0].done(&format!("/api/v1/games/{game}/end"), json!({})).await
    }

    pub async fn state(&self) -> Value {
        self.players[0].read(&format!("/api/v1/sessions/{}", self.session)).await
    }

    pub async fn balance(&self) -> Value {
        self.players[0].read(&format!("/api/v1/sessions/{}/balance", self.session)).await
    }

    /// The net of each player in an array of objects with `participant_id` and `net`.
    pub fn nets(&self, items: &Value) -> Vec<i64> {
        self.participants
            .iter()
            .map(|participant| {
                let items = items.as_array().unwrap_or_else(|| panic!("a list: {items}"));
                let item = items.iter().find(|item| item["participant_id"] == participant.as_str());
                item.unwrap_or_else(|| panic!("{participant} in {items:?}"))["net"].as_i64().expect("an integer")
            })
            .collect()
    }
}
