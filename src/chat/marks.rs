//! Who had and who read what: in the rows of the members, and of the messages that the last member had or read with it.
//!
//! INVARIANT: a member's mark is stored before it is looked whether it was the last one. So of two that come at once, on
//! whatever nodes, the one that is stored second sees both; nobody has to hold a chat for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{chat_member, chat_message};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::held::statement;
use super::notified;
use super::received::ReceivedNumbers;
use crate::database::{Database, GivenRows, is_among};
use crate::ids::{ChatId, Timestamp, UserId};
use crate::outbox::chat_news::MessageStatus;

/// Rows of one statement: whoever locks them keeps the sender of a message waiting.
const ROWS_AT_ONCE: usize = 256;
/// Messages that are looked at when somebody leaves: those that waited for nobody else.
const LEFT_AT_ONCE: u64 = 2_000;
/// How often reading is tried where other devices of the user read at the same time.
const ATTEMPTS: usize = 5;

/// A device of the user has these messages.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) user: UserId,
    pub(super) ids: Vec<Uuid>,
}

/// A member got further, and these are to hear of it: nobody who left, and of who left nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advance {
    pub(super) chat: ChatId,
    pub(super) user: UserId,
    pub(super) status: MessageStatus,
    pub(super) up_to: i64,
    pub(super) tell: BTreeSet<UserId>,
}

/// A message as far as its marks need it.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct MarkedMessage {
    id: Uuid,
    chat_id: Uuid,
    number: i64,
    sender_id: Uuid,
}

const MESSAGE_COLUMNS: [chat_message::Column; 4] = {
    use chat_message::Column;
    [Column::Id, Column::ChatId, Column::Number, Column::SenderId]
};

async fn messages(
    db: &impl ConnectionTrait,
    which: Condition,
    limit: Option<u64>,
) -> Result<Vec<MarkedMessage>, DbErr> {
    let rows = chat_message::Entity::find().select_only().columns(MESSAGE_COLUMNS).filter(which);
    rows.order_by_asc(chat_message::Column::Number).limit(limit).into_model().all(db).await
}

/// A chat and a member of it.
type Place = (Uuid, Uuid);

/// What a member sees of a chat, and had of it.
struct MarkedMember {
    first_number: i64,
    /// Of who left.
    last_number: Option<i64>,
    before: ReceivedNumbers,
    received: ReceivedNumbers,
}

impl MarkedMember {
    fn sees(&self, number: i64) -> bool {
        self.first_number <= number && self.last_number.is_none_or(|last| number <= last)
    }
}

async fn members_at(db: &impl ConnectionTrait, places: &[Place]) -> Result<BTreeMap<Place, MarkedMember>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        chat_id: Uuid,
        user_id: Uuid,
        first_number: i64,
        last_number: Option<i64>,
        received_up_to: i64,
        received_above: String,
    }
    let mut members = BTreeMap::new();
    for places in places.chunks(ROWS_AT_ONCE) {
        let given = GivenRows::default().uuids("chat", places.iter().map(|place| place.0));
        let (given, values) = given.uuids("member", places.iter().map(|place| place.1)).table(db);
        let sql = format!(
            "WITH {given} SELECT u.chat_id, u.user_id, u.first_number, u.last_number, u.received_up_to, u.received_above \
             FROM given JOIN chat_member u ON u.chat_id = given.chat AND u.user_id = given.member"
        );
        for row in Row::find_by_statement(statement(db, sql, values)).all(db).await? {
            let received = ReceivedNumbers::stored(row.received_up_to, &row.received_above);
            let (first_number, last_number, before) = (row.first_number, row.last_number, received.clone());
            members.insert((row.chat_id, row.user_id), MarkedMember { first_number, last_number, before, received });
        }
    }
    Ok(members)
}

/// Marks what devices had, all at once; answers whose marks moved.
pub(super) async fn receive(database: &Database, receipts: &[Receipt], now: Timestamp) -> Result<Vec<Advance>, DbErr> {
    if database.is_postgres() {
        let db = database.writer();
        let (advances, messages) = note_received(db, receipts).await?;
        settle_delivered(db, &messages, now).await?;
        return Ok(advances);
    }
    let tx = database.begin_write().await?;
    let (advances, messages) = note_received(&tx, receipts).await?;
    settle_delivered(&tx, &messages, now).await?;
    tx.commit().await?;
    Ok(advances)
}

