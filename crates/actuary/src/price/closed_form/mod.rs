//! Closed forms and transforms against which the simulation is checked, and which serve as control variates.

pub mod black_cox;
pub mod gap;
pub mod kou;
