//! Where a request comes from. Forwarding headers can be written by anybody, so they are believed only as far as
//! trusted proxies wrote them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The rightmost address that is no trusted proxy's.
pub(super) fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = peer(request);
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let mut client = peer;
    for hop in listed(request.headers(), "x-forwarded-for").iter().rev() {
        // What a proxy could not read is not guessed at.
        let Some(address) = parse(hop) else { break };
        client = address;
        if !is_trusted(trusted, address) {
            break;
        }
    }
    client
}

/// Whether the client's connection is https, by itself or up to a trusted proxy.
pub(super) fn is_https(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    let forwarded = || listed(request.headers(), "x-forwarded-proto").last().is_some_and(|scheme| *scheme == "https");
    request.app_config().secure() || (is_trusted(trusted, peer(request)) && forwarded())
}

/// What limits are counted by: an IPv6 client owns a whole /64.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip().to_canonical())
}

fn listed<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

fn parse(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    let address = hop.parse::<IpAddr>().or_else(|_| with_port());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.1/32", "10.0.0.2/32", "172.16.0.0/12", "fd00::/8"]
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect();
        let mut request = TestRequest::default().peer_addr(peer.parse().expect("an address"));
        for line in forwarded {
            request = request.append_header(("x-forwarded-for", *line));
        }
        client_address(&request.to_http_request(), &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("5.5.5.5:1", &["1.1.1.1"]), "5.5.5.5");
        assert_eq!(seen("10.0.0.1:1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1:1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1:1", &["6.6.6.6", "1.1.1.1:4711"]), "1.1.1.1");
        assert_eq!(seen("[::ffff:10.0.0.1]:1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1:1", &["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:1", &[]), "10.0.0.1");
        assert_eq!(seen("172.31.255.1:1", &["1.1.1.1, 172.16.0.9"]), "1.1.1.1");
        assert_eq!(seen("[fd00::1]:1", &["1.1.1.1, fd12::7"]), "1.1.1.1");
        assert_eq!(seen("172.32.0.1:1", &["1.1.1.1"]), "172.32.0.1");
    }

    #[test]
    fn https_is_believed_from_trusted_proxies_only() {
        let trusted = ["10.0.0.1/32".parse().expect("an address")];
        for (peer, expected) in [("10.0.0.1:1", true), ("5.5.5.5:1", false)] {
            let request = TestRequest::default()
                .peer_addr(peer.parse().expect("an address"))
                .insert_header(("x-forwarded-proto", "https"))
                .to_http_request();
            assert_eq!(is_https(&request, &trusted), expected);
        }
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network = |address: &str| network_of(address.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2::5"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::5"), network("2001:db8:1:3::5"));
        assert_ne!(network("1.2.3.4"), network("1.2.3.5"));
    }
}
