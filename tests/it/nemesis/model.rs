//! The house rules once more, from the rule book and nothing else: what a log of a session comes to. Slow and plain, so
//! that it can be compared with the program's own.

use std::collections::BTreeMap;

use serde_json::Value;

/// One game as its marks say.
#[derive(Clone, Debug)]
pub(super) struct Game {
    pub(super) id: String,
    rules: Value,
    pub(super) order: Vec<String>,
    marks: Vec<Mark>,
    pub(super) status: &'static str,
    /// Not by hand.
    is_ended_by_marks: bool,
}

#[derive(Clone, Debug)]
struct Mark {
    seq: i64,
    /// Index in the order.
    player: usize,
    act: Act,
    is_void: bool,
}

#[derive(Clone, Debug)]
enum Act {
    Pot(String),
    Foul(i64),
    EndTurn,
}

/// What a game came to for one player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) points: i64,
    pub(super) balls: i64,
    pub(super) fouls: i64,
    pub(super) earned: i64,
    pub(super) paid: i64,
    pub(super) place: i64,
    pub(super) won: bool,
    pub(super) lost: bool,
}

impl Line {
    pub(super) fn net(&self) -> i64 {
        self.earned - self.paid
    }
}

/// A session as its log says.
#[derive(Clone, Debug, Default)]
pub(super) struct Evening {
    rules: Value,
    /// Participants, each with its account.
    pub(super) participants: BTreeMap<String, Option<String>>,
    pub(super) games: Vec<Game>,
    /// The last event took away what ended the game: it must go on with the next one.
    goes_on: bool,
}

/// An event says something else than the rules.
pub(super) type Wrong = String;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

impl Evening {
    /// Folds a log; what its events say beside the marks is compared on the way.
    pub(super) fn of(log: &[Value], wrong: &mut Vec<Wrong>) -> Self {
        let mut evening = Self::default();
        for event in log {
            evening.apply(event, wrong);
        }
        evening
    }

    fn apply(&mut self, event: &Value, wrong: &mut Vec<Wrong>) {
        let data = &event["data"];
        if std::mem::take(&mut self.goes_on) != (event["type"] == "game.reopened") {
            wrong.push(format!("event {}: a game goes on that should not, or does not and should", event["seq"]));
        }
        let mut check = |what: &str, said: &Value, is: i64| {
            if number(said) != is {
                wrong.push(format!("event {} says {what} {said}, the rules say {is}", event["seq"]));
            }
        };
        match event["type"].as_str().unwrap_or_default() {
            "session.created" => {
                self.rules = data["rules"].clone();
                let user = Some(text(&data["creator_user_id"]));
                self.participants.insert(text(&data["creator_participant_id"]), user);
            }
            "session.player_joined" => {
                let user = data["user_id"].as_str().map(str::to_owned);
                self.participants.insert(text(&data["participant_id"]), user);
            }
            "game.started" => self.games.push(Game {
                id: text(&event["game_id"]),
                rules: self.rules.clone(),
                order: data["order"].as_array().into_iter().flatten().map(text).collect(),
                marks: Vec::new(),
                status: "in_progress",
                is_ended_by_marks: false,
            }),
            "game.ended" | "game.cancelled" => {
                let Some(game) = self.game_of(event) else { return };
                game.status = if event["type"] == "game.ended" { "completed" } else { "cancelled" };
                if game.status == "completed" {
                    game.is_ended_by_marks = game.is_decided();
                    game.compare(&data["results"], event, wrong);
                }
            }
            "game.reopened" => {
                let Some(game) = self.game_of(event) else { return };
                game.status = "in_progress";
                game.compare_scores(&data["scores"], event, wrong);
            }
            "game.event_voided" => {
                let is_last = self.games.last().is_some_and(|game| event["game_id"] == game.id.as_str());
                let Some(game) = self.game_of(event) else { return };
                for mark in game.marks.iter_mut().filter(|mark| data["voided_seq"] == mark.seq) {
                    mark.is_void = true;
                }
                let goes_on = game.status == "completed" && game.is_ended_by_marks && is_last && !game.is_decided();
                if game.status == "completed" && !goes_on {
                    game.compare(&data["results"], event, wrong);
                }
                game.compare_scores(&data["scores"], event, wrong);
                self.goes_on = goes_on;
            }
            kind @ ("game.ball_potted" | "game.foul_committed" | "game.turn_changed") => {
                let act = match kind {
                    "game.ball_potted" => Act::Pot(text(&data["color"])),
                    "game.foul_committed" => Act::Foul(number(&data["points"])),
                    _ => Act::EndTurn,
                };
                let Some(game) = self.game_of(event) else { return };
                let Some(player) = game.order.iter().position(|participant| data["participant_id"] == *participant)
                else {
                    return wrong.push(format!("event {} is of somebody who does not play", event["seq"]));
                };
                let before = game.lines()[player].points;
                game.marks.push(Mark { seq: number(&event["seq"]), player, act, is_void: false });
                let line = game.lines()[player].clone();
                if kind != "game.turn_changed" {
                    check("total_score", &data["total_score"], line.points);
                }
                if kind == "game.ball_potted" {
                    check("points", &data["points"], line.points - before);
                    check("balls_potted", &data["balls_potted"], line.balls);
                }
            }
            _ => {}
        }
    }

