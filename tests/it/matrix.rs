//! Who may do what, in one table: every route of the service and every frame of its sockets, by every kind of caller.
//! The routes are those of the OpenAPI document and the frames those of its schemas, and a test holds the document to the
//! sources: what has no row here fails, so that nothing new can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::kolkhoz;
use crate::player::Player;
use crate::test_app::{Store, TestApp, text};

/// The columns of the tables. `share` has nothing but the code of a share of the session.
const ACTORS: [&str; 10] =
    ["anonymous", "share", "stranger", "admin", "invited", "spectator", "left", "removed", "participant", "creator"];

/// Of a private session with a game in progress. `-` in a body's place: none.
const ROUTES: &str = r#"
# method path                                  anon share stran admin invit spect left remov parti creat  body
get    /health/live                            200  200   200   200   200   200   200  200   200   200    -
get    /health/ready                           200  200   200   200   200   200   200  200   200   200    -
get    /metrics                                200  200   200   200   200   200   200  200   200   200    -
get    /api/v1/server                          200  200   200   200   200   200   200  200   200   200    -

post   /api/v1/auth/register                   422  422   422   422   422   422   422  422   422   422    {}
post   /api/v1/auth/guest                      422  422   422   422   422   422   422  422   422   422    {}
post   /api/v1/auth/login                      422  422   422   422   422   422   422  422   422   422    {}
post   /api/v1/auth/refresh                    422  422   422   422   422   422   422  422   422   422    {}
post   /api/v1/auth/logout                     401  401   422   422   422   422   422  422   422   422    {}
post   /api/v1/auth/telegram                   404  404   404   404   404   404   404  404   404   404    {"init_data": "x"}
post   /api/v1/auth/password-reset             404  404   404   404   404   404   404  404   404   404    {"email": "a@club.example"}
post   /api/v1/auth/password-reset/confirm     404  404   404   404   404   404   404  404   404   404    {"token": "x", "password": "a new password"}
post   /api/v1/auth/email-confirmation         404  404   404   404   404   404   404  404   404   404    {"token": "x"}
get    /api/v1/users/me/email-confirmation     401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/users/me/email-confirmation     401  401   404   404   404   404   404  404   404   404    {}
get    /api/v1/users/me                        401  401   200   200   200   200   200  200   200   200    -
patch  /api/v1/users/me                        401  401   200   200   200   200   200  200   200   200    {"display_name": "Somebody"}
delete /api/v1/users/me                        401  401   422   422   422   422   422  422   422   422    {}
post   /api/v1/users/me/claim                  401  401   422   422   422   422   422  422   422   422    {}
get    /api/v1/users/me/export                 401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/users/me/logins                 401  401   200   200   200   200   200  200   200   200    -
delete /api/v1/users/me/logins/{id}            401  401   404   404   404   404   404  404   404   404    -
get    /api/v1/users                           401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/users/{id}                      401  401   200   200   200   200   200  200   200   200    -

get    /api/v1/template-categories             401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/templates                       401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/templates                       401  401   422   422   422   422   422  422   422   422    {}
post   /api/v1/templates/validate              401  401   200   200   200   200   200  200   200   200    {"rules": {}}
get    /api/v1/templates/{id}                  401  401   404   404   404   404   404  404   404   200    -
put    /api/v1/templates/{id}                  401  401   404   404   404   404   404  404   404   200    {"name": "Mine", "category": "kolkhoz", "rules": {rules}}
delete /api/v1/templates/{id}                  401  401   404   404   404   404   404  404   404   204    -
put    /api/v1/templates/{id}/favorite         401  401   404   404   404   404   404  404   404   204    -
delete /api/v1/templates/{id}/favorite         401  401   404   404   404   404   404  404   404   204    -

