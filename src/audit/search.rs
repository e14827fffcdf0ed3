//! `GET /admin/audit`: first what the logs of sessions have, in order, each event followed by the messages made of it;
//! then what no log has, in order of time. The newest first is the same from its end.

use std::sync::Arc;

use actix_web::web;
use entity::{audit_entry, audit_link, session, session_member};
use sea_orm::sea_query::{Query as SqlQuery, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::admin::Admin;
use super::link;
use crate::database::Database;
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::ids::{CorrelationId, Seq, SessionId, UserId};
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
    /// `oldest` first where absent.
    #[param(inline)]
    order: Option<AuditOrder>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Cursor {
    fn stored(self) -> Option<(i64, Uuid)> {
        match self {
            Cursor::Stored(at, id) => Some((at, id)),
            Cursor::Log(..) => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditOrder {
    /// The logs of sessions, one after the other, then what no log has.
    #[default]
    Oldest,
    /// What no log has, then the logs of sessions, each from its end.
    Newest,
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
    let from = page.after::<Cursor>()?;
    let order = filter.order.unwrap_or_default();
    let mut search =
        Search { database: &database, journal: &journal, filter, order, found: Vec::new(), rows: page.rows() };
    let further = match order {
        AuditOrder::Oldest => search.look_from_the_start(from).await?,
        AuditOrder::Newest => search.look_from_the_end(from).await?,
    };
    let Search { found, .. } = search;
    let Some(further) = further else {
        return Ok(web::Json(Listing::of(found, &page, |(place, _)| *place, |(_, envelope)| envelope)));
    };
    let items = found.into_iter().map(|(_, envelope)| envelope).collect();
    let next_cursor = Listing::of(vec![(), ()], &Page::new(Some(1), None)?, |()| further, |()| ()).next_cursor;
    Ok(web::Json(Listing { items, next_cursor }))
}

struct Search<'a> {
    database: &'a Database,
    journal: &'a Journal,
    filter: Filter,
    order: AuditOrder,
    found: Vec<(Cursor, Envelope)>,
    /// One more than the page has.
    rows: u64,
}

impl Search<'_> {
    /// Where to go on, where that is in the logs.
    async fn look_from_the_start(&mut self, from: Option<Cursor>) -> Result<Option<Cursor>, Problem> {
        let (log, stored) = match from {
            None => (Some((Uuid::nil(), Seq::ZERO, 0)), None),
            Some(Cursor::Log(session, seq, told)) => (Some((session, seq, told)), None),
            Some(Cursor::Stored(at, id)) => (None, Some((at, id))),
        };
        if let Some(from) = log
            && let Some(further) = self.look_in_logs(from).await?
        {
            return Ok(Some(further));
        }
        self.look_in_table(stored).await?;
        Ok(None)
    }

    async fn look_from_the_end(&mut self, from: Option<Cursor>) -> Result<Option<Cursor>, Problem> {
        let log = match from {
            Some(Cursor::Log(session, seq, told)) => (session, seq, told),
            stored => {
                self.look_in_table(stored.and_then(Cursor::stored)).await?;
                (Uuid::max(), Seq::MAX, 0)
            }
        };
        if self.is_full() { Ok(None) } else { self.look_in_logs(log).await }
    }

    fn is_full(&self) -> bool {
        self.found.len() as u64 >= self.rows
    }

    fn is_asked_for(&self, envelope: &Envelope) -> bool {
        let Filter { correlation_id, session_id, user_id, .. } = self.filter;
        correlation_id.is_none_or(|id| envelope.correlation_id.0 == id)
            && session_id.is_none_or(|id| envelope.session_id == Some(SessionId(id)))
            && user_id.is_none_or(|id| envelope.user_id == Some(UserId(id)))
    }

    /// The messages of an event that are asked for; `told` of them were in the page before.
    fn take(&mut self, record: &Arc<Record>, told: usize) {
        let (session, seq) = (record.event.session_id.0, record.seq());
        let mut messages: Vec<_> = messages_of(record, |_| true, Peers::None).into_iter().collect();
        if self.order == AuditOrder::Newest {
            messages.reverse();
        }
        for (index, message) in messages.into_iter().enumerate().skip(told) {
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
            let record = self.journal.read(SessionId(session), seq.previous(), 1).await.map_err(unreadable)?;
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
                Some(correlation) => self.linked(CorrelationId(correlation), session, seq).await?,
                None => self.records(session, seq).await?,
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
                Some(next) => (session, seq) = (next, self.edge()),
                None => return Ok(None),
            }
        }
        // The extra one only tells that there is more.
        self.found.pop();
        Ok(self.found.last().map(|(place, _)| *place))
    }

    /// Where the looking begins in a log.
    fn edge(&self) -> Seq {
        match self.order {
            AuditOrder::Oldest => Seq::ZERO,
            AuditOrder::Newest => Seq::MAX,
        }
    }

    async fn records(&self, session: Uuid, seq: Seq) -> Result<Vec<Arc<Record>>, Problem> {
        let read = match self.order {
            AuditOrder::Oldest => self.journal.read(SessionId(session), seq, PAGE).await,
            AuditOrder::Newest => self.journal.read_back(SessionId(session), seq, PAGE).await,
        };
        read.map_err(unreadable)
    }

    async fn linked(&self, correlation: CorrelationId, session: Uuid, seq: Seq) -> Result<Vec<Arc<Record>>, Problem> {
        use audit_link::Column;
        let further = |column: Column, value: sea_orm::Value| self.further(column, value);
        let same = Condition::all().add(Column::SessionId.eq(session)).add(further(Column::Seq, seq.0.into()));
        let links = audit_link::Entity::find()
            .filter(Column::CorrelationId.eq(correlation.0))
            .filter(Condition::any().add(further(Column::SessionId, session.into())).add(same))
            .order_by(Column::SessionId, self.direction())
            .order_by(Column::Seq, self.direction())
            .limit(self.rows)
            .all(self.database.reader())
            .await?;
        let mut records = Vec::with_capacity(links.len());
        for link in links {
            let before = Seq(link.seq).previous();
            records.extend(self.journal.read(SessionId(link.session_id), before, 1).await.map_err(unreadable)?);
        }
        Ok(records)
    }

    /// The next session that may have something, in order of id.
    async fn next_session(&self, after: Uuid) -> Result<Option<Uuid>, Problem> {
        use session::Column;
        if self.filter.correlation_id.is_some() {
            return Ok(None);
        }
        let mut wanted = Condition::all().add(self.further(Column::Id, after.into()));
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
        let next = session::Entity::find().select_only().column(Column::Id).filter(wanted);
        Ok(next.order_by(Column::Id, self.direction()).limit(1).into_tuple().one(self.database.reader()).await?)
    }

    fn direction(&self) -> Order {
        match self.order {
            AuditOrder::Oldest => Order::Asc,
            AuditOrder::Newest => Order::Desc,
        }
    }

    /// What comes after that value.
    fn further(&self, column: impl ColumnTrait, value: sea_orm::Value) -> SimpleExpr {
        match self.order {
            AuditOrder::Oldest => column.gt(value),
            AuditOrder::Newest => column.lt(value),
        }
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
            let same = Condition::all().add(Column::TimestampMs.eq(at)).add(self.further(Column::Id, id.into()));
            wanted = wanted.add(Condition::any().add(self.further(Column::TimestampMs, at.into())).add(same));
        }
        let left = self.rows.saturating_sub(self.found.len() as u64);
        let rows = audit_entry::Entity::find().filter(wanted).order_by(Column::TimestampMs, self.direction());
        for row in rows.order_by(Column::Id, self.direction()).limit(left).all(self.database.reader()).await? {
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
