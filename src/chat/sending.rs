//! PURE: what becomes of messages that are sent at once: who may say it, what was said under its key before, and which
//! number it has. The writer stores it.

use std::collections::HashMap;
use uuid::Uuid;

use crate::http::{Code, Problem};
use crate::ids::{ChatId, CorrelationId, UserId};

/// Something to be said.
#[derive(Clone, Debug)]
pub(super) struct SendRequest {
    pub(super) chat: ChatId,
    pub(super) sender: UserId,
    /// The same again is answered the same.
    pub(super) key: Uuid,
    pub(super) content: String,
    pub(super) hash: i64,
    /// The connection that asks.
    pub(super) origin: Option<Uuid>,
    pub(super) correlation_id: CorrelationId,
}

/// Why something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendRefusal {
    Missing,
    NotMember,
    /// Who is a member has to be looked up first.
    MembersChanged,
    Blocked,
    KeyReused,
    Busy,
    Unavailable,
}

impl From<SendRefusal> for Problem {
    fn from(refusal: SendRefusal) -> Self {
        match refusal {
            SendRefusal::Missing => Problem::not_found("there is no such chat"),
            SendRefusal::NotMember => not_member(),
            SendRefusal::Blocked => Problem::new(Code::UserBlocked, "one of you blocked the other"),
            SendRefusal::KeyReused => Problem::new(Code::IdempotencyKeyReused, "this key was used for another message"),
            SendRefusal::Busy | SendRefusal::MembersChanged => Problem::new(
                Code::Overloaded,
                "too much is going on, nothing was stored: send it again with the same key",
            ),
            SendRefusal::Unavailable => Problem::new(
                Code::StorageUnavailable,
                "the storage does not answer, it is not known whether this was stored: send it again with the same key",
            ),
        }
    }
}

/// 403 for whoever is no member.
pub(super) fn not_member() -> Problem {
    Problem::new(Code::ChatNotMember, "you are no member of this chat")
}

/// A chat while it is held.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldChat {
    pub(super) last_number: i64,
    /// Who is in it.
    pub(super) members: Vec<UserId>,
    pub(super) members_changed: bool,
    /// It is of two, one of whom blocked the other.
    pub(super) is_blocked: bool,
}

/// Under which key somebody asked for something.
pub(super) type RequestKey = (UserId, Uuid);

/// What becomes of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SendDecision {
    Refused(SendRefusal),
    /// It was said before.
    Known,
    /// It is said by the request of that place, of those that are decided together.
    Twin(usize),
    /// It is said, and has that number.
    Next(i64),
}

/// Decides them in their order. `known`: what was asked before under their keys.
pub(super) fn decide(
    requests: &[SendRequest],
    chats: &mut HashMap<ChatId, HeldChat>,
    known: &HashMap<RequestKey, i64>,
) -> Vec<SendDecision> {
    let mut decided: Vec<SendDecision> = Vec::with_capacity(requests.len());
    let mut new: HashMap<RequestKey, (usize, i64)> = HashMap::new();
    for (place, request) in requests.iter().enumerate() {
        let key = (request.sender, request.key);
        let before = known.get(&key).map(|hash| (None, *hash));
        let before = before.or_else(|| new.get(&key).map(|&(twin, hash)| (Some(twin), hash)));
        decided.push(match before {
            Some((_, hash)) if hash != request.hash => SendDecision::Refused(SendRefusal::KeyReused),
            Some((None, _)) => SendDecision::Known,
            Some((Some(twin), _)) => SendDecision::Twin(twin),
            None => match chats.get_mut(&request.chat).ok_or(SendRefusal::Missing).and_then(|chat| next(chat, request))
            {
                Ok(number) => {
                    new.insert(key, (place, request.hash));
                    SendDecision::Next(number)
                }
                Err(refusal) => SendDecision::Refused(refusal),
            },
        });
    }
    decided
}

fn next(chat: &mut HeldChat, request: &SendRequest) -> Result<i64, SendRefusal> {
    if chat.members_changed {
        return Err(SendRefusal::MembersChanged);
    }
    if !chat.members.contains(&request.sender) {
        return Err(SendRefusal::NotMember);
    }
    if chat.is_blocked {
        return Err(SendRefusal::Blocked);
    }
    chat.last_number += 1;
    Ok(chat.last_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(Uuid::from_u128(1));

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn request(sender: u128, key: u128, hash: i64) -> SendRequest {
        let (origin, correlation_id) = (None, CorrelationId::default());
        let key = Uuid::from_u128(key);
        SendRequest { chat: CHAT, sender: user(sender), key, content: String::new(), hash, origin, correlation_id }
    }

    fn decided(requests: &[SendRequest], chat: HeldChat) -> Vec<SendDecision> {
        let known = HashMap::from([((user(1), Uuid::from_u128(77)), 5)]);
        decide(requests, &mut HashMap::from([(CHAT, chat)]), &known)
    }

    fn chat() -> HeldChat {
        HeldChat { last_number: 3, members: vec![user(1), user(2)], ..HeldChat::default() }
    }

    #[test]
    fn numbers_follow_without_gaps_whoever_is_refused_between() {
        let requests = [request(1, 1, 0), request(9, 2, 0), request(2, 1, 0), request(1, 1, 0), request(1, 1, 4)];
        assert_eq!(
            decided(&requests, chat()),
            [
                SendDecision::Next(4),
                SendDecision::Refused(SendRefusal::NotMember),
                SendDecision::Next(5),
                SendDecision::Twin(0),
                SendDecision::Refused(SendRefusal::KeyReused),
            ]
        );
    }

    #[test]
    fn what_was_said_is_answered_whatever_became_of_the_chat() {
        let requests = [request(1, 77, 5), request(1, 77, 6), request(2, 77, 5)];
        let gone = HeldChat { members: vec![user(2)], is_blocked: true, ..chat() };
        assert_eq!(
            decided(&requests, gone),
            [
                SendDecision::Known,
                SendDecision::Refused(SendRefusal::KeyReused),
                SendDecision::Refused(SendRefusal::Blocked),
            ]
        );
        let unknown = HeldChat { members_changed: true, ..chat() };
        assert_eq!(decided(&requests[2..], unknown), [SendDecision::Refused(SendRefusal::MembersChanged)]);
        let missing = SendRequest { chat: ChatId(Uuid::from_u128(8)), ..request(1, 1, 0) };
        assert_eq!(decided(&[missing], chat()), [SendDecision::Refused(SendRefusal::Missing)]);
    }
}
