//! Friends: asked, answered, ended; by many at once, and told live on whatever node.

use futures_util::future::join_all;
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, text, until};

pub const FRIENDS: &str = "/api/v1/friends";
pub const REQUESTS: &str = "/api/v1/friends/requests";
pub const BLOCKED: &str = "/api/v1/friends/blocked";
pub const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];
pub const ADMIN: &str = "the-operator";

impl Player {
    /// Asks to be friends.
    pub(crate) async fn asks(&self, other: &Player) -> (StatusCode, Value) {
        self.post(REQUESTS, json!({"user_id": other.id})).await
    }

    /// What became of a request.
    pub async fn answers(&self, request: &Value, how: &str) -> (StatusCode, Value) {
        self.put(&format!("{REQUESTS}/{}/{how}", text(&request["id"])), json!({})).await
    }

    /// Makes friends.
    pub(crate) async fn befriends(&self, other: &Player) {
        answered(self.asks(other).await, 201);
        answered(other.asks(self).await, 200);
    }

    pub(crate) async fn blocks(&self, other: &Player) -> (StatusCode, Value) {
        self.put(&format!("{FRIENDS}/{}/block", other.id), json!({})).await
    }

    pub(crate) async fn unblocks(&self, other: &Player) -> (StatusCode, Value) {
        self.delete(&format!("{FRIENDS}/{}/block", other.id)).await
    }

    pub async fn unfriends(&self, other: &Player) -> (StatusCode, Value) {
        self.delete(&format!("{FRIENDS}/{}", other.id)).await
    }

    /// Of friends and blocked users: who they are.
    pub(crate) async fn listed(&self, path: &str) -> Vec<String> {
        items(&self.read(path).await).iter().map(|item| text(&item["user"]["id"])).collect()
    }

    pub(crate) async fn friends(&self) -> Vec<String> {
        self.listed(FRIENDS).await
    }

    pub async fn requests(&self, direction: &str) -> Vec<Value> {
        items(&self.read(&format!("{REQUESTS}?direction={direction}")).await).clone()
    }

    /// Notifications of a kind.
    pub(crate) async fn told(&self, kind: &str) -> Vec<Value> {
        let listed = self.read("/api/v1/notifications?limit=200").await;
        items(&listed).iter().filter(|notification| notification["kind"] == kind).cloned().collect()
    }

    /// The same once there are as many.
    pub(crate) async fn told_of(&self, kind: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} of {kind}"), async || {
            let told = self.told(kind).await;
            (told.len() == count).then_some(told)
        })
        .await
    }
}

pub async fn players<const N: usize>(app: &TestApp, names: [&str; N]) -> [Player; N] {
    let players = join_all(names.into_iter().map(|name| app.player(name))).await;
    players.try_into().unwrap_or_else(|_| panic!("as many"))
}

#[actix_web::test]
async fn a_request_is_seen_by_both_and_told_and_becomes_a_friendship() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let asked = answered(anna.asks(&boris).await, 201);
        has_only_fields(&asked, "id from to status created_at");
        has_only_fields(&asked["from"], "id username display_name");
        is_id(&asked["id"]);
        is_time(&asked["created_at"]);
        assert_eq!((&asked["from"]["id"], &asked["to"]["id"]), (&json!(anna.id), &json!(boris.id)));
        assert_eq!(asked["status"], "pending");
        assert_eq!((anna.requests("out").await, anna.requests("in").await), (vec![asked.clone()], vec![]));
        assert_eq!((boris.requests("out").await, boris.requests("in").await), (vec![], vec![asked.clone()]));
        assert_eq!(boris.read(REQUESTS).await["items"][0]["id"], asked["id"], "those that wait for an answer");
        let told = boris.told_of("friend_request", 1).await;
        assert_eq!(told[0]["data"]["request_id"], asked["id"]);
        assert_eq!(told[0]["data"]["from"]["user_id"], anna.id);
        assert!(text(&told[0]["body"]).ends_with("хочет добавить вас в друзья"), "{told:?}");

        refused(anna.asks(&boris).await, "friend_request_exists");
        for stranger in [&anna, &vera] {
            refused(stranger.answers(&asked, "accept").await, "not_found");
            refused(stranger.answers(&asked, "decline").await, "not_found");
        }
        let accepted = answered(boris.answers(&asked, "accept").await, 200);
        has_only_fields(&accepted, "user since");
        is_time(&accepted["since"]);
        assert_eq!(accepted["user"], asked["from"]);
        assert_eq!(answered(boris.answers(&asked, "accept").await, 200), accepted, "the same again");
        refused(anna.answers(&asked, "accept").await, "not_found");
        assert_eq!((anna.friends().await, boris.friends().await), (vec![boris.id.clone()], vec![anna.id.clone()]));
        for player in [&anna, &boris] {
            assert_eq!((player.requests("in").await, player.requests("out").await), (vec![], vec![]), "{store:?}");
        }
        let told = anna.told_of("friend_accepted", 1).await;
        assert_eq!(told[0]["data"]["from"]["user_id"], boris.id);
        boris.told_of("friend_request", 0).await;
        refused(anna.asks(&boris).await, "already_friends");
        refused(boris.asks(&anna).await, "already_friends");

        // What was told of it does not hold any more, and the other one is not told.
        answered(boris.unfriends(&anna).await, 204);
        refused(boris.unfriends(&anna).await, "not_found");
        refused(anna.unfriends(&boris).await, "not_found");
        assert_eq!((anna.friends().await, boris.friends().await), (vec![], vec![]));
        anna.told_of("friend_accepted", 0).await;
        refused(boris.answers(&asked, "accept").await, "not_found");
        let again = answered(anna.asks(&boris).await, 201);
        assert_ne!(again["id"], asked["id"]);
        boris.told_of("friend_request", 1).await;
    }
}

