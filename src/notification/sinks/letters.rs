//! Mails in words.

use std::fmt::Write;

use crate::account::{AccountLetter, Language, MailPurpose};
use crate::game::Session;
use crate::ids::{ParticipantId, UserId};
use crate::notification::texts::money;

/// A mail: plain text.
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) body: String,
}

/// A mail about an account itself, with the link that it is for.
pub(super) fn of_account(letter: AccountLetter, purpose: MailPurpose, public_url: &str) -> Letter {
    let AccountLetter { email, username, display_name, contact, token } = letter;
    let language = contact.language;
    let (subject, asked, life, else_ignore, part) = match purpose {
        MailPurpose::ConfirmAddress => (
            language.choose("Подтвердите адрес почты", "Confirm your mail address"),
            language.choose("Чтобы подтвердить этот адрес, откройте ссылку", "To confirm this address, open this link"),
            language.choose("Она действует три дня.", "It is good for three days."),
            language.choose(
                "Если вы не указывали этот адрес, ничего не делайте.",
                "If you did not give this address, do nothing.",
            ),
            "confirm",
        ),
        MailPurpose::ResetPassword => (
            language.choose("Новый пароль", "A new password"),
            language.choose("Чтобы задать новый пароль, откройте ссылку", "To set a new password, open this link"),
            language.choose("Она действует час и один раз.", "It is good for an hour, and once."),
            language.choose(
                "Если вы не просили об этом, ничего не делайте: пароль останется прежним.",
                "If you did not ask for it, do nothing: your password stays as it is.",
            ),
            "reset",
        ),
    };
    let greeting = language.choose("Здравствуйте", "Hello");
    let name = language.choose("Имя для входа", "Your user name");
    let body = format!(
        "{greeting}, {display_name}!\n\n{asked}:\n{public_url}/mail.html#{part}={token}\n\n{life} {else_ignore}\n\n\
         {name}: {username}\n"
    );
    Letter { to: email, subject: subject.to_owned(), body }
}

/// An evening that is over: what everybody won or lost, and who pays whom.
pub(super) fn of_evening(to: String, session: &Session, user: UserId, language: Language, public_url: &str) -> Letter {
    let balance = session.balance();
    let named = |id: ParticipantId| {
        let participant = session.participant(id);
        participant.map(|participant| participant.display_name.as_str()).unwrap_or_default()
    };
    let mine = session.participant_of(user).map(|participant| participant.id);
    let sum = |id| balance.participants.iter().find(|sum| Some(sum.participant_id) == id).map(|sum| sum.net);
    let mut body = String::new();
    let _ = writeln!(body, "{}: {}\n", language.choose("Вечер окончен", "The evening is over"), session.name());
    if let Some(net) = sum(mine) {
        let yours = language.choose("Ваш итог", "Your balance");
        let _ = writeln!(body, "{yours}: {}\n", money(net, &balance.currency, language));
    }
    for participant in &balance.participants {
        let net = money(participant.net, &balance.currency, language);
        let _ = writeln!(body, "{}: {net}", named(participant.participant_id));
    }
    let heading = language.choose("Кто кому платит", "Who pays whom");
    let nobody = language.choose("никто никому", "nobody pays anybody");
    match balance.settlement.is_empty() {
        true => drop(writeln!(body, "\n{heading}: {nobody}")),
        false => drop(writeln!(body, "\n{heading}:")),
    }
    for transfer in &balance.settlement {
        let amount = money(transfer.amount, &balance.currency, language);
        let _ = writeln!(body, "{} → {}: {}", named(transfer.from), named(transfer.to), amount.trim_start_matches('+'));
    }
    let _ = writeln!(body, "\n{public_url}");
    let _ = writeln!(
        body,
        "{}",
        language.choose(
            "Такие письма можно отключить в настройках уведомлений.",
            "These mails can be switched off in the settings of notifications.",
        )
    );
    let subject = format!("{}: {}", session.name(), language.choose("итоги вечера", "the evening"));
    Letter { to, subject, body }
}
