//! The waterfall (2.1, 4.4): layers give in order, each split over the claims by cumulative floor shares, so
//! that calling first gains nothing. Pure functions over amounts.

use alloc::vec::Vec;

use seawall_fixed::{Assets, Rounding, mul_div};

/// What `taken` units become when split over `weights` by cumulative floor shares: part i is
/// floor(taken x (w_0 + .. + w_i) / W) - floor(taken x (w_0 + .. + w_{i-1}) / W).
///
/// The parts add up to `taken` exactly; where `taken` is at most the sum of the weights no part exceeds its
/// weight.
#[must_use]
pub fn cumulative_split(taken: Assets, weights: &[Assets]) -> Vec<Assets> {
    let total: Assets = weights.iter().copied().sum();
    let mut sum = Assets::ZERO;
    let mut given = Assets::ZERO;
    weights
        .iter()
        .map(|&weight| {
            sum += weight;
            if total.is_zero() {
                return Assets::ZERO;
            }
            let upto = mul_div(taken.get(), sum.get(), total.get(), Rounding::Down)
                .expect("a cumulative share is at most the whole");
            let part = Assets::new(upto) - given;
            given = Assets::new(upto);
            part
        })
        .collect()
}

/// One layer pays what it can of `owed`: what each claim gets. Lowers `layer` and `owed` by it.
pub fn pour(layer: &mut Assets, owed: &mut [Assets]) -> Vec<Assets> {
    let total: Assets = owed.iter().copied().sum();
    let taken = total.min(*layer);
    let parts = cumulative_split(taken, owed);
    for (left, &part) in owed.iter_mut().zip(&parts) {
        *left -= part;
    }
    *layer -= taken;
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(units: &[u128]) -> Vec<Assets> {
        units.iter().copied().map(Assets::new).collect()
    }

    #[test]
    fn parts_add_up_and_never_exceed_what_is_owed() {
        for taken in 0..=12u128 {
            for a in 0..5 {
                for b in 0..5 {
                    for c in 0..5 {
                        let weights = amounts(&[a, b, c]);
                        if taken > a + b + c {
                            continue;
                        }
                        let parts = cumulative_split(Assets::new(taken), &weights);
                        assert_eq!(parts.iter().copied().sum::<Assets>(), Assets::new(taken));
                        assert!(parts.iter().zip(&weights).all(|(part, weight)| part <= weight));
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_owed_by_nobody() {
        assert_eq!(cumulative_split(Assets::ZERO, &[]), Vec::new());
        assert_eq!(cumulative_split(Assets::ZERO, &amounts(&[0, 0])), amounts(&[0, 0]));
    }

    #[test]
    fn a_layer_pays_until_it_is_empty() {
        let mut layer = Assets::new(10);
        let mut owed = amounts(&[6, 9]);
        assert_eq!(pour(&mut layer, &mut owed), amounts(&[4, 6]));
        assert_eq!(layer, Assets::ZERO);
        assert_eq!(owed, amounts(&[2, 3]));
        assert_eq!(pour(&mut layer, &mut owed), amounts(&[0, 0]));
    }
}
