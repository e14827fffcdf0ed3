//! Calls made from the OpenAPI document by dice: nearly right ones and hostile ones, by several actors. Whatever is
//! sent, the answer is one that is documented: no failure of ours, problems with codes of the contract, the headers
//! that all answers have, bodies as their schemas say. 50,000 calls with `ARTEL_TEST_HARD=1`, some hundreds without.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::documented::{Documented, OpenApi};
use super::evening::{Evening, kolkhoz};
use super::heavy::scaled;
use super::player::Player;
use super::test_app::{PATIENCE, Store, TestApp, text};

const CALLS: usize = 600;
const CALLS_HARD: usize = 50_000;

#[actix_web::test]
async fn generated_calls_are_answered_as_documented() {
    let calls = scaled(CALLS_HARD, CALLS);
    let seed = std::env::var("ARTEL_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_131);
    let app = TestApp::start_with(
        Store::chosen(),
        &[
            "--admin",
            "the-operator",
            "--commands-per-second",
            "1000000",
            "--registrations-per-minute",
            "1000000",
            "--login-failures-per-minute",
            "1000000",
        ],
    )
    .await;
    let mut dice = Dice { random: StdRng::seed_from_u64(seed), ids: Vec::new(), api: OpenApi::of(&app).await };
    let operations = dice.api.operations();
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let event = evening.pot(&game, 0, "white").await;
    let actors =
        [app.anonymous(), app.player("stranger").await, evening.players[0].clone(), evening.players[1].clone()];
    dice.ids.extend([evening.session.clone(), game.clone(), event["seq"].to_string(), evening.code.clone()]);
    dice.ids.extend(evening.participants.iter().cloned());
    dice.ids.extend(actors.iter().skip(1).map(|actor| actor.id.clone()));

    let started = Instant::now();
    let mut statuses = BTreeMap::<u16, usize>::new();
    for number in 0..calls {
        let documented = &operations[dice.below(operations.len())];
        let actor = &actors[dice.below(actors.len())];
        let call = dice.call(documented);
        let place = format!("seed {seed}, call {number}: {call}");
        let status = dice.judge(&call, actor, &place).await;
        *statuses.entry(status).or_default() += 1;
        // What was opened is played on.
        if dice.ids.len() > 200 {
            dice.ids.drain(20..60);
        }
    }
    eprintln!("{calls} calls in {:?}: {statuses:?}", started.elapsed());
    assert!(statuses.keys().filter(|status| (200..300).contains(*status)).count() > 0, "some succeed: {statuses:?}");
    assert!(!app.log().contains("panicked") && !app.log().contains("ERROR"), "{}", app.log());
}

/// A call as it goes out.
struct Call {
    method: Method,
    path: String,
    documented: Option<Documented>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |text: &str| text.chars().take(300).collect::<String>();
        let body = self.body.as_ref().map(|body| cut(&String::from_utf8_lossy(body)));
        write!(f, "{} {} {:?}", self.method, cut(&self.path), body)
    }
}

