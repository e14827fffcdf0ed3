//! A notification: what it is, and how it gets into the table. Its id is made from its cause, so the row itself is the
//! record that the message was applied: twice is once, also after the user deleted it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use entity::notification::{ActiveModel, Column, Entity, Model};
use entity::notification_setting;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::content::Content;
use super::fan_out::{self, StoredNotification};
use super::kind::Kind;
use super::texts;
use crate::account::contacts_of;
use crate::clock;
use crate::game::INVITATION_LIFE_MS;
use crate::ids::{Seq, Timestamp, UserId};
use crate::outbox;
use crate::outbox::envelope::{Data, Envelope, Priority};
use crate::outbox::user_message::UserMessage;

/// Rows of one statement.
const ROWS_MAX: usize = 500;

/// A notification as its user sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Notification {
    pub(crate) id: Uuid,
    /// `game_completed`, `achievement_unlocked`, `session_invitation`, `friend_request`, `friend_accepted`, `payment_marked`,
    /// `message`, `command_refused`.
    pub(crate) kind: String,
    /// One line, in the language that its user had chosen.
    pub(crate) title: String,
    /// The rest, in that language.
    pub(crate) body: String,
    /// What it was made from, to be told in other words.
    #[schema(value_type = Object)]
    pub(crate) data: Value,
    /// When its cause happened.
    pub(crate) created_at: Timestamp,
}

impl Notification {
    pub(super) fn of(row: Model) -> Self {
        Self {
            id: row.id,
            data: shown(&row.kind, &row.data),
            kind: row.kind,
            title: row.title,
            body: row.body,
            created_at: Timestamp::from_millis(row.created_at_ms),
        }
    }
}

/// The join code is for those at the table; earlier versions wrote it into invitations.
fn shown(kind: &str, data: &str) -> Value {
    let mut data: Value = serde_json::from_str(data).unwrap_or_default();
    if kind == Kind::SessionInvitation.as_str()
        && let Some(fields) = data.as_object_mut()
    {
        fields.remove("code");
    }
    data
}

/// Those of a user that are still there.
pub(super) fn visible(user: UserId) -> Condition {
    standing().add(Column::UserId.eq(user.0)).add(Column::DeletedAtMs.is_null())
}

/// Those that were not withdrawn. An invitation that is over by time tells nothing any more.
pub(super) fn standing() -> Condition {
    let over = clock::now().millis() - INVITATION_LIFE_MS;
    let is_invitation = Column::Kind.eq(Kind::SessionInvitation.as_str());
    Condition::all()
        .add(Column::IsWithdrawn.eq(false))
        .add(Condition::all().add(is_invitation).add(Column::CreatedAtMs.lte(over)).not())
}

/// A notification to be stored.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) content: Content,
    /// Of two with one id the higher one is right, whatever order they come in.
    pub(super) version: Seq,
    pub(super) cause: Arc<Envelope>,
}

impl Draft {
    pub(super) fn kind(&self) -> Kind {
        self.content.kind()
    }
}

/// The id of the notification about a game of that user.
pub(super) fn game_completed_id(game: Uuid, user: UserId) -> Uuid {
    Uuid::new_v5(&game, format!("game_completed/{user}").as_bytes())
}

/// The id of the notification about an achievement of that user.
pub(super) fn achievement_id(user: UserId, code: &str) -> Uuid {
    Uuid::new_v5(&user.0, format!("achievement_unlocked/{code}").as_bytes())
}

/// The id of what that user is told of a payment.
pub(super) fn payment_id(session: Uuid, seq: Seq, user: UserId) -> Uuid {
    Uuid::new_v5(&session, format!("payment/{seq}/{user}").as_bytes())
}

/// The id of what is told of a request: that it waits, or that it was accepted.
pub(super) fn friend_id(kind: Kind, request: Uuid) -> Uuid {
    Uuid::new_v5(&request, kind.as_str().as_bytes())
}

/// The id of what an account is told of the invitation that such an event is.
pub(super) fn invitation_id(event: Uuid) -> Uuid {
    of_cause_id(Uuid::new_v5(&event, b"notifications.session_invitation"))
}