get    /api/v1/sessions                        401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/sessions                        401  401   422   422   422   422   422  422   422   422    {}
post   /api/v1/sessions/join                   401  401   200   200   200   200   200  403   200   200    {"code": "{code}"}
get    /api/v1/sessions/by-code/{code}         401  401   200   200   200   200   200  403   200   200    -
get    /api/v1/sessions/{id}/preview           401  401   403   403   200   200   200  403   200   200    -
get    /api/v1/sessions/{id}                   401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/sessions/{id}/events            401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/sessions/{id}/balance           401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/sessions/{id}/games             401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/sessions/{id}/stream            401  200   403   403   403   200   200  403   200   200    -
patch  /api/v1/sessions/{id}                   401  401   403   403   403   403   403  403   403   200    {"name": "Saturday"}
post   /api/v1/sessions/{id}/code              401  401   403   403   403   403   403  403   403   200    {}
post   /api/v1/sessions/{id}/complete          401  401   403   403   403   403   403  403   403   409    {}
post   /api/v1/sessions/{id}/cancel            401  401   403   403   403   403   403  403   403   200    {}
post   /api/v1/sessions/{id}/participants      401  401   403   403   403   403   403  403   403   201    {"display_name": "Aunt"}
patch  /api/v1/sessions/{id}/participants/{pid} 401 401   403   403   403   403   403  403   403   200    {"display_name": "Aunt"}
delete /api/v1/sessions/{id}/participants/{pid} 401 401   403   403   403   403   403  403   403   204    -
post   /api/v1/sessions/{id}/participants/{pid}/claim 401 401 201 201 409    409   409  403   409   409    {}
post   /api/v1/sessions/{id}/participants/{pid}/claim/confirm 401 401 403 403 403 403 403 403 403 409    {"user_id": "{user}"}
post   /api/v1/sessions/{id}/participants/{pid}/claim/decline 401 401 403 403 403 403 403 403 403 204    {"user_id": "{user}"}
post   /api/v1/sessions/{id}/scorer-links      401  401   403   403   403   403   403  403   403   201    {}
get    /api/v1/sessions/{id}/scorer-links      401  401   403   403   403   403   403  403   403   200    -
delete /api/v1/sessions/{id}/scorer-links/{link_id} 401 401 403 403  403   403   403  403   403   204    -
post   /api/v1/sessions/scorer                 401  401   200   200   200   200   200  403   200   200    {"code": "{scorer_code}"}
post   /api/v1/sessions/{id}/share             401  401   403   403   403   200   403  403   200   200    {}
get    /api/v1/sessions/{id}/shares            401  401   403   403   403   200   403  403   200   200    -
delete /api/v1/sessions/{id}/shares/{share_id} 401  401   403   403   403   403   403  403   204   204    -
get    /api/v1/shares/{code}                   200  200   200   200   200   200   200  200   200   200    -
post   /api/v1/displays                        201  201   201   201   201   201   201  201   201   201    -
get    /api/v1/displays/{id}                   404  404   404   404   404   404   404  404   404   404    -
post   /api/v1/sessions/{id}/displays          401  401   403   403   403   404   403  403   404   404    {"code": "ZZZZZZ"}

post   /api/v1/sessions/{id}/expenses          401  401   403   403   403   403   403  403   201   201    {"title": "Tea", "amount": 1001, "paid_by": "{participant}"}
post   /api/v1/sessions/{id}/payments          401  401   403   403   403   403   403  403   201   201    {"from": "{other_participant}", "to": "{participant}", "amount": 500}
post   /api/v1/sessions/{id}/table/stop        401  401   403   403   403   403   403  403   409   409    {}
delete /api/v1/sessions/{id}/events/{seq}      401  401   403   403   403   403   403  403   409   409    -
get    /api/v1/sessions/{id}/export            401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/sessions/{id}/participants/{pid}/ledger 401 401 403 403 403   200   200  403   200   200    -

