//! What is said when something changes between two users: what happened, whom it is told to or taken back from, and what
//! the connections of both hear. In one place, since an account that is deleted leaves its friends as well.

use serde::Serialize;
use uuid::Uuid;

use super::envelope::{Data, Envelope, Priority};
use super::user_message::{FriendsChange, UserMessage};
use crate::ids::{CorrelationId, Timestamp, UserId};

const REQUEST_TOLD: &str = "notifications.friend_request";
const ACCEPTANCE_TOLD: &str = "notifications.friend_accepted";

/// A message with its routing key.
pub(crate) type RoutedEnvelope = (String, Envelope);

/// What one of the two did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FriendshipStep {
    /// Asked to be friends.
    Requested,
    /// Took the other one's request.
    Accepted,
    /// Did not take the other one's request.
    Declined,
    /// Took back what was asked.
    Withdrawn,
    /// Ended the friendship.
    Removed,
    /// Wants nothing to do with the other one.
    Blocked,
    /// Takes that back.
    Unblocked,
}

impl FriendshipStep {
    /// Its message, which is its routing key as well.
    fn event_type(self) -> &'static str {
        match self {
            FriendshipStep::Requested => "social.friend_request",
            FriendshipStep::Accepted => "friends.accepted",
            FriendshipStep::Declined => "friends.declined",
            FriendshipStep::Withdrawn => "friends.withdrawn",
            FriendshipStep::Removed => "friends.removed",
            FriendshipStep::Blocked => "friends.blocked",
            FriendshipStep::Unblocked => "friends.unblocked",
        }
    }

    /// What the connections of who did it hear, and those of the other one.
    fn heard(self) -> (FriendsChange, Option<FriendsChange>) {
        match self {
            FriendshipStep::Requested => (FriendsChange::Requested, Some(FriendsChange::Requested)),
            FriendshipStep::Accepted => (FriendsChange::Accepted, Some(FriendsChange::Accepted)),
            FriendshipStep::Declined | FriendshipStep::Withdrawn => {
                (FriendsChange::RequestEnded, Some(FriendsChange::RequestEnded))
            }
            FriendshipStep::Removed => (FriendsChange::Ended, Some(FriendsChange::Ended)),
            FriendshipStep::Blocked => (FriendsChange::Blocked, None),
            FriendshipStep::Unblocked => (FriendsChange::Unblocked, None),
        }
    }
}

/// The request that a friendship begins with, or may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestOrigin {
    pub(crate) id: Uuid,
    /// Who asked.
    pub(crate) by: UserId,
}

/// A step and the two whom it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FriendshipMessage {
    pub(crate) step: FriendshipStep,
    /// Who did it.
    pub(crate) by: UserId,
    pub(crate) other: UserId,
    /// `None`: it is about no request, as a block.
    pub(crate) request: Option<RequestOrigin>,
}

/// Data of `social.friend_request` and `friends.*`.
#[derive(Serialize)]
struct Between {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Uuid>,
    from_user_id: UserId,
    to_user_id: UserId,
}

/// Data of what is told to one of the two, or taken back.
#[derive(Serialize)]
struct Told {
    request_id: Uuid,
    from_user_id: UserId,
}

