//! `GET /admin/audit`: first what the logs of sessions have, in order, each event followed by the messages made of it;
//! then what no log has, in order of time.

use std::sync::Arc;

use actix_web::web;
use entity::{audit_entry, audit_link, session, session_member};
use sea_orm::sea_query::Query as SqlQuery;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::admin::Admin;
use super::link;
use crate::database::Database;
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::ids::{Seq, SessionId, UserId};
use crate::journal::{Journal, JournalError, Record};
use crate::messaging::message::{Peers, messages_of};
use crate::outbox::envelope::Envelope;

/// Events looked at for one answer; a page that took more ends early, with a cursor.
const LOOKED_AT_MAX: usize = 20_000;
const PAGE: u64 = 1_000;

/// Query of the audit. Without a filter it is everything.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// What this request caused.
    correlation_id: Option<Uuid>,
    /// What happened in this session.
    session_id: Option<Uuid>,
    /// What this user did, or was told.
    user_id: Option<Uuid>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where the next page begins.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Cursor {
    /// After so many messages of that event of a log; 0: all of them are told.
    Log(Uuid, Seq, usize),
    /// After that stored message.
    Stored(i64, Uuid),
}

/// Messages, each with its chain: what caused it, and the request that caused it all.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", operation_id = "search_audit", tag = "admin", security(("bearer" = [])),
    params(Filter),
    responses((status = 200, body = Listing<Envelope>), (status = 403, body = ProblemBody)),
)]
pub(super) async fn search(
    _: Admin,
    filter: Query<Filter>,
    database: web::Data<Database>,
    journal: web::Data<Journal>,
) -> Result<web::Json<Listing<Envelope>>, Problem> {
    let filter = filter.into_inner();
    let page = Page::new(filter.limit, filter.cursor.clone())?;
    let mut search = Search { database: &database, journal: &journal, filter, found: Vec::new(), rows: page.rows() };
    let (log, stored) = match page.after::<Cursor>()? {
        None => (Some((Uuid::nil(), 0, 0)), None),
        Some(Cursor::Log(session, seq, told)) => (Some((session, seq, told)), None),
        Some(Cursor::Stored(at, id)) => (None, Some((at, id))),
    };
    if let Some(from) = log
        && let Some(further) = search.look_in_logs(from).await?
    {
        let items: Vec<_> = search.found.into_iter().map(|(_, envelope)| envelope).collect();
        let next = Listing::of(vec![(), ()], &Page::new(Some(1), None)?, |()| further, |()| ()).next_cursor;
        return Ok(web::Json(Listing { items, next_cursor: next }));
    }
    search.look_in_table(stored).await?;
    let Search { found, .. } = search;
    Ok(web::Json(Listing::of(found, &page, |(place, _)| *place, |(_, envelope)| envelope)))
}

struct Search<'a> {
    database: &'a Database,
    journal: &'a Journal,
    filter: Filter,
    found: Vec<(Cursor, Envelope)>,
    /// One more than the page has.
    rows: u64,
}