#[actix_web::test]
async fn a_request_that_is_declined_or_taken_back_leaves_nothing() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris] = players(&app, ["anna", "boris"]).await;
        for ends in ["decline", "withdraw"] {
            let asked = answered(anna.asks(&boris).await, 201);
            boris.told_of("friend_request", 1).await;
            let path = format!("{REQUESTS}/{}", text(&asked["id"]));
            if ends == "decline" {
                refused(boris.delete(&path).await, "not_found");
                answered(boris.answers(&asked, "decline").await, 204);
            } else {
                answered(anna.delete(&path).await, 204);
            }
            boris.told_of("friend_request", 0).await;
            refused(anna.delete(&path).await, "not_found");
            refused(boris.answers(&asked, "accept").await, "not_found");
            refused(boris.answers(&asked, "decline").await, "not_found");
            for player in [&anna, &boris] {
                assert_eq!((player.requests("in").await, player.requests("out").await), (vec![], vec![]));
                assert!(player.friends().await.is_empty());
            }
        }
        assert!(anna.told("friend_accepted").await.is_empty(), "nobody tells her");
    }
}

#[actix_web::test]
async fn of_two_who_ask_each_other_at_once_the_second_one_accepts() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        for _ in 0..8 {
            let [anna, boris] = players(&app, ["anna", "boris"]).await;
            let (one, other) = futures_util::join!(anna.asks(&boris), boris.asks(&anna));
            let (first, second) = if one.0 == StatusCode::CREATED { (&one, &other) } else { (&other, &one) };
            assert_eq!((first.0, second.0), (StatusCode::CREATED, StatusCode::OK), "{store:?}: {one:?} {other:?}");
            assert_eq!(first.1["id"], second.1["id"], "it is the first one's request that was accepted");
            assert_eq!((&first.1["status"], &second.1["status"]), (&json!("pending"), &json!("accepted")));
            let asked_by = text(&first.1["from"]["id"]);
            let (first, second) = if asked_by == anna.id { (anna, boris) } else { (boris, anna) };
            assert_eq!((first.friends().await, second.friends().await), (vec![second.id.clone()], vec![asked_by]));
            for player in [&first, &second] {
                assert_eq!((player.requests("in").await, player.requests("out").await), (vec![], vec![]));
            }
            first.told_of("friend_accepted", 1).await;
            second.told_of("friend_request", 0).await;
            assert!(second.told("friend_accepted").await.is_empty() && first.told("friend_request").await.is_empty());
        }
    }
}

#[actix_web::test]
async fn whatever_comes_at_once_happens_one_after_another() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris] = players(&app, ["anna", "boris"]).await;
        let answers = join_all((0..6).map(|_| anna.asks(&boris))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|(_, it)| it["code"] == "friend_request_exists").count(), 5, "{answers:?}");
        for _ in 0..8 {
            let [anna, boris] = players(&app, ["anna", "boris"]).await;
            let asked = answered(anna.asks(&boris).await, 201);
            let path = format!("{REQUESTS}/{}", text(&asked["id"]));
            let (accepted, withdrawn, declined) = futures_util::join!(
                boris.answers(&asked, "accept"),
                anna.delete(&path),
                boris.answers(&asked, "decline")
            );
            let ended = [accepted, withdrawn, declined];
            assert_eq!(ended.iter().filter(|(status, _)| status.is_success()).count(), 1, "{store:?}: {ended:?}");
            assert_eq!(anna.friends().await.len(), usize::from(ended[0].0.is_success()));
            assert_eq!(anna.friends().await.len(), boris.friends().await.len());

            let [anna, boris] = players(&app, ["anna", "boris"]).await;
            let (asked, blocked) = futures_util::join!(anna.asks(&boris), boris.blocks(&anna));
            answered(blocked, 204);
            assert!(asked.0 == StatusCode::CREATED || asked.1["code"] == "user_blocked", "{store:?}: {asked:?}");
            assert!(boris.requests("in").await.is_empty(), "nothing stands beside a block");
            boris.told_of("friend_request", 0).await;
        }
    }
}

