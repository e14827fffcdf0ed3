//! Clients that want to harm: whatever one sends, others play on as before and the server stays small.
//! With `ARTEL_TEST_HARD=1` at the counts that once brought it down.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::heavy::{is_hardly_noticed, memory_peak_kb, scaled};
use crate::player::{Player, Socket};
use crate::raw_socket::{CONTINUATION, LAST, PONG, RawSocket, TEXT, frame};
use crate::socket::mark_many;
use crate::test_app::{Store, TestApp};

/// Resident memory that no client makes the server exceed.
const MEMORY_MAX_KB: u64 = 300 * 1024;
/// Attacks are measured one at a time.
static ATTACK: Mutex<()> = Mutex::const_new(());
/// What the kernels of both sides hold of a connection whose other end does not read.
const IN_FLIGHT_MAX: usize = 24 << 20;

/// What everybody has who sets nothing; other tests have more.
const RATE: [&str; 2] = ["--commands-per-second", "20"];

/// Tells an attack when it is over.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    async fn said(&mut self) {
        // Whoever could say it is gone.
        let _ = self.0.wait_for(|said| *said).await;
    }
}

/// Somebody who only wants to play.
struct Quiet {
    evening: Evening,
    socket: Socket,
}

impl Quiet {
    async fn sit_down(app: &TestApp) -> Self {
        let evening = Evening::open(app, &["quiet", "calm"], kolkhoz()).await;
        evening.start_game().await;
        let mut socket = evening.players[0].socket().await;
        socket.subscribe(&evening.session, None).await;
        Self { evening, socket }
    }

    /// How long a ball takes to its acknowledgement: the 99th of a hundred.
    async fn p99(&mut self) -> Duration {
        let mut took = Vec::new();
        let mut ticks = tokio::time::interval(Duration::from_millis(60));
        for _ in 0..scaled(200, 70) {
            ticks.tick().await;
            let asked = Instant::now();
            let answer = self.socket.command(&self.evening.session, self.evening.ball(0, "white")).await;
            assert_eq!(answer["type"], "ack", "{answer}");
            took.push(asked.elapsed());
        }
        took.sort();
        took[took.len() * 99 / 100]
    }

    /// Plays while somebody attacks, and tells how it was.
    async fn plays_on_during<A>(&mut self, app: &TestApp, what: &str, attack: impl FnOnce(Stop) -> A)
    where
        A: Future<Output = ()> + Send + 'static,
    {
        let quiet = self.p99().await;
        let stop = watch::Sender::new(false);
        let attacking = tokio::spawn(attack(Stop(stop.subscribe())));
        let during = self.p99().await;
        stop.send_replace(true);
        attacking.await.expect("the attack is as it should be");
        let memory = memory_peak_kb(app);
        eprintln!("{what}: p99 {quiet:?} when quiet, {during:?} during, at most {} MB", memory / 1024);
        assert!(is_hardly_noticed(quiet, during), "{what}: p99 {quiet:?} when quiet, {during:?} during");
        assert!(memory < MEMORY_MAX_KB, "{what}: {memory} kB");
        assert!(!app.log().contains("panicked"), "{}", app.log());
    }
}

