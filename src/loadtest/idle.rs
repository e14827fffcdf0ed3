//! Connections that only listen, and what each of them costs the server.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Plan, connect, frame, register, say};

pub(super) async fn hold(plan: &Plan) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let first = plan.url.first().context("--url: at least one")?;
    let account = register(&client, first).await?;
    let before = plan.pid.and_then(memory_kb);
    let mut sockets = VecDeque::with_capacity(plan.idle);
    for n in 0..plan.idle {
        sockets.push_back(connect(&plan.url[n % plan.url.len()], &account.token).await?);
    }
    say(&format!("{} connections are open", sockets.len()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    if let (Some(before), Some(after)) = (before, plan.pid.and_then(memory_kb)) {
        let each = after.saturating_sub(before) as f64 / plan.idle as f64;
        say(&format!("memory {before} kB before, {after} kB now: {each:.1} kB for each connection"));
    }
    // They are alive as long as they answer pings; one round over all of them shows that the server holds them.
    let until = Instant::now() + Duration::from_secs(plan.seconds);
    let mut lost = 0;
    while Instant::now() < until {
        let Some(mut socket) = sockets.pop_front() else { break };
        match tokio::time::timeout(Duration::from_micros(50), socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) if text.starts_with(r#"{"type":"ping""#) => {
                let ping: Value = serde_json::from_str(&text)?;
                socket.send(frame(&json!({"type": "pong", "ts": ping["ts"]}))).await?;
            }
            Ok(Some(Err(_)) | None) => {
                lost += 1;
                continue;
            }
            _ => {}
        }
        sockets.push_back(socket);
    }
    say(&format!("{} connections held for {} s, {lost} lost", sockets.len(), plan.seconds));
    say_memory(plan);
    Ok(())
}

pub(super) fn say_memory(plan: &Plan) {
    if let Some(kb) = plan.pid.and_then(memory_kb) {
        say(&format!("memory of the server    {:.1} MB", kb as f64 / 1024.0));
    }
}

/// Resident memory of a process, in kB.
fn memory_kb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