    fn game_of(&mut self, event: &Value) -> Option<&mut Game> {
        self.games.iter_mut().rev().find(|game| event["game_id"] == game.id.as_str())
    }

    /// Games that count, and this place plays in.
    pub(super) fn games_with(&self, participant: &str) -> impl Iterator<Item = (&Game, Line)> {
        self.games.iter().filter(|game| game.status != "cancelled").filter_map(move |game| {
            let player = game.order.iter().position(|other| other == participant)?;
            Some((game, game.lines()[player].clone()))
        })
    }

    /// What a participant's evening comes to.
    pub(super) fn net(&self, participant: &str) -> i64 {
        self.games_with(participant).filter(|(game, _)| game.status == "completed").map(|(_, line)| line.net()).sum()
    }
}

impl Game {
    /// What it comes to, in the order of the game.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines = match self.rules["game_type"].as_str() {
            Some("kolkhoz") => self.kolkhoz(),
            _ => self.pyramid(),
        };
        // Equal points share a place; in a pyramid those of the side count.
        let heights: Vec<i64> = match self.rules["game_type"].as_str() {
            Some("kolkhoz") => lines.iter().map(|line| line.points).collect(),
            _ => (0..lines.len()).map(|player| side_points(&lines, player % 2)).collect(),
        };
        let is_marked = self.standing().next().is_some();
        for (line, height) in lines.iter_mut().zip(&heights) {
            line.place = 1 + heights.iter().filter(|other| *other > height).count() as i64;
        }
        if self.status == "completed" {
            let winner = self.winning_side(&lines);
            let has_winner = if self.is_kolkhoz() { is_marked } else { winner.is_some() };
            for (player, line) in lines.iter_mut().enumerate() {
                let is_first = if self.is_kolkhoz() { line.place == 1 } else { winner == Some(player % 2) };
                line.won = has_winner && is_first;
                line.lost = has_winner && !is_first;
            }
        }
        lines
    }

    /// The marks that stand end it.
    fn is_decided(&self) -> bool {
        if !self.is_kolkhoz() {
            return self.winning_side(&self.pyramid()).is_some();
        }
        let balls = self.rules["balls"].as_array().map(Vec::as_slice).unwrap_or_default();
        let on_table: i64 = balls.iter().map(|ball| number(&ball["count"])).sum();
        let potted = self.standing().filter(|mark| matches!(mark.act, Act::Pot(_))).count() as i64;
        balls.iter().all(|ball| ball["count"].is_i64()) && potted >= on_table
    }

    fn is_kolkhoz(&self) -> bool {
        self.rules["game_type"] == "kolkhoz"
    }

    fn standing(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| !mark.is_void)
    }

    fn kolkhoz(&self) -> Vec<Line> {
        let rules = &self.rules;
        let count = self.order.len();
        let mut lines = vec![Line::default(); count];
        // Points of balls and fouls, which the ring pays for; fines are paid between two.
        let mut rung = vec![0; count];
        let mut open = vec![0; count];
        let (mut collected, mut fined) = (vec![0; count], vec![0; count]);
        let balls = rules["balls"].as_array().map(Vec::as_slice).unwrap_or_default();
        let on_table: i64 = balls.iter().map(|ball| number(&ball["count"])).sum();
        let is_counted = balls.iter().all(|ball| ball["count"].is_i64());
        let mut potted = 0;
        for mark in self.standing() {
            let player = mark.player;
            match &mark.act {
                Act::Pot(color) => {
                    potted += 1;
                    let value = balls.iter().find(|ball| ball["color"] == color.as_str());
                    let value = value.map_or(0, |ball| number(&ball["points"]));
                    let is_last = is_counted && potted == on_table;
                    rung[player] += match rules["last_ball"].as_str() {
                        Some("value_plus_one") if is_last => value + 1,
                        Some("player_count") if is_last => count as i64,
                        Some("player_count_plus_value") if is_last => count as i64 + value,
                        _ => value,
                    };
                    lines[player].balls += 1;
                    for owner in 0..count {
                        let fines = std::mem::take(&mut open[owner]);
                        if owner != player {
                            collected[player] += fines;
                            fined[owner] += fines;
                        }
                    }
                }
                Act::Foul(points) => {
                    lines[player].fouls += 1;
                    match rules["foul"]["kind"].as_str() {
                        Some("pool") => open[player] += points,
                        Some("none") => {}
                        _ => rung[player] -= points,
                    }
                }
                Act::EndTurn => {}
            }
        }
        let price = number(&rules["point_price"]);
        let all: i64 = rung.iter().sum();
        for player in 0..count {
            let line = &mut lines[player];
            line.points = rung[player] + collected[player] - fined[player];
            let (earned, paid) = match rules["payer"].as_str() {
                Some("everyone") => (rung[player] * (count as i64 - 1), all - rung[player]),
                _ => (rung[player], rung[(player + 1) % count]),
            };
            line.earned = price * (earned + collected[player]);
            line.paid = price * (paid + fined[player]);
        }
        lines
    }

    fn pyramid(&self) -> Vec<Line> {
        let mut lines = vec![Line::default(); self.order.len()];
        for mark in self.standing() {
            match mark.act {
                Act::Pot(_) => {
                    lines[mark.player].points += 1;
                    lines[mark.player].balls += 1;
                }
                Act::Foul(_) => {
                    lines[mark.player].fouls += 1;
                    // The opposite player gets the ball: 0 and 1, 2 and 3.
                    lines[mark.player ^ 1].points += 1;
                }
                Act::EndTurn => {}
            }
        }
        if let Some(winner) = self.winning_side(&lines) {
            let price = number(&self.rules["game_price"]);
            for (player, line) in lines.iter_mut().enumerate() {
                if player % 2 == winner {
                    line.earned = price;
                } else {
                    line.paid = price;
                }
            }
        }
        lines
    }

    fn winning_side(&self, lines: &[Line]) -> Option<usize> {
        let target = number(&self.rules["target_balls"]);
        (0..2).find(|side| !self.is_kolkhoz() && side_points(lines, *side) >= target)
    }

    /// The results that an event, or an answer, says.
    pub(super) fn differences(&self, results: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let results = results.as_array().map(Vec::as_slice).unwrap_or_default();
        if results.len() != self.order.len() {
            wrong.push(format!("{} results of {} players", results.len(), self.order.len()));
        }
        for (participant, line) in self.order.iter().zip(self.lines()) {
            let Some(said) = results.iter().find(|result| result["participant_id"] == participant.as_str()) else {
                wrong.push(format!("no result of {participant}"));
                continue;
            };
            let fields = ["points", "balls_potted", "fouls", "earned", "paid", "net", "place"];
            let said = fields.map(|field| number(&said[field]));
            let is = [line.points, line.balls, line.fouls, line.earned, line.paid, line.net(), line.place];
            if said != is {
                wrong.push(format!("{participant}: {fields:?} are {said:?}, the rules say {is:?}"));
            }
        }
        wrong
    }

    fn compare(&self, results: &Value, event: &Value, wrong: &mut Vec<Wrong>) {
        wrong.extend(self.differences(results).into_iter().map(|what| format!("event {}: {what}", event["seq"])));
    }

    /// Scores have no place, and the money that would be paid if the game ended now.
    pub(super) fn compare_scores(&self, scores: &Value, event: &Value, wrong: &mut Vec<Wrong>) {
        for (participant, line) in self.order.iter().zip(self.lines()) {
            let score =
                scores.as_array().into_iter().flatten().find(|score| score["participant_id"] == participant.as_str());
            let fields = ["points", "balls_potted", "fouls", "net"];
            let said = fields.map(|field| score.map_or(i64::MIN, |score| number(&score[field])));
            let is = [line.points, line.balls, line.fouls, line.net()];
            if said != is {
                let seq = &event["seq"];
                wrong.push(format!("{seq}, {participant}: {fields:?} are {said:?}, the rules say {is:?}"));
            }
        }
    }
}

fn side_points(lines: &[Line], side: usize) -> i64 {
    lines.iter().skip(side).step_by(2).map(|line| line.points).sum()
}

#[cfg(test)]
mod tests;