post   /api/v1/sessions/{id}/games             401  401   403   403   403   403   403  403   409   409    {}
get    /api/v1/games/{id}                      401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/games/{id}/events               401  401   403   403   403   200   200  403   200   200    -
post   /api/v1/games/{id}/events               401  401   403   403   403   403   403  403   201   201    {"type": "pot_ball", "participant_id": "{participant}", "color": "white"}
delete /api/v1/games/{id}/events/{seq}         401  401   403   403   403   403   403  403   200   200    -
get    /api/v1/games/{id}/scores               401  401   403   403   403   200   200  403   200   200    -
get    /api/v1/games/{id}/results              401  401   403   403   403   409   409  403   409   409    -
post   /api/v1/games/{id}/events/{seq}/reassign 401 401  403   403   403   403   403  403   200   200    {"participant_id": "{other_participant}"}
post   /api/v1/games/{id}/reopen               401  401   403   403   403   403   403  403   409   409    {}
post   /api/v1/games/{id}/end                  401  401   403   403   403   403   403  403   200   200    {}
post   /api/v1/games/{id}/cancel               401  401   403   403   403   403   403  403   200   200    {}

get    /api/v1/stats/leaderboard               401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}                401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}/achievements   401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/achievements              401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}/games          401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}/opponents      401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}/evenings       401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/users/{id}/money          401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/stats/sessions/{id}/order-fairness 401 401 403   403   403   200   200  403   200   200    -

get    /api/v1/friends                         401  401   200   200   200   200   200  200   200   200    -
get    /api/v1/friends/requests                401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/friends/requests                401  401   201   201   201   201   201  201   201   422    {"user_id": "{creator}"}
delete /api/v1/friends/requests/{id}           401  401   404   404   404   404   404  404   404   404    -
put    /api/v1/friends/requests/{id}/accept    401  401   404   404   404   404   404  404   404   404    -
put    /api/v1/friends/requests/{id}/decline   401  401   404   404   404   404   404  404   404   404    -
get    /api/v1/friends/blocked                 401  401   200   200   200   200   200  200   200   200    -
delete /api/v1/friends/{user_id}               401  401   404   404   404   404   404  404   404   404    -
post   /api/v1/friends/{user_id}/invite        401  401   403   403   403   403   403  403   403   201    {"session_id": "{session}"}
put    /api/v1/friends/{user_id}/block         401  401   422   204   204   204   204  204   204   204    -
delete /api/v1/friends/{user_id}/block         401  401   204   204   204   204   204  204   204   204    -

get    /api/v1/clubs                           401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/clubs                           401  401   422   422   422   422   422  422   422   422    {}
post   /api/v1/clubs/join                      401  401   200   200   200   200   200  200   200   200    {"code": "{club_code}"}
get    /api/v1/clubs/{id}                      401  401   404   404   404   404   404  404   200   200    -
patch  /api/v1/clubs/{id}                      401  401   404   404   404   404   404  404   403   200    {"name": "Our hall"}
delete /api/v1/clubs/{id}                      401  401   404   404   404   404   404  404   403   204    -
post   /api/v1/clubs/{id}/code                 401  401   404   404   404   404   404  404   403   200    {}
get    /api/v1/clubs/{id}/members              401  401   404   404   404   404   404  404   200   200    -
patch  /api/v1/clubs/{id}/members/{user_id}    401  401   404   404   404   404   404  404   403   200    {"role": "manager"}
delete /api/v1/clubs/{id}/members/{user_id}    401  401   404   404   404   404   404  404   204   204    -
get    /api/v1/clubs/{id}/sessions             401  401   404   404   404   404   404  404   200   200    -
put    /api/v1/clubs/{id}/sessions/{session_id} 401 401   404   404   404   404   404  404   403   204    -
delete /api/v1/clubs/{id}/sessions/{session_id} 401 401   404   404   404   404   404  404   403   204    -

