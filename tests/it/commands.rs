//! Scoring commands from other systems, published at the broker (contract, section 5).

use artel::messaging::topology::{EVENTS, GAME};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use uuid::Uuid;

use super::evening::{Evening, kolkhoz};
use super::player::Socket;
use super::test_app::{Store, TestApp, text, until};

/// Another system.
struct Outsider {
    channel: Channel,
    _connection: Connection,
}

impl Outsider {
    async fn of(app: &TestApp) -> Self {
        let url = app.amqp_url().expect("a server with a broker");
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { channel, _connection: connection }
    }

    async fn publish(&self, key: &str, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let properties = BasicProperties::default().with_delivery_mode(2);
        let sent = self.channel.basic_publish(EVENTS.into(), key.into(), options, body, properties).await.unwrap();
        let confirmed = sent.await.unwrap();
        assert!(confirmed.is_ack() && confirmed.take_message().is_none(), "a queue takes it");
    }

    /// Publishes a command as the contract has it; answers the message.
    async fn command(&self, user: &str, session: &str, command: Value) -> Value {
        let key = format!("game.command.{}", command["type"].as_str().unwrap());
        let frame = json!({
            "type": "command", "id": Uuid::new_v4(), "session_id": session, "command": command, "user_id": user,
        });
        let message = envelope(&key, frame);
        self.publish(&key, message.to_string().as_bytes()).await;
        message
    }

    async fn again(&self, message: &Value) {
        self.publish(message["event_type"].as_str().unwrap(), message.to_string().as_bytes()).await;
    }
}

pub fn envelope(key: &str, data: Value) -> Value {
    let id = Uuid::new_v4();
    json!({
        "event_id": id, "event_type": key, "timestamp": "2026-01-31T18:04:05.123Z", "source_service": "scoreboard",
        "correlation_id": Uuid::new_v4(), "causation_id": null, "priority": 8, "retries": 0, "max_retries": 5,
        "user_id": null, "session_id": null, "game_id": null, "seq": null, "data": data,
    })
}

pub fn pot(participant: &str, color: &str) -> Value {
    json!({"type": "pot_ball", "participant_id": participant, "color": color})
}

/// A game of two, a socket that watches it, and another system.
async fn a_game(app: &TestApp) -> (Evening, Socket, Outsider) {
    let evening = Evening::open(app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let mut socket = evening.players[0].socket().await;
    socket.subscribe(&evening.session, None).await;
    (evening, socket, Outsider::of(app).await)
}

async fn next_event(socket: &mut Socket) -> Value {
    socket.next_of("event").await["event"].clone()
}

#[tokio::test]
async fn a_command_of_another_system_is_played_once_however_often_it_comes() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let (evening, mut socket, outsider) = a_game(&app).await;

    let (anna, participant) = (&evening.players[0].id, &evening.participants[0]);
    let message = outsider.command(anna, &evening.session, pot(participant, "white")).await;
    let event = next_event(&mut socket).await;
    assert_eq!(event["type"], "game.ball_potted");
    assert_eq!(event["actor"]["user_id"], json!(anna));
    assert_eq!(event["command_id"], message["data"]["id"]);
    assert_eq!(event["correlation_id"], message["correlation_id"]);

    for _ in 0..3 {
        outsider.again(&message).await;
    }
    // The same command over the other ways in is the same, too.
    let id: Uuid = message["data"]["id"].as_str().unwrap().parse().unwrap();
    let mut other = evening.players[0].socket().await;
    let ack = other.command_with_id(id, &evening.session, pot(participant, "white")).await;
    assert_eq!(ack["events"][0]["event_id"], event["event_id"]);

    // Many at once keep their order.
    for n in 0..30 {
        let participant = &evening.participants[n % 2];
        outsider.command(anna, &evening.session, pot(participant, "white")).await;
    }
    for n in 0..30 {
        let event = next_event(&mut socket).await;
        assert_eq!(event["data"]["participant_id"], json!(evening.participants[n % 2]), "{event}");
    }
    let game = evening.state().await["current_game"].clone();
    let points: i64 = game["scores"].as_array().unwrap().iter().map(|score| score["points"].as_i64().unwrap()).sum();
    assert_eq!(points, 31);
}

