//! Random numbers that depend on nothing but their address: seed, path, factor and position.
//!
//! A simulation asks for the stream of one factor (the diffusion of one asset, its jumps, the common crash, ...)
//! on one path. Which thread draws it, and what was drawn before, cannot change a bit of it.

mod joe_kuo;
mod philox;
mod sobol;
mod stream;

pub use philox::philox4x32_10;
pub use sobol::{Sobol, SobolError};
pub use stream::Stream;
pub(crate) use stream::{ACROSS, uniforms_across};
