//! Invitations to a session: by either call the same, gone when declined or withdrawn, and over after two weeks.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];
const KIND: &str = "session_invitation";

fn by_friend(invited: &Player) -> String {
    format!("/api/v1/friends/{}/invite", invited.id)
}

async fn invites(evening: &Evening, invited: &Player) -> (StatusCode, Value) {
    evening.creator().post(&by_friend(invited), json!({"session_id": evening.session})).await
}

/// Leaves the place, or removes its account, which ends an invitation.
async fn ends(evening: &Evening, by: &Player, place: &Value) {
    let path = evening.path(&format!("/participants/{}", text(&place["id"])));
    answered(by.delete(&path).await, 204);
}

#[actix_web::test]
async fn a_friend_is_invited_as_any_user_is() {
    for store in STORES {
        let app = TestApp::start_with(store, &["--invitations-per-hour", "2"]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let (anna, boris) = (evening.creator(), &evening.players[1]);
        let (vera, gleb, dina) = (app.player("vera").await, app.player("gleb").await, app.player("dina").await);
        anna.befriends(&vera).await;
        let (key, body) = (Uuid::new_v4(), json!({"session_id": evening.session}));
        let place = answered(anna.post_with_key(&by_friend(&vera), key, body.clone()).await, 201);
        assert_eq!((&place["user_id"], &place["is_active"]), (&json!(vera.id), &json!(false)));
        let told = vera.told_of(KIND, 1).await;
        let data = &told[0]["data"];
        assert_eq!((&data["session_id"], &data["invited_by"]["user_id"]), (&json!(evening.session), &json!(anna.id)));
        assert_eq!(data["link"], format!("/join/{}", evening.session));
        // The same key, the same again and the other call: the same invitation.
        let participants = evening.path("/participants");
        for again in [
            anna.post_with_key(&by_friend(&vera), key, body.clone()).await,
            invites(&evening, &vera).await,
            anna.post(&participants, json!({"user_id": vera.id})).await,
        ] {
            assert_eq!(answered(again, 201)["id"], place["id"]);
        }
        let other_key = anna.post_with_key(&participants, key, json!({"user_id": gleb.id})).await;
        refused(other_key, "idempotency_key_reused");
        assert_eq!(vera.told(KIND).await.len(), 1);

        // Who blocks somebody takes back no invitation, and its key answers as before.
        answered(vera.blocks(anna).await, 204);
        let again = anna.post_with_key(&by_friend(&vera), key, body.clone()).await;
        assert_eq!(answered(again, 201)["id"], place["id"]);
        answered(vera.unblocks(anna).await, 204);

        refused(boris.post(&by_friend(&gleb), body.clone()).await, "insufficient_permissions");
        refused(anna.post(&by_friend(&gleb), json!({"session_id": Uuid::now_v7()})).await, "not_found");
        let nobody = format!("/api/v1/friends/{}/invite", Uuid::now_v7());
        refused(anna.post(&nobody, body.clone()).await, "not_found");
        wrong_field(anna.post(&by_friend(&gleb), json!({})).await, "session_id");
        wrong_field(anna.post(&by_friend(&gleb), json!({"session_id": evening.session, "role": "x"})).await, "role");
        // Somebody who is no friend, and whoever would be one too many in an hour.
        refused(invites(&evening, &gleb).await, "rate_limited");
        refused(anna.post(&participants, json!({"user_id": dina.id})).await, "rate_limited");
        let joined = vera.post("/api/v1/sessions/join", body).await;
        assert_eq!(answered(joined, 200)["participant_id"], place["id"]);
    }
}

#[actix_web::test]
async fn an_invitation_that_is_declined_or_withdrawn_is_told_no_more() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
        let boris = app.player("boris").await;
        let mut told = Vec::new();
        for by in [&boris, evening.creator(), &boris] {
            let place = answered(invites(&evening, &boris).await, 201);
            let [invitation] = &boris.told_of(KIND, 1).await[..] else { panic!("one") };
            assert!(!told.contains(&invitation["id"]), "another invitation is told as another one");
            told.push(invitation["id"].clone());
            ends(&evening, by, &place).await;
            boris.told_of(KIND, 0).await;
            let body = json!({"session_id": evening.session});
            let (status, _) = boris.post("/api/v1/sessions/join", body).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
        }
        // Who has followed one and leaves then was told what was so.
        let place = answered(invites(&evening, &boris).await, 201);
        boris.told_of(KIND, 1).await;
        answered(boris.post("/api/v1/sessions/join", json!({"session_id": evening.session})).await, 200);
        ends(&evening, &boris, &place).await;
        let log = evening.events().await;
        let ended = log.iter().filter(|event| event["data"]["invitation"].is_object()).count();
        assert_eq!((ended, log.last().map(|event| text(&event["type"]))), (3, Some("session.player_left".to_owned())));
        assert_eq!(boris.told(KIND).await.len(), 1);
    }
}

