//! Columns of a filtered model: the fitted assets, pegs to them or to the quote currency, and pairs.
//!
//! A peg is the asset it follows times e^basis, the basis being that of [`Peg`]; a pair is the ratio of two columns.
//! Both are sums of the logs of assets and bases, so the minimum within a row is that of one Brownian bridge. Its variance
//! is that of the residuals below the threshold (the others are jumps) in the assets' deviations of the moment.

use super::{FilteredError, FilteredModel};
use crate::price::model::{self, ModelError};
use crate::price::parameters::Peg;

/// One column as a combination of assets and bases.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Assets (by number) and weights.
    pub assets: Vec<(usize, f64)>,
    /// Pegs (by number) and weights.
    pub pegs: Vec<(usize, f64)>,
    /// Variance of the diffusion: for every two assets of it, equal or not, the factor of their deviations' product.
    pub spread: Vec<(usize, usize, f64)>,
}

impl FilteredModel {
    /// Adds an asset that is tied to one of the fitted assets, or to the quote currency. Its column comes after the
    /// fitted assets and the pegs added before.
    ///
    /// # Errors
    /// [`FilteredError::Model`]: a symbol that is there already, a reference that is no fitted asset, a parameter
    /// outside its range.
    pub fn with_peg(mut self, symbol: &str, peg: Peg) -> Result<Self, FilteredError> {
        if self.column(symbol).is_some() {
            return Err(ModelError::DuplicateAsset { symbol: symbol.to_owned() }.into());
        }
        if let Some(reference) = &peg.reference
            && !self.report.assets.contains(reference)
        {
            let user = format!("the peg {symbol}");
            return Err(ModelError::UnknownAsset { user, symbol: reference.clone() }.into());
        }
        model::check_peg(symbol, &peg)?;
        self.pegs.push((symbol.to_owned(), peg));
        self.rebuild();
        Ok(self)
    }

    /// Adds the price of `base` in units of `quote`. Its column comes after all assets and pegs.
    ///
    /// # Errors
    /// [`FilteredError::Model`]: a symbol that is not in the model.
    pub fn with_pair(mut self, base: &str, quote: &str) -> Result<Self, FilteredError> {
        for symbol in [base, quote] {
            if self.column(symbol).is_none() {
                let user = format!("the pair {base}/{quote}");
                return Err(ModelError::UnknownAsset { user, symbol: symbol.to_owned() }.into());
            }
        }
        self.pairs.push((base.to_owned(), quote.to_owned()));
        self.rebuild();
        Ok(self)
    }

    /// Number of columns of a path: fitted assets, pegs, pairs.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Column of an asset or peg.
    #[must_use]
    pub fn column(&self, symbol: &str) -> Option<usize> {
        let pegs = self.pegs.iter().map(|(symbol, _)| symbol);
        self.report.assets.iter().chain(pegs).position(|known| known == symbol)
    }

    /// Column of the price of `base` in units of `quote`, if the model was given that pair.
    #[must_use]
    pub fn pair_column(&self, base: &str, quote: &str) -> Option<usize> {
        let pair = self.pairs.iter().position(|(b, q)| b == base && q == quote)?;
        Some(self.report.assets.len() + self.pegs.len() + pair)
    }

    /// Works the columns out anew.
    pub(super) fn rebuild(&mut self) {
        let mut columns: Vec<Column> = (0..self.report.assets.len())
            .map(|asset| Column { assets: vec![(asset, 1.0)], ..Column::default() })
            .collect();
        for (number, (_, peg)) in self.pegs.iter().enumerate() {
            let reference = peg.reference.as_ref();
            let base = reference.and_then(|name| self.report.assets.iter().position(|asset| asset == name));
            let assets = base.map(|asset| (asset, 1.0)).into_iter().collect();
            columns.push(Column { assets, pegs: vec![(number, 1.0)], ..Column::default() });
        }
        for (base, quote) in &self.pairs {
            // Both exist: `with_pair` has looked.
            if let (Some(base), Some(quote)) = (self.column(base), self.column(quote)) {
                columns.push(Column {
                    assets: difference(&columns[base].assets, &columns[quote].assets),
                    pegs: difference(&columns[base].pegs, &columns[quote].pegs),
                    ..Column::default()
                });
            }
        }
        let n = self.report.assets.len();
        for column in &mut columns {
            for (index, (i, a)) in column.assets.iter().enumerate() {
                for (j, b) in &column.assets[..index] {
                    column.spread.push((*i, *j, 2.0 * a * b * self.quiet[i * n + j]));
                }
                column.spread.push((*i, *i, a * a * self.quiet[i * n + i]));
            }
        }
        self.columns = columns;
    }
}

/// First list minus second, what cancels left out.
fn difference(base: &[(usize, f64)], quote: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let mut all = base.to_vec();
    for (source, weight) in quote {
        match all.iter_mut().find(|(other, _)| other == source) {
            Some((_, sum)) => *sum -= weight,
            None => all.push((*source, -weight)),
        }
    }
    all.retain(|(_, weight)| *weight != 0.0);
    all
}

/// Mean products of the residuals in the rows in which both lie within the threshold; row-major. Below 1 on the
/// diagonal: a residual's variance is 1 with its jumps.
pub(super) fn quiet(pool: &[f64], assets: usize, threshold: f64) -> Vec<f64> {
    let mut matrix = vec![0.0; assets * assets];
    for i in 0..assets {
        for j in 0..=i {
            let (mut sum, mut count) = (0.0, 0_usize);
            for row in pool.chunks_exact(assets) {
                if row[i].abs() <= threshold && row[j].abs() <= threshold {
                    sum += row[i] * row[j];
                    count += 1;
                }
            }
            let mean = if count > 0 { sum / count as f64 } else { 0.0 };
            (matrix[i * assets + j], matrix[j * assets + i]) = (mean, mean);
        }
    }
    matrix
}
