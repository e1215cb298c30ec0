//! Numerical building blocks. Everything here is made of IEEE operations and `libm` alone, so that a result has
//! the same bits on every platform; the standard library's elementary functions are not used.

pub mod complex;
pub mod eigen;
pub mod elementary;
mod estimate;
pub mod incomplete;
pub mod laplace;
pub mod minimise;
pub mod normal;
pub mod pareto;
pub mod quadrature;
pub mod sine;
pub(crate) mod wide;

pub use complex::Complex;
pub use estimate::Estimate;
