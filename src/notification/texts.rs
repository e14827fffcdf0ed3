//! Notifications in words: in the language of whoever is told. Pages that speak another one have the data.

use super::content::{AchievementUnlocked, Content, GameCompleted, PaymentMarked, Person};
use crate::account::Language;
use crate::game::currency::minor_digits;
use crate::ids::Money;
use crate::stats::achievements::ACHIEVEMENTS;

/// Title and body.
pub(super) fn of(content: &Content, language: Language) -> (String, String) {
    let say = |russian: &str, english: &str| language.choose(russian, english).to_owned();
    let who = |person: Option<&Person>| match person {
        Some(person) => person.display_name.clone(),
        None => say("Игрок", "A player"),
    };
    match content {
        Content::GameCompleted(game) => game_completed(game, language),
        Content::AchievementUnlocked(unlocked) => achievement(unlocked, language),
        Content::SessionInvitation(invitation) => {
            let session = invitation.session_name.clone().unwrap_or_else(|| say("игра", "a game"));
            let asks = say("зовёт вас", "invites you");
            let body = format!("{} {asks}: {session}", who(invitation.invited_by.as_ref()));
            (say("Приглашение за стол", "An invitation to the table"), body)
        }
        Content::FriendRequest(asked) => {
            let asks = say("хочет добавить вас в друзья", "wants to be friends with you");
            (say("Заявка в друзья", "A friend request"), format!("{} {asks}", who(asked.from.as_ref())))
        }
        Content::FriendAccepted(answered) => {
            let is_friend = say("теперь у вас в друзьях", "is your friend now");
            (say("Заявка принята", "Request accepted"), format!("{} {is_friend}", who(answered.from.as_ref())))
        }
        Content::PaymentMarked(payment) => payment_marked(payment, language),
        Content::Message(message) => (who(message.from.as_ref()), message.content.clone()),
        Content::CommandRefused(refused) => {
            (say("Команда не выполнена", "A command was not carried out"), refusal(&refused.code, language))
        }
    }
}

fn game_completed(game: &GameCompleted, language: Language) -> (String, String) {
    let title = match game.is_corrected {
        true => language.choose("Итоги игры исправлены", "The results of a game were corrected"),
        false => language.choose("Игра окончена", "The game is over"),
    };
    let place = match language {
        Language::Ru => format!("{}-е место", game.place),
        Language::En => format!("place {}", game.place),
    };
    let body = format!("{place}, {}", money(game.net, &game.currency, language));
    (title.to_owned(), of_session(game.session_name.as_deref(), body))
}

/// What this version has no words for is told in those of its message.
fn achievement(unlocked: &AchievementUnlocked, language: Language) -> (String, String) {
    let known = ACHIEVEMENTS.iter().find(|known| known.code == unlocked.code);
    let is_english = language == Language::En;
    let (title, description) = match known {
        Some(known) => (known.title.in_language(is_english), known.description.in_language(is_english)),
        None => (unlocked.title.as_deref().unwrap_or_default(), unlocked.description.as_deref().unwrap_or_default()),
    };
    (format!("{}: {title}", language.choose("Достижение", "Achievement")), description.to_owned())
}

fn payment_marked(payment: &PaymentMarked, language: Language) -> (String, String) {
    let amount = money(payment.amount, &payment.currency, language);
    let amount = amount.trim_start_matches('+').to_owned();
    let title = language.choose("Отмечена оплата", "A payment was marked");
    (title.to_owned(), of_session(payment.session_name.as_deref(), amount))
}

fn of_session(session: Option<&str>, body: String) -> String {
    session.map(|session| format!("{session}: {body}")).unwrap_or(body)
}

/// The stable code in words; what the server itself says of it (`data.message`) is for programmers.
fn refusal(code: &str, language: Language) -> String {
    let (russian, english) = match code {
        "validation_failed" => ("В команде что-то указано неверно", "Something in the command is wrong"),
        "not_found" => ("Такого вечера, игры или отметки нет", "There is no such evening, game or mark"),
        "insufficient_permissions" => ("Это вам не разрешено", "You may not do this"),
        "participant_removed" => ("Вас убрали из-за стола", "You were removed from the table"),
        "already_claimed" => ("Это место уже чьё-то", "This place is somebody's already"),
        "already_in_session" => {
            ("За этим столом у вас уже есть другое место", "You have another place at this table already")
        }
        "session_full" => ("Все места заняты", "All places are taken"),
        "session_not_open" => ("За этот стол уже нельзя сесть", "This table can't be joined any more"),
        "session_closed" => ("Вечер уже окончен", "The evening is over"),
        "game_in_progress" => ("Сначала нужно закончить игру", "The game has to be finished first"),
        "game_not_active" => ("Эта игра уже окончена", "This game is over"),
        "game_not_ended" => ("Эта игра ещё не окончена", "This game is not over yet"),
        "game_not_reopenable" => ("Эту игру нельзя продолжить", "This game can't go on"),
        "table_not_running" => ("Часы стола не идут", "The table's clock does not run"),
        "not_your_turn" => ("Сейчас ход другого игрока", "It is another player's turn"),
        "unknown_ball" => ("Такого шара нет в правилах", "The rules have no such ball"),
        "ball_not_available" => (
            "Таких шаров на столе больше нет, или шар не на очереди",
            "No such ball is left on the table, or it is not on",
        ),
        "not_enough_players" => ("Мало игроков", "There are too few players"),
        "event_not_voidable" => ("Эту отметку нельзя отменить", "This mark can't be taken back"),
        "idempotency_key_reused" => ("Этот ключ уже был у другой команды", "Another command had this key"),
        "rate_limited" => ("Слишком часто", "Too often"),
        "overloaded" => ("Сервер был занят", "The server was busy"),
        "storage_unavailable" => ("Сервер временно не записывал", "The server could not store it at that time"),
        other => return format!("{}: {other}", language.choose("Причина", "Reason")),
    };
    language.choose(russian, english).to_owned()
}