async fn again(app: &TestApp, name: &str) -> Player {
    let login = json!({"username": name, "password": "correct horse"});
    Player::of(&app.base, &answered(app.anonymous().post("/api/v1/auth/login", login).await, 200))
}

#[actix_web::test]
async fn an_invitation_that_nobody_follows_is_over_after_two_weeks() {
    for store in STORES {
        let mut app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player_named("anna").await, app.player_named("boris").await);
        let session = anna.done("/api/v1/sessions", json!({"name": "Friday", "rules": kolkhoz()})).await;
        let path = format!("/api/v1/sessions/{}", text(&session["id"]));
        let place = json!({"user_id": boris.id});
        let first = answered(anna.post(&format!("{path}/participants"), place.clone()).await, 201);
        let [told] = &boris.told_of(KIND, 1).await[..] else { panic!("one") };
        let told = text(&told["id"]);

        app.restart_with_clock("+13d").await;
        let boris = again(&app, "boris").await;
        answered(boris.get(&format!("{path}/preview")).await, 200);
        assert_eq!(boris.told(KIND).await.len(), 1, "it can be followed still");

        app.restart_with_clock("+15d").await;
        let (anna, boris) = (again(&app, "anna").await, again(&app, "boris").await);
        assert!(boris.told(KIND).await.is_empty(), "{store:?}");
        let read = boris.put(&format!("/api/v1/notifications/{told}/read"), json!({})).await;
        refused(read, "not_found");
        let join = json!({"session_id": session["id"]});
        let refusal = refused(boris.post("/api/v1/sessions/join", join.clone()).await, "insufficient_permissions");
        assert!(text(&refusal["detail"]).contains("this invitation is over"), "{refusal}");
        refused(boris.get(&format!("{path}/preview")).await, "insufficient_permissions");
        answered(boris.get(&format!("/api/v1/sessions/by-code/{}", text(&session["code"]))).await, 200);
        // A socket that comes now is told of none.
        let mut socket = boris.socket().await;
        let second = answered(anna.post(&format!("{path}/participants"), place).await, 201);
        assert_eq!(second["id"], first["id"], "the same place");
        let [again] = &boris.told_of(KIND, 1).await[..] else { panic!("one") };
        assert_ne!(text(&again["id"]), told);
        assert_eq!(socket.next_of("notification").await["notification"]["id"], again["id"]);
        assert_eq!(answered(boris.post("/api/v1/sessions/join", join).await, 200)["participant_id"], first["id"]);
        let log = anna.read(&format!("{path}/events")).await;
        let types: Vec<_> = items(&log).iter().map(|event| text(&event["type"])).collect();
        let joined = "session.player_joined";
        assert_eq!(types, ["session.created", joined, joined, joined], "nothing is stored when it is over");
    }
}

#[actix_web::test]
async fn a_state_of_before_is_not_gone_on_from_where_somebody_is_invited() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let boris = app.player("boris").await;
    let place = answered(invites(&evening, &boris).await, 201);
    boris.told_of(KIND, 1).await;
    assert_eq!(app.terminate().await.0, Some(0));
    // As an earlier version kept it, and told apart from what the log says.
    let script = "
import sqlite3, sys, json
db = sqlite3.connect(sys.argv[1])
(state,), = db.execute('SELECT state FROM session_snapshot').fetchall()
state = json.loads(state)
state['name'] = 'As it was kept'
del state['participants'][1]['invitation']
db.execute('UPDATE session_snapshot SET state = ?', (json.dumps(state),))
db.commit()
";
    let python = std::process::Command::new("python3").args(["-c", script]).arg(app.dir.join("artel.db")).output();
    let python = python.expect("python3");
    assert!(python.status.success(), "{python:?}");
    app.restart().await;
    assert_eq!(evening.state().await["name"], "Friday", "the log says by what he is invited");
    ends(&evening, &boris, &place).await;
    boris.told_of(KIND, 0).await;
}