struct Dice {
    random: StdRng,
    /// What paths and bodies name, so that some calls find something.
    ids: Vec<String>,
    api: OpenApi,
}

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn id(&mut self) -> String {
        if self.chance(10) {
            return Uuid::now_v7().to_string();
        }
        let number = self.below(self.ids.len());
        self.ids[number].clone()
    }

    fn call(&mut self, documented: &Documented) -> Call {
        let mut method = Method::from_bytes(documented.method.to_uppercase().as_bytes()).expect("a method");
        let mut known = Some(documented.clone());
        if self.chance(3) {
            method =
                [Method::TRACE, Method::PUT, Method::OPTIONS, Method::DELETE, Method::PATCH][self.below(5)].clone();
            known = None;
        }
        let mut path = String::new();
        for segment in documented.path.split('/').skip(1) {
            path.push('/');
            let segment = if segment.starts_with('{') { self.id_in_path() } else { segment.to_owned() };
            path += &segment;
        }
        let mut headers: Vec<(&'static str, Vec<u8>)> = Vec::new();
        let mut query = Vec::new();
        for parameter in documented.operation["parameters"].as_array().into_iter().flatten() {
            let name = text(&parameter["name"]);
            if parameter["in"] == "query" && self.chance(40) {
                query.push(format!("{}={}", name, escape(&self.word(&parameter["schema"]))));
            }
        }
        if self.chance(3) {
            query.push(format!("{}={}", escape(&self.hostile_text()), escape(&self.hostile_text())));
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        if self.chance(30) {
            headers
                .push(("idempotency-key", if self.chance(80) { Uuid::new_v4().to_string() } else { self.id() }.into()));
        }
        if self.chance(5) {
            let name =
                ["x-request-id", "idempotency-key", "last-event-id", "if-none-match", "x-artel-client", "origin"];
            headers.push((name[self.below(name.len())], self.hostile_header()));
        }
        let schema = &documented.operation["requestBody"]["content"]["application/json"]["schema"];
        let body = (schema.is_object() || self.chance(3)).then(|| self.body(schema));
        Call { method, path, documented: known, headers, body }
    }

    fn id_in_path(&mut self) -> String {
        match self.below(20) {
            0 => escape(&self.hostile_text()),
            1 => "x".repeat(self.below(3_000)),
            2 => {
                ["%00", "%ff", "..%2f..", "%", "null", "-1", "0", "9223372036854775808", "me"][self.below(9)].to_owned()
            }
            _ => escape(&self.id()),
        }
    }

    fn body(&mut self, schema: &Value) -> Vec<u8> {
        match self.below(40) {
            0 => b"{\"name\": \"\xff\xfe\"}".to_vec(),
            1 => "[".repeat(20_000).into_bytes(),
            2 => format!("{{\"name\": {}", "{\"a\":".repeat(500)).into_bytes(),
            3 => Vec::new(),
            4 => b"{\"name\": \"\\ud800\"}".to_vec(),
            5 => format!("{{\"{}\": 1}}", "x".repeat(5_000)).into_bytes(),
            6 => vec![0; 100],
            7 => b" ".repeat((1 << 20) + 1),
            _ => {
                let mut body = self.value(schema, 0);
                if self.chance(5)
                    && let Some(fields) = body.as_object_mut()
                {
                    fields.insert(self.hostile_text(), json!(1));
                }
                body.to_string().into_bytes()
            }
        }
    }

    /// A value as the schema says, mostly.
    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if depth > 8 || self.chance(2) {
            return self.hostile();
        }
        let schema = self.api.resolved(schema).clone();
        if let Some(of) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let number = self.below(of.len());
            return self.value(&of[number], depth + 1);
        }
        if let Some(all) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in all {
                if let Value::Object(fields) = self.value(part, depth + 1) {
                    whole.extend(fields);
                }
            }
            return Value::Object(whole);
        }
        if let Some(words) = schema["enum"].as_array() {
            let number = self.below(words.len());
            return words[number].clone();
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            Value::Null => vec![json!("object")],
            kind => vec![kind.clone()],
        };
        let kind = kinds[self.below(kinds.len())].clone();
        match kind.as_str().unwrap_or_default() {
            "object" => self.object(&schema, depth),
            "array" => {
                let count = self.below(4);
                (0..count).map(|_| self.value(&schema["items"], depth + 1)).collect()
            }
            "integer" | "number" => self.number(),
            "boolean" => json!(self.chance(50)),
            "null" => Value::Null,
            _ => self.text_of(&schema),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Map::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            if (required.contains(&name.as_str()) && !self.chance(3)) || self.chance(25) {
                let value = match name.as_str() {
                    "color" if self.chance(70) => json!(["white", "yellow", "pink"][self.below(3)]),
                    "code" if self.chance(70) => json!(self.ids[3]),
                    "rules" if self.chance(60) => kolkhoz(),
                    _ => self.value(field, depth + 1),
                };
                fields.insert(name.clone(), value);
            }
        }
        Value::Object(fields)
    }

    fn number(&mut self) -> Value {
        match self.below(12) {
            0 => json!(i64::MAX),
            1 => json!(i64::MIN),
            2 => json!(u64::MAX),
            3 => json!(-1),
            4 => json!(1.5),
            5 => json!(1e308),
            6 => json!(0),
            _ => json!(self.below(20)),
        }
    }

    fn text_of(&mut self, schema: &Value) -> Value {
        if schema["format"] == "uuid" && !self.chance(5) {
            return json!(self.id());
        }
        match self.below(10) {
            0 => json!(self.hostile_text()),
            1 => json!(self.id()),
            2 => json!("x".repeat(self.below(500))),
            number => json!(format!("text-{}-{number}", self.below(1_000_000))),
        }
    }

    fn hostile(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!([[[[[{"a": [1]}]]]]]),
            4 => self.number(),
            5 => json!(true),
            6 => json!("x".repeat(20_000)),
            _ => json!(self.hostile_text()),
        }
    }

    fn hostile_text(&mut self) -> String {
        let texts = [
            "\0",
            "a\0b",
            "",
            " ",
            "'; DROP TABLE session; --",
            "\u{202e}abc\u{200b}",
            "👩‍👩‍👧‍👦",
            "../../etc/passwd",
            "%s%n",
            "\u{feff}",
            "\r\nset-cookie: a=b",
            "null",
            "-0",
            "1e400",
            "{{7*7}}",
            "\u{7f}\u{1b}[31m",
        ];
        texts[self.below(texts.len())].to_owned()
    }

    fn hostile_header(&mut self) -> Vec<u8> {
        let values: [&[u8]; 7] =
            [b"", b"x", b"\xff\xfe", b"'; --", b"-1", b"99999999999999999999", b"00000000-0000-0000-0000-000000000000"];
        match self.below(8) {
            7 => vec![b'a'; 10_000],
            number => values[number].to_vec(),
        }
    }

    /// A parameter of a query.
    fn word(&mut self, schema: &Value) -> String {
        match self.value(schema, 0) {
            Value::String(text) => text,
            value => value.to_string().chars().take(2_000).collect(),
        }
    }

    /// Sends it and looks at the answer; tells its status.
    async fn judge(&mut self, call: &Call, actor: &Player, place: &str) -> u16 {
        let mut request = actor.request(call.method.clone(), &call.path).timeout(PATIENCE);
        for (name, value) in &call.headers {
            request = request.header(*name, value.as_slice());
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        let sent = request.send().await;
        let Ok(answer) = sent else {
            let error = sent.expect_err("no answer");
            // What the client library can't say has not been asked.
            assert!(error.is_builder() || error.is_request() && call.path.len() > 2_000, "{place}: {error:?}");
            return 0;
        };
        let status = answer.status().as_u16();
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let content_type = header("content-type");
        for name in ["x-request-id", "x-content-type-options", "referrer-policy", "cache-control"] {
            assert!(!header(name).is_empty(), "{place}: {status} without {name}");
        }
        assert!(Uuid::parse_str(&header("x-request-id")).is_ok(), "{place}");
        assert!(status < 500 || status == 503, "{place}: {status}");
        assert!(status != 405 || !header("allow").is_empty(), "{place}: 405 without Allow");
        assert!(status != 429 || !header("retry-after").is_empty(), "{place}: 429 without Retry-After");
        assert!(status != 401 || !header("www-authenticate").is_empty(), "{place}: 401 without WWW-Authenticate");
        let is_stream = content_type.starts_with("text/event-stream");
        if call.method == Method::HEAD || is_stream || status == 204 || status == 304 {
            return status;
        }
        let bytes = tokio::time::timeout(Duration::from_secs(20), answer.bytes()).await.expect(place).expect(place);
        if status >= 400 && !(status == 503 && call.path.starts_with("/health")) {
            assert_eq!(content_type, "application/problem+json", "{place}: {status}");
            let problem: Value =
                serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("{place}: {status} is no JSON"));
            let faults = self.api.faults(&json!({"$ref": "#/components/schemas/Problem"}), &problem);
            assert!(faults.is_empty(), "{place}: {faults:?} in {problem}");
            assert!(bytes.len() < 10_000, "{place}: an error of {} bytes", bytes.len());
        }
        let Some(documented) = call.documented.as_ref() else { return status };
        // A path with something odd in it may be another place.
        if documented.path.matches('/').count() != call.path.split('?').next().unwrap_or_default().matches('/').count()
        {
            return status;
        }
        let answers = &documented.operation["responses"];
        // A hostile segment may lead elsewhere, and anybody may ask for what is not there.
        assert!(
            answers[status.to_string()].is_object() || [400, 404, 405].contains(&status),
            "{place}: {status} is not documented"
        );
        if (200..300).contains(&status) && content_type == "application/json" {
            let body: Value = serde_json::from_slice(&bytes).expect(place);
            let schema = &self.api.resolved(&answers[status.to_string()])["content"]["application/json"]["schema"];
            let faults = self.api.faults(schema, &body);
            assert!(faults.is_empty(), "{place}: {faults:?} in {body}");
            if documented.method == "post" {
                self.ids.extend(body["id"].as_str().map(str::to_owned));
            }
        }
        status
    }
}

fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