get    /api/v1/chats                           401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/chats                           401  401   422   422   422   422   422  422   422   422    {}
get    /api/v1/chats/settings                  401  401   200   200   200   200   200  200   200   200    -
put    /api/v1/chats/settings                  401  401   422   422   422   422   422  422   422   422    {}
get    /api/v1/chats/{id}                      401  401   403   403   403   200   200  200   200   200    -
post   /api/v1/chats/{id}/members              401  401   403   403   403   403   403  403   403   403    {"user_ids": ["{user}"]}
delete /api/v1/chats/{id}/members/{user_id}    401  401   403   403   403   403   403  403   403   403    -
get    /api/v1/chats/{id}/messages             401  401   403   403   403   200   200  200   200   200    -
post   /api/v1/chats/{id}/messages             401  401   403   403   403   201   403  403   201   201    {"content": "Hello"}
post   /api/v1/chats/{id}/read                 401  401   403   403   403   204   204  204   204   204    {"up_to": 0}
get    /api/v1/messages                        401  401   422   422   422   422   422  422   422   422    -
patch  /api/v1/messages/{id}                   401  401   403   403   403   403   403  403   200   403    {"content": "Hallo"}
delete /api/v1/messages/{id}                   401  401   403   403   403   403   403  403   200   200    -

get    /api/v1/notifications                   401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/notifications/read-all          401  401   200   200   200   200   200  200   200   200    {}
get    /api/v1/notifications/settings          401  401   200   200   200   200   200  200   200   200    -
put    /api/v1/notifications/settings          401  401   422   422   422   422   422  422   422   422    {"unknown": true}
put    /api/v1/notifications/{id}/read         401  401   404   404   404   404   404  404   404   404    -
delete /api/v1/notifications/{id}              401  401   404   404   404   404   404  404   404   404    -

get    /api/v1/webhooks                        401  401   200   200   200   200   200  200   200   200    -
post   /api/v1/webhooks                        401  401   422   422   422   422   422  422   422   422    {}
delete /api/v1/webhooks/{id}                   401  401   404   404   404   404   404  404   404   404    -
post   /api/v1/push-subscriptions              401  401   422   422   422   422   422  422   422   422    {}
delete /api/v1/push-subscriptions/{id}         401  401   404   404   404   404   404  404   404   404    -

get    /api/v1/admin/audit                     401  401   403   200   403   403   403  403   403   403    -
get    /api/v1/admin/dead-letters              401  401   403   200   403   403   403  403   403   403    -
get    /api/v1/admin/dead-letters/{id}         401  401   403   404   403   403   403  403   403   403    -
delete /api/v1/admin/dead-letters/{id}         401  401   403   404   403   403   403  403   403   403    -
post   /api/v1/admin/dead-letters/{id}/replay  401  401   403   404   403   403   403  403   403   403    {}
get    /api/v1/admin/queues                    401  401   403   200   403   403   403  403   403   403    -
get    /api/v1/admin/nodes                     401  401   403   200   403   403   403  403   403   403    -
get    /api/v1/admin/users                     401  401   403   200   403   403   403  403   403   403    -
patch  /api/v1/admin/users/{id}                401  401   403   404   403   403   403  403   403   403    {"role": "user"}
post   /api/v1/admin/users/{id}/password-reset 401  401   403   404   403   403   403  403   403   403    {}
"#;

/// What a socket answers: the type of the frame, or the code of its error. `no` is a refusal with
/// `insufficient_permissions`, `gone` one with `participant_removed`; `-` is no answer. Who has no account has no socket.
const FRAMES: &str = r#"
# frame             stran admin invit spect      left       remov parti            creat            body
subscribe           no    no    no    subscribed subscribed gone  subscribed       subscribed       {}
unsubscribe         unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed {}
pong                -     -     -     -          -          -     -                -                {"ts": 1}
ack_notifications   -     -     -     -          -          -     -                -                {"ids": []}
received            -     -     -     -          -          -     -                -                {"message_ids": []}
message             chat_not_member chat_not_member chat_not_member ack chat_not_member chat_not_member ack ack {"chat_id": "{chat}", "content": "Hello"}
edit_message        chat_not_member chat_not_member chat_not_member no chat_not_member chat_not_member ack no {"message_id": "{message}", "content": "Hallo"}
delete_message      chat_not_member chat_not_member chat_not_member no chat_not_member chat_not_member ack ack {"message_id": "{message}"}
read                chat_not_member chat_not_member chat_not_member - - -  -          -                {"chat_id": "{chat}", "up_to": 0}
typing              chat_not_member chat_not_member chat_not_member - chat_not_member chat_not_member - - {"chat_id": "{chat}"}
authenticate        authenticated authenticated authenticated authenticated authenticated authenticated authenticated authenticated {"token": "{token}"}
pot_ball            no    no    no    no         no         no    ack              ack              {"participant_id": "{participant}", "color": "white"}
commit_foul         no    no    no    no         no         no    ack              ack              {"participant_id": "{participant}"}
end_turn            no    no    no    no         no         no    ack              ack              {"participant_id": "{participant}"}
start_game          no    no    no    no         no         no    game_in_progress game_in_progress {}
void_event          no    no    no    no         no         no    ack              ack              {"seq": "{seq}"}
reassign_event      no    no    no    no         no         no    ack              ack              {"seq": "{seq}", "participant_id": "{other_participant}"}
reopen_game         no    no    no    no         no         no    game_not_reopenable game_not_reopenable {}
end_game            no    no    no    no         no         no    ack              ack              {}
cancel_game         no    no    no    no         no         no    ack              ack              {}
complete_session    no    no    no    no         no         no    no               game_in_progress {}
"#;

