//! Clubs: opened, joined by a code, managed, handed over, left; and the sessions that count for them.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::kolkhoz;
use crate::expect::{answered, has_only_fields, is_id, is_time, items, refused, wrong_field};
use crate::friends::paged;
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

pub(crate) const CLUBS: &str = "/api/v1/clubs";
pub(crate) const BOTH: [Store; 2] = [Store::Sqlite, Store::Postgres];

pub(crate) fn path(club: &Value) -> String {
    format!("{CLUBS}/{}", text(&club["id"]))
}

impl Player {
    /// Opens a club.
    pub(crate) async fn founds(&self, name: &str) -> Value {
        answered(self.post(CLUBS, json!({"name": name})).await, 201)
    }

    /// Joins a club by a code that somebody who manages it sees.
    pub(crate) async fn joins(&self, club: &Value) -> (StatusCode, Value) {
        self.post(&format!("{CLUBS}/join"), json!({"code": club["code"]})).await
    }

    pub(crate) async fn makes(&self, other: &Player, role: &str, club: &Value) -> (StatusCode, Value) {
        self.patch(&format!("{}/members/{}", path(club), other.id), json!({"role": role})).await
    }

    pub(crate) async fn removes(&self, other: &Player, club: &Value) -> (StatusCode, Value) {
        self.delete(&format!("{}/members/{}", path(club), other.id)).await
    }

    /// Opens a session.
    pub(crate) async fn opens(&self, name: &str) -> String {
        text(&self.done("/api/v1/sessions", json!({"name": name, "rules": kolkhoz()})).await["id"])
    }

    pub(crate) async fn puts(&self, session: &str, club: &Value) -> (StatusCode, Value) {
        self.put(&format!("{}/sessions/{session}", path(club)), json!({})).await
    }

    pub(crate) async fn takes_out(&self, session: &str, club: &Value) -> (StatusCode, Value) {
        self.delete(&format!("{}/sessions/{session}", path(club))).await
    }

    /// Who is in a club, and as what.
    async fn members(&self, club: &Value) -> Vec<(String, String)> {
        let listed = self.read(&format!("{}/members", path(club))).await;
        items(&listed).iter().map(|member| (text(&member["user"]["id"]), text(&member["role"]))).collect()
    }

    async fn sessions(&self, club: &Value) -> Vec<String> {
        let listed = self.read(&format!("{}/sessions", path(club))).await;
        items(&listed).iter().map(|session| text(&session["id"])).collect()
    }

    pub(crate) async fn deletes_the_account(&self) -> (StatusCode, Value) {
        self.call(Method::DELETE, "/api/v1/users/me", Some(json!({"password": "correct horse"}))).await
    }
}

pub(crate) async fn players<const N: usize>(app: &TestApp, names: [&str; N]) -> [Player; N] {
    let players = join_all(names.into_iter().map(|name| app.player(name))).await;
    players.try_into().unwrap_or_else(|_| panic!("as many"))
}

fn is(player: &Player, role: &str) -> (String, String) {
    (player.id.clone(), role.to_owned())
}