/// Notes it at the members; answers whose marks moved, and the messages that somebody had for the first time.
async fn note_received(db: &impl ConnectionTrait, receipts: &[Receipt]) -> Result<(Vec<Advance>, Vec<Uuid>), DbErr> {
    let ids: BTreeSet<Uuid> = receipts.iter().flat_map(|receipt| receipt.ids.iter().copied()).collect();
    let among = is_among(db, chat_message::Column::Id, ids.into_iter().collect());
    let messages = messages(db, Condition::all().add(among), None).await?;
    let messages: HashMap<Uuid, MarkedMessage> = messages.into_iter().map(|message| (message.id, message)).collect();
    let mut had: BTreeMap<Place, Vec<MarkedMessage>> = BTreeMap::new();
    for Receipt { user, ids } in receipts {
        for message in ids.iter().filter_map(|id| messages.get(id)).filter(|message| message.sender_id != user.0) {
            had.entry((message.chat_id, user.0)).or_default().push(*message);
        }
    }
    let senders = had.iter().flat_map(|((chat, _), had)| had.iter().map(|message| (*chat, message.sender_id)));
    let places: BTreeSet<Place> = had.keys().copied().chain(senders).collect();
    let mut members = members_at(db, &places.into_iter().collect::<Vec<_>>()).await?;
    let here: BTreeSet<Place> =
        members.iter().filter(|(_, member)| member.last_number.is_none()).map(|(place, _)| *place).collect();
    members.retain(|place, member| {
        let Some(had) = had.get_mut(place) else { return false };
        had.retain(|message| member.sees(message.number) && !member.received.has(message.number));
        member.received.add(had.iter().map(|message| message.number));
        !had.is_empty()
    });
    had.retain(|place, _| members.contains_key(place));
    close_gaps(db, &mut members).await?;
    store_received(db, &members).await?;
    let mut advances = Vec::new();
    for (place, MarkedMember { before, received, .. }) in &members {
        let up_to = received.up_to();
        if up_to > before.up_to() && here.contains(place) {
            // What was had out of order before is somebody's as well.
            let tell = if before.has_gap() {
                others(db, *place).await?
            } else {
                let had = had.get(place).into_iter().flatten().filter(|message| message.number <= up_to);
                let senders = had.map(|message| message.sender_id).filter(|sender| here.contains(&(place.0, *sender)));
                senders.map(UserId).collect()
            };
            let (chat, user, status) = (ChatId(place.0), UserId(place.1), MessageStatus::Delivered);
            advances.push(Advance { chat, user, status, up_to, tell });
        }
    }
    let newly: BTreeSet<Uuid> = had.into_values().flatten().map(|message| message.id).collect();
    Ok((advances, newly.into_iter().collect()))
}

/// Who else is in the chat.
async fn others(db: &impl ConnectionTrait, (chat, user): Place) -> Result<BTreeSet<UserId>, DbErr> {
    use chat_member::Column;
    let users = chat_member::Entity::find().select_only().column(Column::UserId).filter(Column::ChatId.eq(chat));
    let users = users.filter(Column::UserId.ne(user)).filter(Column::LeftAtMs.is_null());
    let users: Vec<Uuid> = users.into_tuple().all(db).await?;
    Ok(users.into_iter().map(UserId).collect())
}

/// What is one's own needs no device: where nothing else is missing, there is no gap.
async fn close_gaps(db: &impl ConnectionTrait, members: &mut BTreeMap<Place, MarkedMember>) -> Result<(), DbErr> {
    let gaps = members.iter().filter(|(_, member)| member.received.has_gap());
    let gaps: Vec<_> = gaps.map(|(place, it)| (*place, it.received.up_to() + 1, it.received.highest())).collect();
    for gaps in gaps.chunks(ROWS_AT_ONCE) {
        let (given, values) = GivenRows::default()
            .uuids("chat", gaps.iter().map(|gap| gap.0.0))
            .uuids("member", gaps.iter().map(|gap| gap.0.1))
            .numbers("first_number", gaps.iter().map(|gap| gap.1))
            .numbers("highest", gaps.iter().map(|gap| gap.2))
            .table(db);
        let sql = format!(
            "WITH {given} SELECT m.id, m.chat_id, m.number, m.sender_id FROM given JOIN chat_message m \
             ON m.chat_id = given.chat AND m.number BETWEEN given.first_number AND given.highest \
             AND m.sender_id = given.member"
        );
        for own in MarkedMessage::find_by_statement(statement(db, sql, values)).all(db).await? {
            if let Some(member) = members.get_mut(&(own.chat_id, own.sender_id)) {
                member.received.add([own.number]);
            }
        }
    }
    Ok(())
}

