//! Requests to addresses that users name. They go to public addresses alone, unless a setting allows others: what is
//! checked is the very address that is connected to, whatever a name led to, and no redirect is followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use ipnet::{Ipv4Net, Ipv6Net};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

const URL_MAX: usize = 2_000;
/// For each step of a request.
const STEP_MAX: Duration = Duration::from_secs(10);

/// The way out.
#[derive(Clone)]
pub(crate) struct Outbound {
    allows_private: bool,
    tls: TlsConnector,
}

/// An address of a user's that may be asked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    uri: Uri,
    host: String,
    port: u16,
    is_https: bool,
}

impl Target {
    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        let authority = self.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        format!("{scheme}://{authority}")
    }
}

impl Outbound {
    /// With the certificates that this system trusts.
    pub(crate) fn new(allows_private: bool) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { allows_private, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Reads an address that a user names; Err: what is wrong with it.
    pub(crate) fn target(&self, url: &str) -> Result<Target, &'static str> {
        let wrong = "must be like https://example.org/path";
        let uri: Uri = Some(url).filter(|url| url.len() <= URL_MAX).ok_or(wrong)?.parse().map_err(|_| wrong)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(wrong)?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if self.allows_private => false,
            Some("http") => return Err("must begin with https://"),
            _ => return Err(wrong),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        if host.is_empty() || host.parse().is_ok_and(|address| !self.allows(address)) {
            return Err("must not be a private address");
        }
        Ok(Target { host, port, is_https, uri })
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allows_private || is_public(address)
    }

    /// Sends a body there; Err: why there was no answer.
    pub(crate) async fn post(
        &self,
        target: &Target,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<StatusCode, String> {
        let addresses = in_time(self.resolve(target)).await?;
        let stream = in_time(connect(&addresses)).await?;
        let path = target.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = target.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let mut request = Request::post(path).header("host", authority).header("user-agent", "artel");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        if !target.is_https {
            return in_time(ask(stream, request)).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
        let handshake = async { self.tls.connect(name, stream).await.map_err(|error| error.to_string()) };
        in_time(ask(in_time(handshake).await?, request)).await
    }

    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, String> {
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|error| format!("{} is not found: {error}", target.host))?.collect();
        // One that leads astray is enough: whoever names it may mean that one.
        match found.iter().all(|address| self.allows(address.ip())) {
            true => Ok(found),
            false => Err(format!("{} is at a private address", target.host)),
        }
    }
}

async fn in_time<T>(step: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(STEP_MAX, step).await.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    TcpStream::connect(addresses).await.map_err(|error| error.to_string())
}

/// Only whether it was taken counts: what else is answered is not read.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, String> {
    let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
    let asking = sender.send_request(request);
    tokio::pin!(asking, connection);
    let answer = tokio::select! {
        answer = &mut asking => answer,
        ended = &mut connection => match ended {
            Err(error) => Err(error),
            // What was answered before it ended is there.
            Ok(()) => asking.await,
        },
    };
    answer.map(|answer| answer.status()).map_err(|error| error.to_string())
}

/// Addresses that are everybody's: none of this machine, of the networks around it, or of none at all.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of IPv4 that nothing public is in.
const CLOSED_V4: [(Ipv4Addr, u8); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|(network, bits)| Ipv4Net::new_assert(*network, *bits).contains(&address))
}

/// Networks within the public ones (2000::/3) that lead elsewhere: relays to IPv4, and examples.
const CLOSED_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_global = address.segments()[0] & 0xe000 == 0x2000;
    is_global && !CLOSED_V6.iter().any(|(network, bits)| Ipv6Net::new_assert(*network, *bits).contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_network_are_asked() {
        let is_public = |text: &str| is_public(text.parse().expect("an address"));
        for public in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public), "{public}");
        }
        for closed in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(closed), "{closed}");
        }
    }

    #[tokio::test]
    async fn names_and_numbers_that_lead_to_this_machine_are_refused() {
        let closed = Outbound::new(false).expect("a way out");
        for url in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1:8443/x",
            "http://example.org/",
            "ftp://example.org/",
            "https://a:b@example.org/",
            "/path",
            "https://",
            "https://169.254.169.254/latest",
        ] {
            assert!(closed.target(url).is_err(), "{url}");
        }
        // What is no address in writing may be one all the same, or a name of one.
        for url in ["https://localhost/", "https://2130706433/", "https://127.1/", "https://0x7f.0.0.1/"] {
            let target = closed.target(url).expect("a name");
            let refused = closed.post(&target, &[], Vec::new()).await.expect_err(url);
            assert!(refused.contains("private address") || refused.contains("not found"), "{url}: {refused}");
        }
        assert!(Outbound::new(true).expect("a way out").target("http://127.0.0.1:8080/x").is_ok());
    }
}
