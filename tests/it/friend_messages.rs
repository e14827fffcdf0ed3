//! What is told of friendships: to both, on whatever node they are, and as AsyncAPI says.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::documented::OpenApi;
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items};
use crate::friends::{ADMIN, REQUESTS, heard, players};
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, text, until};

/// The same, and the notification about that request, in whatever order they come.
async fn heard_and_told(socket: &mut Socket, other: &Player, request: &Value) -> (String, String) {
    let (mut change, mut told) = (None, None);
    loop {
        let frame = socket.next().await;
        let notification = &frame["notification"];
        if frame["type"] == "friends" && frame["user_id"] == other.id {
            change = Some(text(&frame["change"]));
        } else if frame["type"] == "notification" && notification["data"]["request_id"] == request["id"] {
            assert_eq!(notification["data"]["from"]["user_id"], other.id);
            told = Some(text(&notification["kind"]));
        }
        if let (Some(change), Some(told)) = (&change, &told) {
            return (change.clone(), told.clone());
        }
    }
}

#[actix_web::test]
async fn both_hear_of_it_on_whatever_node_they_are() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    let two = one.another_node().await;
    let [anna, boris, vera] = players(&one, ["anna", "boris", "vera"]).await;
    let boris = boris.on(&two);
    let (mut here, mut there) = (anna.socket().await, boris.socket().await);
    // Frames that nobody keeps are heard once a socket is bound: until then somebody goes on asking.
    for (player, socket) in [(&anna, &mut here), (&boris, &mut there)] {
        while tokio::time::timeout(Duration::from_millis(500), heard(socket, &vera)).await.is_err() {
            let asked = answered(vera.asks(player).await, 201);
            answered(vera.delete(&format!("{REQUESTS}/{}", text(&asked["id"]))).await, 204);
        }
    }
    let both = |change: &str, kind: &str| (change.to_owned(), kind.to_owned());
    let asked = answered(anna.asks(&boris).await, 201);
    assert_eq!(heard(&mut here, &boris).await, "requested");
    assert_eq!(heard_and_told(&mut there, &anna, &asked).await, both("requested", "friend_request"));
    answered(boris.answers(&asked, "accept").await, 200);
    assert_eq!(heard(&mut there, &anna).await, "accepted");
    assert_eq!(heard_and_told(&mut here, &boris, &asked).await, both("accepted", "friend_accepted"));

    // Blocking looks to the other one like the end of a friendship, or of a request.
    for ends in ["ended", "request_ended"] {
        answered(anna.blocks(&boris).await, 204);
        assert_eq!(heard(&mut there, &anna).await, ends);
        answered(anna.unblocks(&boris).await, 204);
        answered(anna.asks(&boris).await, 201);
        assert_eq!(heard(&mut there, &anna).await, "requested", "he heard of no block");
        for change in [ends, "blocked", "unblocked", "requested"] {
            assert_eq!(heard(&mut here, &boris).await, change, "all of it is hers to know, in this order");
        }
    }
}

#[actix_web::test]
async fn every_message_is_as_asyncapi_says_and_one_request_is_their_chain() {
    let app = TestApp::start_with(Store::Sqlite, &["--admin", ADMIN]).await;
    let api = OpenApi::read(&app, "/asyncapi.json").await;
    let admin = app.player_named(ADMIN).await;
    let [anna, boris] = players(&app, ["anna", "boris"]).await;
    let asked = answered(anna.asks(&boris).await, 201);
    answered(boris.answers(&asked, "decline").await, 204);
    let asked = answered(anna.asks(&boris).await, 201);
    answered(anna.delete(&format!("{REQUESTS}/{}", text(&asked["id"]))).await, 204);
    let asked = answered(anna.asks(&boris).await, 201);
    let request = Uuid::new_v4();
    let path = format!("{REQUESTS}/{}/accept", text(&asked["id"]));
    let accepting = boris.request(reqwest::Method::PUT, &path).header("x-request-id", request.to_string());
    assert_eq!(accepting.send().await.expect("an answer").status(), StatusCode::OK);
    answered(anna.blocks(&boris).await, 204);
    answered(anna.unblocks(&boris).await, 204);
    let evening = Evening::open(&app, &["vera"], kolkhoz()).await;
    let invited = evening.creator().done(&evening.path("/participants"), json!({"user_id": anna.id})).await;
    let path = evening.path(&format!("/participants/{}", text(&invited["id"])));
    answered(evening.creator().delete(&path).await, 204);

    let wanted = [
        "friends.accepted",
        "friends.blocked",
        "friends.declined",
        "friends.removed",
        "friends.unblocked",
        "friends.withdrawn",
        "notifications.friend_accepted",
        "notifications.friend_request",
        "notifications.session_invitation",
        "social.friend_request",
        "compensation.notifications.friend_accepted",
        "compensation.notifications.friend_request",
        "compensation.notifications.session_invitation",
    ];
    until("all of them", async || {
        let mut seen = BTreeSet::new();
        for whose in [&anna.id, &boris.id, &evening.creator().id] {
            let audit = admin.read(&format!("/api/v1/admin/audit?user_id={whose}&limit=200")).await;
            for envelope in items(&audit) {
                let event_type = text(&envelope["event_type"]);
                let message = &api.document["components"]["messages"][&event_type];
                if !event_type.starts_with("user.") {
                    assert!(message.is_object(), "{event_type} is not documented");
                    let faults = api.faults(&message["payload"], envelope);
                    assert!(faults.is_empty(), "{event_type}: {faults:?} in {envelope}");
                }
                seen.insert(event_type);
            }
        }
        wanted.iter().all(|event_type| seen.contains(*event_type)).then_some(())
    })
    .await;
    let chain = until("the chain", async || {
        let chain = admin.read(&format!("/api/v1/admin/audit?correlation_id={request}")).await;
        (items(&chain).len() == 3).then_some(chain)
    })
    .await;
    let types: BTreeSet<_> = items(&chain).iter().map(|it| text(&it["event_type"])).collect();
    let expected = ["compensation.notifications.friend_request", "friends.accepted", "notifications.friend_accepted"];
    assert_eq!(types.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
