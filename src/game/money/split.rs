//! PURE: amounts in whole minor units that sum to what is split.

use crate::ids::Money;

/// The same for all, rounded down; what is left over goes to the first, one each.
pub(super) fn equally(amount: Money, people: usize) -> Vec<Money> {
    let many = i64::try_from(people).unwrap_or(i64::MAX).max(1);
    let (each, rest) = (amount.0 / many, amount.0 % many);
    (0..people as i64).map(|index| Money(each + i64::from(index < rest))).collect()
}

/// In proportion to weights above zero, by the largest remainder; of equal ones to the earlier.
pub(super) fn by_weight(amount: Money, weights: &[i64]) -> Vec<Money> {
    let total: i128 = weights.iter().map(|weight| i128::from((*weight).max(0))).sum();
    if total == 0 {
        return equally(amount, weights.len());
    }
    let exact = |weight: &i64| i128::from(amount.0) * i128::from((*weight).max(0));
    let mut shares: Vec<i128> = weights.iter().map(|weight| exact(weight) / total).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(weights.get(*index).map_or(0, |weight| exact(weight) % total)));
    let rest = i128::from(amount.0) - shares.iter().sum::<i128>();
    for index in by_remainder.into_iter().take(usize::try_from(rest).unwrap_or(0)) {
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
        }
    }
    shares.into_iter().map(|share| Money(i64::try_from(share).unwrap_or(i64::MAX))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kopecks(shares: Vec<Money>) -> Vec<i64> {
        shares.into_iter().map(|share| share.0).collect()
    }

    #[test]
    fn what_is_left_over_goes_to_the_first() {
        assert_eq!(kopecks(equally(Money(100), 3)), [34, 33, 33]);
        assert_eq!(kopecks(equally(Money(2), 3)), [1, 1, 0]);
        assert_eq!(equally(Money(5), 0), []);
    }

    #[test]
    fn the_largest_remainder_gets_it_and_the_earlier_of_equals() {
        assert_eq!(kopecks(by_weight(Money(100), &[1, 1, 1])), [34, 33, 33]);
        assert_eq!(kopecks(by_weight(Money(10), &[1, 2, 4])), [1, 3, 6]);
        assert_eq!(kopecks(by_weight(Money(7), &[0, 3, 0])), [0, 7, 0]);
        assert_eq!(kopecks(by_weight(Money(7), &[0, 0])), [4, 3]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(amount in 0..=1_000_000_000_i64, weights in prop::collection::vec(0..i64::MAX, 1..12)) {
            let amount = Money(amount);
            prop_assert_eq!(by_weight(amount, &weights).into_iter().sum::<Money>(), amount);
            prop_assert_eq!(equally(amount, weights.len()).into_iter().sum::<Money>(), amount);
        }
    }
}