#[actix_web::test]
async fn a_club_is_opened_joined_by_its_code_renamed_and_deleted() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let club = anna.founds("  Central hall ").await;
        has_only_fields(&club, "id name code owner_user_id my_role members_count sessions_count created_at");
        is_id(&club["id"]);
        is_time(&club["created_at"]);
        assert_eq!((&club["name"], &club["my_role"]), (&json!("Central hall"), &json!("owner")));
        assert_eq!((&club["owner_user_id"], &club["members_count"]), (&json!(anna.id), &json!(1)));
        assert_eq!(text(&club["code"]).len(), 6);
        assert_eq!(anna.read(&path(&club)).await, club);
        assert_eq!(anna.read(CLUBS).await, json!({"items": [club], "next_cursor": null}));
        for other in ["", "/members", "/sessions"] {
            refused(boris.get(&format!("{}{other}", path(&club))).await, "not_found");
        }

        let typed = json!({"code": format!(" {} ", text(&club["code"]).to_lowercase())});
        let joined = answered(boris.post(&format!("{CLUBS}/join"), typed).await, 200);
        assert_eq!((&joined["code"], &joined["my_role"]), (&Value::Null, &json!("member")), "{store:?}");
        assert_eq!((&joined["id"], &joined["members_count"]), (&club["id"], &json!(2)));
        assert_eq!(answered(boris.joins(&club).await, 200), joined, "the same again");
        assert_eq!(answered(anna.joins(&club).await, 200)["my_role"], "owner");
        let members = boris.read(&format!("{}/members", path(&club))).await;
        has_only_fields(&items(&members)[0], "user role joined_at");
        has_only_fields(&items(&members)[0]["user"], "id username display_name");
        assert_eq!(boris.members(&club).await, [is(&anna, "owner"), is(&boris, "member")]);

        let renamed = answered(anna.patch(&path(&club), json!({"name": "Зал на Садовой"})).await, 200);
        assert_eq!((&renamed["name"], &renamed["members_count"]), (&json!("Зал на Садовой"), &json!(2)));
        assert_eq!(answered(anna.patch(&path(&club), json!({})).await, 200), renamed);
        let fresh = answered(anna.post(&format!("{}/code", path(&club)), json!({})).await, 200);
        assert_ne!(fresh["code"], club["code"]);
        refused(vera.joins(&club).await, "not_found");
        answered(vera.joins(&fresh).await, 200);

        let guest = answered(app.anonymous().post("/api/v1/auth/guest", json!({"display_name": "Gleb"})).await, 201);
        let guest = Player::of(&app.base, &guest);
        answered(guest.joins(&fresh).await, 200);
        assert_eq!(anna.read(&format!("{}/members", path(&club))).await["items"][3]["user"]["username"], Value::Null);

        refused(boris.delete(&path(&club)).await, "insufficient_permissions");
        answered(anna.delete(&path(&club)).await, 204);
        for player in [&anna, &boris] {
            refused(player.get(&path(&club)).await, "not_found");
            assert!(items(&player.read(CLUBS).await).is_empty());
        }
        refused(guest.joins(&fresh).await, "not_found");
        refused(anna.delete(&path(&club)).await, "not_found");
    }
}

#[actix_web::test]
async fn each_role_may_what_it_may_and_a_stranger_finds_no_club() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera, gleb, dina] = players(&app, ["anna", "boris", "vera", "gleb", "dina"]).await;
        let club = anna.founds("Hall").await;
        for player in [&boris, &vera, &gleb] {
            answered(player.joins(&club).await, 200);
        }
        let made = answered(anna.makes(&boris, "manager", &club).await, 200);
        has_only_fields(&made, "user role joined_at");
        assert_eq!((&made["user"]["id"], &made["role"]), (&json!(boris.id), &json!("manager")));
        assert_eq!(boris.read(&path(&club)).await["code"], club["code"], "who manages sees the code");
        assert_eq!(vera.read(&path(&club)).await["code"], Value::Null);

        for (player, code) in [(&vera, "insufficient_permissions"), (&dina, "not_found")] {
            refused(player.patch(&path(&club), json!({"name": "Mine"})).await, code);
            refused(player.post(&format!("{}/code", path(&club)), json!({})).await, code);
            refused(player.removes(&gleb, &club).await, code);
        }
        for player in [&boris, &vera] {
            refused(player.makes(&gleb, "manager", &club).await, "insufficient_permissions");
            refused(player.makes(player, "owner", &club).await, "insufficient_permissions");
            refused(player.delete(&path(&club)).await, "insufficient_permissions");
            refused(player.removes(&anna, &club).await, "insufficient_permissions");
        }
        refused(dina.makes(&dina, "owner", &club).await, "not_found");
        refused(anna.makes(&dina, "manager", &club).await, "not_found");
        refused(anna.removes(&dina, &club).await, "not_found");
        answered(anna.makes(&vera, "manager", &club).await, 200);
        refused(boris.removes(&vera, &club).await, "insufficient_permissions");
        answered(boris.removes(&gleb, &club).await, 204);
        refused(gleb.get(&path(&club)).await, "not_found");
        refused(boris.removes(&gleb, &club).await, "not_found");
        answered(anna.makes(&vera, "member", &club).await, 200);
        answered(boris.patch(&path(&club), json!({"name": "Our hall"})).await, 200);

        wrong_field(anna.makes(&anna, "manager", &club).await, "role");
        wrong_field(anna.removes(&anna, &club).await, "user_id");
        assert_eq!(answered(anna.makes(&anna, "owner", &club).await, 200)["role"], "owner");
        let handed = answered(anna.makes(&vera, "owner", &club).await, 200);
        assert_eq!(handed["role"], "owner", "{store:?}");
        assert_eq!(
            vera.members(&club).await,
            [is(&anna, "manager"), is(&boris, "manager"), is(&vera, "owner")],
            "who handed it over manages it"
        );
        assert_eq!(anna.read(&path(&club)).await["owner_user_id"], vera.id);
        answered(anna.removes(&anna, &club).await, 204);
        answered(vera.removes(&boris, &club).await, 204);
        assert_eq!(vera.members(&club).await, [is(&vera, "owner")]);
    }
}

