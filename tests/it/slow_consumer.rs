//! A client that does not read is cut, the others never notice, and when it comes back it misses nothing.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::player::{Player, Socket};
use crate::test_app::{PATIENCE, Store, TestApp, until};

/// A socket with little room for what it does not read.
async fn narrow(player: &Player) -> Socket {
    let tcp = TcpSocket::new_v4().expect("a socket");
    tcp.set_recv_buffer_size(4_096).expect("a small buffer");
    let stream = tcp.connect(player.address().parse().expect("an address")).await.expect("the server accepts");
    player.connect_over(stream, &[]).await.expect("a handshake")
}

async fn cut(app: &TestApp) -> u64 {
    let metrics = app.anonymous().http.get(format!("{}/metrics", app.base)).send().await.unwrap();
    let text = metrics.text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("artel_slow_consumers_cut_total")).expect("the metric");
    line.rsplit(' ').next().unwrap().parse().expect("a number")
}

/// Marks 64 balls, each with a long note, and waits for all acks: kernels hold megabytes for one who does not read.
async fn burst(marker: &mut Socket, evening: &Evening) {
    for _ in 0..64 {
        let mut command = evening.ball(0, "white");
        command["note"] = json!("x".repeat(200));
        let id = Uuid::new_v4();
        marker.send(json!({"type": "command", "id": id, "session_id": evening.session, "command": command})).await;
    }
    for _ in 0..64 {
        assert_eq!(marker.next_of("ack").await["type"], "ack");
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_and_slows_nobody() {
    let app = TestApp::start_with(Store::Sqlite, &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris", "clara"], kolkhoz()).await;
    evening.start_game().await;
    let mut marker = evening.players[0].socket().await;
    let mut deaf = narrow(&evening.players[1]).await;
    deaf.send(json!({"type": "subscribe", "id": Uuid::new_v4(), "session_id": evening.session})).await;
    let mut watcher = evening.players[2].socket().await;
    let mut head = watcher.subscribe(&evening.session, None).await["seq"].as_i64().unwrap();
    until("the deaf one watches", || async {
        let online = evening.state().await["participants"][1]["is_online"].as_bool().unwrap();
        online.then_some(())
    })
    .await;
    assert_eq!(cut(&app).await, 0);

    // The watcher hears all of a burst before the next, until the deaf one is gone.
    let mut slowest = Duration::ZERO;
    let deadline = Instant::now() + 3 * PATIENCE;
    while cut(&app).await == 0 {
        let started = Instant::now();
        burst(&mut marker, &evening).await;
        for _ in 0..64 {
            head += 1;
            assert_eq!(watcher.next_of("event").await["seq"], head, "nothing is missing in between");
        }
        slowest = slowest.max(started.elapsed());
        assert!(Instant::now() < deadline, "nobody was cut in {head} events");
    }
    assert!(slowest < Duration::from_secs(5), "somebody waited {slowest:?}");
    assert_eq!(cut(&app).await, 1);

    // What was on its way may still come; then the connection ends, saying why if it can.
    let end = tokio::time::timeout(PATIENCE, async {
        loop {
            match deaf.stream.next().await {
                Some(Ok(Message::Close(close))) => return close.map(|close| u16::from(close.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    });
    let code = end.await.expect("the connection ends");
    assert!(code.is_none_or(|code| code == 4413), "{code:?}");

    let mut back = evening.players[1].socket().await;
    let resumed = back.subscribe(&evening.session, Some(head - 1_000)).await;
    assert_eq!(resumed["session"], Value::Null);
    assert_eq!(crate::socket::seqs(&resumed["events"]), (head - 999..=head).collect::<Vec<_>>());
    marker.command(&evening.session, evening.ball(0, "pink")).await;
    assert_eq!(back.next_of("event").await["seq"], head + 1);
}

#[tokio::test]
async fn a_board_that_never_reads_is_cut_too() {
    let app = TestApp::start_with(Store::Sqlite, &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let mut marker = evening.players[0].socket().await;
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4_096).unwrap();
    let player = &evening.players[1];
    let mut stream = tcp.connect(player.address().parse().unwrap()).await.unwrap();
    let request = format!(
        "GET /api/v1/sessions/{}/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        evening.session,
        player.address(),
        player.token.as_deref().unwrap(),
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    until("the board is counted", || async {
        let metrics = app.anonymous().http.get(format!("{}/metrics", app.base)).send().await.unwrap();
        metrics.text().await.unwrap().contains("artel_connections{kind=\"sse\"} 1").then_some(())
    })
    .await;
    let deadline = Instant::now() + 3 * PATIENCE;
    while cut(&app).await == 0 {
        burst(&mut marker, &evening).await;
        assert!(Instant::now() < deadline, "nobody was cut");
    }
    let mut rest = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest);
    // An end or a reset, but an end.
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("the connection ends");
}