#[actix_web::test]
async fn whom_there_is_not_nobody_asks_and_nobody_asks_himself() {
    let app = TestApp::start().await;
    let [anna, boris] = players(&app, ["anna", "boris"]).await;
    refused(anna.asks(&anna).await, "cannot_friend_yourself");
    wrong_field(anna.blocks(&anna).await, "user_id");
    refused(anna.unfriends(&anna).await, "not_found");
    refused(anna.unfriends(&boris).await, "not_found");
    for nobody in [Uuid::now_v7().to_string(), Uuid::nil().to_string()] {
        refused(anna.post(REQUESTS, json!({"user_id": nobody})).await, "not_found");
        for path in [format!("{FRIENDS}/{nobody}"), format!("{FRIENDS}/{nobody}/block"), format!("{REQUESTS}/{nobody}")]
        {
            refused(anna.delete(&path).await, "not_found");
        }
        refused(anna.put(&format!("{FRIENDS}/{nobody}/block"), json!({})).await, "not_found");
        refused(anna.put(&format!("{REQUESTS}/{nobody}/accept"), json!({})).await, "not_found");
    }
    refused(anna.delete(&format!("{FRIENDS}/somebody")).await, "not_found");
    wrong_field(anna.post(REQUESTS, json!({})).await, "user_id");
    wrong_field(anna.post(REQUESTS, json!({"user_id": boris.id, "note": "hi"})).await, "note");
    wrong_field(anna.get(&format!("{REQUESTS}?direction=up")).await, "direction");
    wrong_field(anna.get(&format!("{FRIENDS}?limit=0")).await, "limit");
    wrong_field(anna.get(&format!("{BLOCKED}?cursor=x")).await, "cursor");
}

/// All items of a list, a page of two at a time.
pub(crate) async fn paged(player: &Player, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = player.read(&format!("{path}limit=2&cursor={cursor}")).await;
        assert!(items(&page).len() <= 2, "{page}");
        all.extend(items(&page).clone());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return all,
        }
    }
}

#[actix_web::test]
async fn lists_are_paged_and_the_newest_come_first() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player("anna").await;
        let (mut friends, mut asked, mut asking, mut blocked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..5 {
            let [friend, one, other, enemy] = players(&app, ["friend", "one", "other", "enemy"]).await;
            anna.befriends(&friend).await;
            asked.insert(0, answered(anna.asks(&one).await, 201));
            asking.insert(0, answered(other.asks(&anna).await, 201));
            answered(anna.blocks(&enemy).await, 204);
            friends.insert(0, friend.id);
            blocked.insert(0, enemy.id);
        }
        let ids = |list: Vec<Value>| list.iter().map(|item| text(&item["user"]["id"])).collect::<Vec<_>>();
        assert_eq!(ids(paged(&anna, &format!("{FRIENDS}?")).await), friends, "{store:?}");
        assert_eq!(ids(paged(&anna, &format!("{BLOCKED}?")).await), blocked, "{store:?}");
        assert_eq!(paged(&anna, &format!("{REQUESTS}?direction=out&")).await, asked, "{store:?}");
        assert_eq!(paged(&anna, &format!("{REQUESTS}?direction=in&")).await, asking, "{store:?}");
    }
}

/// What the next frame says that changed with that one.
pub async fn heard(socket: &mut Socket, other: &Player) -> String {
    loop {
        let frame = socket.next_of("friends").await;
        has_only_fields(&frame, "type change user_id");
        if frame["user_id"] == other.id {
            return text(&frame["change"]);
        }
    }
}