/// Paths that no client is to know: the page, the documents of the service and what shows them.
const NOT_DOCUMENTED: [&str; 5] = ["/{path:.*}", "/openapi.json", "/asyncapi.json", "/docs", "/ws"];

/// Everybody, and what they stand before: a private session with a game in progress.
struct World {
    people: BTreeMap<&'static str, Player>,
    names: BTreeMap<&'static str, String>,
}

impl World {
    async fn open(app: &TestApp, admin: &str) -> Self {
        let mut people = BTreeMap::from([("anonymous", app.anonymous()), ("share", app.anonymous())]);
        people.insert("admin", app.player_named(admin).await);
        for actor in ACTORS.into_iter().filter(|actor| !["anonymous", "share", "admin"].contains(actor)) {
            people.insert(actor, app.player(actor).await);
        }
        Self { people, names: BTreeMap::new() }
    }

    /// A fresh session with everybody where they belong.
    async fn set_up(&mut self, is_private: bool) {
        let creator = &self.people["creator"];
        let body = json!({"name": "Friday", "rules": kolkhoz(), "is_private": is_private});
        let session = creator.done("/api/v1/sessions", body).await;
        let (id, code) = (text(&session["id"]), text(&session["code"]));
        let path = format!("/api/v1/sessions/{id}");
        let mut participants = BTreeMap::from([("creator", text(&session["participants"][0]["id"]))]);
        for actor in ["participant", "spectator", "left", "removed"] {
            let role = if actor == "spectator" { "spectator" } else { "participant" };
            let joined = self.people[actor].done("/api/v1/sessions/join", json!({"code": code, "role": role})).await;
            participants.insert(actor, text(&joined["participant_id"]));
        }
        for (by, whose) in [("left", "left"), ("creator", "removed")] {
            let (status, answer) =
                self.people[by].delete(&format!("{path}/participants/{}", participants[whose])).await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
        }
        let list = format!("{path}/participants");
        creator.done(&list, json!({"user_id": self.people["invited"].id})).await;
        let guest = creator.done(&list, json!({"display_name": "Uncle"})).await;
        let link = creator.done(&format!("{path}/scorer-links"), json!({})).await;
        let share = self.people["participant"].done(&format!("{path}/share"), json!({})).await;
        let order = [&participants["creator"], &participants["participant"]];
        let game = text(&creator.done(&format!("{path}/games"), json!({"order": order})).await["id"]);
        let ball = json!({"type": "pot_ball", "participant_id": participants["creator"], "color": "pink"});
        let pot = creator.done(&format!("/api/v1/games/{game}/events"), ball).await;
        let template = json!({"name": "Mine", "category": "kolkhoz", "rules": kolkhoz()});
        let template = creator.done("/api/v1/templates", template).await;
        // A user owns so many clubs.
        if let Some(old) = self.names.get("club") {
            creator.delete(&format!("/api/v1/clubs/{old}")).await;
        }
        let club = creator.done("/api/v1/clubs", json!({"name": "Hall"})).await;
        self.people["participant"].done("/api/v1/clubs/join", json!({"code": club["code"]})).await;
        let put = format!("/api/v1/clubs/{}/sessions/{id}", text(&club["id"]));
        assert_eq!(creator.put(&put, json!({})).await.0, StatusCode::NO_CONTENT);
        let chat = text(&session["chat_id"]);
        let messages = format!("/api/v1/chats/{chat}/messages");
        let said = self.people["participant"].done(&messages, json!({"content": "Hi"})).await;
        self.names = BTreeMap::from([
            ("club", text(&club["id"])),
            ("club_code", text(&club["code"])),
            ("member", self.people["participant"].id.clone()),
            ("chat", chat),
            ("message", text(&said["id"])),
            ("session", id),
            ("code", code),
            ("participant", participants["creator"].clone()),
            ("other_participant", participants["participant"].clone()),
            ("guest", text(&guest["id"])),
            ("scorer_code", text(&link["code"])),
            ("link_id", text(&link["id"])),
            ("share", text(&share["code"])),
            ("share_id", text(&share["id"])),
            ("game", game),
            ("seq", pot["seq"].to_string()),
            ("template", text(&template["id"])),
            ("user", creator.id.clone()),
            ("creator", creator.id.clone()),
            ("stranger", self.people["stranger"].id.clone()),
            ("nobody", Uuid::now_v7().to_string()),
        ]);
    }

