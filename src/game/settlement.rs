//! From balances to the fewest transfers that clear them.
//!
//! `k` balances that sum to zero need at most `k − 1` transfers, so the fewest come from splitting all of them into as
//! many groups summing to zero as possible. That is exact for up to 12 balances; beyond, exact opposites are paired
//! off first (which never costs a transfer), and if still more than 12 are left they are settled as one group.
//! Ties go to the earlier participants, so the same balances always give the same answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Money, ParticipantId};

/// One payment of the evening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// Who pays.
    pub from: ParticipantId,
    /// Who is paid.
    pub to: ParticipantId,
    /// Minor units, above zero.
    pub amount: Money,
}

type Balance = (ParticipantId, Money);

const EXACT_MAX: usize = 12;

/// The fewest transfers that clear these balances, which should sum to zero: what does not is left over.
pub fn settle(balances: &[(ParticipantId, Money)]) -> Vec<Transfer> {
    let mut open: Vec<Balance> = balances.iter().copied().filter(|(_, net)| *net != Money::ZERO).collect();
    let mut transfers = Vec::new();
    if open.len() > EXACT_MAX {
        pair_off(&mut open, &mut transfers);
    }
    if open.len() > EXACT_MAX {
        clear(open, &mut transfers);
    } else {
        for group in zero_groups(&open) {
            clear(group, &mut transfers);
        }
    }
    transfers
}

fn pair_off(open: &mut Vec<Balance>, transfers: &mut Vec<Transfer>) {
    let mut rest: Vec<Balance> = Vec::with_capacity(open.len());
    for balance in open.drain(..) {
        match rest.iter().position(|earlier| earlier.1.0.checked_neg() == Some(balance.1.0)) {
            Some(partner) => clear(vec![rest.remove(partner), balance], transfers),
            None => rest.push(balance),
        }
    }
    *open = rest;
}

/// Lets the first debtor pay the first creditor until one of them is clear, and so on.
fn clear(group: Vec<Balance>, transfers: &mut Vec<Transfer>) {
    let (mut debtors, mut creditors): (Vec<Balance>, Vec<Balance>) =
        group.into_iter().rev().partition(|b| b.1 < Money::ZERO);
    while let (Some(debtor), Some(creditor)) = (debtors.last_mut(), creditors.last_mut()) {
        let amount = creditor.1.min(-debtor.1);
        transfers.push(Transfer { from: debtor.0, to: creditor.0, amount });
        debtor.1 += amount;
        creditor.1 -= amount;
        if debtor.1 == Money::ZERO {
            debtors.pop();
        }
        if creditor.1 == Money::ZERO {
            creditors.pop();
        }
    }
}

