//! What text may be in a name. Leaf of the house: pure, and the rules use it too.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{EmojiStatus, GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// What an account is called after its end.
pub(crate) const DELETED_PLAYER: &str = "deleted player";

const ZERO_WIDTH_JOINER: char = '\u{200D}';
const EMOJI_PRESENTATION: char = '\u{FE0F}';
const BLACK_FLAG: char = '🏴';
/// Letters and patterns to Unicode, and nothing to whoever looks: the fillers of Hangul, the pattern of Braille without dots.
const BLANKS: [char; 5] = ['\u{115F}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{FFA0}'];
/// What makes the flags of England, Scotland and Wales of a black one; other tags show nothing.
const TAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

/// The composed form (NFC): what looks the same is the same, however a keyboard wrote it.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// Nothing in it that nobody can see but that makes two names of one: no control and no format characters, no line or
/// paragraph separators. What joins an emoji together, as in a family or in the flag of Wales, is part of what is seen.
pub(crate) fn is_visible(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (0..characters.len()).all(|place| shows(&characters, place))
}

/// Whether there is anything in it to be seen, whatever else is.
pub(crate) fn shows_something(text: &str) -> bool {
    text.chars().any(|character| {
        !(character.is_whitespace()
            || character.is_control()
            || BLANKS.contains(&character)
            || character.general_category() == GeneralCategory::Format
            || is_mark(character))
    })
}

/// What is set on the letter before it: an accent, the sign of a vowel.
pub(crate) fn is_mark(character: char) -> bool {
    character.general_category_group() == GeneralCategoryGroup::Mark
}

/// A name that was stored when more was allowed, as it would be stored today: what nobody sees is dropped from it. May
/// be empty.
pub(crate) fn cleaned(name: &str, length_max: usize) -> String {
    let characters: Vec<char> = name.nfc().take(length_max).collect();
    let seen = (0..characters.len()).filter(|place| shows(&characters, *place)).map(|place| characters[place]);
    // Letters that stood apart may have come together.
    seen.nfc().collect::<String>().trim().to_owned()
}

fn shows(characters: &[char], place: usize) -> bool {
    match characters[place].general_category() {
        GeneralCategory::Format if characters[place] == ZERO_WIDTH_JOINER => {
            joins_emoji(&characters[..place], &characters[place + 1..])
        }
        GeneralCategory::Format => is_of_a_flag(characters, place),
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => false,
        _ => !BLANKS.contains(&characters[place]),
    }
}

fn is_of_a_flag(characters: &[char], place: usize) -> bool {
    let Some(flag) = characters[..place].iter().rposition(|character| *character == BLACK_FLAG) else { return false };
    let after = &characters[flag + 1..];
    TAGS.iter().any(|tags| {
        let length = tags.chars().count();
        place <= flag + length && after.len() >= length && after.iter().copied().take(length).eq(tags.chars())
    })
}

fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let is_part = |character: &char| *character == EMOJI_PRESENTATION || is_skin(*character);
    let base = before.iter().rev().find(|character| !is_part(character));
    base.is_some_and(|base| is_picture(*base)) && after.first().is_some_and(|next| is_picture(*next))
}

fn is_skin(character: char) -> bool {
    ('\u{1F3FB}'..='\u{1F3FF}').contains(&character)
}

fn is_picture(character: char) -> bool {
    // Digits and `#` are emoji to Unicode, since keycaps are made of them.
    !character.is_ascii()
        && !matches!(character.emoji_status(), EmojiStatus::NonEmoji | EmojiStatus::NonEmojiButEmojiComponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(composed("Й"), "Й");
        assert_eq!(composed("e\u{301}"), "é");
        assert_eq!(composed("\u{212A}"), "K", "the Kelvin sign is a K");
    }

    #[test]
    fn nothing_invisible_but_joiners_within_emoji() {
        let england = format!("\u{1F3F4}{}", TAGS[0]);
        for name in ["Анна", "Ёж 2", "👨‍👩‍👧", "👩🏽‍🚀", "🏳️‍🌈", "❤️‍🔥", "e\u{301}", "नमस्ते", &england]
        {
            assert!(is_visible(name), "{name}");
            assert_eq!(cleaned(name, 64), composed(name));
        }
        for name in [
            "An\u{200B}na",
            "An\u{200D}na",
            "\u{200D}👩",
            "👩\u{200D}",
            "👩\u{200D}a",
            "1\u{200D}2",
            "\u{202E}anna",
            "anna\u{2066}",
            "\u{FEFF}anna",
            "a\u{AD}b",
            "a\tb",
            "a\u{0}",
            "a\u{2028}b",
            "a\u{E0041}b",
            TAGS[0],
            &england[..england.len() - 4],
            &format!("{england}\u{E0067}"),
            "\u{1F3F4}\u{E0075}\u{E0073}\u{E007F}",
            "می\u{200C}خواهم",
            "\u{3164}",
            "\u{2800}anna",
        ] {
            assert!(!is_visible(name), "{name:?}");
            assert!(is_visible(&cleaned(name, 64)), "{name:?}");
        }
    }

    #[test]
    fn something_shows_where_any_of_it_does() {
        for nothing in ["", " \u{A0}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{3164}", "\u{2800}", "\u{AD}", TAGS[0]] {
            assert!(!shows_something(nothing), "{nothing:?}");
        }
        for nothing in ["\u{FE0F}", "\u{202E}\u{2066}", "\u{301}", "\u{E0041}", "\u{E0100}", "\u{115F}\u{1160}"] {
            assert!(!shows_something(nothing), "{nothing:?}");
        }
        for something in ["\u{202E}a", "می\u{200C}خواهم", "👩\u{200D}", "❤️", "!", "각", "नि", "\u{2801}", "\u{F8FF}"]
        {
            assert!(shows_something(something), "{something:?}");
        }
    }

    #[test]
    fn a_name_of_before_loses_what_nobody_sees() {
        assert_eq!(cleaned(" An\u{AD}na\u{200C} ", 64), "Anna");
        assert_eq!(cleaned("e\u{200C}\u{301}", 64), "é");
        assert_eq!(cleaned("\u{200B}\u{2060}", 64), "");
        assert_eq!(cleaned("👩\u{200B}\u{200D}👩", 64), "👩👩");
        assert_eq!(cleaned(&"\u{958}".repeat(64), 64).chars().count(), 64, "some get longer by being composed");
        assert_eq!(cleaned(&format!("{}🏴{}", "a".repeat(60), TAGS[0]), 64), format!("{}🏴", "a".repeat(60)));
    }

    proptest::proptest! {
        #[test]
        fn a_cleaned_name_is_one_that_is_taken(name in "(?:[a-zé🏴👩\u{301}\u{200C}\u{200D}\u{FE0F}\u{E0067}\u{E0062}\u{E007F}\n ]|\\PC|.){0,70}") {
            let clean = cleaned(&name, 64);
            proptest::prop_assert!(is_visible(&clean) && clean == composed(clean.trim()) && clean.chars().count() <= 64);
        }
    }
}