/// Sends the same bytes as fast as they are taken; answers how many were.
async fn flood(player: Player, first: Vec<u8>, bytes: Vec<u8>, mut stop: Stop) -> usize {
    let RawSocket { stream, .. } = {
        let mut socket = RawSocket::open(&player).await;
        socket.send(&first).await;
        socket
    };
    let (mut reader, mut writer) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut read = vec![0; 64 * 1024];
        while reader.read(&mut read).await.is_ok_and(|count| count > 0) {}
    });
    let mut sent = 0;
    loop {
        tokio::select! {
            () = stop.said() => break,
            written = writer.write_all(&bytes) => match written {
                Ok(()) => sent += bytes.len(),
                Err(_) => break,
            },
        }
    }
    reading.abort();
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_frames_and_pieces_without_end_wait_in_their_senders_sockets() {
    let _alone = ATTACK.lock().await;
    let app = TestApp::start_with(Store::Sqlite, &RATE).await;
    let mut quiet = Quiet::sit_down(&app).await;
    for (what, first, piece) in [
        ("pongs", Vec::new(), frame(LAST | PONG, b"")),
        ("pieces of a message", frame(TEXT, b"{"), frame(CONTINUATION, b"")),
        ("garbage", Vec::new(), frame(LAST | TEXT, b"?")),
        ("big texts", Vec::new(), frame(LAST | TEXT, &[b' '; 16 * 1024])),
    ] {
        let attacker = app.player("attacker").await;
        let bytes = piece.repeat(16_384 / piece.len() + 1);
        let sockets = scaled(20, 5);
        let attack = move |stop: Stop| async move {
            let floods = (0..sockets).map(|_| flood(attacker.clone(), first.clone(), bytes.clone(), stop.clone()));
            for sent in floods.collect::<JoinSet<_>>().join_all().await {
                assert!(sent < IN_FLIGHT_MAX, "{sent} bytes of {what} were taken");
            }
        };
        quiet.plays_on_during(&app, what, attack).await;
    }
}