impl Search<'_> {
    fn is_full(&self) -> bool {
        self.found.len() as u64 >= self.rows
    }

    fn is_asked_for(&self, envelope: &Envelope) -> bool {
        let Filter { correlation_id, session_id, user_id, .. } = self.filter;
        correlation_id.is_none_or(|id| envelope.correlation_id == id)
            && session_id.is_none_or(|id| envelope.session_id == Some(SessionId(id)))
            && user_id.is_none_or(|id| envelope.user_id == Some(UserId(id)))
    }

    /// The messages of an event that are asked for; `told` of them were in the page before.
    fn take(&mut self, record: &Arc<Record>, told: usize) {
        let (session, seq) = (record.event.session_id.0, record.seq());
        for (index, message) in messages_of(record, |_| true, Peers::None).into_iter().enumerate().skip(told) {
            if self.is_full() {
                return;
            }
            if self.is_asked_for(&message.envelope) {
                self.found.push((Cursor::Log(session, seq, index + 1), (*message.envelope).clone()));
            }
        }
    }

    /// Looks through the logs; where it stopped if it found enough, or looked at enough.
    async fn look_in_logs(&mut self, (session, seq, told): (Uuid, Seq, usize)) -> Result<Option<Cursor>, Problem> {
        if told > 0 {
            let record = self.journal.read(SessionId(session), seq - 1, 1).await.map_err(unreadable)?;
            record.iter().for_each(|record| self.take(record, told));
        }
        if self.filter.correlation_id.is_some() {
            link::catch_up(self.database).await?;
        }
        let (mut session, mut seq, mut looked_at) = (session, seq, 0);
        while !self.is_full() {
            if looked_at >= LOOKED_AT_MAX {
                return Ok(Some(Cursor::Log(session, seq, 0)));
            }
            let records = match self.filter.correlation_id {
                Some(correlation) => self.linked(correlation, session, seq).await?,
                None => self.journal.read(SessionId(session), seq, PAGE).await.map_err(unreadable)?,
            };
            looked_at += records.len().max(1);
            for record in &records {
                if self.is_full() {
                    break;
                }
                self.take(record, 0);
                (session, seq) = (record.event.session_id.0, record.seq());
            }
            if !records.is_empty() {
                continue;
            }
            match self.next_session(session).await? {
                Some(next) => (session, seq) = (next, 0),
                None => return Ok(None),
            }
        }
        // The extra one only tells that there is more.
        self.found.pop();
        Ok(self.found.last().map(|(place, _)| *place))
    }

    async fn linked(&self, correlation: Uuid, session: Uuid, seq: Seq) -> Result<Vec<Arc<Record>>, Problem> {
        use audit_link::Column;
        let same = Condition::all().add(Column::SessionId.eq(session)).add(Column::Seq.gt(seq));
        let links = audit_link::Entity::find()
            .filter(Column::CorrelationId.eq(correlation))
            .filter(Condition::any().add(Column::SessionId.gt(session)).add(same))
            .order_by_asc(Column::SessionId)
            .order_by_asc(Column::Seq)
            .limit(self.rows)
            .all(self.database.reader())
            .await?;
        let mut records = Vec::with_capacity(links.len());
        for link in links {
            records.extend(self.journal.read(SessionId(link.session_id), link.seq - 1, 1).await.map_err(unreadable)?);
        }
        Ok(records)
    }

    /// The next session that may have something, in order of id.
    async fn next_session(&self, after: Uuid) -> Result<Option<Uuid>, Problem> {
        use session::Column;
        if self.filter.correlation_id.is_some() {
            return Ok(None);
        }
        let mut wanted = Condition::all().add(Column::Id.gt(after));
        if let Some(session) = self.filter.session_id {
            wanted = wanted.add(Column::Id.eq(session));
        }
        if let Some(user) = self.filter.user_id {
            let participants = SqlQuery::select()
                .column(session_member::Column::SessionId)
                .from(session_member::Entity)
                .and_where(session_member::Column::UserId.eq(user))
                .take();
            wanted = wanted.add(Column::Id.in_subquery(participants));
        }
        let next = session::Entity::find().select_only().column(Column::Id).filter(wanted).order_by_asc(Column::Id);
        Ok(next.limit(1).into_tuple().one(self.database.reader()).await?)
    }

    /// What no log has.
    async fn look_in_table(&mut self, after: Option<(i64, Uuid)>) -> Result<(), Problem> {
        use audit_entry::Column;
        let Filter { correlation_id, session_id, user_id, .. } = self.filter;
        let mut wanted = Condition::all();
        for (column, id) in
            [(Column::CorrelationId, correlation_id), (Column::SessionId, session_id), (Column::UserId, user_id)]
        {
            if let Some(id) = id {
                wanted = wanted.add(column.eq(id));
            }
        }
        if let Some((at, id)) = after {
            let same = Condition::all().add(Column::TimestampMs.eq(at)).add(Column::Id.gt(id));
            wanted = wanted.add(Condition::any().add(Column::TimestampMs.gt(at)).add(same));
        }
        let left = self.rows.saturating_sub(self.found.len() as u64);
        let rows = audit_entry::Entity::find().filter(wanted).order_by_asc(Column::TimestampMs);
        for row in rows.order_by_asc(Column::Id).limit(left).all(self.database.reader()).await? {
            let envelope = serde_json::from_str(&row.envelope).map_err(Problem::internal)?;
            self.found.push((Cursor::Stored(row.timestamp_ms, row.id), envelope));
        }
        Ok(())
    }
}

fn unreadable(error: JournalError) -> Problem {
    match error {
        JournalError::Unavailable(cause) => Problem::storage(&cause),
        JournalError::Unreadable { .. } => Problem::internal(error),
    }
}
