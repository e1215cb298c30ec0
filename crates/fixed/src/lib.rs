//! Integers that know their unit and their rounding.
//!
//! Everything that is money, a share of money, or time in this project is one of these types. Products are
//! taken in 256 bits and every division names its direction ([`Rounding`]). `no_std`, integers only.
#![no_std]

mod amount;
mod ratio;
mod time;

pub use amount::{Assets, Shares};
pub use ratio::{MILLION, Overflow, Ppm, Rounding, mul_div, mul_shift_64};
pub use time::{EPOCH_SECONDS, Epoch, Seconds, epoch_of, epoch_start};
