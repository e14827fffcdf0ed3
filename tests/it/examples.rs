//! The OpenAPI document holds what it says: every operation is described whole, and its examples are what a server
//! really answered. `ARTEL_RECORD_EXAMPLES=1 cargo test --test it -- examples::` plays them anew and writes them down.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::documented::{Documented, OpenApi};
use super::evening::{Evening, kolkhoz};
use super::mail_server::MailServer;
use super::player::{Player, answer};
use super::telegram;
use super::test_app::{Store, TestApp, text, until};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/openapi/examples.json")
}

#[actix_web::test]
async fn every_operation_is_described_whole() {
    let api = OpenApi::of(&TestApp::start_with(Store::Sqlite, &[]).await).await;
    let mut ids = HashSet::new();
    for Documented { method, path, operation } in api.operations() {
        let place = format!("{method} {path}");
        let id = text(&operation["operationId"]);
        assert!(ids.insert(id.clone()), "{place}: {id} is there twice");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{place} says what it does");
        for parameter in operation["parameters"].as_array().expect("a list") {
            let (name, kind) = (text(&parameter["name"]), text(&parameter["in"]));
            let in_path = path.contains(&format!("{{{name}}}"));
            assert_eq!(kind == "path", in_path, "{place}: {name} is in {kind}");
            assert!(kind == "header" || parameter["required"] == in_path, "{place}: is {name} required?");
        }
        let answers = operation["responses"].as_object().expect("answers");
        let is_open = operation["security"].as_array().is_none_or(|ways| ways.iter().any(|way| way == &json!({})));
        if path.starts_with("/api/v1/") {
            for status in ["429", "500", "503"] {
                assert!(answers.contains_key(status), "{place} has no {status}");
            }
            assert!(is_open || operation["security"] == json!([]) || answers.contains_key("401"), "{place} has no 401");
        }
        for (status, answer) in answers {
            let answer = api.resolved(answer);
            assert!(!answer["description"].as_str().unwrap_or_default().is_empty(), "{place}: {status}");
            let problem = &answer["content"]["application/problem+json"];
            let is_report = path == "/health/ready";
            assert!(
                method == "head" || status.as_str() < "400" || is_report || problem.is_object(),
                "{place}: {status}"
            );
        }
    }
    let codes = &api.document["components"]["schemas"]["Code"]["enum"];
    assert!(codes.as_array().expect("a list").contains(&json!("session_full")), "{codes}");
}