#[actix_web::test]
async fn a_leaderboard_of_friends_counts_oneself_and_them() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
        let [anna, boris, vera] = &evening.players[..] else { panic!("three") };
        let game = evening.start_game().await;
        for (player, color) in [(0, "white"), (1, "yellow"), (2, "pink")] {
            evening.pot(&game, player, color).await;
        }
        evening.end(&game).await;
        let board = "/api/v1/stats/leaderboard?by=wins&scope=";
        until("counted", async || (items(&anna.read(&format!("{board}all")).await).len() == 3).then_some(())).await;
        let ranks = async |player: &Player| {
            let list = player.read(&format!("{board}friends")).await;
            let mut ranks: Vec<_> = items(&list).iter().map(|it| (text(&it["user_id"]), it["rank"].clone())).collect();
            ranks.sort_by_key(|(id, _)| [anna, boris, vera].iter().position(|player| player.id == *id));
            ranks
        };
        let place = |player: &Player, rank: i64| (player.id.clone(), json!(rank));
        assert_eq!(ranks(anna).await, [place(anna, 1)]);
        anna.befriends(vera).await;
        assert_eq!(ranks(anna).await, [place(anna, 2), place(vera, 1)], "{store:?}");
        assert_eq!(ranks(vera).await, [place(anna, 2), place(vera, 1)], "whoever of the two had asked");
        assert_eq!(ranks(boris).await, [place(boris, 1)]);
        answered(boris.asks(anna).await, 201);
        assert_eq!(ranks(boris).await, [place(boris, 1)], "who is only asked is no friend");
        answered(vera.unfriends(anna).await, 204);
        assert_eq!(ranks(anna).await, [place(anna, 1)]);
    }
}

#[actix_web::test]
async fn a_deleted_account_leaves_its_friends_and_its_export_has_what_was_its_own() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera, gleb, dina, egor] =
            players(&app, ["anna", "boris", "vera", "gleb", "dina", "egor"]).await;
        anna.befriends(&boris).await;
        let asked = answered(anna.asks(&vera).await, 201);
        let asking = answered(gleb.asks(&anna).await, 201);
        answered(anna.blocks(&dina).await, 204);
        answered(egor.blocks(&anna).await, 204);
        let exported = anna.read("/api/v1/users/me/export").await;
        assert_eq!(exported["friends"].as_array().map(Vec::len), Some(1));
        assert_eq!(exported["friends"][0]["user_id"], boris.id);
        is_time(&exported["friends"][0]["since"]);
        let requests: Vec<_> = exported["friend_requests"].as_array().expect("a list").iter().collect();
        assert_eq!(requests.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&asked["id"], &asking["id"]]);
        assert_eq!((&requests[0]["from_user_id"], &requests[0]["to_user_id"]), (&json!(anna.id), &json!(vera.id)));
        assert_eq!(exported["blocked_users"].as_array().map(Vec::len), Some(1));
        assert_eq!(exported["blocked_users"][0]["user_id"], dina.id);
        assert!(!exported["blocked_users"].to_string().contains(&egor.id), "who blocked her is his own");

        vera.told_of("friend_request", 1).await;
        anna.told_of("friend_request", 1).await;
        let (mut boriss, mut glebs) = (boris.socket().await, gleb.socket().await);
        let body = json!({"password": "correct horse"});
        answered(anna.call(reqwest::Method::DELETE, "/api/v1/users/me", Some(body)).await, 204);
        assert_eq!(heard(&mut boriss, &anna).await, "ended");
        assert_eq!(heard(&mut glebs, &anna).await, "request_ended");
        assert!(boris.friends().await.is_empty());
        assert!(vera.requests("in").await.is_empty() && gleb.requests("out").await.is_empty());
        vera.told_of("friend_request", 0).await;
        assert!(egor.listed(BLOCKED).await.is_empty());
        refused(vera.asks(&anna).await, "not_found");
        refused(vera.blocks(&anna).await, "not_found");
        let left = "SELECT 1 FROM friendship UNION ALL SELECT 1 FROM friend_request UNION ALL SELECT 1 FROM user_block \
                    UNION ALL SELECT 1 FROM notification n JOIN \"user\" u ON u.id = n.user_id \
                    WHERE u.deleted_at_ms IS NOT NULL";
        assert_eq!(app.count(left).await, 0, "{store:?}");
    }
}

impl TestApp {
    pub async fn database(&self) -> sea_orm::DatabaseConnection {
        let file = || format!("sqlite://{}", self.dir.join("artel.db").display());
        sea_orm::Database::connect(self.postgres().unwrap_or_else(file)).await.expect("the database")
    }

    /// Rows that a query finds in the database of this server.
    pub(crate) async fn count(&self, query: &str) -> usize {
        let database = self.database().await;
        let statement = Statement::from_string(database.get_database_backend(), query);
        database.query_all_raw(statement).await.expect("rows").len()
    }

    pub(crate) async fn execute(&self, statement: &str) {
        self.database().await.execute_unprepared(statement).await.expect("executed");
    }
}