    /// A path of the document with what it stands for.
    fn fill(&self, path: &str) -> String {
        let id = match path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default() {
            "games" => "game",
            "chats" => "chat",
            "messages" => "message",
            "templates" => "template",
            "users" => "user",
            "sessions" => "session",
            "clubs" => "club",
            "stats" if path.contains("/sessions/") => "session",
            "stats" => "user",
            _ => "nobody",
        };
        let code = if path.starts_with("/api/v1/shares/") { "share" } else { "code" };
        let others = [
            ("{pid}", "guest"),
            ("{share_id}", "share_id"),
            ("{user_id}", if id == "club" { "member" } else { "stranger" }),
            ("{session_id}", "session"),
            ("{seq}", "seq"),
            ("{link_id}", "link_id"),
        ];
        [("{id}", id), ("{code}", code)]
            .into_iter()
            .chain(others)
            .fold(path.to_owned(), |path, (name, value)| path.replace(name, &self.names[value]))
    }

    fn body(&self, body: &str, actor: &str) -> Value {
        let token = self.people[actor].token.clone().unwrap_or_default();
        let body = body.replace("{token}", &token).replace("\"{seq}\"", &self.names["seq"]);
        let body = body.replace("{rules}", &kolkhoz().to_string());
        let body = [
            "participant",
            "other_participant",
            "code",
            "creator",
            "session",
            "user",
            "scorer_code",
            "club_code",
            "chat",
            "message",
        ]
        .into_iter()
        .fold(body, |body, name| body.replace(&format!("{{{name}}}"), &self.names[name]));
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    async fn call(&self, actor: &str, row: &Row) -> u16 {
        let mut path = self.fill(row.path);
        if actor == "share" {
            path = format!("{path}?share={}", self.names["share"]);
        }
        let method = Method::from_bytes(row.method.to_uppercase().as_bytes()).expect("a method");
        let mut request = self.people[actor].request(method, &path);
        if row.body != "-" {
            request = request.json(&self.body(row.body, actor));
        }
        // Without its body: a stream has no end.
        request.send().await.expect("an answer").status().as_u16()
    }
}

struct Row {
    method: &'static str,
    path: &'static str,
    expected: Vec<u16>,
    body: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = ROUTES.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        let mut words = line.splitn(13, char::is_whitespace);
        let mut rest = line;
        let mut next = || {
            let (word, after) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
            rest = after;
            word
        };
        let _ = words.next();
        let (method, path) = (next(), next());
        let expected = ACTORS.iter().map(|_| next().parse().unwrap_or_else(|_| panic!("a status: {line}"))).collect();
        Row { method, path, expected, body: rest.trim() }
    });
    rows.collect()
}