/// A mark never goes back, whoever is faster. Rows are locked in their order.
async fn store_received(db: &impl ConnectionTrait, members: &BTreeMap<Place, MarkedMember>) -> Result<(), DbErr> {
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let members: Vec<_> = members.iter().collect();
    for members in members.chunks(ROWS_AT_ONCE) {
        let (given, values) = GivenRows::default()
            .uuids("chat", members.iter().map(|(place, _)| place.0))
            .uuids("member", members.iter().map(|(place, _)| place.1))
            .numbers("up_to", members.iter().map(|(_, member)| member.received.up_to()))
            .texts("above", members.iter().map(|(_, member)| member.received.above_as_json()))
            .table(db);
        let (locked, further) = if is_postgres {
            let locked = "SELECT given.* FROM chat_member u JOIN given ON u.chat_id = given.chat \
                          AND u.user_id = given.member ORDER BY u.chat_id, u.user_id FOR UPDATE OF u";
            (locked, "greatest")
        } else {
            ("SELECT * FROM given", "max")
        };
        let sql = format!(
            "WITH {given}, locked AS ({locked}) UPDATE chat_member AS u \
             SET received_up_to = {further}(u.received_up_to, locked.up_to), received_above = locked.above \
             FROM locked WHERE u.chat_id = locked.chat AND u.user_id = locked.member"
        );
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(())
}

/// Marks those of these that everybody for whom they are had by now.
async fn settle_delivered(db: &impl ConnectionTrait, messages: &[Uuid], now: Timestamp) -> Result<(), DbErr> {
    for messages in messages.chunks(ROWS_AT_ONCE) {
        mark(db, "delivered_at_ms", &by_all("received_up_to"), messages, now).await?;
        let out_of_order = had_by_all_out_of_order(db, messages).await?;
        if !out_of_order.is_empty() {
            mark(db, "delivered_at_ms", "true", &out_of_order, now).await?;
        }
    }
    Ok(())
}

/// Marks those of these that everybody for whom they are read by now.
async fn settle_read(db: &impl ConnectionTrait, messages: &[Uuid], now: Timestamp) -> Result<(), DbErr> {
    for messages in messages.chunks(ROWS_AT_ONCE) {
        mark(db, "read_at_ms", &by_all("read_up_to"), messages, now).await?;
    }
    Ok(())
}

/// A member `u` for whom message `m` is.
const AWAITED: &str = "u.chat_id = m.chat_id AND u.left_at_ms IS NULL AND u.user_id <> m.sender_id \
    AND u.first_number <= m.number";

/// All members for whom message `m` is got to it.
fn by_all(up_to: &str) -> String {
    format!("NOT EXISTS (SELECT 1 FROM chat_member u WHERE {AWAITED} AND u.{up_to} < m.number)")
}

/// Marks those for which a condition on message `m` holds. Rows are locked in their order.
async fn mark(
    db: &impl ConnectionTrait,
    column: &str,
    condition: &str,
    messages: &[Uuid],
    now: Timestamp,
) -> Result<(), DbErr> {
    let (given, mut values) = GivenRows::default().uuids("id", messages.iter().copied()).table(db);
    let locked = if db.get_database_backend() == DbBackend::Postgres { "FOR UPDATE OF m" } else { "" };
    let sql = format!(
        "WITH {given} UPDATE chat_message SET {column} = ${} WHERE id IN \
         (SELECT m.id FROM given JOIN chat_message m ON m.id = given.id \
          WHERE m.{column} IS NULL AND {condition} ORDER BY m.id {locked})",
        values.len() + 1
    );
    values.push(now.millis().into());
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

/// Those that some members had out of order, and all others in order: what the database can't tell by itself.
async fn had_by_all_out_of_order(db: &impl ConnectionTrait, messages: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        number: i64,
        received_up_to: i64,
        received_above: String,
    }
    let (given, values) = GivenRows::default().uuids("id", messages.iter().copied()).table(db);
    let sql = format!(
        "WITH {given} SELECT m.id, m.number, u.received_up_to, u.received_above \
         FROM given JOIN chat_message m ON m.id = given.id JOIN chat_member u ON {AWAITED} AND u.received_up_to < m.number \
         WHERE m.delivered_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM chat_member u WHERE {AWAITED} \
           AND u.received_up_to < m.number AND u.received_above = '')"
    );
    let mut by_all: BTreeMap<Uuid, bool> = BTreeMap::new();
    for row in Row::find_by_statement(statement(db, sql, values)).all(db).await? {
        let has = ReceivedNumbers::stored(row.received_up_to, &row.received_above).has(row.number);
        by_all.entry(row.id).and_modify(|by_all| *by_all &= has).or_insert(has);
    }
    Ok(by_all.into_iter().filter_map(|(id, by_all)| by_all.then_some(id)).collect())
}

async fn settle(db: &impl ConnectionTrait, messages: &[Uuid], now: Timestamp) -> Result<(), DbErr> {
    settle_delivered(db, messages, now).await?;
    settle_read(db, messages, now).await
}

/// A member reads on, up to a message; what is read was had. `None`: this is no member, or it had read that.
pub(super) async fn read(
    database: &Database,
    (chat, user): (ChatId, UserId),
    up_to: i64,
    now: Timestamp,
) -> Result<Option<Advance>, DbErr> {
    if database.is_postgres() {
        let db = database.writer();
        let Some((advance, messages)) = note_read(db, (chat, user), up_to, now).await? else { return Ok(None) };
        settle(db, &messages, now).await?;
        return Ok(Some(advance));
    }
    let tx = database.begin_write().await?;
    let Some((advance, messages)) = note_read(&tx, (chat, user), up_to, now).await? else { return Ok(None) };
    settle(&tx, &messages, now).await?;
    tx.commit().await?;
    Ok(Some(advance))
}

async fn note_read(
    db: &impl ConnectionTrait,
    (chat, user): (ChatId, UserId),
    up_to: i64,
    now: Timestamp,
) -> Result<Option<(Advance, Vec<Uuid>)>, DbErr> {
    use chat_message::Column;
    let longest = if db.get_database_backend() == DbBackend::Postgres { "greatest" } else { "max" };
    for _ in 0..ATTEMPTS {
        let row = chat_member::Entity::find_by_id((chat.0, user.0)).one(db).await?;
        let Some(row) = row else { return Ok(None) };
        let up_to = row.last_number.map_or(up_to, |last| up_to.min(last));
        if up_to <= row.read_up_to {
            return Ok(None);
        }
        let which = Condition::all().add(Column::ChatId.eq(chat.0));
        let which = which.add(Column::Number.between(row.read_up_to + 1, up_to));
        let (own, read): (Vec<_>, Vec<_>) =
            messages(db, which, None).await?.into_iter().partition(|message| message.sender_id == user.0);
        let sent_when_read = row.sent_when_read + own.len() as i64;
        let sql = format!(
            "UPDATE chat_member SET read_up_to = $1, sent_when_read = $2, received_up_to = {longest}(received_up_to, $1) \
             WHERE chat_id = $3 AND user_id = $4 AND read_up_to = $5 RETURNING notified_up_to"
        );
        let values = [up_to.into(), sent_when_read.into(), chat.0.into(), user.0.into(), row.read_up_to.into()];
        if let Some(marked) = db.query_one_raw(statement(db, sql, values)).await? {
            let notified_up_to: i64 = marked.try_get_by_index(0)?;
            if row.read_up_to < notified_up_to && notified_up_to <= up_to {
                notified::was_read(db, (chat, user), notified_up_to, now).await?;
            }
            let is_here = row.left_at_ms.is_none();
            let here = if is_here { others(db, (chat.0, user.0)).await? } else { BTreeSet::new() };
            let senders = read.iter().map(|message| UserId(message.sender_id)).filter(|sender| here.contains(sender));
            // The user's own other devices have less to show as unread.
            let tell = senders.chain([user]).collect();
            let advance = Advance { chat, user, status: MessageStatus::Read, up_to, tell };
            return Ok(Some((advance, read.iter().map(|message| message.id).collect())));
        }
    }
    Err(DbErr::Custom("other devices of this user read all the time".to_owned()))
}

/// What waited for nobody but somebody who left is delivered, and read, by now.
pub(super) async fn settle_without(
    database: &Database,
    left: &chat_member::Model,
    now: Timestamp,
) -> Result<(), DbErr> {
    use chat_message::Column;
    let open = Condition::any().add(Column::DeliveredAtMs.is_null()).add(Column::ReadAtMs.is_null());
    let of_chat = Condition::all().add(Column::ChatId.eq(left.chat_id)).add(open);
    let which = of_chat.add(Column::Number.gt(left.received_up_to.min(left.read_up_to)));
    let messages = messages(database.reader(), which, Some(LEFT_AT_ONCE)).await?;
    settle(database.writer(), &messages.iter().map(|message| message.id).collect::<Vec<_>>(), now).await
}