/// A connection from another address of this machine.
async fn connect_from(source: &str, player: &Player) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{source}:0").parse().expect("an address"))?;
    socket.connect(player.address().parse().expect("an address")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_are_ended_after_half_a_minute_and_take_no_more_than_their_share() {
    let _alone = ATTACK.lock().await;
    let connections = scaled(1_700, 600);
    rlimit::increase_nofile_limit(16 * 1024).expect("files for the test itself");
    let app = TestApp::start_with(Store::Sqlite, &RATE).await;
    let limited = std::process::Command::new("prlimit")
        .args(["--pid", &app.pid().to_string(), "--nofile=1500:1500"])
        .status()
        .expect("prlimit is part of util-linux");
    assert!(limited.success());
    let mut quiet = Quiet::sit_down(&app).await;
    let victim = quiet.evening.players[0].clone();
    let started = Instant::now();
    let mut slow = Vec::new();
    for n in 0..connections {
        let Ok(mut stream) = connect_from("127.0.0.2", &victim).await else { continue };
        let body =
            if n % 2 == 0 { "content-length: 100000\r\n\r\n{" } else { "transfer-encoding: chunked\r\n\r\n9\r\n{" };
        let head = format!("POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{body}");
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    let attack = move |_| async move {
        let answers = slow.into_iter().map(|stream| async move {
            let (mut reader, mut writer) = stream.into_split();
            let trickling = tokio::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_secs(5));
                loop {
                    ticks.tick().await;
                    if writer.write_all(b" ").await.is_err() {
                        return;
                    }
                }
            });
            let mut answer = Vec::new();
            let read = reader.read_to_end(&mut answer);
            tokio::time::timeout(Duration::from_secs(45), read).await.expect("it is ended").unwrap_or_default();
            trickling.abort();
            String::from_utf8_lossy(&answer).into_owned()
        });
        let answers = answers.collect::<JoinSet<_>>().join_all().await;
        let with = |status: &str| answers.iter().filter(|answer| answer.starts_with(status)).count();
        let (late, refused, cut) =
            (with("HTTP/1.1 408"), with("HTTP/1.1 429"), answers.iter().filter(|it| it.is_empty()).count());
        eprintln!("slow bodies: {late} ended with 408, {refused} refused with 429, {cut} cut of {connections}");
        assert!((1..=200).contains(&late), "{late} waited");
        // A refused one leaves and makes room for the next, so how many are refused depends on how fast they come.
        assert_eq!(late + refused + cut, answers.len(), "each one is ended");
        assert!(refused >= 100, "{refused} refused");
        let late = answers.iter().find(|answer| answer.starts_with("HTTP/1.1 408")).expect("one of them");
        assert!(late.contains("application/problem+json") && late.contains("\"bad_request\""), "{late}");
    };
    quiet.plays_on_during(&app, "slow bodies", attack).await;
    assert!(started.elapsed() >= Duration::from_secs(25), "a body may take its time");
    assert!(app.anonymous().get("/health/ready").await.0 == StatusCode::OK);
    app.player("newcomer").await.socket().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_history_without_end_makes_nobody_else_wait() {
    let _alone = ATTACK.lock().await;
    let mut app = TestApp::start_with(Store::Sqlite, &["--commands-per-second", "100000"]).await;
    let long = Evening::open(&app, &["attacker", "boris"], kolkhoz()).await;
    long.start_game().await;
    let mut socket = long.players[0].socket().await;
    mark_many(&long, &mut socket, 990).await;
    drop(socket);
    app.restart_with(&RATE).await;
    let mut quiet = Quiet::sit_down(&app).await;

    let asking = long.clone();
    let burst = move |mut stop: Stop| async move {
        let (mut answered, mut refused) = (0, 0);
        while !*stop.0.borrow() {
            let Ok(mut socket) = asking.players[0].connect(&[]).await else { continue };
            let mut ticks = tokio::time::interval(Duration::from_millis(11));
            loop {
                tokio::select! {
                    () = stop.said() => break,
                    _ = ticks.tick() => {
                        let id = Uuid::new_v4();
                        let frame = json!({"type": "subscribe", "id": id, "session_id": asking.session, "after_seq": 0});
                        socket.send(frame).await;
                    }
                    frame = socket.next_or_close() => match frame {
                        Ok(frame) if frame["type"] == "subscribed" => answered += 1,
                        Ok(frame) if frame["code"] == "rate_limited" => refused += 1,
                        Ok(_) => {}
                        Err(_) => break,
                    }
                }
            }
        }
        eprintln!("90 subscriptions a second: {answered} answered, {refused} refused");
        assert!((1..=30).contains(&answered) && refused > 0, "{answered} answered, {refused} refused");
    };
    quiet.plays_on_during(&app, "subscriptions by force", burst).await;

    let asking = long.clone();
    let patient = move |stop: Stop| async move {
        let mut answered = 0;
        let sockets = (0..5).map(|_| {
            let (asking, mut stop) = (asking.clone(), stop.clone());
            async move {
                let mut answered = 0;
                let mut socket = asking.players[0].socket().await;
                while !*stop.0.borrow() {
                    let subscribed = tokio::select! {
                        () = stop.said() => break,
                        subscribed = socket.subscribe(&asking.session, Some(0)) => subscribed,
                    };
                    assert!(subscribed["events"].as_array().is_some_and(|events| events.len() > 900));
                    answered += 1;
                }
                answered
            }
        });
        for count in sockets.collect::<JoinSet<_>>().join_all().await {
            answered += count;
        }
        eprintln!("five sockets that ask again when they were answered: {answered} answers");
        assert!((1..=40).contains(&answered), "{answered} answers");
    };
    quiet.plays_on_during(&app, "subscriptions in turn", patient).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_can_not_have_the_sockets_of_everybody() {
    let _alone = ATTACK.lock().await;
    let app =
        TestApp::start_with(Store::Sqlite, &["--commands-per-second", "20", "--connections-per-address", "100000"])
            .await;
    let mut quiet = Quiet::sit_down(&app).await;
    let attacker = app.player("attacker").await;
    let tries = scaled(9_000, 300);
    let attack = move |_| async move {
        let mut held = Vec::new();
        let mut refused = 0;
        for _ in 0..tries {
            match RawSocket::open_from(&attacker, None).await {
                Ok(socket) => held.push(socket),
                Err(status) => refused += usize::from(status == 429),
            }
        }
        assert_eq!((held.len(), refused), (20, tries - 20));
    };
    quiet.plays_on_during(&app, "sockets of one user", attack).await;
}
