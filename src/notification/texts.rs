//! Notifications in words: Russian, as the users of this service speak. Pages that speak another language have the data.

use serde_json::Value;

use super::kind::Kind;
use crate::game::currency::minor_digits;

/// Title and body.
pub(super) fn of(kind: Kind, data: &Value) -> (String, String) {
    match kind {
        Kind::GameCompleted => game_completed(data),
        Kind::AchievementUnlocked => achievement_unlocked(data),
        Kind::SessionInvitation => session_invitation(data),
        Kind::FriendRequest => {
            ("Заявка в друзья".to_owned(), format!("{} хочет добавить вас в друзья", who(&data["from"])))
        }
        Kind::FriendAccepted => ("Заявка принята".to_owned(), format!("{} теперь у вас в друзьях", who(&data["from"]))),
        Kind::PaymentMarked => payment_marked(data),
        Kind::Message => (who(&data["from"]), text(&data["content"]).to_owned()),
        Kind::CommandRefused => ("Команда не выполнена".to_owned(), refusal(text(&data["code"]))),
    }
}

fn game_completed(data: &Value) -> (String, String) {
    let place = data["place"].as_i64().unwrap_or_default();
    let net = data["net"].as_i64().unwrap_or_default();
    let title = if data["is_corrected"] == true {
        "Итоги игры исправлены"
    } else {
        "Игра окончена"
    };
    let mut body = format!("{place}-е место, {}", money(net, text(&data["currency"])));
    if let Some(session) = data["session_name"].as_str() {
        body = format!("{session}: {body}");
    }
    (title.to_owned(), body)
}

fn achievement_unlocked(data: &Value) -> (String, String) {
    (format!("Достижение: {}", text(&data["title"])), text(&data["description"]).to_owned())
}

fn payment_marked(data: &Value) -> (String, String) {
    let amount = money(data["amount"].as_i64().unwrap_or_default(), text(&data["currency"]));
    let amount = amount.trim_start_matches('+');
    let body = match data["session_name"].as_str() {
        Some(session) => format!("{session}: {amount}"),
        None => amount.to_owned(),
    };
    ("Отмечена оплата".to_owned(), body)
}

fn session_invitation(data: &Value) -> (String, String) {
    let session = data["session_name"].as_str().unwrap_or("игра");
    ("Приглашение за стол".to_owned(), format!("{} зовёт вас: {session}", who(&data["invited_by"])))
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

fn who(user: &Value) -> String {
    user["display_name"].as_str().unwrap_or("Игрок").to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `+1 250,50 ₽`; whole amounts without kopecks, as many decimals as the currency has.
fn money(minor: i64, currency: &str) -> String {
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
    use serde_json::json;

    use super::*;
    use crate::game::Refusal;

    #[test]
    fn money_is_grouped_signed_and_has_kopecks_where_there_are_any() {
        assert_eq!(money(0, "RUB"), "0\u{a0}₽");
        assert_eq!(money(125_050, "RUB"), "+1\u{a0}250,50\u{a0}₽");
        assert_eq!(money(-100_000_000, "GEL"), "−1\u{a0}000\u{a0}000\u{a0}GEL");
        assert_eq!(money(-5, ""), "−0,05");
        assert_eq!(money(1_500, "JPY"), "+1\u{a0}500\u{a0}JPY");
        assert_eq!(money(-1_500, "KWD"), "−1,500\u{a0}KWD");
        assert_eq!(money(i64::MAX, "CLF"), "+922\u{a0}337\u{a0}203\u{a0}685\u{a0}477,5807\u{a0}CLF");
        assert_eq!(money(i64::MIN, "RUB"), "−92\u{a0}233\u{a0}720\u{a0}368\u{a0}547\u{a0}758,08\u{a0}₽");
    }

    #[test]
    fn a_game_is_told_with_place_and_money() {
        let data = json!({"place": 2, "net": -15_000, "currency": "RUB", "session_name": "Пятница"});
        let (title, body) = of(Kind::GameCompleted, &data);
        assert_eq!((title.as_str(), body.as_str()), ("Игра окончена", "Пятница: 2-е место, −150\u{a0}₽"));
    }

    #[test]
    fn every_kind_has_words_whatever_is_missing_from_its_data() {
        for kind in Kind::ALL {
            assert!(!of(kind, &json!({})).0.is_empty(), "{kind:?}");
            assert!(!of(kind, &Value::Null).0.is_empty(), "{kind:?}");
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
                of(Kind::CommandRefused, &json!({"code": refusal.code(), "message": refusal.to_string()}));
            assert!(!format!("{title} {body}").contains(|letter: char| letter.is_ascii_alphabetic()), "{body}");
        }
    }
}
