//! What is sent outside: by mail, to webhooks, to browsers.

use std::sync::Arc;

use crate::account::Accounts;
use crate::config::{BadSetting, Config};
use crate::database::Database;
use crate::journal::Journal;
use crate::notification::{MailSettings, MailTransport, Outbound, Sinks, VapidKey};
use crate::server::Addresses;

/// All of it, on this node.
pub(super) fn sinks(
    config: &Config,
    database: &Database,
    journal: &Journal,
    (accounts, outbound, vapid): (&Accounts, &Outbound, &Arc<VapidKey>),
) -> anyhow::Result<Sinks> {
    let addresses = Addresses::new(config.public_url.clone(), vec![config.listen], config.lan);
    let here = || addresses.local_urls().into_iter().next();
    let public_url = addresses.public_url().or_else(here).unwrap_or_default();
    let mail = mail_transport(config)?;
    let contact = mail.as_ref().map(|mail| format!("mailto:{}", mail.address())).unwrap_or_else(|| public_url.clone());
    Ok(Sinks {
        database: database.clone(),
        journal: journal.clone(),
        accounts: accounts.clone(),
        public_url,
        mail,
        outbound: outbound.clone(),
        vapid: vapid.clone(),
        contact,
    })
}

/// The way to the mail server, where one is set.
pub(super) fn mail_transport(config: &Config) -> Result<Option<MailTransport>, BadSetting> {
    let Some((smtp_url, mail_from)) = config.mail.clone() else { return Ok(None) };
    let transport = MailTransport::new(&MailSettings { smtp_url, mail_from });
    transport.map(Some).map_err(|(setting, reason)| BadSetting::new(setting, reason))
}
