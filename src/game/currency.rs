//! Currencies of ISO 4217 and their smallest coins.

use iso_currency::Currency;

/// How many decimals the currency of that code has: 2 for RUB, 0 for JPY, 3 for KWD. `None` where nobody pays with it:
/// unknown words, and codes of metals and for tests.
pub fn minor_digits(code: &str) -> Option<u32> {
    // The crate reads small letters too; the standard has none.
    let currency = Currency::from_code(code).filter(|currency| currency.code() == code)?;
    currency.exponent().map(u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_the_standard() {
        for (code, digits) in [("RUB", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("HUF", 2), ("ISK", 0), ("CLF", 4)] {
            assert_eq!(minor_digits(code), Some(digits), "{code}");
        }
        for code in ["", "rub", "RUR1", "ABC", "XAU", "XXX", "XTS", "РУБ"] {
            assert_eq!(minor_digits(code), None, "{code}");
        }
    }
}