/// `+1 250,50 ₽`, in English `+1,250.50 ₽`; whole amounts without kopecks, as many decimals as the currency has.
pub(super) fn money(Money(minor): Money, currency: &str, language: Language) -> String {
    let sign = match minor {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    let decimals = minor_digits(currency).unwrap_or(2);
    let unit = 10_u64.pow(decimals);
    let (separator, point) = language.choose(('\u{a0}', ','), (',', '.'));
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    let rest = if rest == 0 { String::new() } else { format!("{point}{rest:0width$}", width = decimals as usize) };
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
    use crate::ids::{Seq, Timestamp, UserId};
    use crate::notification::kind::Kind;
    use crate::outbox::envelope::Envelope;

    fn told(kind: Kind, data: Value) -> (String, String) {
        told_in(Language::Ru, kind, data)
    }

    fn told_in(language: Language, kind: Kind, data: Value) -> (String, String) {
        let cause = Envelope::about_user(UserId::default(), "test", Timestamp::from_millis(0), data);
        let mut content = Content::read(kind, &cause).expect("content");
        if let Some(name) = content.session_name() {
            *name = Some("Пятница".to_owned());
        }
        of(&content, language)
    }

    #[test]
    fn money_is_grouped_signed_and_has_kopecks_where_there_are_any() {
        assert_eq!(money(Money(0), "RUB", Language::Ru), "0\u{a0}₽");
        assert_eq!(money(Money(125_050), "RUB", Language::Ru), "+1\u{a0}250,50\u{a0}₽");
        assert_eq!(money(Money(-100_000_000), "GEL", Language::Ru), "−1\u{a0}000\u{a0}000\u{a0}GEL");
        assert_eq!(money(Money(-5), "", Language::Ru), "−0,05");
        assert_eq!(money(Money(1_500), "JPY", Language::Ru), "+1\u{a0}500\u{a0}JPY");
        assert_eq!(money(Money(-1_500), "KWD", Language::Ru), "−1,500\u{a0}KWD");
        assert_eq!(
            money(Money(i64::MAX), "CLF", Language::Ru),
            "+922\u{a0}337\u{a0}203\u{a0}685\u{a0}477,5807\u{a0}CLF"
        );
        assert_eq!(
            money(Money(i64::MIN), "RUB", Language::Ru),
            "−92\u{a0}233\u{a0}720\u{a0}368\u{a0}547\u{a0}758,08\u{a0}₽"
        );
    }

    #[test]
    fn a_game_is_told_with_place_and_money() {
        let data = json!({"place": 2, "net": -15_000, "currency": "RUB"});
        let (title, body) = told(Kind::GameCompleted, data);
        assert_eq!((title.as_str(), body.as_str()), ("Игра окончена", "Пятница: 2-е место, −150\u{a0}₽"));
        let (title, body) =
            told_in(Language::En, Kind::GameCompleted, json!({"place": 1, "net": 125_050, "currency": "USD"}));
        assert_eq!((title.as_str(), body.as_str()), ("The game is over", "Пятница: place 1, +1,250.50\u{a0}$"));
    }

    #[test]
    fn every_kind_has_words_whatever_is_missing_from_its_data() {
        for kind in Kind::ALL {
            assert!(!told(kind, json!({})).0.is_empty(), "{kind:?}");
            assert!(!told(kind, Value::Null).0.is_empty(), "{kind:?}");
            assert!(told_in(Language::En, kind, json!({})).0.is_ascii(), "{kind:?}");
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
            Refusal::SessionTooLong(Seq(100_000)),
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
            let (title, body) = told_in(Language::En, Kind::CommandRefused, json!({"code": refusal.code()}));
            assert!(format!("{title} {body}").is_ascii() && !body.contains(refusal.code()), "{body}");
        }
    }
}
