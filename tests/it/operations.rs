//! What operators and integrators see: health, metrics, the documents; and the answers while the database is away.

use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, refused};
use crate::test_app::{Store, TestApp, text, until};

/// The calls of sections 2.1 to 2.3 of the contract, and the status of their success.
const CALLS: &str = "
post /auth/register 201
post /auth/login 200
post /auth/refresh 200
post /auth/logout 204
get /users/me 200
patch /users/me 200
get /users 200
get /users/{id} 200
get /templates 200
post /templates 201
get /templates/{id} 200
put /templates/{id} 200
delete /templates/{id} 204
post /templates/validate 200
put /templates/{id}/favorite 204
delete /templates/{id}/favorite 204
get /template-categories 200
post /sessions 201
get /sessions 200
get /sessions/{id} 200
patch /sessions/{id} 200
post /sessions/join 200
get /sessions/by-code/{code} 200
post /sessions/{id}/participants 201
patch /sessions/{id}/participants/{pid} 200
delete /sessions/{id}/participants/{pid} 204
post /sessions/{id}/complete 200
post /sessions/{id}/cancel 200
get /sessions/{id}/events 200
get /sessions/{id}/balance 200
get /sessions/{id}/stream 200
post /sessions/{id}/share 200
get /sessions/{id}/shares 200
delete /sessions/{id}/shares/{share_id} 204
post /sessions/{id}/code 200
post /sessions/{id}/games 201
get /sessions/{id}/games 200
get /games/{id} 200
post /games/{id}/events 201
delete /games/{id}/events/{seq} 200
get /games/{id}/events 200
get /games/{id}/scores 200
post /games/{id}/end 200
post /games/{id}/cancel 200
get /games/{id}/results 200
get /stats/users/{id} 200
";

const FRAMES: &str = "subscribe unsubscribe command pong ack_notifications authenticate connected subscribed unsubscribed \
    ack event presence authenticated ping error";

const METRICS: &str = "rabbitmq_events_published_total rabbitmq_events_processed_total \
    rabbitmq_event_processing_duration_seconds rabbitmq_queue_size rabbitmq_message_age_seconds artel_connections \
    artel_live_sessions artel_command_duration_seconds artel_commit_batch_size artel_commit_duration_seconds \
    artel_outbox_depth artel_outbox_age_seconds artel_slow_consumers_cut_total artel_http_requests_total";

async fn document(app: &TestApp, path: &str) -> Value {
    answered(app.anonymous().get(path).await, 200)
}

/// Every `$ref` of a document leads somewhere in it.
fn references_resolve(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("elsewhere: {reference}"));
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            fields.values().for_each(|field| references_resolve(document, field));
        }
        Value::Array(items) => items.iter().for_each(|item| references_resolve(document, item)),
        _ => {}
    }
}

#[actix_web::test]
async fn it_is_live_and_ready() {
    let app = TestApp::start().await;
    for path in ["/health/live", "/health/ready"] {
        answered(app.anonymous().get(path).await, 200);
    }
}

