//! What happens at a table, in few words: rules with an option changed, marks, games played to their end.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, answer};
use crate::test_app::text;

/// The rules of the worked examples with some fields replaced.
pub(crate) fn kolkhoz_with(changes: Value) -> Value {
    changed(kolkhoz(), changes)
}

/// A counted table of two balls, white 1 and pink 4.
pub(crate) fn counted_with(changes: Value) -> Value {
    let balls = json!([{"color": "white", "points": 1, "count": 1}, {"color": "pink", "points": 4, "count": 1}]);
    changed(kolkhoz_with(json!({"balls": balls})), changes)
}

pub(crate) fn pyramid_with(game_type: &str, changes: Value) -> Value {
    let rules = json!({"game_type": game_type, "currency": "RUB", "game_price": 50_000, "order": "manual"});
    changed(rules, changes)
}

fn changed(mut rules: Value, changes: Value) -> Value {
    for (field, value) in changes.as_object().expect("fields") {
        rules[field] = value.clone();
    }
    rules
}

impl Player {
    /// A DELETE with an idempotency key.
    pub(crate) async fn delete_with_key(&self, path: &str, key: Uuid) -> (StatusCode, Value) {
        answer(self.request(Method::DELETE, path).header("idempotency-key", key.to_string())).await
    }
}

impl Evening {
    pub(crate) fn creator(&self) -> &Player {
        &self.players[0]
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/sessions/{}{rest}", self.session)
    }

    /// A scoring command of the creator's.
    pub(crate) async fn score(&self, game: &str, command: Value) -> (StatusCode, Value) {
        self.creator().post(&format!("/api/v1/games/{game}/events"), command).await
    }

    pub(crate) async fn foul(&self, game: &str, player: usize, points: Option<i64>) -> Value {
        let mut command = json!({"type": "commit_foul", "participant_id": self.participants[player]});
        if let Some(points) = points {
            command["points"] = json!(points);
        }
        self.creator().done(&format!("/api/v1/games/{game}/events"), command).await
    }

    pub(crate) async fn void(&self, game: &str, event: &Value) -> Value {
        let (status, voided) = self.creator().delete(&format!("/api/v1/games/{game}/events/{}", event["seq"])).await;
        assert_eq!(status, StatusCode::OK, "{voided}");
        voided
    }

    /// A game of some of the players, in that order; the colours that each of them pots, then its end by hand.
    pub(crate) async fn play(&self, order: &[usize], pots: &[&[&str]]) -> String {
        let participants: Vec<_> = order.iter().map(|player| &self.participants[*player]).collect();
        let game = text(&self.creator().done(&self.path("/games"), json!({"order": participants})).await["id"]);
        for (player, colors) in order.iter().zip(pots) {
            for color in *colors {
                self.pot(&game, *player, color).await;
            }
        }
        self.end(&game).await;
        game
    }

    pub(crate) async fn game(&self, game: &str) -> Value {
        self.creator().read(&format!("/api/v1/games/{game}")).await
    }

    /// A whole number of each player, in the order of the places, out of an array with `participant_id`.
    pub(crate) fn each(&self, items: &Value, field: &str) -> Vec<i64> {
        let number = |participant: &String| {
            let item = crate::expect::item(items, "participant_id", participant);
            item[field].as_i64().unwrap_or_else(|| panic!("{field} of {item}"))
        };
        self.participants.iter().map(number).collect()
    }

    /// The points and nets of a completed game.
    pub(crate) async fn outcome(&self, game: &str) -> (Vec<i64>, Vec<i64>) {
        let results = self.creator().read(&format!("/api/v1/games/{game}/results")).await;
        (self.each(&results["results"], "points"), self.each(&results["results"], "net"))
    }

    /// A game whose order the rules draw; answers its id and order.
    pub(crate) async fn drawn(&self) -> (String, Vec<String>) {
        let game = self.creator().done(&self.path("/games"), json!({})).await;
        let order = game["order"].as_array().expect("an order").iter().map(text).collect();
        (text(&game["id"]), order)
    }
}