/// As many groups summing to zero as possible, by dynamic programming over the subsets (at most 2^12 of them).
fn zero_groups(open: &[Balance]) -> Vec<Vec<Balance>> {
    let all = (1_usize << open.len()) - 1;
    let mut sums = vec![0_i128; all + 1];
    let mut most = vec![0_u32; all + 1];
    let at = |table: &[u32], set: usize| table.get(set).copied().unwrap_or(0);
    for set in 1..=all {
        let first = set.trailing_zeros() as usize;
        let net = open.get(first).map_or(0, |balance| i128::from(balance.1.0));
        let sum = sums.get(set & (set - 1)).copied().unwrap_or(0) + net;
        let members = (0..open.len()).filter(|member| set & (1 << member) != 0);
        let below = members.map(|member| at(&most, set & !(1 << member))).max().unwrap_or(0);
        if let (Some(cell), Some(count)) = (sums.get_mut(set), most.get_mut(set)) {
            *cell = sum;
            *count = below + u32::from(sum == 0);
        }
    }
    let sums_to_zero = |set: usize| sums.get(set).is_some_and(|sum| *sum == 0);

    let mut groups = Vec::new();
    let mut rest = all;
    while rest != 0 {
        // Of all groups around the first one left that keep the number of groups, the one with the earliest members.
        let first = rest & rest.wrapping_neg();
        let others = rest & !first;
        let mut best = None;
        let mut subset = others;
        loop {
            let group = subset | first;
            if sums_to_zero(group) && at(&most, rest & !group) + 1 == at(&most, rest) {
                best = best.max(Some(group.reverse_bits()));
            }
            if subset == 0 {
                break;
            }
            subset = (subset - 1) & others;
        }
        let group = best.map_or(rest, usize::reverse_bits);
        let members = open.iter().enumerate().filter(|(member, _)| group & (1 << member) != 0);
        groups.push(members.map(|(_, balance)| *balance).collect());
        rest &= !group;
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn participant(n: usize) -> ParticipantId {
        ParticipantId(Uuid::from_u128(n as u128))
    }

    fn settled(nets: &[i64]) -> Vec<(usize, usize, i64)> {
        let balances: Vec<_> = nets.iter().enumerate().map(|(n, net)| (participant(n), Money(*net))).collect();
        let place = |id: ParticipantId| id.0.as_u128() as usize;
        settle(&balances).into_iter().map(|t| (place(t.from), place(t.to), t.amount.0)).collect()
    }

    /// The fewest transfers, by trying all ways to pay.
    fn fewest(nets: &[i64]) -> usize {
        let Some(first) = nets.iter().position(|net| *net != 0) else { return 0 };
        let opposed = (first + 1..nets.len()).filter(|other| nets[*other].signum() == -nets[first].signum());
        let paid_off = opposed.map(|other| {
            let mut left = nets.to_vec();
            left[other] += left[first];
            left[first] = 0;
            1 + fewest(&left)
        });
        paid_off.min().unwrap_or(0)
    }

    fn clears(nets: &[i64], transfers: &[(usize, usize, i64)]) -> bool {
        let mut nets = nets.to_vec();
        for (from, to, amount) in transfers {
            nets[*from] += amount;
            nets[*to] -= amount;
        }
        nets.iter().all(|net| *net == 0)
    }

    fn summing_to_zero(mut nets: Vec<i64>) -> Vec<i64> {
        nets.push(-nets.iter().sum::<i64>());
        nets
    }

    #[test]
    fn nobody_owes_anything() {
        assert_eq!(settled(&[]), []);
        assert_eq!(settled(&[0, 0, 0]), []);
    }

    #[test]
    fn the_debtor_pays_the_creditor() {
        assert_eq!(settled(&[400, -400]), [(1, 0, 400)]);
    }

    #[test]
    fn two_groups_take_one_transfer_less_than_one() {
        // Greedy by size would pay 5 times.
        assert_eq!(settled(&[5, 4, -3, -3, -3]).len(), 4);
        assert_eq!(settled(&[7, 5, -4, -3, -5]).len(), 3);
        assert_eq!(settled(&[7, 5, -4, -3, -5]), [(2, 0, 4), (3, 0, 3), (4, 1, 5)]);
    }

    #[test]
    fn ties_go_to_the_earlier_participants() {
        assert_eq!(settled(&[1, 1, -1, -1]), [(2, 0, 1), (3, 1, 1)]);
        assert_eq!(settled(&[0, 2, -1, 1, -1, -1]), settled(&[0, 2, -1, 1, -1, -1]));
        assert_eq!(settled(&[0, 2, -1, 1, -1, -1]), [(2, 1, 1), (4, 1, 1), (5, 3, 1)]);
    }

    #[test]
    fn thirteen_and_more_pair_off_first() {
        let mut nets: Vec<i64> = (1..=10).flat_map(|n| [n, -n]).collect();
        nets.extend([100, -60, -40]);
        let transfers = settled(&nets);
        assert_eq!(transfers.len(), 12);
        assert!(clears(&nets, &transfers));
    }

    #[test]
    fn the_largest_amounts_do_not_overflow() {
        assert_eq!(settled(&[i64::MAX, -i64::MAX]), [(1, 0, i64::MAX)]);
        for many in [2, 12, 13, 30] {
            for net in [i64::MIN, i64::MAX] {
                settled(&vec![net; many]);
                settled(&[vec![i64::MIN; many], vec![i64::MAX; many]].concat());
            }
        }
    }

    proptest! {
        #[test]
        fn a_settlement_is_as_short_as_can_be(nets in prop::collection::vec(-6..=6_i64, 0..7)) {
            let nets = summing_to_zero(nets);
            let transfers = settled(&nets);
            prop_assert!(clears(&nets, &transfers));
            prop_assert!(transfers.iter().all(|(_, _, amount)| *amount > 0));
            prop_assert_eq!(transfers.len(), fewest(&nets));
        }

        #[test]
        fn a_large_settlement_clears_everybody(nets in prop::collection::vec(-50..=50_i64, 0..40)) {
            let nets = summing_to_zero(nets);
            let transfers = settled(&nets);
            prop_assert!(clears(&nets, &transfers));
            prop_assert!(transfers.len() < nets.len());
        }
    }
}
