//! Figures of a pool's years over all paths.

use rayon::prelude::*;

use super::loss::AnnualLoss;
use super::path::{End, Path};
use super::plan::{PoolPlan, ProjectionError};
use crate::loss::statistics::sum;
use crate::math::Estimate;

/// Paths that one task runs; figures of tasks are put together in their order.
const BLOCK: usize = 2048;

/// A figure over paths: mean and quantiles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Mean with its error.
    pub mean: Estimate,
    /// 5 % quantile.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 95 % quantile.
    pub high: f64,
}

/// Figures of one year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProjectionYear {
    /// Year, from 1.
    pub year: usize,
    /// Capital and reserve at its end; paths that ended keep what they had.
    pub assets: Spread,
    /// Capital and reserve over what is required; all 0 where nothing is required.
    pub solvency: Spread,
    /// Premium of the paths that were alive at its beginning.
    pub premium: Estimate,
    /// Losses over premiums of these paths, all together.
    pub loss_ratio: Estimate,
    /// Cover of these paths, today's being 1.
    pub cover: Estimate,
    /// Return of the underwriters on their capital at its beginning, where they had any and were not wiped out.
    pub earned: Estimate,
    /// Probability that by its end capital and reserve have been below what is required, default included.
    pub ruin: Estimate,
    /// Probability that by its end the pool could not pay.
    pub default: Estimate,
}

/// A pool's years.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Figures by year.
    pub years: Vec<ProjectionYear>,
}

impl Projection {
    /// Probability of ruin within all years.
    #[must_use]
    pub fn ruin(&self) -> Estimate {
        self.years.last().map_or(Estimate::exact(0.0), |year| year.ruin)
    }

    /// Mean return of the underwriters over the years, each counted by the paths that reached it.
    #[must_use]
    pub fn earned(&self) -> Estimate {
        let n = self.years.len().max(1) as f64;
        let value = self.years.iter().map(|year| year.earned.value).sum::<f64>() / n;
        // Years of one path are not independent: the mean of the errors is an upper bound.
        let standard_error = self.years.iter().map(|year| year.earned.standard_error).sum::<f64>() / n;
        Estimate { value, standard_error }
    }
}

/// What a block of paths leaves of a year.
#[derive(Clone, Default)]
struct Block {
    assets: Vec<f64>,
    solvency: Vec<f64>,
    /// Premium, loss, premium^2, loss^2, premium x loss, cover, cover^2, return, return^2.
    sums: [f64; 9],
    alive: u64,
    earning: u64,
    ruined: u64,
    defaulted: u64,
}

impl PoolPlan {
    /// Runs all paths. The same bits for any number of threads.
    ///
    /// # Errors
    /// A parameter out of range, entries stronger than capital, too many paths.
    pub fn project(&self, losses: &AnnualLoss) -> Result<Projection, ProjectionError> {
        self.check()?;
        let blocks: Vec<Vec<Block>> = (0..self.paths.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| self.block(losses, block * BLOCK, ((block + 1) * BLOCK).min(self.paths)))
            .collect();
        let mut seen = (0, 0);
        let years = (0..self.years)
            .map(|year| {
                let parts: Vec<&Block> = blocks.iter().map(|block| &block[year]).collect();
                let count = |of: fn(&Block) -> u64| parts.iter().map(|part| of(part)).sum::<u64>();
                seen.0 += count(|b| b.ruined);
                seen.1 += count(|b| b.defaulted);
                self.year(year, &parts, seen)
            })
            .collect();
        Ok(Projection { years })
    }

    /// Probability of ruin by the end of each year, without the other figures.
    pub(super) fn ruin_counts(&self, losses: &AnnualLoss) -> u64 {
        let ruined = |path: usize| {
            let mut path = Path::new(self, losses, path as u64);
            (0..self.years).any(|_| path.year().end != End::Alive)
        };
        // Whole numbers add up in any order.
        (0..self.paths).into_par_iter().filter(|path| ruined(*path)).count() as u64
    }

    fn block(&self, losses: &AnnualLoss, from: usize, to: usize) -> Vec<Block> {
        let mut years = vec![Block::default(); self.years];
        for path in from..to {
            let mut path = Path::new(self, losses, path as u64);
            let mut last: Option<(f64, f64)> = None;
            for block in &mut years {
                if let Some((assets, solvency)) = last {
                    block.assets.push(assets);
                    block.solvency.push(solvency);
                    continue;
                }
                let year = path.year();
                let required = self.required * year.cover;
                let solvency = if required > 0.0 { year.assets / required } else { 0.0 };
                block.assets.push(year.assets);
                block.solvency.push(solvency);
                let earned = year.earned.unwrap_or(0.0);
                let (p, l, v) = (year.premium, year.loss, year.cover);
                let terms = [p, l, p * p, l * l, p * l, v, v * v, earned, earned * earned];
                block.sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                block.alive += 1;
                block.earning += u64::from(year.earned.is_some());
                if year.end != End::Alive {
                    block.ruined += 1;
                    block.defaulted += u64::from(year.end == End::Default);
                    last = Some((year.assets, solvency));
                }
            }
        }
        years
    }

    fn year(&self, year: usize, parts: &[&Block], (ruined, defaulted): (u64, u64)) -> ProjectionYear {
        let total = |index: usize| sum(parts.iter().map(|part| part.sums[index]));
        let alive = parts.iter().map(|part| part.alive).sum::<u64>() as f64;
        let earning = parts.iter().map(|part| part.earning).sum::<u64>() as f64;
        let (premium, loss) = (total(0), total(1));
        let ratio = if premium > 0.0 { loss / premium } else { 0.0 };
        // Ratio of means by the delta method.
        let squares = total(3) - 2.0 * ratio * total(4) + ratio * ratio * total(2);
        let ratio_error = if premium > 0.0 { squares.max(0.0).sqrt() / premium } else { 0.0 };
        let paths = self.paths as f64;
        let share = |count: u64| {
            let value = count as f64 / paths;
            Estimate { value, standard_error: (value * (1.0 - value) / paths).sqrt() }
        };
        let column = |of: fn(&Block) -> &Vec<f64>| -> Vec<f64> {
            parts.iter().flat_map(|part| of(part).iter().copied()).collect()
        };
        ProjectionYear {
            year: year + 1,
            assets: spread(column(|b| &b.assets)),
            solvency: spread(column(|b| &b.solvency)),
            premium: mean(premium, total(2), alive),
            loss_ratio: Estimate { value: ratio, standard_error: ratio_error },
            cover: mean(total(5), total(6), alive),
            earned: mean(total(7), total(8), earning),
            ruin: share(ruined),
            default: share(defaulted),
        }
    }
}

fn mean(total: f64, squares: f64, count: f64) -> Estimate {
    if count <= 0.0 {
        return Estimate::exact(0.0);
    }
    let value = total / count;
    let variance = (squares / count - value * value).max(0.0);
    Estimate { value, standard_error: (variance / count).sqrt() }
}

fn spread(mut column: Vec<f64>) -> Spread {
    let n = column.len() as f64;
    let value = sum(column.iter().copied()) / n;
    let variance = sum(column.iter().map(|x| (x - value) * (x - value))) / n;
    column.sort_unstable_by(f64::total_cmp);
    let at = |level: f64| column[((level * n) as usize).min(column.len() - 1)];
    Spread {
        mean: Estimate { value, standard_error: (variance / n).sqrt() },
        low: at(0.05),
        median: at(0.5),
        high: at(0.95),
    }
}
