//! What is looked at behind the evenings: the outbox, dead letters, the audit, other systems and consumers.

use std::collections::{BTreeMap, HashSet};

use super::check::{AUDITED, Check, LAST_RETRY, Played};
use super::club::Person;
use super::node::ADMIN;
use super::outsider::BROKEN;
use super::schedule::{Fault, NODES};

impl Check<'_> {
    pub(super) async fn outbox(&self) {
        self.eventually("the outbox does not drain", async || {
            let waiting = "SELECT (SELECT count(*) FROM outbox) || ' messages, ' || (SELECT count(*) FROM event JOIN \
                           writer ON writer.id = event.writer_id WHERE event.position > writer.published) || ' events'";
            let said = self.rig.query(waiting).await?;
            if said == ["0 messages, 0 events"] { Ok(()) } else { Err(said.join(" ")) }
        })
        .await;
    }

    /// Nothing was given up but what nobody can read.
    pub(super) async fn dead_letters(&self) {
        let letters = "SELECT queue || ' ' || routing_key || ': ' || reason || ': ' || left(envelope, 300) FROM dead_letter \
                       WHERE envelope NOT LIKE ";
        match self.rig.query(&format!("{letters} '%{BROKEN}%' LIMIT 5")).await {
            Ok(letters) => {
                for letter in letters {
                    self.report().violation("a message was given up", &letter);
                }
            }
            Err(error) => self.report().violation("the database can't be asked", &error),
        }
    }

    /// A sample of requests is found with what it caused, and what other systems asked for is there.
    pub(super) async fn audit(&self, played: &[Played<'_>]) {
        let admin = Person::named(ADMIN);
        self.log_in(&admin).await;
        for (index, Played { table, log, .. }) in played.iter().enumerate() {
            let step = (log.len() / AUDITED).max(1);
            for event in log.iter().step_by(step) {
                self.eventually("the audit does not have what a request caused", async || {
                    let correlation = event["correlation_id"].as_str().unwrap_or_default();
                    let path = format!("/api/v1/admin/audit?limit=200&correlation_id={correlation}");
                    let found = self.read(index % NODES, path, &admin).await?;
                    let items = found["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                    let same = items.iter().filter(|item| item["event_id"] == event["event_id"]).count();
                    let of = format!("session {}, event {}, request {correlation}", table.session, event["seq"]);
                    if same == 1 { Ok(()) } else { Err(format!("{of}: {same} times in {} messages", items.len())) }
                })
                .await;
            }
        }
        self.other_systems(played).await;
    }

    /// What the broker took from another system was played or refused, and is audited, unless its queue was emptied.
    pub(super) async fn other_systems(&self, played: &[Played<'_>]) {
        let was_emptied = |name: &'static str| {
            self.report().was_there(
                self.began,
                |fault| matches!(fault, Fault::QueueDeleted { queue } | Fault::QueuePurged { queue } if *queue == name),
            )
        };
        let (commands, audit) = (was_emptied("game.service.queue"), was_emptied("audit.log.queue"));
        for Played { table, log, .. } in played {
            let published: Vec<String> = table.known().published.iter().map(|(id, _)| id.to_string()).collect();
            let in_log: HashSet<&str> = log.iter().filter_map(|event| event["command_id"].as_str()).collect();
            self.eventually("a command of another system is lost", async || {
                let refused = "SELECT envelope::json->'data'->>'command_id' FROM audit_entry WHERE event_type LIKE \
                               'compensation.game.command.%' UNION SELECT envelope::json->'data'->>'id' FROM \
                               audit_entry WHERE event_type LIKE 'game.command.%' AND false";
                let refused: HashSet<String> = self.rig.query(refused).await?.into_iter().collect();
                let lost = |id: &&String| !in_log.contains(id.as_str()) && !refused.contains(*id);
                let lost: Vec<&String> = published.iter().filter(lost).collect();
                if lost.is_empty() || commands || audit {
                    return Ok(());
                }
                Err(format!("session {}: {} of {}: {:?}", table.session, lost.len(), published.len(), lost[0]))
            })
            .await;
            self.eventually("a command of another system is not audited", async || {
                let asked =
                    "SELECT envelope::json->'data'->>'id' FROM audit_entry WHERE event_type LIKE 'game.command.%'";
                let asked: Vec<String> = self.rig.query(asked).await?;
                let mut times: BTreeMap<&str, usize> = BTreeMap::new();
                asked.iter().for_each(|id| *times.entry(id).or_default() += 1);
                let wrong = published.iter().find(|id| {
                    let count = times.get(id.as_str()).copied().unwrap_or_default();
                    count > 1 || count == 0 && !audit
                });
                wrong.map_or(Ok(()), |id| Err(format!("session {}, command {id}", table.session)))
            })
            .await;
        }
    }

    /// Every queue is consumed, and nothing waits in it.
    pub(super) async fn consumers(&self) {
        self.eventually_for(LAST_RETRY, "messages wait in a queue, or nobody consumes it", async || {
            let listed = self.rig.broker.queues().await;
            let is_well = |line: &&String| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [name, ready, unacknowledged, consumers] = words[..] else { return true };
                let is_empty = ready == "0" && unacknowledged == "0";
                let is_kept = name.ends_with(".dlq");
                is_kept || is_empty && (consumers != "0" || !name.ends_with(".queue"))
            };
            let wrong: Vec<&String> = listed.iter().filter(|line| !is_well(line)).collect();
            if wrong.is_empty() { Ok(()) } else { Err(format!("name, ready, unacknowledged, consumers: {wrong:?}")) }
        })
        .await;
    }
}