impl FriendshipMessage {
    /// What happened, and what the two are told because of it, each with its routing key and in the order to go out.
    /// `correlation_id`: the request that did it.
    pub(crate) fn messages(
        &self,
        correlation_id: CorrelationId,
        now: Timestamp,
    ) -> (RoutedEnvelope, Vec<RoutedEnvelope>) {
        let &Self { step, by, other, request } = self;
        let data = Between { request_id: request.map(|request| request.id), from_user_id: by, to_user_id: other };
        // Who has to hear of it: a request is for who is asked, also for other systems that send one.
        let concerned = if step == FriendshipStep::Requested { other } else { by };
        let about = Envelope::about_user(concerned, step.event_type(), now, Data::encode(&data));
        let cause = Envelope { correlation_id, priority: Priority::Normal as u8, ..about };
        let mut messages = Vec::new();
        let mut say = |key: String, to: UserId, request_id: Uuid| {
            let data = Data::encode(&Told { request_id, from_user_id: by });
            messages.push((key.clone(), Envelope::after(&cause, &key, &key, to, data)));
        };
        let taken_back = |told: &str| format!("compensation.{told}");
        match (step, request) {
            (FriendshipStep::Requested, Some(request)) => say(REQUEST_TOLD.to_owned(), other, request.id),
            (FriendshipStep::Accepted, Some(request)) => {
                say(ACCEPTANCE_TOLD.to_owned(), other, request.id);
                say(taken_back(REQUEST_TOLD), by, request.id);
            }
            (FriendshipStep::Declined, Some(request)) => say(taken_back(REQUEST_TOLD), by, request.id),
            (FriendshipStep::Withdrawn, Some(request)) => say(taken_back(REQUEST_TOLD), other, request.id),
            (FriendshipStep::Removed, Some(request)) => say(taken_back(ACCEPTANCE_TOLD), request.by, request.id),
            _ => {}
        }
        let (own, others) = step.heard();
        for (to, about, change) in [(by, other, Some(own)), (other, by, others)] {
            let Some(change) = change else { continue };
            let frame = UserMessage::FriendsChanged(change, about);
            let mut envelope = frame.envelope_after(&cause, &format!("websocket/{to}"), to);
            envelope.priority = Priority::Urgent as u8;
            messages.push((frame.key(to), envelope));
        }
        ((step.event_type().to_owned(), cause), messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId(Uuid::from_u128(1));
    const BORIS: UserId = UserId(Uuid::from_u128(2));

    /// The keys of a step of Anna's, and to whom each message is, where Anna or Boris had asked.
    fn said(step: FriendshipStep, asked: UserId) -> Vec<(String, UserId)> {
        let request = Some(RequestOrigin { id: Uuid::from_u128(9), by: asked });
        let message = FriendshipMessage { step, by: ANNA, other: BORIS, request };
        let (happened, then) = message.messages(CorrelationId(Uuid::from_u128(7)), Timestamp::from_millis(5));
        let cause = happened.1.event_id;
        let messages = [vec![happened], then].concat();
        let mut ids: Vec<Uuid> = messages.iter().map(|(_, envelope)| envelope.event_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), messages.len(), "{step:?}: every message has an id of its own");
        for (key, envelope) in &messages[1..] {
            assert_eq!(
                (envelope.causation_id, envelope.correlation_id),
                (Some(cause), CorrelationId(Uuid::from_u128(7))),
                "{key}"
            );
        }
        messages.into_iter().map(|(key, envelope)| (key, envelope.user_id.expect("somebody's"))).collect()
    }

    fn frames(change: &[(UserId, &str)]) -> Vec<(String, UserId)> {
        change.iter().map(|(user, name)| (format!("websocket.user.{user}.{name}"), *user)).collect()
    }

    #[test]
    fn each_step_is_said_once_and_told_or_taken_back_where_it_has_to_be() {
        let both = frames(&[(ANNA, "friends"), (BORIS, "friends")]);
        let alone = frames(&[(ANNA, "friends")]);
        let key = |key: &str, user| (key.to_owned(), user);
        let taken_back = "compensation.notifications.friend_request";
        for (step, asked, first, then) in [
            (
                FriendshipStep::Requested,
                ANNA,
                key("social.friend_request", BORIS),
                vec![key("notifications.friend_request", BORIS)],
            ),
            (
                FriendshipStep::Accepted,
                BORIS,
                key("friends.accepted", ANNA),
                vec![key("notifications.friend_accepted", BORIS), key(taken_back, ANNA)],
            ),
            (FriendshipStep::Declined, BORIS, key("friends.declined", ANNA), vec![key(taken_back, ANNA)]),
            (FriendshipStep::Withdrawn, ANNA, key("friends.withdrawn", ANNA), vec![key(taken_back, BORIS)]),
        ] {
            assert_eq!(said(step, asked), [vec![first], then, both.clone()].concat(), "{step:?}");
        }
        for asked in [ANNA, BORIS] {
            // It was told to whoever had asked, whoever ends it.
            let then = vec![key("compensation.notifications.friend_accepted", asked)];
            let first = vec![key("friends.removed", ANNA)];
            assert_eq!(said(FriendshipStep::Removed, asked), [first, then, both.clone()].concat());
        }
        for (step, name) in
            [(FriendshipStep::Blocked, "friends.blocked"), (FriendshipStep::Unblocked, "friends.unblocked")]
        {
            assert_eq!(said(step, ANNA), [vec![key(name, ANNA)], alone.clone()].concat(), "told to nobody else");
        }
    }

    #[test]
    fn who_is_turned_away_hears_the_same_however_it_happened() {
        let heard = |step: FriendshipStep| step.heard().1;
        assert_eq!(heard(FriendshipStep::Declined), heard(FriendshipStep::Withdrawn));
        assert_eq!(heard(FriendshipStep::Blocked), None);
    }
}
