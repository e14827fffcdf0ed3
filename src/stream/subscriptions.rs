//! Which sessions one socket hears, and how far it has told each. Pure; the socket runs it.

use std::collections::HashMap;

use uuid::Uuid;

use crate::ids::{Seq, SessionId};

/// Sessions one socket may watch.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 100;

/// The `watch` that a subscription stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WatchId {
    /// Its name towards the session.
    pub(crate) request: Uuid,
    /// The client asked, so it is answered `subscribed`.
    pub(crate) asked: bool,
}

/// What comes of a client's request for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscribeDecision {
    /// The session is to be watched.
    Watches(WatchId),
    /// An earlier request for the same session is not answered yet: one at a time.
    Awaits,
    /// The socket watches all that it may.
    TooMany,
}

/// What a socket does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventDecision {
    /// It is the next one: it is told.
    Next,
    /// It was told, or is part of a welcome to come, or the session is not watched any more.
    NotNow,
    /// Events before it were missed: two subscriptions of one session overtook each other on their way to it.
    Gap,
}

/// What a socket does with the welcome of a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WelcomeDecision {
    /// This request is answered with it.
    Answers(Uuid),
    /// Nobody asked: what was missed goes on as events.
    GoesOn,
}

/// What a socket does when a session can't be watched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FailureDecision {
    /// Nobody waits for it any more.
    NotAwaited,
    /// This request is answered with the error.
    Answers(Uuid),
    /// Nobody asked, so nobody can be answered: the client has to subscribe anew.
    Closes,
}

struct Subscription {
    /// The last event that was told.
    last: Seq,
    /// The `watch` whose welcome is awaited; what comes before it is of an earlier one.
    awaiting: Option<WatchId>,
}

/// The sessions of one socket.
#[derive(Default)]
pub(crate) struct Subscriptions(HashMap<SessionId, Subscription>);

impl Subscriptions {
    /// The client asks for a session, perhaps again.
    pub(crate) fn ask(&mut self, session: SessionId, request: Uuid) -> SubscribeDecision {
        match self.0.get(&session) {
            Some(Subscription { awaiting: Some(WatchId { asked: true, .. }), .. }) => return SubscribeDecision::Awaits,
            None if self.0.len() >= SUBSCRIPTIONS_MAX => return SubscribeDecision::TooMany,
            _ => {}
        }
        let watching = WatchId { request, asked: true };
        self.0.insert(session, Subscription { last: Seq::ZERO, awaiting: Some(watching) });
        SubscribeDecision::Watches(watching)
    }

    /// Watches a session again; answers from which event on, `None` in it: from the beginning. `None`: it is not
    /// watched any more.
    pub(crate) fn again(&mut self, session: SessionId) -> Option<(WatchId, Option<Seq>)> {
        let subscription = self.0.get_mut(&session)?;
        let was_told = subscription.awaiting.is_none_or(|watching| !watching.asked);
        let after = was_told.then_some(subscription.last);
        // A subscription that was still awaiting its welcome has been answered by nobody.
        let watching = subscription.awaiting.unwrap_or_else(|| WatchId { request: Uuid::new_v4(), asked: false });
        subscription.awaiting = Some(watching);
        Some((watching, after))
    }

    /// Hears no more of a session; false: it did not.
    pub(crate) fn end(&mut self, session: SessionId) -> bool {
        self.0.remove(&session).is_some()
    }

    /// The session tells this connection no more. The request that is answered so, or `None` where nobody waits for an
    /// answer; nothing where it was not watched.
    pub(crate) fn dismissed(&mut self, session: SessionId) -> Option<Option<Uuid>> {
        let awaiting = self.0.remove(&session)?.awaiting;
        Some(awaiting.filter(|watching| watching.asked).map(|watching| watching.request))
    }

    /// The `watch` could not be had.
    pub(crate) fn failed(&mut self, session: SessionId, watching: WatchId) -> FailureDecision {
        let awaited = |there: &Subscription| there.awaiting.is_some_and(|it| it.request == watching.request);
        if !self.0.get(&session).is_some_and(awaited) {
            return FailureDecision::NotAwaited;
        }
        self.0.remove(&session);
        if watching.asked { FailureDecision::Answers(watching.request) } else { FailureDecision::Closes }
    }

    /// The welcome of `request`, where the session stands at `seq`; `None`: nobody awaits it any more.
    pub(crate) fn welcomed(&mut self, session: SessionId, request: Uuid, seq: Seq) -> Option<WelcomeDecision> {
        let subscription = self.0.get_mut(&session)?;
        let watching = subscription.awaiting.take_if(|watching| watching.request == request)?;
        if !watching.asked {
            return Some(WelcomeDecision::GoesOn);
        }
        subscription.last = seq;
        Some(WelcomeDecision::Answers(request))
    }

