//! One path of a filtered model, row by row: the state that both kinds of simulation advance.

use super::FilteredModel;
use crate::price::model::ModelError;
use crate::price::parameters::Peg;
use crate::price::path::PricePath;
use crate::price::timeline::Factor;
use crate::random::Stream;

/// Factor numbers of the streams.
const ROWS: u32 = 0x4000_0000;
const MINIMA: u32 = 0x4100_0000;

/// Rows whose exponentials are drawn together.
const AHEAD: usize = 32;

/// Buffers of a filtered simulation, reused from path to path.
#[derive(Clone, Debug, Default)]
pub struct FilteredScratch {
    /// Of each asset: variance of the row to come; deviation of the row, unexpected return, diffusion and jump in it.
    variance: Vec<f64>,
    deviation: Vec<f64>,
    change: Vec<f64>,
    moved: Vec<f64>,
    jumped: Vec<f64>,
    bases: Vec<Basis>,
    /// What decides the minima of the next rows, one a column.
    exponentials: Vec<f64>,
    /// Of each column, in log price.
    pub(super) cells: Vec<Cell>,
    /// Lowest log price of the interval that is open, for blocks.
    pub(super) lowest: Vec<f64>,
}

/// One column in one row, in log price.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Lowest point of the diffusion; `after` of the row before when minima are not wanted.
    pub low: f64,
    /// At the end of the row, before a jump.
    pub close: f64,
    /// After it.
    pub after: f64,
    /// Whether there is one.
    pub jumps: bool,
}

/// The basis of one peg.
#[derive(Clone, Debug)]
struct Basis {
    normals: Stream,
    depegs: Stream,
    /// Intensity still to pass before the next depeg.
    wait: f64,
    level: f64,
    moved: f64,
    jumped: f64,
    jumps: bool,
    /// Left of the level after a row, and variance gained in it.
    fade: f64,
    variance: f64,
    /// Jumps a row.
    intensity: f64,
    /// Sizes of the jumps, without the name of the reference.
    peg: Peg,
}

/// A path being simulated.
pub(super) struct Walk<'a> {
    model: &'a FilteredModel,
    pub scratch: &'a mut FilteredScratch,
    draws: Stream,
    bridge: Stream,
    minima: bool,
    /// Rows of the exponentials that are used up.
    used: usize,
    /// State of the row to come.
    pub stressed: bool,
}

impl<'a> Walk<'a> {
    /// Begins a path; `minima`: whether lows are wanted. Closes are the same with and without.
    pub fn start(
        model: &'a FilteredModel,
        seed: u64,
        path: u64,
        minima: bool,
        scratch: &'a mut FilteredScratch,
    ) -> Self {
        let assets = model.parameters.len();
        scratch.variance.clone_from(&model.start);
        for (value, cap) in scratch.variance.iter_mut().zip(&model.caps) {
            *value = value.min(*cap);
        }
        let FilteredScratch { deviation, change, moved, jumped, .. } = &mut *scratch;
        for buffer in [deviation, change, moved, jumped] {
            buffer.resize(assets, 0.0);
        }
        scratch.bases.clear();
        for (number, (_, peg)) in model.pegs.iter().enumerate() {
            let dt = model.years_per_row;
            let spread = if peg.reversion > 0.0 {
                -libm::expm1(-2.0 * peg.reversion * dt) / (2.0 * peg.reversion)
            } else {
                dt
            };
            let mut depegs = Factor::Depeg.sparse(seed, path, number);
            let wait = depegs.exponential();
            scratch.bases.push(Basis {
                normals: Factor::Basis.stream(seed, path, number),
                depegs,
                wait,
                level: 0.0,
                moved: 0.0,
                jumped: 0.0,
                jumps: false,
                fade: libm::exp(-peg.reversion * dt),
                variance: peg.volatility * peg.volatility * spread,
                intensity: peg.jump_intensity() * dt,
                peg: Peg { reference: None, ..*peg },
            });
        }
        scratch.exponentials.resize(AHEAD * model.columns.len(), 0.0);
        scratch.cells.clear();
        scratch.cells.resize(model.columns.len(), Cell::default());
        let stressed = model.stress.follows(false, &scratch.variance);
        let (draws, bridge) = (Stream::new(seed, path, ROWS), Stream::new(seed, path, MINIMA));
        Self { model, scratch, draws, bridge, minima, used: AHEAD, stressed }
    }