#[actix_web::test]
async fn every_operation_has_examples_that_its_schema_allows() {
    let api = OpenApi::of(&TestApp::start_with(Store::Sqlite, &[]).await).await;
    let mut wrong = Vec::new();
    for Documented { method, path, operation } in api.operations().into_iter().filter(|it| it.method != "head") {
        let bodies = operation["responses"].as_object().expect("answers").iter();
        let bodies = bodies.map(|(status, answer)| (status.as_str(), api.resolved(answer)));
        for (what, body) in bodies.chain([("request", api.resolved(&operation["requestBody"]))]) {
            for (media, content) in body["content"].as_object().into_iter().flatten() {
                let several = content["examples"].as_object().into_iter().flat_map(|examples| examples.values());
                let examples: Vec<_> =
                    content.get("example").into_iter().chain(several.map(|it| &it["value"])).collect();
                if examples.is_empty() && !(what == "503" && path == "/health/ready") {
                    wrong.push(format!("{method} {path}: {what} has no example; record them"));
                }
                for example in examples.into_iter().filter(|_| media.contains("json")) {
                    wrong.extend(
                        api.faults(&content["schema"], example)
                            .into_iter()
                            .map(|fault| format!("{method} {path}: {what}: {fault}")),
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[actix_web::test]
async fn every_message_of_an_evening_is_as_asyncapi_says() {
    let app = TestApp::start_with(Store::Sqlite, &["--admin", "the-operator"]).await;
    let api = OpenApi::read(&app, "/asyncapi.json").await;
    let admin = app.player_named("the-operator").await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let invited = app.player("vera").await;
    evening.players[0].done(&evening.path("/participants"), json!({"user_id": invited.id})).await;
    let game = evening.start_game().await;
    let potted = evening.pot(&game, 0, "white").await;
    evening.pot(&game, 1, "pink").await;
    let foul = json!({"type": "commit_foul", "participant_id": evening.participants[1]});
    evening.players[0].done(&format!("/api/v1/games/{game}/events"), foul).await;
    evening.end(&game).await;
    let void = format!("/api/v1/games/{game}/events/{}", potted["seq"]);
    assert!(evening.players[0].delete(&void).await.0.is_success());
    let audit = admin.read(&format!("/api/v1/admin/audit?session_id={}&limit=200", evening.session)).await;
    let mut types = HashSet::new();
    for envelope in audit["items"].as_array().expect("a list") {
        let event_type = text(&envelope["event_type"]);
        let name = match event_type.strip_prefix("compensation.") {
            Some(of) if of != "notifications.achievement_unlocked" => "compensation",
            _ => event_type.as_str(),
        };
        let message = &api.document["components"]["messages"][name];
        assert!(message.is_object(), "{event_type} is not documented");
        let faults = api.faults(&message["payload"], envelope);
        assert!(faults.is_empty(), "{event_type}: {faults:?} in {envelope}");
        types.insert(event_type);
    }
    for wanted in ["game.ball_potted", "game.ended", "stats.game_corrected", "compensation.game.ball_potted"] {
        assert!(types.contains(wanted), "{wanted} in {types:?}");
    }
    let codes = &api.document["channels"]["socket"]["x-close-codes"];
    assert!(["1001", "4401", "4413", "4429"].iter().all(|code| codes[code].is_string()), "{codes}");
}

#[actix_web::test]
async fn the_examples_are_recorded_where_that_is_asked_for() {
    if std::env::var_os("ARTEL_RECORD_EXAMPLES").is_none() {
        return;
    }
    let mails = MailServer::start().await;
    let others = ["--admin", "the-operator", "--telegram-bot-token", telegram::TOKEN];
    let arguments: Vec<&str> = mails.arguments().into_iter().chain(others).collect();
    let app = TestApp::start_with(Store::Sqlite, &arguments).await;
    let mut recorder = Recorder { api: OpenApi::of(&app).await, base: app.base.clone(), examples: BTreeMap::new() };
    play(&app, &mut recorder).await;
    recorder.mail(&app, &mails).await;
    recorder.sinks(&app).await;
    let text = recorder.told();
    std::fs::write(file(), text).expect("written");
}

/// Writes down what is asked and answered.
struct Recorder {
    api: OpenApi,
    base: String,
    examples: BTreeMap<String, Value>,
}

impl Recorder {
    /// A call that succeeds. `path` is as documented, with a query where there is one; `ids` fill its braces.
    async fn call(&mut self, by: &Player, method: Method, path: &str, ids: &[&str], body: Option<Value>) -> Value {
        let template = path.split('?').next().unwrap_or_default();
        let id = self.api.operation_id(method.as_str(), template);
        let mut filled = path.to_owned();
        for id in ids {
            let (start, end) = (filled.find('{').expect("a brace"), filled.find('}').expect("a brace"));
            filled.replace_range(start..=end, id);
        }
        let mut request = by.request(method.clone(), &filled);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let (status, answer): (StatusCode, Value) = answer(request).await;
        assert!(status.is_success(), "{method} {filled}: {status} {answer}");
        let mut example = Map::new();
        example.insert("status".to_owned(), json!(status.as_u16()));
        example.extend(body.map(|body| ("request".to_owned(), body)));
        if !answer.is_null() {
            example.insert("answer".to_owned(), answer.clone());
        }
        self.examples.entry(id).or_insert(Value::Object(example));
        answer
    }

    /// What a mailbox is good for.
    async fn mail(&mut self, app: &TestApp, mails: &MailServer) {
        let (nobody, email) = (app.anonymous(), "dora@club.example");
        let dora = app.player("dora").await;
        dora.patch("/api/v1/users/me", json!({"email": email})).await;
        let token = mails.next().await.token("confirm");
        self.call(&dora, Method::GET, "/api/v1/users/me/email-confirmation", &[], None).await;
        self.call(&dora, Method::POST, "/api/v1/users/me/email-confirmation", &[], None).await;
        mails.next().await;
        let token = Some(json!({"token": token}));
        self.call(&nobody, Method::POST, "/api/v1/auth/email-confirmation", &[], token).await;
        let email = Some(json!({"email": email}));
        self.call(&nobody, Method::POST, "/api/v1/auth/password-reset", &[], email).await;
        let new = json!({"token": mails.next().await.token("reset"), "password": "a new password"});
        self.call(&nobody, Method::POST, "/api/v1/auth/password-reset/confirm", &[], Some(new)).await;
    }

    /// Where else somebody is told.
    async fn sinks(&mut self, app: &TestApp) {
        let init_data = json!({"init_data": telegram::init_data(telegram::TOKEN, 279_058_397, "Egor", 0)});
        let opened = self.call(&app.anonymous(), Method::POST, "/api/v1/auth/telegram", &[], Some(init_data)).await;
        let egor = Player::of(&app.base, &opened);
        let hook = json!({"url": "https://bot.example/artel", "kinds": ["game_completed", "payment_marked"]});
        let hook = self.call(&egor, Method::POST, "/api/v1/webhooks", &[], Some(hook)).await;
        self.call(&egor, Method::GET, "/api/v1/webhooks", &[], None).await;
        self.call(&egor, Method::DELETE, "/api/v1/webhooks/{id}", &[&text(&hook["id"])], None).await;
        // Of RFC 8291.
        let keys = json!({
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        });
        let browser = json!({"endpoint": "https://push.example/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV", "keys": keys});
        let browser = self.call(&egor, Method::POST, "/api/v1/push-subscriptions", &[], Some(browser)).await;
        let id = text(&browser["id"]);
        self.call(&egor, Method::DELETE, "/api/v1/push-subscriptions/{id}", &[&id], None).await;
    }

    /// What the evening costs beside the games, and who has paid.
    async fn money(&mut self, anna: &Player, id: &str, participants: &[String; 2]) {
        let (get, post) = (Method::GET, Method::POST);
        let expense = json!({"title": "Tea", "amount": 45_000, "paid_by": participants[0]});
        self.call(anna, post.clone(), "/api/v1/sessions/{id}/expenses", &[id], Some(expense)).await;
        let table = json!({"table": {"price_per_hour": 60_000, "paid_by": participants[0], "split": "equally"}});
        anna.patch(&format!("/api/v1/sessions/{id}"), table).await;
        self.call(anna, post.clone(), "/api/v1/sessions/{id}/table/stop", &[id], Some(json!({}))).await;
        let payment = json!({"from": participants[1], "to": participants[0], "amount": 10_000});
        let paid = self.call(anna, post.clone(), "/api/v1/sessions/{id}/payments", &[id], Some(payment.clone())).await;
        let seq = paid["seq"].to_string();
        self.call(anna, Method::DELETE, "/api/v1/sessions/{id}/events/{seq}", &[id, &seq], None).await;
        anna.done(&format!("/api/v1/sessions/{id}/payments"), payment).await;
        self.call(anna, get.clone(), "/api/v1/sessions/{id}/participants/{pid}/ledger", &[id, &participants[1]], None)
            .await;
        self.call(anna, get, "/api/v1/sessions/{id}/export", &[id], None).await;
    }

    /// All examples, with what changes from one evening to the next made the same.
    fn told(mut self) -> String {
        self.examples.values_mut().for_each(hide);
        let told = serde_json::to_string_pretty(&self.examples).expect("JSON");
        let told = told.replace(&self.base, "https://club.example");
        let told = told.replace(self.base.strip_prefix("http://").expect("a host"), "club.example");
        let told = same(&told, "########-####-####-####-############", |n| format!("019c0de0-0000-7000-8000-{n:012x}"));
        same(&told, "####-##-##T##:##:##.###Z", |_| "2026-01-31T18:04:05.123Z".to_owned()) + "\n"
    }
}

/// Tokens are nobody's, codes are those of no session.
fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), &field) {
                    ("init_data", Value::String(_)) => *field = json!("query_id=...&user=...&auth_date=...&hash=..."),
                    ("push_public_key", Value::String(_)) => *field = json!("the.key.of.this.server"),
                    ("secret", Value::String(_)) => *field = json!("secret.of.this.webhook"),
                    ("token", Value::String(_)) => *field = json!("token.of.the.mail"),
                    ("access_token" | "refresh_token", Value::String(_)) => {
                        *field = json!(format!("{name}.of.this.login"))
                    }
                    ("code", Value::String(code)) if code.len() == 6 => *field = json!("K7QXPM"),
                    ("code", Value::String(code)) if code.len() == 10 => *field = json!("K7QXPM3RTA"),
                    ("user_agent", Value::String(_)) => *field = json!("Firefox on Android"),
                    _ => hide(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// Replaces what has a form (`#` is a hexadecimal digit), the same by the same.
fn same(text: &str, form: &str, new: impl Fn(usize) -> String) -> String {
    let fits = |part: &str| {
        part.len() == form.len()
            && part
                .bytes()
                .zip(form.bytes())
                .all(|(it, form)| if form == b'#' { it.is_ascii_hexdigit() } else { it == form })
    };
    let (mut known, mut told, mut rest) = (Vec::<String>::new(), String::new(), text);
    while let Some(next) = rest.chars().next() {
        match rest.get(..form.len()).filter(|part| fits(part)) {
            Some(part) => {
                let number = known.iter().position(|it| it == part).unwrap_or_else(|| {
                    known.push(part.to_owned());
                    known.len() - 1
                });
                told += &new(number + 1);
                rest = &rest[form.len()..];
            }
            None => {
                told.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    told
}

/// An evening that calls everything once.
async fn play(app: &TestApp, record: &mut Recorder) {
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let nobody = app.anonymous();
    for path in ["/health/live", "/health/ready", "/api/v1/server"] {
        record.call(&nobody, get.clone(), path, &[], None).await;
    }
    record.examples.insert(
        "get_metrics".to_owned(),
        json!({
            "status": 200, "answer": "# TYPE artel_live_sessions gauge\nartel_live_sessions 3\n",
        }),
    );

    let password = "correct horse";
    let entered = json!({"username": "anna", "password": password, "display_name": "Anna"});
    let entered = record.call(&nobody, post.clone(), "/api/v1/auth/register", &[], Some(entered)).await;
    let mut anna = Player::of(&app.base, &entered);
    let login = json!({"username": "anna", "password": password});
    record.call(&nobody, post.clone(), "/api/v1/auth/login", &[], Some(login)).await;
    let refresh = json!({"refresh_token": entered["refresh_token"]});
    let fresh = record.call(&nobody, post.clone(), "/api/v1/auth/refresh", &[], Some(refresh)).await;
    anna = Player { token: Some(text(&fresh["access_token"])), ..anna };
    let guest = json!({"display_name": "Gleb"});
    let guest = record.call(&nobody, post.clone(), "/api/v1/auth/guest", &[], Some(guest)).await;
    let claim = json!({"username": "gleb", "password": password});
    let guest = Player::of(&app.base, &guest);
    record.call(&guest, post.clone(), "/api/v1/users/me/claim", &[], Some(claim)).await;
    let boris = app.player_named("boris").await;
    record.call(&anna, get.clone(), "/api/v1/users/me", &[], None).await;
    let change = json!({"display_name": "Anna K."});
    record.call(&anna, patch.clone(), "/api/v1/users/me", &[], Some(change)).await;
    record.call(&anna, get.clone(), "/api/v1/users?query=bor", &[], None).await;
    record.call(&anna, get.clone(), "/api/v1/users/{id}", &[&boris.id], None).await;
    record.logins(&anna).await;

    let draft = json!({"name": "Our house", "description": "Fridays", "rules": kolkhoz(), "tags": ["friday"]});
    let template = record.call(&anna, post.clone(), "/api/v1/templates", &[], Some(draft.clone())).await;
    let template = text(&template["id"]);
    let trial = json!({"rules": kolkhoz()});
    record.call(&anna, post.clone(), "/api/v1/templates/validate", &[], Some(trial)).await;
    record.call(&anna, get.clone(), "/api/v1/templates?scope=mine", &[], None).await;
    record.call(&anna, get.clone(), "/api/v1/template-categories", &[], None).await;
    record.call(&anna, get.clone(), "/api/v1/templates/{id}", &[&template], None).await;
    record.call(&anna, put.clone(), "/api/v1/templates/{id}", &[&template], Some(draft)).await;
    record.call(&anna, put.clone(), "/api/v1/templates/{id}/favorite", &[&template], None).await;
    record.call(&anna, delete.clone(), "/api/v1/templates/{id}/favorite", &[&template], None).await;

    let opened = json!({"name": "Friday", "template_id": template, "is_private": false});
    let session = record.call(&anna, post.clone(), "/api/v1/sessions", &[], Some(opened)).await;
    let (id, code) = (text(&session["id"]), text(&session["code"]));
    record.call(&boris, get.clone(), "/api/v1/sessions/by-code/{code}", &[&code], None).await;
    let join = json!({"code": code, "display_name": "Boris"});
    let joined = record.call(&boris, post.clone(), "/api/v1/sessions/join", &[], Some(join)).await;
    let participants = [text(&session["participants"][0]["id"]), text(&joined["participant_id"])];
    let guest = json!({"display_name": "Vera"});
    let guest = record.call(&anna, post.clone(), "/api/v1/sessions/{id}/participants", &[&id], Some(guest)).await;
    let guest = text(&guest["id"]);
    let participant = "/api/v1/sessions/{id}/participants/{pid}";
    let change = json!({"display_name": "Vera P.", "can_score": false});
    record.call(&anna, patch.clone(), participant, &[&id, &guest], Some(change)).await;
    record.call(&anna, delete.clone(), participant, &[&id, &guest], None).await;
    record.claims(app, &anna, &id).await;
    record.scorers(app, &anna, &id).await;
    let change = json!({"name": "Friday, table 2"});
    record.call(&anna, patch.clone(), "/api/v1/sessions/{id}", &[&id], Some(change)).await;
    record.call(&anna, post.clone(), "/api/v1/sessions/{id}/code", &[&id], None).await;
    let dina = app.player_named("dina").await;
    anna.done(&format!("/api/v1/sessions/{id}/participants"), json!({"user_id": dina.id})).await;
    record.call(&dina, get.clone(), "/api/v1/sessions/{id}/preview", &[&id], None).await;
    record.call(&anna, get.clone(), "/api/v1/sessions?scope=mine&limit=1", &[], None).await;
    record.sharing(&anna, &id).await;

    let order = json!({"order": participants});
    let game = record.call(&anna, post.clone(), "/api/v1/sessions/{id}/games", &[&id], Some(order.clone())).await;
    let game = text(&game["id"]);
    let events = "/api/v1/games/{id}/events";
    let pot = json!({"type": "pot_ball", "participant_id": participants[0], "color": "white"});
    let potted = record.call(&anna, post.clone(), events, &[&game], Some(pot.clone())).await;
    record.call(&anna, post.clone(), events, &[&game], Some(pot)).await;
    let seq = potted["seq"].to_string();
    record.call(&anna, delete.clone(), "/api/v1/games/{id}/events/{seq}", &[&game, &seq], None).await;
    record.call(&anna, get.clone(), "/api/v1/games/{id}", &[&game], None).await;
    record.call(&anna, get.clone(), "/api/v1/games/{id}/events?limit=2", &[&game], None).await;
    record.call(&anna, get.clone(), "/api/v1/games/{id}/scores", &[&game], None).await;
    let reason = json!({"reason": "closing time"});
    record.call(&anna, post.clone(), "/api/v1/games/{id}/end", &[&game], Some(reason)).await;
    record.call(&anna, get.clone(), "/api/v1/games/{id}/results", &[&game], None).await;
    record.call(&anna, post.clone(), "/api/v1/games/{id}/reopen", &[&game], Some(json!({}))).await;
    let moved = json!({"participant_id": participants[1]});
    let last = text(&anna.read(&format!("/api/v1/games/{game}/scores")).await["game_id"]);
    let last = anna.read(&format!("/api/v1/games/{last}/events")).await;
    let mut marks =
        last["items"].as_array().expect("events").iter().filter(|event| event["type"] == "game.ball_potted");
    let seq = marks.next_back().expect("a mark")["seq"].to_string();
    let reassign = "/api/v1/games/{id}/events/{seq}/reassign";
    record.call(&anna, post.clone(), reassign, &[&game, &seq], Some(moved)).await;
    anna.done(&format!("/api/v1/games/{game}/end"), json!({})).await;
    record.money(&anna, &id, &participants).await;
    let second = record.call(&anna, post.clone(), "/api/v1/sessions/{id}/games", &[&id], Some(order)).await;
    record.call(&anna, post.clone(), "/api/v1/games/{id}/cancel", &[&text(&second["id"])], None).await;
    record.call(&anna, get.clone(), "/api/v1/sessions/{id}/games?limit=1", &[&id], None).await;
    record.call(&anna, get.clone(), "/api/v1/sessions/{id}", &[&id], None).await;
    record.call(&anna, get.clone(), "/api/v1/sessions/{id}/balance", &[&id], None).await;
    record.call(&anna, get.clone(), "/api/v1/sessions/{id}/events?limit=2", &[&id], None).await;
    let stream = "id: 7\nevent: game.ball_potted\ndata: {\"seq\": 7, \"type\": \"game.ball_potted\"}\n\n";
    let stream = json!({"status": 200, "answer": stream});
    record.examples.insert(record.api.operation_id("get", "/api/v1/sessions/{id}/stream"), stream);
    record.call(&anna, post.clone(), "/api/v1/sessions/{id}/complete", &[&id], None).await;
    let other = json!({"name": "Saturday", "rules": kolkhoz()});
    let other = text(&anna.done("/api/v1/sessions", other).await["id"]);
    record.call(&anna, post.clone(), "/api/v1/sessions/{id}/cancel", &[&other], None).await;

    record.friends(&anna, &dina, &boris).await;
    record.clubs(&anna, &boris, &id).await;
    record.chats(&anna, &dina, &boris).await;
    record.statistics(&anna, &id).await;
    record.notifications(&anna).await;
    record.operations(app, &id).await;
    record.call(&anna, delete, "/api/v1/templates/{id}", &[&template], None).await;
    let logout = json!({"refresh_token": fresh["refresh_token"]});
    record.call(&anna, post, "/api/v1/auth/logout", &[], Some(logout)).await;
    let gone = app.player_named("vera").await;
    record.call(&gone, get, "/api/v1/users/me/export", &[], None).await;
    record.call(&gone, Method::DELETE, "/api/v1/users/me", &[], Some(json!({"password": password}))).await;
}

impl Recorder {
    async fn logins(&mut self, by: &Player) {
        let logins = "/api/v1/users/me/logins";
        let listed = self.call(by, Method::GET, logins, &[], None).await;
        let other = listed["items"].as_array().expect("a list").iter().find(|login| login["is_current"] == false);
        let other = text(&other.expect("the second login")["id"]);
        self.call(by, Method::DELETE, "/api/v1/users/me/logins/{id}", &[&other], None).await;
    }

    async fn claims(&mut self, app: &TestApp, creator: &Player, session: &str) {
        let places = format!("/api/v1/sessions/{session}/participants");
        let place = text(&creator.done(&places, json!({"display_name": "Uncle"})).await["id"]);
        let asking = app.player_named("egor").await;
        let claim = "/api/v1/sessions/{id}/participants/{pid}/claim";
        let whose = Some(json!({"user_id": asking.id}));
        for decision in ["/decline", "/confirm"] {
            self.call(&asking, Method::POST, claim, &[session, &place], Some(json!({}))).await;
            let decision = format!("{claim}{decision}");
            self.call(creator, Method::POST, &decision, &[session, &place], whose.clone()).await;
        }
        asking.delete(&format!("/api/v1/sessions/{session}/participants/{place}")).await;
    }

    async fn scorers(&mut self, app: &TestApp, creator: &Player, session: &str) {
        let links = "/api/v1/sessions/{id}/scorer-links";
        let body = json!({"name": "The barman"});
        let link = self.call(creator, Method::POST, links, &[session], Some(body)).await;
        let helper = app.player_named("fedor").await;
        let code = json!({"code": link["code"], "display_name": "Fedor"});
        self.call(&helper, Method::POST, "/api/v1/sessions/scorer", &[], Some(code)).await;
        self.call(creator, Method::GET, links, &[session], None).await;
        let link = text(&link["id"]);
        self.call(creator, Method::DELETE, &format!("{links}/{{link_id}}"), &[session, &link], None).await;
    }

    async fn sharing(&mut self, by: &Player, session: &str) {
        let body = json!({"kind": "board", "name": "Over the table"});
        let share = self.call(by, Method::POST, "/api/v1/sessions/{id}/share", &[session], Some(body)).await;
        let (id, code) = (text(&share["id"]), text(&share["code"]));
        self.call(by, Method::GET, "/api/v1/sessions/{id}/shares", &[session], None).await;
        self.call(by, Method::GET, "/api/v1/shares/{code}", &[&code], None).await;
        self.call(by, Method::DELETE, "/api/v1/sessions/{id}/shares/{share_id}", &[session, &id], None).await;
        let display = self.call(by, Method::POST, "/api/v1/displays", &[], None).await;
        let body = json!({"code": display["code"]});
        self.call(by, Method::POST, "/api/v1/sessions/{id}/displays", &[session], Some(body)).await;
        self.call(by, Method::GET, "/api/v1/displays/{id}", &[&text(&display["id"])], None).await;
    }

    async fn friends(&mut self, by: &Player, friend: &Player, enemy: &Player) {
        let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
        let requests = "/api/v1/friends/requests";
        let ask = json!({"user_id": by.id});
        let asked = friend.done(requests, ask.clone()).await;
        self.call(by, get.clone(), "/api/v1/friends/requests?direction=in", &[], None).await;
        self.call(by, put.clone(), "/api/v1/friends/requests/{id}/accept", &[&text(&asked["id"])], None).await;
        self.call(by, get.clone(), "/api/v1/friends", &[], None).await;
        let other = json!({"name": "Sunday", "rules": kolkhoz()});
        let invite = json!({"session_id": by.done("/api/v1/sessions", other).await["id"]});
        self.call(by, post.clone(), "/api/v1/friends/{user_id}/invite", &[&friend.id], Some(invite)).await;
        self.call(by, delete.clone(), "/api/v1/friends/{user_id}", &[&friend.id], None).await;
        let asked = enemy.done(requests, ask).await;
        self.call(by, put.clone(), "/api/v1/friends/requests/{id}/decline", &[&text(&asked["id"])], None).await;
        let mine = self.call(by, post, requests, &[], Some(json!({"user_id": enemy.id}))).await;
        self.call(by, delete.clone(), "/api/v1/friends/requests/{id}", &[&text(&mine["id"])], None).await;
        self.call(by, put, "/api/v1/friends/{user_id}/block", &[&enemy.id], None).await;
        self.call(by, get, "/api/v1/friends/blocked", &[], None).await;
        self.call(by, delete, "/api/v1/friends/{user_id}/block", &[&enemy.id], None).await;
    }

    async fn clubs(&mut self, owner: &Player, member: &Player, session: &str) {
        let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
        let name = json!({"name": "Central hall"});
        let club = self.call(owner, post.clone(), "/api/v1/clubs", &[], Some(name)).await;
        let (id, code) = (text(&club["id"]), json!({"code": club["code"]}));
        self.call(member, post.clone(), "/api/v1/clubs/join", &[], Some(code)).await;
        let (whose, role) = ([id.as_str(), member.id.as_str()], json!({"role": "manager"}));
        let of_member = "/api/v1/clubs/{id}/members/{user_id}";
        self.call(owner, Method::PATCH, of_member, &whose, Some(role)).await;
        self.call(member, get.clone(), "/api/v1/clubs", &[], None).await;
        self.call(member, get.clone(), "/api/v1/clubs/{id}/members", &[&id], None).await;
        let (which, of_session) = ([id.as_str(), session], "/api/v1/clubs/{id}/sessions/{session_id}");
        self.call(owner, put, of_session, &which, None).await;
        self.call(member, get.clone(), "/api/v1/clubs/{id}/sessions", &[&id], None).await;
        self.call(owner, get, "/api/v1/clubs/{id}", &[&id], None).await;
        let name = json!({"name": "Central hall, first floor"});
        self.call(owner, Method::PATCH, "/api/v1/clubs/{id}", &[&id], Some(name)).await;
        self.call(owner, post, "/api/v1/clubs/{id}/code", &[&id], None).await;
        self.call(owner, delete.clone(), of_session, &which, None).await;
        self.call(member, delete.clone(), of_member, &whose, None).await;
        self.call(owner, delete, "/api/v1/clubs/{id}", &[&id], None).await;
    }

    async fn chats(&mut self, by: &Player, friend: &Player, other: &Player) {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        self.call(by, get.clone(), "/api/v1/chats/settings", &[], None).await;
        let hide = Some(json!({"hide_presence": false}));
        self.call(by, Method::PUT, "/api/v1/chats/settings", &[], hide).await;
        let direct = Some(json!({"user_ids": [friend.id]}));
        let direct = text(&self.call(by, post.clone(), "/api/v1/chats", &[], direct).await["id"]);
        let group = json!({"user_ids": [friend.id], "title": "Friday's table"});
        let group = text(&by.done("/api/v1/chats", group).await["id"]);
        let members = "/api/v1/chats/{id}/members";
        let new = Some(json!({"user_ids": [other.id]}));
        self.call(by, post.clone(), members, &[&group], new).await;
        self.call(by, delete.clone(), &format!("{members}/{{user_id}}"), &[&group, &other.id], None).await;
        let messages = "/api/v1/chats/{id}/messages";
        let said = Some(json!({"content": "Friday at eight?"}));
        let said = text(&self.call(by, post.clone(), messages, &[&direct], said).await["id"]);
        friend.done(&format!("/api/v1/chats/{direct}/messages"), json!({"content": "I'll be there"})).await;
        let otherwise = Some(json!({"content": "Friday at nine?"}));
        self.call(by, Method::PATCH, "/api/v1/messages/{id}", &[&said], otherwise).await;
        self.call(by, get.clone(), "/api/v1/chats/{id}/messages?after=0&limit=1", &[&direct], None).await;
        self.call(by, get.clone(), "/api/v1/chats/{id}", &[&direct], None).await;
        self.call(by, get.clone(), "/api/v1/chats?limit=1", &[], None).await;
        self.call(by, get, "/api/v1/messages?query=friday", &[], None).await;
        self.call(by, post, "/api/v1/chats/{id}/read", &[&direct], Some(json!({"up_to": 2}))).await;
        self.call(by, delete, "/api/v1/messages/{id}", &[&said], None).await;
    }

    async fn statistics(&mut self, by: &Player, session: &str) {
        let totals = until("the game is counted", async || {
            let totals = by.read(&format!("/api/v1/stats/users/{}", by.id)).await;
            (totals["totals"]["games"] == 1).then_some(totals)
        });
        totals.await;
        for path in ["", "/games", "/opponents", "/evenings", "/money?by=day", "/achievements"] {
            self.call(by, Method::GET, &format!("/api/v1/stats/users/{{id}}{path}"), &[&by.id], None).await;
        }
        self.call(by, Method::GET, "/api/v1/stats/achievements", &[], None).await;
        self.call(by, Method::GET, "/api/v1/stats/leaderboard?period=week&by=wins&limit=2", &[], None).await;
        self.call(by, Method::GET, "/api/v1/stats/sessions/{id}/order-fairness", &[session], None).await;
    }

    async fn notifications(&mut self, by: &Player) {
        let first = until("a notification", async || {
            let listed = by.read("/api/v1/notifications").await;
            listed["items"][0]["id"].as_str().map(str::to_owned)
        });
        let first = first.await;
        self.call(by, Method::GET, "/api/v1/notifications?unread=true&limit=1", &[], None).await;
        self.call(by, Method::PUT, "/api/v1/notifications/{id}/read", &[&first], None).await;
        self.call(by, Method::POST, "/api/v1/notifications/read-all", &[], None).await;
        self.call(by, Method::DELETE, "/api/v1/notifications/{id}", &[&first], None).await;
        let settings = self.call(by, Method::GET, "/api/v1/notifications/settings", &[], None).await;
        self.call(by, Method::PUT, "/api/v1/notifications/settings", &[], Some(settings)).await;
    }

    async fn operations(&mut self, app: &TestApp, session: &str) {
        let admin = app.player_named("the-operator").await;
        let audit = format!("/api/v1/admin/audit?session_id={session}&limit=1");
        self.call(&admin, Method::GET, &audit, &[], None).await;
        self.call(&admin, Method::GET, "/api/v1/admin/queues", &[], None).await;
        self.call(&admin, Method::GET, "/api/v1/admin/nodes", &[], None).await;
        let member = app.player_named("a-member").await;
        let users = "/api/v1/admin/users";
        self.call(&admin, Method::GET, &format!("{users}?query=a-mem"), &[], None).await;
        let disable = Some(json!({"is_disabled": true}));
        self.call(&admin, Method::PATCH, &format!("{users}/{{id}}"), &[&member.id], disable).await;
        self.call(&admin, Method::POST, &format!("{users}/{{id}}/password-reset"), &[&member.id], None).await;
        // A message to nobody can never be applied.
        let id = Uuid::now_v7();
        let envelope = json!({
            "event_id": id, "event_type": "notifications.message", "timestamp": "2026-01-31T18:04:05.123Z",
            "source_service": "a club's till", "correlation_id": id, "causation_id": null, "priority": 5, "retries": 0,
            "max_retries": 5, "user_id": null, "session_id": null, "game_id": null, "seq": null, "data": {},
        });
        let url = format!("sqlite://{}", app.dir.join("artel.db").display());
        let database = sea_orm::Database::connect(url).await.expect("the file");
        let envelope = envelope.to_string().replace('\'', "''");
        let insert = format!(
            "INSERT INTO outbox (routing_key, envelope, claimed_until_ms, created_at_ms) \
             VALUES ('notifications.message', '{envelope}', 0, 0)"
        );
        database.execute_unprepared(&insert).await.expect("a row");
        let letters = "/api/v1/admin/dead-letters";
        let letter = async |not: &str| {
            let listed = admin.read(letters).await;
            listed["items"][0]["id"].as_str().filter(|id| *id != not).map(str::to_owned)
        };
        let first = until("a dead letter", || letter("")).await;
        self.call(&admin, Method::GET, letters, &[], None).await;
        self.call(&admin, Method::GET, "/api/v1/admin/dead-letters/{id}", &[&first], None).await;
        self.call(&admin, Method::POST, "/api/v1/admin/dead-letters/{id}/replay", &[&first], None).await;
        let again = until("it failed again", || letter(&first)).await;
        self.call(&admin, Method::DELETE, "/api/v1/admin/dead-letters/{id}", &[&again], None).await;
    }
}
