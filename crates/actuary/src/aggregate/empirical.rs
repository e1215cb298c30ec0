//! Amounts with probabilities: recorded or simulated losses as a distribution.

use super::error::{AggregateError, probabilities};

/// A discrete distribution of amounts that are not negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    /// Rising.
    amounts: Vec<f64>,
    /// Probability of amounts up to and including each.
    cumulative: Vec<f64>,
    /// Expected amount, and its square, over the same range.
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Empirical {
    /// Amounts with their probabilities, in any order.
    ///
    /// # Errors
    /// An amount that is negative or not finite; probabilities that are missing, negative or do not add up to
    /// one, or are not one for each amount.
    pub fn new(amounts: &[f64], weights: &[f64]) -> Result<Self, AggregateError> {
        probabilities("probabilities of amounts", weights)?;
        if amounts.len() != weights.len() {
            return Err(AggregateError::Parameter { name: "number of amounts", value: amounts.len() as f64 });
        }
        if let Some(index) = amounts.iter().position(|x| !(*x >= 0.0 && x.is_finite())) {
            return Err(AggregateError::Loss { index, value: amounts[index] });
        }
        let mut pairs: Vec<(f64, f64)> = amounts.iter().copied().zip(weights.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = pairs.iter().map(|(_, p)| p).sum();
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut out = Self { amounts: vec![], cumulative: vec![], first: vec![], second: vec![] };
        for (amount, p) in pairs {
            mass += p / total;
            first += p / total * amount;
            second += p / total * amount * amount;
            out.amounts.push(amount);
            out.cumulative.push(mass);
            out.first.push(first);
            out.second.push(second);
        }
        Ok(out)
    }

    /// Amounts that are equally likely.
    ///
    /// # Errors
    /// No amount, or one that is negative or not finite.
    pub fn of_sample(amounts: &[f64]) -> Result<Self, AggregateError> {
        Self::new(amounts, &vec![1.0 / amounts.len() as f64; amounts.len()])
    }

    /// The amounts, rising.
    #[must_use]
    pub fn amounts(&self) -> &[f64] {
        &self.amounts
    }

    /// Probability of more than `x`.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        let up_to = self.amounts.partition_point(|amount| *amount <= x);
        if up_to == self.amounts.len() { 0.0 } else { 1.0 - before(&self.cumulative, up_to) }
    }

    /// First and second moment of the amount limited to `x`.
    #[must_use]
    pub fn limited_moments(&self, x: f64) -> (f64, f64) {
        let up_to = self.amounts.partition_point(|amount| *amount <= x);
        let (first, second) = (before(&self.first, up_to), before(&self.second, up_to));
        if up_to == self.amounts.len() {
            return (first, second);
        }
        let above = 1.0 - before(&self.cumulative, up_to);
        (first + x * above, second + x * x * above)
    }

    /// The amount of rank `uniform` in (0, 1).
    #[must_use]
    pub fn at(&self, uniform: f64) -> f64 {
        // A rank a rounding above a cumulative probability is that probability.
        let index = self.cumulative.partition_point(|c| *c < uniform - 1e-15);
        self.amounts[index.min(self.amounts.len() - 1)]
    }
}

fn before(prefix: &[f64], count: usize) -> f64 {
    if count == 0 { 0.0 } else { prefix[count - 1] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_die_with_a_limit() {
        let die = Empirical::of_sample(&[6.0, 1.0, 3.0, 2.0, 5.0, 4.0]).unwrap();
        assert!((die.survival(4.0) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(die.survival(6.0), 0.0);
        let (first, second) = die.limited_moments(4.5);
        assert!((first - 19.0 / 6.0).abs() < 1e-14 && (second - 70.5 / 6.0).abs() < 1e-14);
        assert_eq!([0.1, 0.5, 0.51, 0.999].map(|u| die.at(u)), [1.0, 3.0, 4.0, 6.0]);
        assert!(Empirical::of_sample(&[]).is_err());
        assert!(Empirical::of_sample(&[1.0, -1.0]).is_err());
        assert!(Empirical::new(&[1.0], &[0.5, 0.5]).is_err());
    }
}
