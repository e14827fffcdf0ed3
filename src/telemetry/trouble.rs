//! A trouble that lasts is said when it begins, once a minute while it lasts, and when it is over: a log that repeats
//! itself hides what is new in it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SAID_EVERY: Duration = Duration::from_secs(60);

/// One kind of trouble at one place, or of one connection.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<Option<TroubleState>>);

#[derive(Debug)]
struct TroubleState {
    began: Instant,
    said: Instant,
}

impl Trouble {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// It is there, or there still: is that to be said now?
    pub(crate) fn is_news(&self) -> bool {
        self.is_news_at(Instant::now())
    }

    fn is_news_at(&self, now: Instant) -> bool {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *since {
            Some(since) if now.saturating_duration_since(since.said) < SAID_EVERY => false,
            Some(since) => {
                since.said = now;
                true
            }
            None => {
                *since = Some(TroubleState { began: now, said: now });
                true
            }
        }
    }

    /// It is over, or was never there; answers how long it lasted.
    pub(crate) fn end(&self) -> Option<Duration> {
        let since = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        since.map(|since| since.began.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_when_it_begins_and_every_minute_while_it_lasts() {
        let (trouble, began) = (Trouble::new(), Instant::now());
        let said = (0..1_250).filter(|tenths| trouble.is_news_at(began + Duration::from_millis(100 * tenths)));
        assert_eq!(said.collect::<Vec<_>>(), [0, 600, 1_200]);
        assert!(trouble.end().is_some() && trouble.end().is_none());
        assert!(trouble.is_news(), "another one");
    }
}
