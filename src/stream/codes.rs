//! The short codes by which people without an account reach one session, be it to watch or to mark balls.

use rand::RngExt;

use crate::http::{Code, Problem};

/// Characters of a code: none that is mistaken for another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Of a code that stands for weeks: nobody finds one by trying.
pub(super) const LINK_LENGTH: usize = 10;
/// Thirty days.
pub(super) const LIFE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const NAME_MAX: usize = 64;
/// With 32^10 codes, two taken ones in a row mean that something else is wrong.
pub(super) const CODE_ATTEMPTS: usize = 5;

/// A code of `length` characters as a person types it: in any case, with dashes and spaces; `None`: it is none.
pub(super) fn typed(code: &str, length: usize) -> Option<String> {
    let code: String = code.chars().filter(|it| !matches!(it, '-' | ' ')).take(length + 1).collect();
    let code = code.to_ascii_uppercase();
    (code.len() == length && code.bytes().all(|byte| ALPHABET.contains(&byte))).then_some(code)
}

pub(super) fn new_code(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// Every code that was tried is taken: with so many of them something else is wrong.
pub(super) fn none_free() -> Problem {
    Problem::new(Code::Overloaded, "no free code was found, try again with the same key")
}

/// To tell several apart; nothing where it is empty.
pub(super) fn checked_name(name: Option<String>) -> Result<Option<String>, Problem> {
    let name = name.map(|name| name.trim().to_owned()).filter(|it| !it.is_empty());
    if name.iter().any(|name| name.chars().count() > NAME_MAX || name.chars().any(char::is_control)) {
        return Err(Problem::invalid(
            "name",
            format!("must be {NAME_MAX} characters at most, without control characters"),
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_typed_in_any_case_with_or_without_dashes() {
        let code = new_code(LINK_LENGTH);
        let dashed = format!("{} {}-{}", &code[..3], &code[3..6], &code[6..]).to_lowercase();
        assert_eq!((typed(&code, LINK_LENGTH), typed(&dashed, LINK_LENGTH)), (Some(code.clone()), Some(code)));
        for none in ["", "ABCDEFGH2", "ABCDEFGH234", "ABCDEFGH1O", "ABCDEFGHÄ2", "ABCDEFGH\0\u{0}"] {
            assert_eq!(typed(none, LINK_LENGTH), None, "{none}");
        }
    }
}