#[actix_web::test]
async fn the_openapi_document_has_every_call_of_the_contract() {
    let app = TestApp::start().await;
    let openapi = document(&app, "/openapi.json").await;
    assert!(text(&openapi["openapi"]).starts_with("3.1"), "{}", openapi["openapi"]);
    for call in CALLS.trim().lines() {
        let [method, path, status] = call.split(' ').collect::<Vec<_>>()[..] else { panic!("{call}") };
        let operation = &openapi["paths"][format!("/api/v1{path}")][method];
        assert!(operation["responses"][status].is_object(), "{call}: {operation}");
        let is_open = ["/auth/register", "/auth/login", "/auth/refresh"].contains(&path);
        let security = operation["security"].as_array().unwrap_or_else(|| panic!("security of {call}"));
        assert_eq!(security.iter().any(|it| it.get("bearer").is_some()), !is_open, "{call}");
    }
    assert_eq!(openapi["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    references_resolve(&openapi, &openapi);
}

#[actix_web::test]
async fn the_asyncapi_document_names_every_frame() {
    let app = TestApp::start().await;
    let asyncapi = document(&app, "/asyncapi.json").await;
    assert!(text(&asyncapi["asyncapi"]).starts_with("3."));
    let frames = ["client", "server"].map(|side| {
        let message = &asyncapi["channels"]["socket"]["messages"][side];
        let message = asyncapi.pointer(&text(&message["$ref"])[1..]).expect("a message");
        asyncapi.pointer(&text(&message["payload"]["$ref"])[1..]).expect("a schema").to_string()
    });
    for frame in FRAMES.split_whitespace() {
        assert!(frames.iter().any(|frames| frames.contains(&format!("\"{frame}\""))), "{frame}");
    }
    references_resolve(&asyncapi, &asyncapi);
    // What another system needs to send commands, and to hear of what came of them.
    let operations = &asyncapi["operations"];
    let commands = &operations["ask"];
    assert_eq!((&commands["action"], &operations["tell"]["action"]), (&json!("receive"), &json!("send")));
    assert_eq!(commands["messages"], json!([{"$ref": "#/channels/artel.events/messages/game.command"}]));
    let exchange = &asyncapi["channels"]["artel.events"]["bindings"]["amqp"]["exchange"];
    assert_eq!((&exchange["name"], &exchange["type"]), (&json!("artel.events"), &json!("topic")));
}

#[actix_web::test]
async fn the_documents_can_be_read_in_a_browser() {
    let app = TestApp::start().await;
    let response = reqwest::get(format!("{}/docs", app.base)).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let content_type = response.headers()["content-type"].to_str().expect("a text").to_owned();
    assert!(content_type.starts_with("text/html"), "{content_type}");
    assert!(response.text().await.expect("a page").contains("swagger"));
}

#[actix_web::test]
async fn a_path_called_by_a_method_that_it_has_not_is_405() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let openapi = document(&app, "/openapi.json").await;
    let has_get = |path: &str| (path.to_owned(), json!({"get": {}}));
    let undocumented = ["/openapi.json", "/asyncapi.json", "/docs", "/docs/", "/", "/app.js"].map(has_get);
    let documented = openapi["paths"].as_object().expect("paths").clone();
    for (path, operations) in documented.into_iter().chain(undocumented) {
        let filled = path.replace("{code}", "ABCDEF").replace("{seq}", "1");
        let filled = filled.split('/').map(|it| if it.starts_with('{') { anna.id.as_str() } else { it });
        let filled = filled.collect::<Vec<_>>().join("/");
        let (has, has_not): (Vec<_>, Vec<_>) =
            ["put", "patch", "delete", "post", "get"].into_iter().partition(|method| operations[method].is_object());
        for method in has_not.into_iter().filter(|_| path != "/ws") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let answer = anna.request(method.clone(), &filled).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {filled}");
            let mut allowed: Vec<String> = has.iter().map(|method| method.to_uppercase()).collect();
            allowed.extend(has.contains(&"get").then(|| "HEAD".to_owned()));
            allowed.sort();
            let told = answer.headers()["allow"].to_str().expect("text");
            let mut told: Vec<&str> = told.split(',').map(str::trim).collect();
            told.sort();
            told.dedup();
            assert_eq!(told, allowed, "{method} {filled}");
        }
    }
}

