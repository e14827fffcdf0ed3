//! How much there may be of one address at once: connections that were accepted, and sockets, streams and requests that
//! are under way. Behind a trusted proxy the forwarded address counts, and the proxy's own connections don't.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};

use crate::account::Accounts;
use crate::http::{Code, Problem};

/// Accepted connections for each that may have something under way: browsers keep some open, and whoever is over the
/// limit of what is under way is to hear why.
const ACCEPTED_PER_PLACE: usize = 2;

type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Counts by address. An address that has nothing here has no entry, so the places bound it.
#[derive(Clone)]
pub(crate) struct AddressLimits {
    under_way: Counts,
    accepted: Counts,
    max: usize,
}

/// One of the places of an address; given back when the last clone is dropped.
#[derive(Clone)]
pub(super) struct AddressPlace {
    _counted: Arc<CountedAddress>,
}

struct CountedAddress {
    counts: Counts,
    address: IpAddr,
}

impl AddressLimits {
    pub(crate) fn new(max: usize) -> Self {
        Self { under_way: Counts::default(), accepted: Counts::default(), max }
    }

    /// A place for something under way; `None`: the address has all it may have.
    fn begin(&self, address: IpAddr) -> Option<AddressPlace> {
        count(&self.under_way, address, self.max)
    }

    /// A place for an accepted connection.
    pub(super) fn accept(&self, address: IpAddr) -> Option<AddressPlace> {
        count(&self.accepted, address, self.max.saturating_mul(ACCEPTED_PER_PLACE))
    }
}

fn count(counts: &Counts, address: IpAddr, max: usize) -> Option<AddressPlace> {
    let mut there = counts.lock().unwrap_or_else(PoisonError::into_inner);
    let places = there.entry(address).or_insert(0);
    if *places >= max {
        return None;
    }
    *places += 1;
    Some(AddressPlace { _counted: Arc::new(CountedAddress { counts: counts.clone(), address }) })
}

impl Drop for CountedAddress {
    fn drop(&mut self) {
        let mut there = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = there.get_mut(&self.address) {
            *places -= 1;
            if *places == 0 {
                there.remove(&self.address);
            }
        }
    }
}

/// For `actix_web::middleware::from_fn`: a request has a place of its address while it is under way, and what it opens
/// (a socket, a stream) keeps the place.
pub(crate) async fn middleware<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let place = match (request.app_data::<web::Data<Accounts>>(), request.app_data::<web::Data<AddressLimits>>()) {
        (Some(accounts), Some(addresses)) => addresses.begin(accounts.client_network(request.request())),
        _ => return Err(Problem::internal("the limits of addresses were not given to the app").into()),
    };
    let Some(place) = place else {
        let problem = Problem::new(Code::RateLimited, "too many connections and requests from your address at once");
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    };
    request.extensions_mut().insert(place.clone());
    let response = next.call(request).await?;
    drop(place);
    Ok(response.map_into_left_body())
}

/// The place that a request has.
pub(super) fn place_of(request: &HttpRequest) -> Option<AddressPlace> {
    request.extensions().get::<AddressPlace>().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_again_when_all_who_hold_it_are_gone() {
        let limits = AddressLimits::new(1);
        let (anna, boris) = (IpAddr::from([9, 9, 9, 1]), IpAddr::from([9, 9, 9, 2]));
        let place = limits.begin(anna).expect("there is room");
        let held = place.clone();
        drop(place);
        assert!(limits.begin(anna).is_none(), "a socket has it still");
        assert!(limits.begin(boris).is_some(), "another address has its own");
        drop(held);
        assert!(limits.begin(anna).is_some());
        assert!(limits.under_way.lock().expect("not poisoned").is_empty(), "nobody is remembered");
    }
}