#[tokio::test]
async fn a_refused_command_is_compensated_and_its_user_told_on_whatever_node() {
    let app = TestApp::start_with(Store::Rabbit, &["--admin", "operator"]).await;
    let two = app.another_node().await;
    let operator = app.player_named("operator").await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let outsider = Outsider::of(&app).await;
    let heard = overhear(&outsider.channel, "compensation.#").await;
    let mut there = evening.players[0].on(&two).socket().await;

    // There is no game yet.
    let (anna, participant) = (&evening.players[0].id, &evening.participants[0]);
    let message = outsider.command(anna, &evening.session, pot(participant, "white")).await;
    let told = there.next_of("notification").await["notification"].clone();
    assert_eq!((&told["kind"], &told["data"]["code"]), (&json!("command_refused"), &json!("game_not_active")));
    assert_eq!(told["data"]["command_id"], message["data"]["id"]);

    let delivery = next_message(&heard, &outsider.channel).await;
    assert_eq!(delivery["event_type"], "compensation.game.command.pot_ball");
    assert_eq!(delivery["user_id"], json!(anna));
    assert_eq!(delivery["causation_id"], message["event_id"]);
    assert_eq!(delivery["correlation_id"], message["correlation_id"]);
    assert_eq!(delivery["data"]["code"], "game_not_active");

    // What was refused stays refused, also when it would be possible now: its sender has been told.
    let game = evening.start_game().await;
    outsider.again(&message).await;
    // Who may not score, and a session that is not there, are refusals as well.
    let stranger = app.player("stranger").await;
    outsider.command(&stranger.id, &evening.session, pot(participant, "white")).await;
    outsider.command(anna, &Uuid::new_v4().to_string(), pot(participant, "white")).await;
    let mut codes = [next_message(&heard, &outsider.channel).await, next_message(&heard, &outsider.channel).await]
        .map(|message| text(&message["data"]["code"]));
    codes.sort();
    assert_eq!(codes, ["insufficient_permissions", "not_found"]);
    let scores = evening.players[0].read(&format!("/api/v1/games/{game}/scores")).await;
    assert!(scores["scores"].as_array().unwrap().iter().all(|score| score["points"] == 0), "{scores}");

    // The chain of the request: the command, what came of it, and who was told.
    let chain = format!("/api/v1/admin/audit?correlation_id={}", message["correlation_id"].as_str().unwrap());
    until("the audit has the chain", || async {
        let listed = operator.read(&chain).await;
        let types: Vec<String> =
            listed["items"].as_array().unwrap().iter().map(|item| text(&item["event_type"])).collect();
        (types.contains(&"game.command.pot_ball".to_owned())
            && types.contains(&"compensation.game.command.pot_ball".to_owned()))
        .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_key_that_was_used_for_another_session_is_compensated() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let (evening, mut socket, outsider) = a_game(&app).await;
    let heard = overhear(&outsider.channel, "compensation.#").await;
    let (anna, participant) = (&evening.players[0].id, &evening.participants[0]);
    let played = outsider.command(anna, &evening.session, pot(participant, "white")).await;
    next_event(&mut socket).await;
    let other = Evening::open(&app, &["dina", "egor"], kolkhoz()).await;
    let mut again = envelope("game.command.pot_ball", played["data"].clone());
    again["data"]["session_id"] = json!(other.session);
    outsider.again(&again).await;
    let refusal = next_message(&heard, &outsider.channel).await;
    assert_eq!(refusal["causation_id"], again["event_id"]);
    assert_eq!(refusal["data"]["code"], "idempotency_key_reused", "{refusal}");
    let another = json!({"type": "commit_foul", "participant_id": participant});
    let mut again = envelope("game.command.commit_foul", played["data"].clone());
    again["data"]["command"] = another;
    outsider.again(&again).await;
    let refusal = next_message(&heard, &outsider.channel).await;
    assert_eq!(refusal["data"]["code"], "idempotency_key_reused", "{refusal}");
}

#[tokio::test]
async fn what_is_no_command_is_a_dead_letter_with_its_reason_and_holds_up_nothing() {
    let app = TestApp::start_with(Store::Rabbit, &["--admin", "operator"]).await;
    let operator = app.player_named("operator").await;
    let (evening, mut socket, outsider) = a_game(&app).await;
    let (anna, participant) = (&evening.players[0].id, &evening.participants[0]);

    outsider.publish("game.command.pot_ball", b"{nonsense").await;
    outsider.command(anna, &evening.session, json!({"type": "fly"})).await;
    outsider.command(anna, &evening.session, pot(participant, "white")).await;
    assert_eq!(next_event(&mut socket).await["type"], "game.ball_potted");

    let path = "/api/v1/admin/dead-letters";
    let letters = until("both are dead letters", || async {
        let listed = operator.read(path).await;
        // The audit can't read the nonsense either.
        let letters = listed["items"].as_array().unwrap().iter().filter(|letter| letter["queue"] == GAME.name);
        let letters: Vec<Value> = letters.cloned().collect();
        (letters.len() == 2).then_some(letters)
    })
    .await;
    let reasons: Vec<String> = letters.iter().map(|letter| text(&letter["reason"])).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("the body is no envelope")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("not a command: command.type")), "{reasons:?}");
    // A copy of each is at the broker, for its own tools.
    let dead = artel::messaging::topology::dead_letter_queue(GAME.name);
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
    until("the copies are there", || async {
        let queue = outsider.channel.queue_declare(dead.as_str().into(), passive, FieldTable::default()).await;
        (queue.unwrap().message_count() == 2).then_some(())
    })
    .await;
}

/// A queue of the test's own that hears what the pattern asks for.
async fn overhear(channel: &Channel, pattern: &str) -> String {
    let options = QueueDeclareOptions::exclusive();
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
    let name = queue.name().to_string();
    let bound = channel.queue_bind(
        name.as_str().into(),
        EVENTS.into(),
        pattern.into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.unwrap();
    name
}

async fn next_message(queue: &str, channel: &Channel) -> Value {
    until("a message", || async {
        let got = channel.basic_get(queue.into(), lapin::options::BasicGetOptions { no_ack: true }).await.unwrap();
        got.map(|got| serde_json::from_slice(&got.delivery.data).unwrap())
    })
    .await
}
