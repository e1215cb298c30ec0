//! A pool over several years: is it viable, and how large must it be?
//!
//! One year of a path, with capital C of the underwriters, reserve R, cover V (today's is 1) and a loss drawn from
//! the distribution of what the pool owes in a year, times V:
//!
//! ```text
//! premium    P = V x rate, the rate by a rule (constant, by experience, by cost of capital)
//! income     part of P goes to the reserve, the rest to the underwriters, who leave a part of it in the pool
//! loss       first from the reserve, then from the capital; more than both: default
//! surplus    what the reserve holds above its target (times V) is paid to the underwriters
//! exits      after a loss l of capital, a share (exits x l/C) of what is left gives notice and leaves after the
//!            cooldown; until then it bears losses in proportion
//! entries    where the year's return on capital is above target, speed x (return - target) x C comes in
//! cover      V grows by growth - elasticity x (rate/initial rate - 1)
//! ruin       C + R is below required x V at the end of the year, or default; the path ends there
//! ```
//!
//! Paths draw from streams addressed by (seed, path), so every plan meets the same losses: differences between
//! plans are smooth, results have the same bits for any number of threads, and the smallest sufficient capital is
//! found by bisection. More capital never brings more ruin: exits fall with it, entries fall by less than it rises
//! (speed x target return at most 1, which is checked), the rate rises with it or does not answer.
//!
//! Units: amounts in the unit of account of the losses, periods of a year.

mod loss;
mod path;
mod plan;
mod size;
mod summary;

pub use loss::AnnualLoss;
pub use plan::{Entries, Exits, Growth, PoolPlan, PremiumRule, ProjectionError, ReserveRule};
pub use size::{SizedPool, Viability};
pub use summary::{Projection, ProjectionYear, Spread};
