//! What this server says of itself to anybody: its version, the addresses that lead to it, and what it can do.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpResponse, web};
use serde::Serialize;

/// The addresses by which this server is reached.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    public_url: Option<String>,
    listening: Vec<SocketAddr>,
    lan: bool,
}

/// Interfaces that lead to containers and virtual machines on this machine, never to a phone.
const VIRTUAL: [&str; 12] =
    ["docker", "br-", "veth", "virbr", "vmnet", "cni", "podman", "lxcbr", "lxdbr", "vboxnet", "flannel", "cali"];
/// Those that lead to some phones only: told last.
const TUNNELS: [&str; 5] = ["tun", "tap", "wg", "tailscale", "zt"];

impl Addresses {
    /// `public_url` and `lan` as configured, and where the server really listens.
    pub(crate) fn new(public_url: Option<String>, listening: Vec<SocketAddr>, lan: bool) -> Self {
        Self { public_url, listening, lan }
    }

    /// Where users reach the service: as configured, or the first address by which a phone nearby does.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.public_url.clone().or_else(|| self.reachable_urls().into_iter().next())
    }

    /// The addresses by which phones near the server reach it, the best first. Looked up at each call: an address may
    /// come and go while the server runs. Where the service has a name, the addresses of the machine behind it are
    /// nobody's business, but for those who were asked in with `--lan`.
    pub(crate) fn reachable_urls(&self) -> Vec<String> {
        let mut urls: Vec<String> = self.public_url.iter().cloned().collect();
        if !urls.is_empty() && !self.lan {
            return urls;
        }
        for listening in &self.listening {
            let addresses = if listening.ip().is_unspecified() { of_this_machine() } else { vec![listening.ip()] };
            for ip in addresses {
                let url = format!("http://{}", SocketAddr::new(ip, listening.port()));
                if !ip.is_loopback() && !urls.contains(&url) {
                    urls.push(url);
                }
            }
        }
        urls
    }

    /// The addresses that somebody at this machine can open.
    pub(crate) fn local_urls(&self) -> Vec<String> {
        let open = |address: &SocketAddr| {
            let ip = match address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
                IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
                ip => ip,
            };
            format!("http://{}", SocketAddr::new(ip, address.port()))
        };
        self.listening.iter().map(open).collect()
    }
}

/// IPv4 addresses of this machine in the networks around it.
fn of_this_machine() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    best_first(interfaces.iter().map(|interface| (interface.name.as_str(), interface.ip())))
}

/// Those of private networks first, of tunnels last.
fn best_first<'a>(interfaces: impl Iterator<Item = (&'a str, IpAddr)>) -> Vec<IpAddr> {
    let is_one_of = |name: &str, prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let mut addresses: Vec<_> = interfaces
        .filter(|(name, _)| !is_one_of(name, &VIRTUAL))
        .filter_map(|(name, ip)| match ip {
            IpAddr::V4(v4) if !v4.is_loopback() && !v4.is_link_local() => {
                Some((is_one_of(name, &TUNNELS), !v4.is_private(), ip))
            }
            _ => None,
        })
        .collect();
    addresses.sort_by_key(|(is_tunnel, is_public, _)| (*is_tunnel, *is_public));
    let mut addresses: Vec<_> = addresses.into_iter().map(|(.., ip)| ip).collect();
    addresses.dedup();
    addresses
}

/// What this server can do, for clients that know more or less.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Features {
    /// People may play without an account: `POST /auth/guest`.
    pub(crate) guests: bool,
    /// Mail is configured: a forgotten password can be reset by it.
    pub(crate) mail: bool,
    /// Users have friends.
    pub(crate) friends: bool,
    /// Users have clubs with boards of their own.
    pub(crate) clubs: bool,
    /// Sessions and users have chats.
    pub(crate) chats: bool,
    /// Browsers are told by Web Push: `POST /push-subscriptions`.
    pub(crate) push: bool,
    /// People sign in with Telegram: `POST /auth/telegram`.
    pub(crate) telegram: bool,
}

/// What this server can do, and what clients need to use it.
pub(crate) struct Abilities {
    pub(crate) features: Features,
    pub(crate) push_public_key: String,
}

/// What the server says of itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ServerInfo {
    /// Of the program.
    version: &'static str,
    /// Where users reach it, as configured, or the first of `reachable_urls`; null where only this machine reaches it.
    public_url: Option<String>,
    /// By which phones near the server reach it, the best first.
    reachable_urls: Vec<String>,
    /// What it can do.
    features: Features,
    /// The `applicationServerKey` that browsers subscribe to pushes with.
    push_public_key: String,
}

/// Version, addresses and features of this server; open to everybody.
#[utoipa::path(get, path = "/api/v1/server", tag = "operations", responses((status = 200, body = ServerInfo)))]
async fn info(addresses: web::Data<Addresses>, abilities: web::Data<Abilities>) -> HttpResponse {
    HttpResponse::Ok().json(ServerInfo {
        version: env!("CARGO_PKG_VERSION"),
        public_url: addresses.public_url(),
        reachable_urls: addresses.reachable_urls(),
        features: abilities.features,
        push_public_key: abilities.push_public_key.clone(),
    })
}

/// The paths of this room.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/server").route(web::get().to(info)));
}

/// The OpenAPI of this room.
#[derive(utoipa::OpenApi)]
#[openapi(paths(info))]
pub(crate) struct Api;

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(public_url: Option<&str>, listening: &str) -> Addresses {
        Addresses::new(public_url.map(str::to_owned), vec![listening.parse().expect("an address")], false)
    }

    #[test]
    fn what_is_told_can_be_opened() {
        let everywhere = addresses(None, "0.0.0.0:8080");
        assert_eq!(everywhere.local_urls(), ["http://127.0.0.1:8080"]);
        for url in everywhere.reachable_urls() {
            assert!(!url.contains("0.0.0.0") && !url.contains("127.0.0.1") && url.ends_with(":8080"), "{url}");
        }
        assert_eq!(everywhere.public_url(), everywhere.reachable_urls().into_iter().next());
        let here = addresses(None, "127.0.0.1:8080");
        assert_eq!((here.public_url(), here.reachable_urls()), (None, Vec::new()));
        let one = addresses(Some("https://club.example"), "192.0.2.7:80");
        assert_eq!(one.reachable_urls(), ["https://club.example"], "what is behind the name is not told");
        let one = Addresses { lan: true, ..one };
        assert_eq!(one.reachable_urls(), ["https://club.example", "http://192.0.2.7:80"]);
        assert_eq!(addresses(None, "[::]:80").local_urls(), ["http://[::1]:80"]);
    }

    #[test]
    fn addresses_of_containers_are_not_told_and_tunnels_come_last() {
        let interfaces = [
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("br-5f2a", "172.18.0.1"),
            ("podman0", "10.88.0.1"),
            ("wg0", "10.7.0.2"),
            ("ens3", "203.0.113.9"),
            ("wlan0", "192.168.1.5"),
        ];
        let interfaces = interfaces.map(|(name, ip)| (name, ip.parse::<IpAddr>().expect("an address")));
        let told: Vec<_> = best_first(interfaces.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["192.168.1.5", "203.0.113.9", "10.7.0.2"]);
    }
}
