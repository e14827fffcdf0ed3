//! Frames that no client would send, by chance: random bytes, valid frames with a few bytes wrong, all opcodes, pieces in
//! any order. The server closes what it may close, and nothing else happens. A million of them with `ARTEL_TEST_HARD=1`.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::heavy::{memory_peak_kb, scaled};
use crate::player::Player;
use crate::raw_socket::{CLOSE, CONTINUATION, LAST, PING, PONG, RawSocket, TEXT, frame, header};
use crate::test_app::{PATIENCE, Store, TestApp};

const TASKS: u64 = 4;
/// What so many strangers may leave behind in the memory of the allocator.
const GROWTH_MAX_KB: u64 = 96 * 1024;

fn frames_in_all() -> usize {
    scaled(1_000_000, 20_000)
}

/// Texts that mean something, to be spoiled.
fn texts(evening: &Evening) -> Vec<String> {
    let (id, session, participant) = (Uuid::new_v4(), &evening.session, &evening.participants[0]);
    let command = json!({"type": "pot_ball", "participant_id": participant, "color": "white"});
    [
        json!({"type": "subscribe", "id": id, "session_id": session, "after_seq": 3}),
        json!({"type": "unsubscribe", "id": id, "session_id": session}),
        json!({"type": "command", "id": id, "session_id": session, "command": command}),
        json!({"type": "command", "id": id, "session_id": session, "command": {"type": "void_event", "seq": -1}}),
        json!({"type": "pong", "ts": "2026-01-31T18:04:05.123Z"}),
        json!({"type": "ack_notifications", "ids": [id, id]}),
        json!({"type": "authenticate", "id": id, "token": "a.b.c"}),
    ]
    .map(|frame| frame.to_string())
    .into()
}

fn spoiled(random: &mut StdRng, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match random.random_range(0..5) {
            0 if !bytes.is_empty() => bytes[at] = random.random_range(0x20..0x7f),
            1 => bytes.truncate(at),
            2 => bytes.splice(at..at, "\u{1f3b1}\u{202e}".bytes()).for_each(drop),
            3 => bytes.extend_from_within(at..),
            _ if !bytes.is_empty() => drop(bytes.remove(at)),
            _ => {}
        }
        bytes.truncate(2_000);
        // Half a character would end the connection, which the wild frames do often enough.
        bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
    }
    bytes
}

/// A frame that leaves the connection open.
fn tame(random: &mut StdRng, texts: &[String]) -> Vec<u8> {
    let text = texts.choose(random).expect("some");
    match random.random_range(0..8) {
        0 => frame(LAST | PING, &vec![7; random.random_range(0..=125)]),
        1 => frame(LAST | PONG, &vec![7; random.random_range(0..=125)]),
        2 => frame(LAST | 0x2, &spoiled(random, text)),
        3 => {
            // A message in pieces, with a control frame between them.
            let bytes = spoiled(random, text);
            let (first, second) = bytes.split_at(random.random_range(0..=bytes.len()));
            [frame(TEXT, first), frame(LAST | PING, b"x"), frame(LAST | CONTINUATION, second)].concat()
        }
        4 => frame(LAST | TEXT, text.as_bytes()),
        _ => frame(LAST | TEXT, &spoiled(random, text)),
    }
}

/// A frame that may end it.
fn wild(random: &mut StdRng, texts: &[String]) -> Vec<u8> {
    let mut bytes = match random.random_range(0..6) {
        0 => return frame(LAST | CLOSE, &random.random_range(0_u16..6_000).to_be_bytes()),
        1 => return header(random.random(), random.random()),
        2 => {
            let text = texts.choose(random).expect("some");
            return frame(random.random(), &spoiled(random, text));
        }
        3 => return frame(CONTINUATION, b"of nothing"),
        4 => frame(LAST | TEXT, texts.choose(random).expect("some").as_bytes()),
        _ => {
            let mut bytes = vec![0; random.random_range(1..300)];
            bytes.fill_with(|| random.random());
            return bytes;
        }
    };
    for byte in &mut bytes {
        if random.random_ratio(1, 20) {
            *byte = random.random();
        }
    }
    bytes
}

async fn fuzz(player: Player, texts: Vec<String>, seed: u64, count: usize) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut sent, mut connections) = (0, 0);
    while sent < count {
        let socket = RawSocket::open_from(&player, None).await.unwrap_or_else(|status| panic!("{status}, seed {seed}"));
        connections += 1;
        let (mut reader, mut writer) = socket.stream.into_split();
        let reading = tokio::spawn(async move {
            let mut bytes = vec![0; 64 * 1024];
            while reader.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        });
        for _ in 0..random.random_range(1..120) {
            let bytes = if random.random_ratio(1, 60) { wild(&mut random, &texts) } else { tame(&mut random, &texts) };
            sent += 1;
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
        tokio::time::timeout(PATIENCE, reading).await.expect("the server lets go").expect("read");
    }
    connections
}

#[tokio::test]
async fn whatever_frames_come_the_server_lives_and_others_play() {
    let arguments = [
        "--commands-per-second",
        "1000000",
        "--connections-per-user",
        "10000",
        "--connections-per-address",
        "100000",
        "--log",
        "warn",
    ];
    let app = TestApp::start_with(Store::Sqlite, &arguments).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let (stranger, texts) = (evening.players[1].clone(), texts(&evening));
    fuzz(stranger.clone(), texts.clone(), 0, 2_000).await;
    let before = memory_peak_kb(&app);

    let base: u64 = rand::rng().random();
    let tasks = (0..TASKS)
        .map(|task| fuzz(stranger.clone(), texts.clone(), base.wrapping_add(task), frames_in_all() / TASKS as usize));
    let fuzzing = tokio::spawn(tasks.collect::<JoinSet<_>>().join_all());
    let mut socket = evening.players[0].socket().await;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    while !fuzzing.is_finished() {
        ticks.tick().await;
        let ack = socket
            .command(&evening.session, json!({"type": "end_turn", "participant_id": evening.participants[0]}))
            .await;
        assert!(ack["type"] == "ack" || ack["code"] != "internal_error", "seed {base}: {ack}");
    }
    let connections: usize = fuzzing.await.unwrap_or_else(|error| panic!("seed {base}: {error}")).iter().sum();
    let after = memory_peak_kb(&app);
    eprintln!("{} frames over {connections} connections, {before} kB before, {after} kB after", frames_in_all());
    assert!(!app.log().contains("panicked"), "seed {base}: {}", app.log());
    assert!(after < before + GROWTH_MAX_KB, "seed {base}: {before} kB before, {after} kB after");
    let mut fresh = app.player("fresh").await.socket().await;
    let id = Uuid::new_v4();
    fresh.send(json!({"type": "unsubscribe", "id": id, "session_id": id})).await;
    assert_eq!(fresh.answer(id).await["type"], "unsubscribed");
}
