//! An HTTP server of a test's own that takes what is sent to it, whatever path it comes to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::test_app::PATIENCE;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct TakenRequest {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// What is answered; at a path that begins with `/hang` nothing is.
type Answers = Arc<Mutex<Vec<&'static str>>>;

/// The server. It goes on until its runtime ends.
pub struct Receiver {
    pub url: String,
    taken: Arc<Mutex<Vec<TakenRequest>>>,
    answers: Answers,
    looked_at: Mutex<usize>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (taken, answers) = (Arc::<Mutex<Vec<TakenRequest>>>::default(), Answers::default());
        let (kept, answering) = (taken.clone(), answers.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, kept.clone(), answering.clone()));
            }
        });
        Self { url, taken, answers, looked_at: Mutex::default() }
    }

    /// The next requests are answered so, all others with 200.
    pub fn answer(&self, answers: impl IntoIterator<Item = &'static str>) {
        self.answers.lock().expect("not poisoned").extend(answers);
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.taken.lock().expect("not poisoned").len()
    }

    /// All that came so far.
    pub fn all(&self) -> Vec<TakenRequest> {
        self.taken.lock().expect("not poisoned").clone()
    }

    /// The next one that nobody has looked at.
    pub async fn next(&self) -> TakenRequest {
        let begun = Instant::now();
        loop {
            {
                let (taken, mut next) =
                    (self.taken.lock().expect("not poisoned"), self.looked_at.lock().expect("not poisoned"));
                if let Some(one) = taken.get(*next) {
                    *next += 1;
                    return one.clone();
                }
            }
            assert!(begun.elapsed() < PATIENCE, "nothing came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn take(mut stream: TcpStream, kept: Arc<Mutex<Vec<TakenRequest>>>, answers: Answers) -> Option<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: HashMap<String, String> = lines.filter_map(header).collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let hangs = path.starts_with("/hang");
    kept.lock().expect("not poisoned").push(TakenRequest { path, headers, body });
    if hangs {
        std::future::pending::<()>().await;
    }
    let next = { answers.lock().expect("not poisoned").pop() };
    let answer = format!("HTTP/1.1 {}\r\ncontent-length: 0\r\n\r\n", next.unwrap_or("200 OK"));
    stream.write_all(answer.as_bytes()).await.ok()
}