#[actix_web::test]
async fn its_creator_puts_a_session_into_a_club_and_who_manages_it_takes_it_out() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let (club, other) = (anna.founds("Hall").await, boris.founds("Cellar").await);
        let session = boris.opens("Friday").await;
        refused(boris.puts(&session, &club).await, "not_found");
        answered(boris.joins(&club).await, 200);
        refused(anna.puts(&session, &club).await, "insufficient_permissions");
        refused(boris.puts(&Uuid::now_v7().to_string(), &club).await, "not_found");
        refused(boris.takes_out(&session, &club).await, "not_found");
        answered(boris.puts(&session, &club).await, 204);
        answered(boris.puts(&session, &club).await, 204);
        wrong_field(boris.puts(&session, &other).await, "session_id");
        let listed = anna.read(&format!("{}/sessions", path(&club))).await;
        let [shown] = &items(&listed)[..] else { panic!("one session: {listed}") };
        has_only_fields(shown, "id name status game_type creator_user_id created_at added_at");
        assert_eq!((&shown["id"], &shown["name"]), (&json!(session), &json!("Friday")));
        assert_eq!((&shown["status"], &shown["creator_user_id"]), (&json!("waiting"), &json!(boris.id)));
        is_time(&shown["added_at"]);
        assert_eq!(anna.read(&path(&club)).await["sessions_count"], 1);
        let read = anna.get(&format!("/api/v1/sessions/{session}")).await;
        refused(read, "insufficient_permissions");

        answered(vera.joins(&club).await, 200);
        refused(vera.takes_out(&session, &club).await, "insufficient_permissions");
        answered(anna.takes_out(&session, &club).await, 204);
        answered(boris.puts(&session, &other).await, 204);
        assert!(anna.sessions(&club).await.is_empty(), "{store:?}");
        refused(boris.takes_out(&session, &club).await, "not_found");
        assert_eq!(boris.sessions(&other).await, std::slice::from_ref(&session));
        answered(boris.takes_out(&session, &other).await, 204);

        // Who left still takes his own out; nobody else who is no member.
        answered(boris.puts(&session, &club).await, 204);
        answered(boris.removes(&boris, &club).await, 204);
        answered(vera.removes(&vera, &club).await, 204);
        refused(vera.takes_out(&session, &club).await, "not_found");
        answered(boris.takes_out(&session, &club).await, 204);
        // What a deleted club had is free.
        answered(boris.puts(&session, &other).await, 204);
        answered(boris.delete(&path(&other)).await, 204);
        let third = boris.founds("Attic").await;
        answered(boris.puts(&session, &third).await, 204);
    }
}

