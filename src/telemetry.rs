//! What operators see: the log, and every metric as a named function, so that none can be misspelt. Labels have few
//! values: kinds and patterns, never ids.

use std::io::IsTerminal;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Seconds; from a tenth of a millisecond to ten seconds.
const BUCKETS: [f64; 15] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log on standard error; `Err`: the filter can't be read.
pub fn start_log(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    // A log that can't be written (a full disk) is reported on standard error otherwise, which is the same place, and
    // failing there is a panic of whoever had something to say.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false);
    // A second start in one process (tests) keeps the first log.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Starts the metrics; what is recorded before is lost.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .set_buckets_for_metric(
            Matcher::Full("artel_commit_batch_size".to_owned()),
            &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0],
        )?
        .install_recorder()?;
    describe();
    Ok(handle)
}

fn describe() {
    describe_counter!("rabbitmq_events_published_total", "Messages confirmed by the bus");
    describe_counter!("rabbitmq_events_processed_total", "Messages that a consumer settled, by status");
    describe_histogram!("rabbitmq_event_processing_duration_seconds", "From receipt to the commit of the effect");
    describe_gauge!("rabbitmq_queue_size", "Messages that wait in a queue");
    describe_gauge!("rabbitmq_message_age_seconds", "Age of the message received last");
    describe_gauge!("artel_connections", "Open connections, by kind");
    describe_gauge!("artel_live_sessions", "Sessions in memory");
    describe_histogram!("artel_command_duration_seconds", "From the session's mailbox to the answer, by outcome");
    describe_histogram!("artel_commit_batch_size", "Appends of one commit");
    describe_histogram!("artel_commit_duration_seconds", "One commit of the journal");
    describe_counter!("artel_commit_failures_total", "Commits that failed");
    describe_counter!("artel_append_conflicts_total", "Appends that lost against another node");
    describe_gauge!("artel_outbox_depth", "Messages stored but not confirmed by the bus");
    describe_gauge!("artel_outbox_age_seconds", "Age of the oldest message that is not confirmed");
    describe_counter!("artel_slow_consumers_cut_total", "Listeners cut because they did not read");
    describe_gauge!("artel_broker_up", "Whether a connection to the broker stands, by purpose");
    describe_gauge!("artel_broker_blocked", "Whether the broker takes no messages, by purpose");
    describe_counter!("artel_broker_reconnects_total", "Connections to the broker that were lost, by purpose");
    describe_counter!("artel_publish_failures_total", "Messages that were not confirmed and are published again");
    describe_gauge!("artel_queue_workers", "Workers of a queue on this node");
    describe_gauge!("artel_queue_latency_seconds", "From a message's arrival here to its effect, smoothed");
    describe_counter!("artel_writers_taken_over_total", "Outboxes of nodes that are gone, published by this one");
    describe_counter!("artel_http_requests_total", "Answers over HTTP, by status class");
    gauge!("artel_live_sessions").set(0.0);
    gauge!("artel_outbox_depth").set(0.0);
    gauge!("artel_outbox_age_seconds").set(0.0);
    counter!("artel_slow_consumers_cut_total").absolute(0);
    for kind in ["websocket", "sse"] {
        gauge!("artel_connections", "kind" => kind).set(0.0);
    }
}

/// The journal committed `appends` appends in one transaction.
pub(crate) fn batch_committed(appends: usize, took: Duration) {
    histogram!("artel_commit_batch_size").record(appends as f64);
    histogram!("artel_commit_duration_seconds").record(took);
}

/// A commit failed as a whole.
pub(crate) fn commit_failed() {
    counter!("artel_commit_failures_total").increment(1);
}

/// An append lost against another node.
pub(crate) fn append_conflicted() {
    counter!("artel_append_conflicts_total").increment(1);
}

/// A session came into memory (1) or left it (−1).
pub(crate) fn live_sessions(change: f64) {
    gauge!("artel_live_sessions").increment(change);
}

/// A connection opened (1) or closed (−1).
pub(crate) fn connections(kind: &'static str, change: f64) {
    gauge!("artel_connections", "kind" => kind).increment(change);
}