    /// An event of a session; what is [`EventDecision::Next`] counts as told.
    pub(crate) fn heard(&mut self, session: SessionId, seq: Seq) -> EventDecision {
        match self.0.get_mut(&session) {
            Some(subscription) if subscription.awaiting.is_none() => match seq.since(subscription.last) {
                ..=0 => EventDecision::NotNow,
                1 => {
                    subscription.last = seq;
                    EventDecision::Next
                }
                _ => EventDecision::Gap,
            },
            _ => EventDecision::NotNow,
        }
    }

    /// Has the client been welcomed by this session?
    pub(crate) fn is_welcome(&self, session: SessionId) -> bool {
        self.0.get(&session).is_some_and(|there| there.awaiting.is_none())
    }

    /// All of them.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(Uuid::from_u128(7));

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn asked(subscriptions: &mut Subscriptions, request: u128) -> WatchId {
        match subscriptions.ask(SESSION, id(request)) {
            SubscribeDecision::Watches(watching) => watching,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn events_are_told_once_in_order_and_only_after_the_welcome() {
        let mut subscriptions = Subscriptions::default();
        asked(&mut subscriptions, 1);
        assert_eq!(subscriptions.heard(SESSION, Seq(4)), EventDecision::NotNow, "it will be part of the welcome");
        assert_eq!(subscriptions.welcomed(SESSION, id(1), Seq(4)), Some(WelcomeDecision::Answers(id(1))));
        assert_eq!(subscriptions.welcomed(SESSION, id(1), Seq(9)), None, "it was welcomed");
        let heard = [4, 5, 5, 6, 8].map(|seq| subscriptions.heard(SESSION, Seq(seq)));
        assert_eq!(
            heard,
            [
                EventDecision::NotNow,
                EventDecision::Next,
                EventDecision::NotNow,
                EventDecision::Next,
                EventDecision::Gap
            ]
        );
        assert!(subscriptions.end(SESSION) && !subscriptions.end(SESSION));
        assert_eq!(subscriptions.heard(SESSION, Seq(7)), EventDecision::NotNow);
    }

    #[test]
    fn a_session_is_asked_for_once_at_a_time() {
        let mut subscriptions = Subscriptions::default();
        let first = asked(&mut subscriptions, 1);
        assert_eq!(subscriptions.ask(SESSION, id(2)), SubscribeDecision::Awaits);
        assert!(subscriptions.end(SESSION));
        let third = asked(&mut subscriptions, 3);
        assert_eq!(subscriptions.failed(SESSION, first), FailureDecision::NotAwaited, "it was given up");
        assert_eq!(subscriptions.failed(SESSION, third), FailureDecision::Answers(id(3)));
        assert_eq!(subscriptions.again(SESSION), None, "it is gone");
        asked(&mut subscriptions, 4);
        assert_eq!(subscriptions.welcomed(SESSION, id(4), Seq(3)), Some(WelcomeDecision::Answers(id(4))));
        asked(&mut subscriptions, 5);
    }

    #[test]
    fn watching_again_goes_on_from_the_last_event_and_answers_nobody() {
        let mut subscriptions = Subscriptions::default();
        let first = asked(&mut subscriptions, 1);
        assert_eq!(subscriptions.again(SESSION), Some((first, None)), "nobody was answered yet");
        subscriptions.welcomed(SESSION, id(1), Seq(5));
        let (watching, after) = subscriptions.again(SESSION).expect("it is watched");
        assert_eq!((watching.asked, after), (false, Some(Seq(5))));
        assert!(!subscriptions.is_welcome(SESSION));
        assert_eq!(subscriptions.again(SESSION), Some((watching, Some(Seq(5)))), "the next actor is gone as well");
        assert_eq!(subscriptions.welcomed(SESSION, watching.request, Seq(8)), Some(WelcomeDecision::GoesOn));
        assert_eq!(subscriptions.heard(SESSION, Seq(6)), EventDecision::Next, "what was missed is told as events");
        let (watching, _) = subscriptions.again(SESSION).expect("it is watched");
        assert_eq!(subscriptions.failed(SESSION, watching), FailureDecision::Closes);
    }

    #[test]
    fn a_socket_watches_no_more_than_it_may() {
        let mut subscriptions = Subscriptions::default();
        let session = |number: usize| SessionId(Uuid::from_u128(number as u128));
        for number in 0..SUBSCRIPTIONS_MAX {
            assert!(matches!(subscriptions.ask(session(number), id(1)), SubscribeDecision::Watches(_)));
        }
        assert_eq!(subscriptions.ask(session(SUBSCRIPTIONS_MAX), id(2)), SubscribeDecision::TooMany);
        assert_eq!(subscriptions.ask(session(0), id(3)), SubscribeDecision::Awaits, "it is among them");
        subscriptions.end(session(5));
        assert!(matches!(subscriptions.ask(session(SUBSCRIPTIONS_MAX), id(4)), SubscribeDecision::Watches(_)));
    }
}