#[actix_web::test]
async fn lists_of_clubs_members_and_sessions_are_paged() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player("anna").await;
        let (mut clubs, mut sessions, mut members) = (Vec::new(), Vec::new(), vec![anna.id.clone()]);
        for number in 0..5 {
            clubs.insert(0, anna.founds(&format!("Hall {number}")).await);
            let session = anna.opens("Friday").await;
            answered(anna.puts(&session, &clubs[clubs.len() - 1]).await, 204);
            sessions.insert(0, session);
            let member = app.player("member").await;
            answered(member.joins(&clubs[clubs.len() - 1]).await, 200);
            members.push(member.id);
        }
        let club = clubs[4].clone();
        clubs[4] = anna.read(&path(&club)).await;
        assert_eq!((&clubs[4]["members_count"], &clubs[4]["sessions_count"]), (&json!(6), &json!(5)));
        assert_eq!(paged(&anna, &format!("{CLUBS}?")).await, clubs, "{store:?}");
        let ids = |list: Vec<Value>, of: fn(&Value) -> &Value| list.iter().map(|it| text(of(it))).collect::<Vec<_>>();
        let listed = paged(&anna, &format!("{}/members?", path(&club))).await;
        assert_eq!(ids(listed, |it| &it["user"]["id"]), members, "{store:?}");
        let listed = paged(&anna, &format!("{}/sessions?", path(&club))).await;
        assert_eq!(ids(listed, |it| &it["id"]), sessions, "{store:?}");
    }
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let [anna, boris] = players(&app, ["anna", "boris"]).await;
    let club = anna.founds("Hall").await;
    for name in ["", "  ", "a\u{7}b", &"a".repeat(101)] {
        wrong_field(anna.post(CLUBS, json!({"name": name})).await, "name");
        wrong_field(anna.patch(&path(&club), json!({"name": name})).await, "name");
    }
    wrong_field(anna.post(CLUBS, json!({})).await, "name");
    wrong_field(anna.post(CLUBS, json!({"name": "Hall", "is_public": true})).await, "is_public");
    wrong_field(anna.patch(&path(&club), json!({"code": "AAAAAA"})).await, "code");
    wrong_field(anna.post(&format!("{CLUBS}/join"), json!({})).await, "code");
    for code in ["", "AAAAA", "AAAAAAA", "AAAAA0", "ААААAA", "AAAA\0A"] {
        refused(anna.post(&format!("{CLUBS}/join"), json!({"code": code})).await, "not_found");
    }
    wrong_field(anna.makes(&boris, "creator", &club).await, "role");
    wrong_field(anna.get(&format!("{CLUBS}?limit=0")).await, "limit");
    for list in ["members", "sessions"] {
        wrong_field(anna.get(&format!("{}/{list}?cursor=x", path(&club))).await, "cursor");
        wrong_field(anna.get(&format!("{}/{list}?page=2", path(&club))).await, "page");
    }
    for nothing in ["somebody".to_owned(), Uuid::nil().to_string(), Uuid::now_v7().to_string()] {
        refused(anna.get(&format!("{CLUBS}/{nothing}")).await, "not_found");
        refused(anna.delete(&format!("{}/members/{nothing}", path(&club))).await, "not_found");
        refused(anna.delete(&format!("{}/sessions/{nothing}", path(&club))).await, "not_found");
        refused(anna.put(&format!("{}/sessions/{nothing}", path(&club)), json!({})).await, "not_found");
    }
}

#[actix_web::test]
async fn the_club_of_a_deleted_owner_goes_to_who_manages_it_then_to_who_is_there_for_longest() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera, gleb, dina] = players(&app, ["anna", "boris", "vera", "gleb", "dina"]).await;
        let club = anna.founds("Hall").await;
        for player in [&dina, &vera, &boris, &gleb] {
            answered(player.joins(&club).await, 200);
        }
        let session = dina.opens("Friday").await;
        answered(dina.puts(&session, &club).await, 204);
        answered(dina.removes(&dina, &club).await, 204);
        answered(anna.makes(&boris, "manager", &club).await, 200);
        let exported = boris.read("/api/v1/users/me/export").await;
        let [shown] = &exported["clubs"].as_array().expect("clubs")[..] else { panic!("one: {exported}") };
        has_only_fields(shown, "id name is_owner is_manager joined_at");
        assert_eq!((&shown["id"], &shown["name"]), (&club["id"], &json!("Hall")));
        assert_eq!((&shown["is_owner"], &shown["is_manager"]), (&json!(false), &json!(true)));

        answered(anna.deletes_the_account().await, 204);
        assert_eq!(gleb.members(&club).await, [is(&vera, "member"), is(&boris, "owner"), is(&gleb, "member")]);
        assert_eq!(boris.read(&path(&club)).await["code"], club["code"]);
        answered(boris.deletes_the_account().await, 204);
        assert_eq!(gleb.members(&club).await, [is(&vera, "owner"), is(&gleb, "member")], "{store:?}");
        answered(gleb.deletes_the_account().await, 204);
        assert_eq!(vera.sessions(&club).await, std::slice::from_ref(&session));
        answered(vera.deletes_the_account().await, 204);
        refused(dina.joins(&club).await, "not_found");
        let other = dina.founds("Cellar").await;
        answered(dina.puts(&session, &other).await, 204);
    }
}