/// A command was answered.
pub(crate) fn command_answered(kind: &'static str, outcome: &'static str, took: Duration) {
    histogram!("artel_command_duration_seconds", "command" => kind, "outcome" => outcome).record(took);
}

/// A listener did not read and was cut.
pub(crate) fn slow_listener_cut() {
    counter!("artel_slow_consumers_cut_total").increment(1);
}

/// What waits to be confirmed by the bus.
pub(crate) fn outbox(depth: f64, age_seconds: f64) {
    gauge!("artel_outbox_depth").set(depth);
    gauge!("artel_outbox_age_seconds").set(age_seconds);
}

/// The bus confirmed a message. `pattern` is its routing key without ids.
pub(crate) fn published(event_type: &str, pattern: &str, source: &str) {
    counter!(
        "rabbitmq_events_published_total",
        "event_type" => named(event_type), "routing_key" => named(pattern), "source_service" => source.to_owned()
    )
    .increment(1);
}

/// Other systems may call a message anything; a label has no ids in it, and there are few of them.
fn named(event_type: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || b"_.*".contains(&byte);
    let is_name = event_type.len() <= 64 && event_type.bytes().all(plain);
    if is_name { event_type.to_owned() } else { "other".to_owned() }
}

/// A consumer settled a message: `ok`, `retried`, `dead`.
pub(crate) fn processed(event_type: &str, queue: &'static str, status: &'static str) {
    counter!(
        "rabbitmq_events_processed_total",
        "event_type" => named(event_type), "queue_name" => queue, "status" => status
    )
    .increment(1);
}

/// A consumer's batch took so long.
pub(crate) fn processing_took(event_type: &str, queue: &'static str, took: Duration) {
    histogram!(
        "rabbitmq_event_processing_duration_seconds",
        "event_type" => named(event_type), "queue_name" => queue
    )
    .record(took);
}

/// What waits in a queue.
pub(crate) fn queue_size(queue: &'static str, size: usize) {
    gauge!("rabbitmq_queue_size", "queue_name" => queue).set(size as f64);
}

/// How old the message is that was received last.
pub(crate) fn message_age(queue: &'static str, seconds: f64) {
    gauge!("rabbitmq_message_age_seconds", "queue_name" => queue).set(seconds);
}

/// A connection to the broker changed.
pub(crate) fn broker(purpose: &'static str, up: bool, blocked: bool) {
    gauge!("artel_broker_up", "purpose" => purpose).set(f64::from(u8::from(up)));
    gauge!("artel_broker_blocked", "purpose" => purpose).set(f64::from(u8::from(blocked)));
}

/// A connection to the broker was lost.
pub(crate) fn broker_reconnected(purpose: &'static str) {
    counter!("artel_broker_reconnects_total", "purpose" => purpose).increment(1);
}

/// A message was not confirmed.
pub(crate) fn publish_failed(reason: &'static str) {
    counter!("artel_publish_failures_total", "reason" => reason).increment(1);
}

/// How many work on a queue here, and how long its messages take.
pub(crate) fn workers(queue: &'static str, workers: usize, latency: Duration) {
    gauge!("artel_queue_workers", "queue_name" => queue).set(workers as f64);
    gauge!("artel_queue_latency_seconds", "queue_name" => queue).set(latency.as_secs_f64());
}

/// What a node that is gone had stored is published.
pub(crate) fn writer_taken_over() {
    counter!("artel_writers_taken_over_total").increment(1);
}

/// An HTTP answer went out.
pub(crate) fn http_answered(status: u16) {
    let class = match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    counter!("artel_http_requests_total", "status" => class).increment(1);
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_label_has_no_ids_in_it_and_ours_are_as_they_are() {
        for name in ["game.ball_potted", "websocket.session.*", "compensation.game.command.pot_ball"] {
            assert_eq!(named(name), name);
        }
        for foreign in ["game.command.bfaca5a0-2a8e-4b0f-9d0f-6d3c1f1f9b11", "Ä", &"a".repeat(65)] {
            assert_eq!(named(foreign), "other");
        }
    }
}
