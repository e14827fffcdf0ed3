//! What of an evening its creator changes.

use super::participants::at_table;
use super::*;

#[test]
fn settings_say_only_what_changed() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let same = ChangeSettings {
        table: None,
        name: Some("Friday ".into()),
        max_players: Some(8),
        is_private: Some(true),
        rules: Some(kolkhoz(OPEN_TABLE, json!({}))),
        creator_participant_id: Some(evening.participant("Anna")),
    };
    assert_eq!(evening.by("Anna", settings(same.clone())), []);
    let facts = evening.by("Anna", settings(ChangeSettings { name: Some("Saturday".into()), ..same }));
    let [Fact::SettingsChanged(changed)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((changed.name.as_deref(), changed.max_players, &changed.rules), (Some("Saturday"), None, &None));
    assert_eq!(evening.session.name(), "Saturday");
}

#[test]
fn the_currency_stays_once_a_game_was_played() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let in_currency = |currency: &str| {
        let rules = Some(kolkhoz(OPEN_TABLE, json!({"currency": currency})));
        settings(ChangeSettings { rules, ..ChangeSettings::default() })
    };
    evening.by("Anna", in_currency("EUR"));
    evening.starts(&["Anna", "Boris"]);
    evening.ends();
    assert!(matches!(evening.refused("Anna", in_currency("RUB")), Refusal::Invalid { field: "rules", .. }));
}
