//! Closed forms and transforms against which the simulation is checked, and which serve as control variates.

pub mod barrier;
pub mod black_cox;
pub mod exchange;
pub mod gap;
pub mod kou;
pub mod merton;
