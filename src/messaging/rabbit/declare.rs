//! The table of `topology.rs` as declarations. Declaring what is there is nothing; what is there with other arguments
//! is an error that names it.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

use super::ANSWER_TIMEOUT;
use crate::config::QueueType;
use crate::messaging::BusError;
use crate::messaging::topology::{
    DEAD_LETTERS, DEAD_LETTERS_MAX, EVENTS, PRIORITY_MAX, QUEUES, Queue, RETRIES, dead_letter_queue, retry_queue,
};

const PRECONDITION_FAILED: u16 = 406;

/// Declares everything.
pub(super) async fn all(connection: &Connection, kind: QueueType) -> Result<(), BusError> {
    let channel = super::answered(connection.create_channel()).await?;
    for (name, exchange) in [(EVENTS, ExchangeKind::Topic), (DEAD_LETTERS, ExchangeKind::Direct)] {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared = channel.exchange_declare(name.into(), exchange, options, FieldTable::default());
        refused("exchange", name, declared).await?;
    }
    for queue in QUEUES {
        declare(&channel, queue.name, arguments(queue, kind)).await?;
        for attempts in 0..RETRIES.len() {
            let name = retry_queue(queue.name, attempts as u32);
            declare(&channel, &name, retry_arguments(queue, attempts, kind)).await?;
        }
        let name = dead_letter_queue(queue.name);
        let mut arguments = common(kind);
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(DEAD_LETTERS_MAX));
        declare(&channel, &name, arguments).await?;
    }
    bindings(&channel).await?;
    // Best effort: an unused channel costs little, and goes with its connection.
    let _ = super::answered(channel.close(200, "declared".into())).await;
    Ok(())
}

/// Binds everything; what is bound already stays so.
pub(super) async fn bindings(channel: &Channel) -> Result<(), BusError> {
    for queue in QUEUES {
        for pattern in queue.bindings {
            bind(channel, queue.name, EVENTS, pattern).await?;
        }
        bind(channel, &dead_letter_queue(queue.name), DEAD_LETTERS, queue.name).await?;
    }
    Ok(())
}

/// Takes away what nodes of earlier versions bound. Not while one of them lives: it has messages returned that no queue
/// takes, and binds it all again.
pub(super) async fn drop_former_bindings(channel: &Channel) -> Result<(), BusError> {
    for queue in QUEUES {
        for pattern in queue.former_bindings {
            unbind(channel, queue.name, EVENTS, pattern).await?;
        }
    }
    Ok(())
}

fn common(kind: QueueType) -> FieldTable {
    let mut arguments = FieldTable::default();
    if kind == QueueType::Quorum {
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    }
    arguments
}

fn arguments(queue: &Queue, kind: QueueType) -> FieldTable {
    let mut arguments = common(kind);
    if queue.has_priorities && kind == QueueType::Classic {
        arguments.insert("x-max-priority".into(), AMQPValue::LongInt(PRIORITY_MAX.into()));
    }
    arguments
}

fn retry_arguments(queue: &Queue, attempts: usize, kind: QueueType) -> FieldTable {
    let mut arguments = common(kind);
    let delay = RETRIES[attempts].1.as_millis() as i32;
    arguments.insert("x-message-ttl".into(), AMQPValue::LongInt(delay));
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(queue.name.into()));
    if kind == QueueType::Quorum {
        // The way back is confirmed too; that needs a queue which refuses instead of dropping.
        arguments.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
        arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    }
    arguments
}

async fn declare(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), BusError> {
    let declared = channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments);
    refused("queue", name, declared).await
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, pattern: &str) -> Result<(), BusError> {
    let key: ShortString = pattern.into();
    let bound =
        channel.queue_bind(queue.into(), exchange.into(), key, QueueBindOptions::default(), FieldTable::default());
    refused("queue", queue, bound).await
}

async fn unbind(channel: &Channel, queue: &str, exchange: &str, pattern: &str) -> Result<(), BusError> {
    let unbound = channel.queue_unbind(queue.into(), exchange.into(), pattern.into(), FieldTable::default());
    refused("queue", queue, unbound).await
}

async fn refused<T>(what: &str, name: &str, asked: impl Future<Output = lapin::Result<T>>) -> Result<(), BusError> {
    let error = match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error,
        Err(_) => return Err(BusError::TimedOut),
    };
    match error.kind() {
        ErrorKind::ProtocolError(reason) if reason.get_id() == PRECONDITION_FAILED => {
            Err(BusError::Topology(format!("amqp: the {what} {name} exists with other arguments: {reason}")))
        }
        _ => {
            tracing::debug!(%error, name, "the broker did not declare it");
            Err(BusError::Down)
        }
    }
}
