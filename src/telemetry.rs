//! What operators see: the log, and every metric as a named function, so that none can be misspelt. Labels have few
//! values: kinds and patterns, never ids.

mod trouble;

use std::fmt::Debug;
use std::io::IsTerminal;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

pub(crate) use self::trouble::Trouble;

/// Seconds; from a tenth of a millisecond to ten seconds.
const BUCKETS: [f64; 15] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Seconds; how old a message is: from a hundredth to a day.
const AGES: [f64; 14] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 86_400.0];

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The type of a message that is no envelope.
pub(crate) const UNREADABLE: &str = "unreadable";

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log on standard error; `Err`: the filter can't be read.
pub fn start_log(format: LogFormat, filter: &str) -> Result<(), String> {
    let mut parsed = EnvFilter::builder().parse(filter).map_err(|error| error.to_string())?;
    // What becomes of connections to the broker is said here in a line of our own, once.
    if !filter.contains("lapin")
        && let Ok(silent) = "lapin=off".parse()
    {
        parsed = parsed.add_directive(silent);
    }
    let filter = parsed;
    // A log that can't be written (a full disk) is reported on standard error otherwise, which is the same place, and
    // failing there is a panic of whoever had something to say.
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false);
    // A second start in one process (tests) keeps the first log.
    let filtered = tracing_subscriber::registry().with(filter).with(UnreadableRequests);
    let _ = match format {
        LogFormat::Text => filtered.with(log).try_init(),
        LogFormat::Json => filtered.with(log.json().flatten_event(true)).try_init(),
    };
    Ok(())
}

/// Whoever can reach the port can send what is no HTTP, and the HTTP library calls each of these an error. They are
/// counted instead; its debug lines say what was wrong.
struct UnreadableRequests;

impl<S: Subscriber> Layer<S> for UnreadableRequests {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let said = event.metadata();
        let may_be = *said.level() == Level::ERROR && said.target().starts_with("actix_http::h1");
        if !may_be {
            return true;
        }
        let mut of_client = OfClient(false);
        event.record(&mut of_client);
        if of_client.0 {
            counter!("artel_http_unreadable_requests_total").increment(1);
        }
        !of_client.0
    }
}

/// Whether an event of the HTTP library tells what a client did.
struct OfClient(bool);

impl Visit for OfClient {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let message = format!("{value:?}");
            self.0 = ["stream error: ", "MAX_BUFFER_SIZE "].iter().any(|lead| message.starts_with(lead));
        }
    }
}

/// Starts the metrics; what is recorded before is lost.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .set_buckets_for_metric(Matcher::Full("rabbitmq_message_age_seconds".to_owned()), &AGES)?
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
    describe_histogram!("rabbitmq_message_age_seconds", "How old a message was when its effect was committed");
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
    describe_counter!("artel_consumers_renewed_total", "Consumers of a queue made anew, by what was wrong with them");
    describe_counter!("artel_deliveries_total", "What was sent outside, by its way and what became of it");
    describe_gauge!("artel_queue_workers", "Workers of a queue on this node");
    describe_gauge!("artel_queue_latency_seconds", "From a message's arrival here to its effect, smoothed");
    describe_counter!("artel_writers_taken_over_total", "Outboxes of nodes that are gone, published by this one");
    describe_counter!("artel_http_requests_total", "Answers over HTTP, by status class");
    describe_counter!("artel_http_unreadable_requests_total", "Requests that were no HTTP");
    counter!("artel_http_unreadable_requests_total").absolute(0);
    gauge!("artel_live_sessions").set(0.0);
    gauge!("artel_outbox_depth").set(0.0);
    gauge!("artel_outbox_age_seconds").set(0.0);
    // A counter that is born at 1 has never increased, and what asks for its increase hears of nothing.
    for name in [
        "artel_slow_consumers_cut_total",
        "artel_commit_failures_total",
        "artel_append_conflicts_total",
        "artel_writers_taken_over_total",
    ] {
        counter!(name).absolute(0);
    }
    for status in STATUS_CLASSES {
        counter!("artel_http_requests_total", "status" => status).absolute(0);
    }
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

/// A consumer begins, for messages of these types: what may become of them is counted from 0.
pub(crate) fn consuming(queue: &'static str, event_types: impl Iterator<Item = &'static str>) {
    for event_type in event_types.chain([UNREADABLE]) {
        for status in ["ok", "retried", "dead"] {
            settled(event_type, queue, status).absolute(0);
        }
    }
    for reason in RENEWALS {
        counter!("artel_consumers_renewed_total", "queue_name" => queue, "reason" => reason).absolute(0);
    }
}

/// A consumer settled a message: `ok`, `retried`, `dead`; it took so long from its receipt.
pub(crate) fn processed(event_type: &str, queue: &'static str, status: &'static str, took: Duration) {
    settled(event_type, queue, status).increment(1);
    histogram!(
        "rabbitmq_event_processing_duration_seconds",
        "event_type" => named(event_type), "queue_name" => queue
    )
    .record(took);
}

fn settled(event_type: &str, queue: &'static str, status: &'static str) -> metrics::Counter {
    counter!(
        "rabbitmq_events_processed_total",
        "event_type" => named(event_type), "queue_name" => queue, "status" => status
    )
}

/// Something was sent outside (`ok`), will be tried again (`retried`) or is given up (`dead`).
pub(crate) fn delivered(sink: &'static str, outcome: &'static str) {
    counter!("artel_deliveries_total", "sink" => sink, "outcome" => outcome).increment(1);
}

/// What waits in a queue.
pub(crate) fn queue_size(queue: &'static str, size: usize) {
    gauge!("rabbitmq_queue_size", "queue_name" => queue).set(size as f64);
}

/// How old a message was when its effect was committed; 0 where its clock is ahead of this one.
pub(crate) fn message_age(queue: &'static str, seconds: f64) {
    histogram!("rabbitmq_message_age_seconds", "queue_name" => queue).record(seconds.max(0.0));
}

/// A connection to the broker is made for the first time: those that follow are counted from 0.
pub(crate) fn broker_begins(purpose: &'static str) {
    counter!("artel_broker_reconnects_total", "purpose" => purpose).absolute(0);
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

/// What ends a consumer of a queue: the broker cancelled it, closed its channel, or forgot it; its worker died.
const RENEWALS: [&str; 4] = ["cancelled", "closed", "stale", "worker_died"];

/// A consumer of a queue is made anew, for one of [`RENEWALS`].
pub(crate) fn consumer_renewed(queue: &'static str, reason: &'static str) {
    counter!("artel_consumers_renewed_total", "queue_name" => queue, "reason" => reason).increment(1);
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
    let class = STATUS_CLASSES[usize::from(status / 100).clamp(1, STATUS_CLASSES.len()) - 1];
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