    /// Goes on by a row: fills the cells and gives the state in which the row lay.
    pub fn row(&mut self) -> bool {
        let (model, scratch) = (self.model, &mut *self.scratch);
        let assets = model.parameters.len();
        let rows = model.pool.len() / assets;
        let row = ((self.draws.uniform() * rows as f64) as usize).min(rows - 1);
        for (asset, z) in model.pool[row * assets..(row + 1) * assets].iter().enumerate() {
            let h = scratch.variance[asset];
            let deviation = h.sqrt();
            let drift = -h * model.compensators[asset].at(deviation);
            let change = deviation * z;
            let jumps = z.abs() > model.threshold;
            scratch.deviation[asset] = deviation;
            scratch.change[asset] = change;
            scratch.moved[asset] = if jumps { drift } else { drift + change };
            scratch.jumped[asset] = if jumps { change } else { 0.0 };
        }
        scratch.bases.iter_mut().for_each(Basis::row);
        if self.used == AHEAD {
            if self.minima {
                self.bridge.fill_exponential(&mut scratch.exponentials);
            }
            self.used = 0;
        }
        let exponentials = &scratch.exponentials[self.used * model.columns.len()..];
        self.used += 1;
        for ((cell, column), exponential) in scratch.cells.iter_mut().zip(&model.columns).zip(exponentials) {
            let (mut moved, mut jumped, mut spread, mut jumps) = (0.0, 0.0, 0.0, false);
            for (asset, weight) in &column.assets {
                moved += weight * scratch.moved[*asset];
                jumped += weight * scratch.jumped[*asset];
                jumps |= scratch.jumped[*asset] != 0.0;
            }
            for (i, j, factor) in &column.spread {
                spread += factor * scratch.deviation[*i] * scratch.deviation[*j];
            }
            for (peg, weight) in &column.pegs {
                let basis = &scratch.bases[*peg];
                moved += weight * basis.moved;
                jumped += weight * basis.jumped;
                spread += weight * weight * basis.variance;
                jumps |= basis.jumps;
            }
            let open = cell.after;
            let close = open + moved;
            let low = if self.minima {
                let d = close - open;
                let reach = (d * d + 2.0 * spread.max(0.0) * exponential).sqrt();
                (0.5 * (open + close - reach)).min(open).min(close)
            } else {
                open
            };
            *cell = Cell { low, close, after: close + jumped, jumps };
        }
        for (asset, parameters) in model.parameters.iter().enumerate() {
            let next = parameters.next(scratch.variance[asset], scratch.change[asset]);
            scratch.variance[asset] = next.min(model.caps[asset]);
        }
        let stressed = self.stressed;
        self.stressed = model.stress.follows(stressed, &scratch.variance);
        stressed
    }
}

impl Basis {
    /// An exact Ornstein-Uhlenbeck step, and the jumps that fall into the row, at its end.
    fn row(&mut self) {
        self.moved = self.level * (self.fade - 1.0) + self.variance.sqrt() * self.normals.normal();
        (self.jumped, self.jumps) = (0.0, false);
        if self.intensity > 0.0 {
            let mut left = self.intensity;
            while self.wait < left {
                left -= self.wait;
                let drawn = self.depegs.exponential();
                self.jumped += self.peg.jump(drawn, || self.depegs.uniform());
                self.jumps = true;
                self.wait = self.depegs.exponential();
            }
            self.wait -= left;
        }
        self.level += self.moved + self.jumped;
    }
}

impl FilteredModel {
    /// Simulates path number `path_index` over `steps` rows into `path`; columns are the assets, pegs and pairs. Prices
    /// of assets are driftless: the mean of e^return over the residuals is taken off in each row.
    ///
    /// # Errors
    /// No step.
    pub fn simulate(
        &self,
        steps: usize,
        seed: u64,
        path_index: u64,
        path: &mut PricePath,
        scratch: &mut FilteredScratch,
    ) -> Result<(), ModelError> {
        if steps == 0 {
            let (owner, range) = ("the simulation".to_owned(), "at least 1");
            return Err(ModelError::OutOfRange { owner, name: "number of steps", value: 0.0, range });
        }
        path.assets = self.columns.len();
        path.time.clear();
        path.stressed.clear();
        for column in [&mut path.low, &mut path.close, &mut path.after] {
            column.clear();
            column.reserve(steps * self.columns.len());
        }
        let mut walk = Walk::start(self, seed, path_index, true, scratch);
        for step in 1..=steps {
            path.time.push(self.years_per_row * step as f64);
            path.stressed.push(walk.row());
            for cell in &walk.scratch.cells {
                path.low.push(libm::exp(cell.low));
                path.close.push(libm::exp(cell.close));
                path.after.push(libm::exp(cell.after));
            }
        }
        Ok(())
    }
}