async fn document(app: &TestApp) -> Value {
    app.anonymous().read("/openapi.json").await
}

/// `method path` of every operation in the document.
fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = ["get", "post", "put", "patch", "delete"];
    let of_path = |(path, item): (&String, &Value)| {
        let there = methods.iter().filter(|method| item.get(**method).is_some());
        there.map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

async fn start() -> (TestApp, World) {
    let admin = format!("admin-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let limits = [
        "commands-per-second",
        "messages-per-second",
        "registrations-per-minute",
        "sessions-per-hour",
        "invitations-per-hour",
    ];
    let limits = limits.into_iter().chain(["joins-per-minute"]).map(|limit| format!("--{limit}=100000"));
    let arguments: Vec<String> = ["--admin".to_owned(), admin.clone()].into_iter().chain(limits).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let app = TestApp::start_with(Store::chosen(), &arguments).await;
    let world = World::open(&app, &admin).await;
    (app, world)
}

#[tokio::test]
async fn every_route_answers_every_actor_as_the_table_says() {
    let (app, mut world) = start().await;
    let rows = rows();
    let known: BTreeSet<String> = rows.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    let there = operations(&document(&app).await);
    let (missing, gone): (Vec<_>, Vec<_>) = (there.difference(&known).collect(), known.difference(&there).collect());
    assert!(missing.is_empty() && gone.is_empty(), "routes without a row: {missing:?}; rows without a route: {gone:?}");

    world.set_up(true).await;
    let mut wrong = Vec::new();
    for row in &rows {
        for (actor, expected) in ACTORS.into_iter().zip(&row.expected) {
            let status = world.call(actor, row).await;
            if status != *expected {
                wrong.push(format!("{} {} by {actor}: {status}, not {expected}", row.method, row.path));
            }
            // What changed something is put right for the next one.
            if row.method != "get" && status < 300 {
                world.set_up(true).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_public_session_is_read_by_every_account_but_the_removed_and_told_no_code() {
    let (_app, mut world) = start().await;
    world.set_up(false).await;
    let is_list_of_codes = |row: &Row| row.path.ends_with("/shares") || row.path.ends_with("/scorer-links");
    let of_session = |row: &Row| row.path.contains("/sessions/{id}") || row.path.starts_with("/api/v1/games/");
    for row in rows().iter().filter(|row| row.method == "get" && of_session(row) && !is_list_of_codes(row)) {
        for (actor, private) in ACTORS.into_iter().zip(&row.expected) {
            let expected = match actor {
                "stranger" | "admin" | "invited" => row.expected[ACTORS.len() - 1],
                _ => *private,
            };
            assert_eq!(world.call(actor, row).await, expected, "{} {} by {actor}", row.method, row.path);
        }
    }
    let path = world.fill("/api/v1/sessions/{id}");
    for actor in ["stranger", "admin", "invited", "spectator", "left", "participant", "creator"] {
        let session = world.people[actor].read(&path).await;
        let knows = ["participant", "creator"].contains(&actor);
        let code = if knows { json!(world.names["code"]) } else { Value::Null };
        assert_eq!(session["code"], code, "{actor}");
    }
}

/// Types of the frames, or commands, in a schema.
fn types(document: &Value, schema: &str) -> BTreeSet<String> {
    let variants = document["components"]["schemas"][schema]["oneOf"].as_array();
    let variants = variants.unwrap_or_else(|| panic!("{schema} has variants"));
    variants.iter().map(|variant| text(&variant["properties"]["type"]["enum"][0])).collect()
}

#[tokio::test]
async fn every_frame_answers_every_actor_as_the_table_says() {
    let (app, mut world) = start().await;
    let document = document(&app).await;
    let commands = types(&document, "Scoring");
    let mut there = types(&document, "ClientFrame");
    // It carries the commands.
    assert!(there.remove("command"), "{there:?}");
    there.extend(commands.iter().cloned());
    let lines: Vec<&str> = FRAMES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let known: BTreeSet<String> = lines.iter().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert_eq!(known, there, "every frame has its row");

    for actor in ["anonymous", "share"] {
        assert!(world.people[actor].connect(&[]).await.is_err(), "{actor} has no socket");
    }
    world.set_up(true).await;
    let mut wrong = Vec::new();
    for line in lines {
        let (cells, body) = line.split_once('{').expect("a body");
        let cells: Vec<&str> = cells.split_whitespace().collect();
        for (actor, expected) in ACTORS[2..].iter().zip(&cells[1..]) {
            let mut socket = world.people[actor].socket().await;
            let id = Uuid::new_v4();
            let mut frame = world.body(&format!("{{{body}"), actor);
            frame["type"] = json!(cells[0]);
            if commands.contains(cells[0]) {
                frame = json!({"type": "command", "command": frame});
            }
            let has_no_id = ["pong", "ack_notifications", "received", "read", "typing"].contains(&cells[0]);
            if !has_no_id {
                frame["id"] = json!(id);
            }
            let is_elsewhere = ["authenticate", "message", "edit_message", "delete_message"].contains(&cells[0]);
            if !has_no_id && !is_elsewhere {
                frame["session_id"] = json!(world.names["session"]);
            }
            socket.send(frame).await;
            let found = if *expected == "-" {
                // The connection goes on, and the next frame is the answer to the next question.
                socket.send(json!({"type": "unsubscribe", "id": id, "session_id": world.names["session"]})).await;
                let answer = loop {
                    let answer = socket.next().await;
                    let beside = ["notification", "stats", "message", "message_status", "typing"];
                    if !beside.contains(&answer["type"].as_str().unwrap_or_default()) {
                        break answer;
                    }
                };
                if answer["type"] == "unsubscribed" { "-".to_owned() } else { answer.to_string() }
            } else {
                let answer = if has_no_id { socket.next_of("error").await } else { socket.answer(id).await };
                match answer["code"].as_str() {
                    Some("insufficient_permissions") => "no".to_owned(),
                    Some("participant_removed") => "gone".to_owned(),
                    Some(code) => code.to_owned(),
                    None => text(&answer["type"]),
                }
            };
            if found != *expected {
                wrong.push(format!("{} by {actor}: {found}, not {expected}", cells[0]));
            }
            if found == "ack" {
                world.set_up(true).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `method path` of everything that the sources register, below `/api/v1` where it is so.
fn registered() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            // Tests build apps of their own.
            if path.ends_with("tests") || path.ends_with("tests.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = std::fs::read_to_string(&path).expect("a source");
                let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                let places = ["web::resource(\"", ".route(\""]
                    .iter()
                    .flat_map(|mark| source.match_indices(mark).map(|(at, mark)| at + mark.len()));
                let mut places: Vec<usize> = places.collect();
                places.sort_unstable();
                for (index, &from) in places.iter().enumerate() {
                    let until = places.get(index + 1).copied().unwrap_or(source.len());
                    let (path, rest) = source[from..until].split_once('"').expect("a path ends");
                    let rest = rest.split("\n}").next().unwrap_or_default();
                    for method in ["get", "post", "put", "patch", "delete"] {
                        if rest.contains(&format!("web::{method}()")) {
                            found.insert((method.to_owned(), path.to_owned()));
                        }
                    }
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn no_route_is_registered_that_the_document_does_not_know() {
    let app = TestApp::start().await;
    let documented = operations(&document(&app).await);
    let registered = registered();
    assert!(registered.len() > 60, "the sources are read: {}", registered.len());
    let unknown: Vec<_> = registered
        .iter()
        .filter(|(_, path)| !NOT_DOCUMENTED.contains(&path.as_str()))
        .filter(|(method, path)| {
            !documented.contains(&format!("{method} {path}"))
                && !documented.contains(&format!("{method} /api/v1{path}"))
        })
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
