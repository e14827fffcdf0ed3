//! A mail server of a test's own, which speaks SMTP and keeps what it takes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::test_app::PATIENCE;

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub message_id: String,
    pub body: String,
}

impl Mail {
    /// What the link in it carries.
    pub fn token(&self, part: &str) -> String {
        let start = format!("/mail.html#{part}=");
        let (_, rest) = self.body.split_once(&start).unwrap_or_else(|| panic!("no link to {part} in {}", self.body));
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

/// The server. It goes on until its runtime ends.
pub struct MailServer {
    pub url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// What is answered to the next mails instead of taking them.
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
    taken: Mutex<usize>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let (mails, refusals) = (Arc::<Mutex<Vec<Mail>>>::default(), Arc::<Mutex<VecDeque<_>>>::default());
        let (kept, refusing) = (mails.clone(), refusals.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, kept.clone(), refusing.clone()));
            }
        });
        Self { url, mails, refusals, taken: Mutex::default() }
    }

    /// The flags of a server that sends by it.
    pub fn arguments(&self) -> [&str; 4] {
        ["--smtp-url", &self.url, "--mail-from", "Artel <artel@club.example>"]
    }

    /// The next mails are refused with these answers.
    pub fn refuse(&self, answers: impl IntoIterator<Item = &'static str>) {
        self.refusals.lock().expect("not poisoned").extend(answers);
    }

    /// Whether all refusals were used.
    pub fn has_refused(&self) -> bool {
        self.refusals.lock().expect("not poisoned").is_empty()
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.mails.lock().expect("not poisoned").len()
    }

    /// The next mail that nobody has looked at.
    pub async fn next(&self) -> Mail {
        let begun = Instant::now();
        loop {
            {
                let (mails, mut taken) =
                    (self.mails.lock().expect("not poisoned"), self.taken.lock().expect("not poisoned"));
                if let Some(mail) = mails.get(*taken) {
                    *taken += 1;
                    return mail.clone();
                }
            }
            assert!(begun.elapsed() < PATIENCE, "no mail came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn talk(
    stream: TcpStream,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.club.example ready\r\n").await.ok()?;
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let refusal = line.starts_with("RCPT").then(|| refusals.lock().expect("not poisoned").pop_front()).flatten();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
            "EHLO" => "250-mail.club.example\r\n250 8BITMIME",
            "MAIL" => {
                from = address();
                "250 ok"
            }
            "RCPT" if refusal.is_some() => refusal.unwrap_or_default(),
            "RCPT" => {
                to = address();
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let text = read_data(&mut stream).await?;
                mails.lock().expect("not poisoned").push(read(&from, &to, &text));
                "250 taken"
            }
            "NOOP" | "RSET" => "250 ok",
            "QUIT" => "221 bye",
            _ => "502 unknown",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.as_str() {
            ".\r\n" => return Some(text),
            line => text += line.strip_prefix('.').unwrap_or(line),
        }
    }
}

fn read(from: &str, to: &str, text: &str) -> Mail {
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default().trim().to_owned()
    };
    let body = match header("Content-Transfer-Encoding").as_str() {
        "base64" => STANDARD.decode(body.split_whitespace().collect::<String>()).expect("base64"),
        "quoted-printable" => unquoted(body),
        _ => body.as_bytes().to_vec(),
    };
    let body = String::from_utf8(body).expect("UTF-8").replace("\r\n", "\n");
    Mail { from: from.to_owned(), to: to.to_owned(), message_id: header("Message-ID"), body }
}

fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'=', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}