#[actix_web::test]
async fn the_metrics_of_the_contract_are_there_without_ids_in_them() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[1].socket().await;
    socket.subscribe(&evening.session, None).await;
    let game = evening.play(&[0, 1], &[&["white"; 3], &["pink"]]).await;
    let scrape =
        async || reqwest::get(format!("{}/metrics", app.base)).await.expect("metrics").text().await.expect("a text");
    let metrics = until("all metrics are there", async || {
        let metrics = scrape().await;
        // Some are told only when the last message is applied.
        let is_there = |metric| metrics.lines().any(|line| line.starts_with(metric));
        METRICS.split_whitespace().all(is_there).then_some(metrics)
    })
    .await;
    for (metric, labels) in [
        ("rabbitmq_events_published_total{", "event_type routing_key source_service"),
        ("rabbitmq_events_processed_total{", "event_type queue_name status"),
        ("rabbitmq_event_processing_duration_seconds_count{", "event_type queue_name"),
        ("rabbitmq_queue_size{", "queue_name"),
        ("rabbitmq_message_age_seconds_bucket{", "queue_name le"),
        ("artel_command_duration_seconds_count{", "outcome"),
    ] {
        let line =
            metrics.lines().find(|line| line.starts_with(metric)).unwrap_or_else(|| panic!("{metric}: {metrics}"));
        labels.split_whitespace().for_each(|label| assert!(line.contains(&format!("{label}=\"")), "{label} of {line}"));
    }
    // Each message is observed, not each batch of them: both count the same.
    until("every message is observed", async || {
        let metrics = scrape().await;
        let sum = |metric: &str| -> u64 {
            let is_asked =
                |line: &&str| line.starts_with(metric) && line.contains("queue_name=\"stats.service.queue\"");
            let number = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok());
            metrics.lines().filter(is_asked).map(|line| number(line).expect("a number")).sum()
        };
        let settled = sum("rabbitmq_events_processed_total{");
        (settled > 4 && settled == sum("rabbitmq_event_processing_duration_seconds_count{")).then_some(())
    })
    .await;
    for id in [&evening.session, &game, &evening.participants[0], &evening.players[0].id] {
        assert!(!metrics.contains(id.as_str()), "{id}");
    }
    assert!(metrics.contains("artel_connections{kind=\"websocket\"} 1"), "{metrics}");
}

#[actix_web::test]
async fn what_alerts_ask_for_is_there_before_it_happens() {
    let app = TestApp::start().await;
    let scrape =
        async || reqwest::get(format!("{}/metrics", app.base)).await.expect("metrics").text().await.expect("a text");
    let metrics = until("the consumers began", async || {
        let metrics = scrape().await;
        metrics.contains("queue_name=\"compensation.queue\",status=\"dead\"").then_some(metrics)
    })
    .await;
    for counter in
        ["artel_commit_failures_total", "artel_slow_consumers_cut_total", "artel_http_requests_total{status=\"5xx\"}"]
    {
        assert!(metrics.lines().any(|line| line == format!("{counter} 0")), "{counter}: {metrics}");
    }
    for queue in ["game.service.queue", "stats.service.queue", "notifications.service.queue", "compensation.queue"] {
        let dead = format!("event_type=\"unreadable\",queue_name=\"{queue}\",status=\"dead\"}} 0");
        assert!(metrics.contains(&dead), "{queue}: {metrics}");
    }
}

#[actix_web::test]
async fn without_its_database_a_node_says_so_and_acknowledges_nothing() {
    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let arguments = app.data_arguments();
    let url = arguments.iter().find(|it| it.starts_with("postgres://")).expect("a database");
    let (server, name) = url.rsplit_once('/').expect("a name");
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    let dropped = Command::new("psql").args([&format!("{server}/postgres"), "-qc", &drop]).status().expect("psql");
    assert!(dropped.success());
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
    let problem = refused(evening.score(&game, pot).await, "storage_unavailable");
    assert!(!problem["detail"].to_string().contains("artel_test"), "causes are logged, not shown: {problem}");
    let register = json!({"username": "late", "password": "correct horse"});
    refused(app.anonymous().post("/api/v1/auth/register", register).await, "storage_unavailable");
    let response = app.anonymous().request(Method::GET, "/health/ready").send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let health: Value = response.json().await.expect("JSON");
    assert!(health["down"].as_array().is_some_and(|down| down.contains(&json!("database"))), "{health}");
    answered(app.anonymous().get("/health/live").await, 200);
}
