//! Notifications in words: Russian, as the users of this service speak. Pages that speak another language have the data.

use super::content::{Content, GameCompleted, PaymentMarked, Person};
use crate::game::currency::minor_digits;
use crate::ids::Money;

/// Title and body.
pub(super) fn of(content: &Content) -> (String, String) {
    match content {
        Content::GameCompleted(game) => game_completed(game),
        Content::AchievementUnlocked(unlocked) => (
            format!("Достижение: {}", unlocked.title.as_deref().unwrap_or_default()),
            unlocked.description.clone().unwrap_or_default(),
        ),
        Content::SessionInvitation(invitation) => {
            let session = invitation.session_name.as_deref().unwrap_or("игра");
            ("Приглашение за стол".to_owned(), format!("{} зовёт вас: {session}", who(invitation.invited_by.as_ref())))
        }
        Content::FriendRequest(asked) => {
            ("Заявка в друзья".to_owned(), format!("{} хочет добавить вас в друзья", who(asked.from.as_ref())))
        }
        Content::FriendAccepted(answered) => {
            ("Заявка принята".to_owned(), format!("{} теперь у вас в друзьях", who(answered.from.as_ref())))
        }
        Content::PaymentMarked(payment) => payment_marked(payment),
        Content::Message(message) => (who(message.from.as_ref()).to_owned(), message.content.clone()),
        Content::CommandRefused(refused) => ("Команда не выполнена".to_owned(), refusal(&refused.code)),
    }
}

fn game_completed(game: &GameCompleted) -> (String, String) {
    let title =
        if game.is_corrected { "Итоги игры исправлены" } else { "Игра окончена" };
    let body = format!("{}-е место, {}", game.place, money(game.net, &game.currency));
    (title.to_owned(), of_session(game.session_name.as_deref(), body))
}

fn payment_marked(payment: &PaymentMarked) -> (String, String) {
    let amount = money(payment.amount, &payment.currency);
    let amount = amount.trim_start_matches('+').to_owned();
    ("Отмечена оплата".to_owned(), of_session(payment.session_name.as_deref(), amount))
}

fn of_session(session: Option<&str>, body: String) -> String {
    session.map(|session| format!("{session}: {body}")).unwrap_or(body)
}

/// The stable code in words; what the server itself says of it (`data.message`) is English.
fn refusal(code: &str) -> String {
    let words = match code {
        "validation_failed" => "В команде что-то указано неверно",
        "not_found" => "Такого вечера, игры или отметки нет",
        "insufficient_permissions" => "Это вам не разрешено",
        "participant_removed" => "Вас убрали из-за стола",
        "session_full" => "Все места заняты",
        "session_not_open" => "За этот стол уже нельзя сесть",
        "session_closed" => "Вечер уже окончен",
        "game_in_progress" => "Сначала нужно закончить игру",
        "game_not_active" => "Эта игра уже окончена",
        "game_not_ended" => "Эта игра ещё не окончена",
        "game_not_reopenable" => "Эту игру нельзя продолжить",
        "table_not_running" => "Часы стола не идут",
        "not_your_turn" => "Сейчас ход другого игрока",
        "unknown_ball" => "Такого шара нет в правилах",
        "ball_not_available" => "Таких шаров на столе больше нет, или шар не на очереди",
        "not_enough_players" => "Мало игроков",
        "event_not_voidable" => "Эту отметку нельзя отменить",
        "idempotency_key_reused" => "Этот ключ уже был у другой команды",
        "rate_limited" => "Слишком часто",
        "overloaded" => "Сервер был занят",
        "storage_unavailable" => "Сервер временно не записывал",
        other => return format!("Причина: {other}"),
    };
    words.to_owned()
}

fn who(person: Option<&Person>) -> &str {
    person.map_or("Игрок", |person| &person.display_name)
}

/// `+1 250,50 ₽`; whole amounts without kopecks, as many decimals as the currency has.
fn money(Money(minor): Money, currency: &str) -> String {
    let sign = match minor {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    let decimals = minor_digits(currency).unwrap_or(2);
    let unit = 10_u64.pow(decimals);
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    let rest = if rest == 0 { String::new() } else { format!(",{rest:0width$}", width = decimals as usize) };
    let currency = match currency {
        "RUB" => "₽",
        "USD" => "$",
        "EUR" => "€",
        other => other,
    };
    format!("{sign}{grouped}{rest}\u{a0}{currency}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::game::Refusal;
    use crate::ids::{Timestamp, UserId};
    use crate::notification::kind::Kind;
    use crate::outbox::envelope::Envelope;

    fn told(kind: Kind, data: Value) -> (String, String) {
        let cause = Envelope::about_user(UserId::default(), "test", Timestamp::from_millis(0), data);
        let mut content = Content::read(kind, &cause).expect("content");
        if let Some(name) = content.session_name() {
            *name = Some("Пятница".to_owned());
        }
        of(&content)
    }

    #[test]
    fn money_is_grouped_signed_and_has_kopecks_where_there_are_any() {
        assert_eq!(money(Money(0), "RUB"), "0\u{a0}₽");
        assert_eq!(money(Money(125_050), "RUB"), "+1\u{a0}250,50\u{a0}₽");
        assert_eq!(money(Money(-100_000_000), "GEL"), "−1\u{a0}000\u{a0}000\u{a0}GEL");
        assert_eq!(money(Money(-5), ""), "−0,05");
        assert_eq!(money(Money(1_500), "JPY"), "+1\u{a0}500\u{a0}JPY");
        assert_eq!(money(Money(-1_500), "KWD"), "−1,500\u{a0}KWD");
        assert_eq!(money(Money(i64::MAX), "CLF"), "+922\u{a0}337\u{a0}203\u{a0}685\u{a0}477,5807\u{a0}CLF");
        assert_eq!(money(Money(i64::MIN), "RUB"), "−92\u{a0}233\u{a0}720\u{a0}368\u{a0}547\u{a0}758,08\u{a0}₽");
    }

    #[test]
    fn a_game_is_told_with_place_and_money() {
        let data = json!({"place": 2, "net": -15_000, "currency": "RUB"});
        let (title, body) = told(Kind::GameCompleted, data);
        assert_eq!((title.as_str(), body.as_str()), ("Игра окончена", "Пятница: 2-е место, −150\u{a0}₽"));
    }

    #[test]
    fn every_kind_has_words_whatever_is_missing_from_its_data() {
        for kind in Kind::ALL {
            assert!(!told(kind, json!({})).0.is_empty(), "{kind:?}");
            assert!(!told(kind, Value::Null).0.is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_one_language() {
        let refusals = [
            Refusal::Invalid { field: "points", message: "must be 1 to 100".to_owned() },
            Refusal::NotFound("game"),
            Refusal::NotAllowed("only the session's creator may do this"),
            Refusal::SessionFull(8),
            Refusal::SessionNotOpen,
            Refusal::SessionClosed,
            Refusal::SessionTooLong(100_000),
            Refusal::GameInProgress,
            Refusal::GameNotActive,
            Refusal::NotYourTurn("Борис".to_owned()),
            Refusal::UnknownBall("white".to_owned()),
            Refusal::BallNotAvailable("white"),
            Refusal::NotEnoughPlayers { needed: 2, there: 1 },
            Refusal::EventNotVoidable("this was taken back already"),
        ];
        for refusal in refusals {
            let (title, body) =
                told(Kind::CommandRefused, json!({"code": refusal.code(), "message": refusal.to_string()}));
            assert!(!format!("{title} {body}").contains(|letter: char| letter.is_ascii_alphabetic()), "{body}");
        }
    }
}