/// The id of what that user is told of a chat that ended with a message of that number.
pub(super) fn message_id(chat: Uuid, user: UserId, last_number: i64) -> Uuid {
    Uuid::new_v5(&chat, format!("message/{user}/{last_number}").as_bytes())
}

/// The id of what one message tells and no other one.
pub(super) fn of_cause_id(message: Uuid) -> Uuid {
    Uuid::new_v5(&message, b"notification")
}

/// Stores what is new or newer, as far as its user wants to hear of it, and has the user's sockets told wherever they
/// are, all in the caller's transaction.
pub(super) async fn store(tx: &impl ConnectionTrait, drafts: Vec<Draft>) -> Result<(), DbErr> {
    if drafts.is_empty() {
        return Ok(());
    }
    let unwanted = unwanted(tx, &drafts).await?;
    // In order of id, so that two nodes can't deadlock.
    let mut newest: BTreeMap<Uuid, Draft> = BTreeMap::new();
    for draft in drafts.into_iter().filter(|draft| !unwanted.contains(&(draft.user, draft.kind()))) {
        let older = |there: &Draft| there.version < draft.version;
        if newest.get(&draft.id).is_none_or(older) {
            newest.insert(draft.id, draft);
        }
    }
    let mut stored: HashMap<Uuid, Model> = HashMap::new();
    let ids: Vec<Uuid> = newest.keys().copied().collect();
    for ids in ids.chunks(ROWS_MAX) {
        let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(tx).await?;
        stored.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let contacts = contacts_of(tx, newest.values().map(|draft| draft.user).collect::<HashSet<_>>()).await?;
    let (mut rows, mut told, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for draft in newest.into_values() {
        let language = contacts.get(&draft.user).map(|contact| contact.language).unwrap_or_default();
        let (title, body) = texts::of(&draft.content, language);
        let mut notification = Notification {
            id: draft.id,
            kind: draft.kind().as_str().to_owned(),
            title,
            body,
            data: serde_json::to_value(&draft.content).unwrap_or_default(),
            created_at: draft.cause.timestamp,
        };
        let there = stored.get(&draft.id);
        if there.is_some_and(|there| (there.version, !there.is_withdrawn) >= (draft.version.0, true)) {
            continue;
        }
        if let Some(there) = there {
            notification.created_at = Timestamp::from_millis(there.created_at_ms);
        }
        rows.push(row(&notification, &draft));
        if there.is_none_or(|there| there.deleted_at_ms.is_none()) {
            told.push(told_at_once(&notification, &draft));
            let (user, kind, version) = (draft.user, draft.kind(), draft.version);
            sent.push(StoredNotification { user, kind, version, notification });
        }
    }
    for rows in rows.chunks(ROWS_MAX) {
        Entity::insert_many(rows.to_vec()).on_conflict(unless_newer()).exec_without_returning(tx).await?;
    }
    fan_out::request(tx, &sent).await?;
    outbox::enqueue_all(tx, &told, clock::now()).await
}

/// What says something else now has to be heard again. Decided by the row as it is then: another consumer may have
/// stored another version since it was looked for.
fn unless_newer() -> OnConflict {
    let excluded = || Expr::col((Alias::new("excluded"), Column::Version));
    let version = || Expr::col((Entity, Column::Version));
    let is_withdrawn = Expr::col((Entity, Column::IsWithdrawn)).eq(true);
    OnConflict::column(Column::Id)
        .update_columns([
            Column::Title,
            Column::Body,
            Column::Data,
            Column::Version,
            Column::IsWithdrawn,
            Column::DeliveredAtMs,
            Column::ReadAtMs,
        ])
        .action_and_where(version().lt(excluded()).or(is_withdrawn.and(version().lte(excluded()))))
        .to_owned()
}

fn row(notification: &Notification, draft: &Draft) -> ActiveModel {
    ActiveModel {
        id: Set(draft.id),
        user_id: Set(draft.user.0),
        kind: Set(notification.kind.clone()),
        title: Set(notification.title.clone()),
        body: Set(notification.body.clone()),
        data: Set(notification.data.to_string()),
        version: Set(draft.version.0),
        is_withdrawn: Set(false),
        created_at_ms: Set(notification.created_at.millis()),
        delivered_at_ms: Set(None),
        read_at_ms: Set(None),
        deleted_at_ms: Set(None),
    }
}

fn told_at_once(notification: &Notification, draft: &Draft) -> (String, Envelope) {
    let salt = format!("websocket/{}/{}", draft.id, draft.version);
    let message = UserMessage::Notification(notification.id, Data::encode(notification));
    let mut envelope = message.envelope_after(&draft.cause, &salt, draft.user);
    envelope.priority = Priority::Urgent as u8;
    (message.key(draft.user), envelope)
}

/// What these users don't want to hear of.
async fn unwanted(tx: &impl ConnectionTrait, drafts: &[Draft]) -> Result<HashSet<(UserId, Kind)>, DbErr> {
    use notification_setting::Column;
    let users: HashSet<Uuid> = drafts.iter().map(|draft| draft.user.0).collect();
    let users: Vec<Uuid> = users.into_iter().collect();
    let mut unwanted = HashSet::new();
    for users in users.chunks(ROWS_MAX) {
        let off = notification_setting::Entity::find()
            .filter(Column::UserId.is_in(users.iter().copied()))
            .filter(Column::IsOn.eq(false));
        for row in off.all(tx).await? {
            unwanted.extend(Kind::named(&row.kind).map(|kind| (UserId(row.user_id), kind)));
        }
    }
    Ok(unwanted)
}

/// What users were told of a kind before that version does not hold, also where it comes later: a game goes on, a payment
/// was taken back. Nothing is kept of what it said.
pub(super) async fn withdraw_as_of(
    tx: &impl ConnectionTrait,
    kind: Kind,
    mut ids: Vec<(Uuid, UserId)>,
    version: Seq,
) -> Result<(), DbErr> {
    ids.sort_unstable();
    let row = |&(id, user): &(Uuid, UserId)| ActiveModel {
        id: Set(id),
        user_id: Set(user.0),
        kind: Set(kind.as_str().to_owned()),
        title: Set(String::new()),
        body: Set(String::new()),
        data: Set("{}".to_owned()),
        version: Set(version.0),
        is_withdrawn: Set(true),
        created_at_ms: Set(clock::now().millis()),
        delivered_at_ms: Set(None),
        read_at_ms: Set(None),
        deleted_at_ms: Set(None),
    };
    let excluded = Expr::col((Alias::new("excluded"), Column::Version));
    let unless_newer = OnConflict::column(Column::Id)
        .update_columns([Column::Title, Column::Body, Column::Data, Column::Version, Column::IsWithdrawn])
        .action_and_where(Expr::col((Entity, Column::Version)).lt(excluded))
        .to_owned();
    for ids in ids.chunks(ROWS_MAX) {
        Entity::insert_many(ids.iter().map(row)).on_conflict(unless_newer.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What stands under that id and was not withdrawn, held until the transaction ends.
pub(super) async fn held(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::IsWithdrawn.eq(false)).lock_exclusive().one(tx).await
}

/// The same in other words, which nobody is told of.
pub(super) async fn reword(tx: &impl ConnectionTrait, row: Model, body: String, data: String) -> Result<(), DbErr> {
    let reworded = ActiveModel { id: Set(row.id), body: Set(body), data: Set(data), ..Default::default() };
    reworded.update(tx).await.map(|_| ())
}

/// What these told does not hold any more.
pub(super) async fn withdraw(tx: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<(), DbErr> {
    for ids in ids.chunks(ROWS_MAX) {
        let there = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids.iter().copied()));
        // In the order that `store` has, so that two nodes can't deadlock.
        let _: Vec<Uuid> = there.order_by_asc(Column::Id).lock_exclusive().into_tuple().all(tx).await?;
        Entity::update_many()
            .col_expr(Column::IsWithdrawn, Expr::value(true))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}
