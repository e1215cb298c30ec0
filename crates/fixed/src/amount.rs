//! Amounts of the settlement token and of shares: two units that must never be added to each other.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Sub, SubAssign};

use crate::{Overflow, Ppm, Rounding, mul_div};

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(u128);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest amount, 2^128 - 1.
            pub const MAX: Self = Self(u128::MAX);

            /// An amount of `units`.
            #[must_use]
            #[inline]
            pub const fn new(units: u128) -> Self {
                Self(units)
            }

            /// The units.
            #[must_use]
            #[inline]
            pub const fn get(self) -> u128 {
                self.0
            }

            /// True when nothing is left.
            #[must_use]
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum, or [`Overflow`] above 2^128 - 1.
            ///
            /// # Errors
            /// [`Overflow`] above 2^128 - 1.
            #[inline]
            pub const fn checked_add(self, other: Self) -> Result<Self, Overflow> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Ok(Self(sum)),
                    None => Err(Overflow),
                }
            }

            /// The difference, or nothing when `other` is larger.
            #[must_use]
            #[inline]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// The sum, at most 2^128 - 1.
            #[must_use]
            #[inline]
            pub const fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }

            /// `self x numerator / denominator`.
            ///
            /// # Errors
            /// [`Overflow`] when the denominator is zero or the quotient does not fit.
            #[inline]
            pub fn scale(
                self,
                numerator: u128,
                denominator: u128,
                rounding: Rounding,
            ) -> Result<Self, Overflow> {
                mul_div(self.0, numerator, denominator, rounding).map(Self)
            }

            /// The given fraction of this amount.
            ///
            /// # Errors
            /// [`Overflow`] when the fraction is a multiple above one and the product does not fit.
            #[inline]
            pub fn part(self, fraction: Ppm, rounding: Rounding) -> Result<Self, Overflow> {
                fraction.of(self.0, rounding).map(Self)
            }
        }

        /// # Panics
        /// Above 2^128 - 1. Sums of money cannot get there: the pool refuses a receipt that would lift its
        /// holdings above 2^128 - 1, and every other amount is a part of those.
        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        /// # Panics
        /// When `other` is larger; callers compare first.
        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
                amounts.fold(Self::ZERO, |total, amount| total + amount)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

amount! {
    /// An amount of the pool's settlement token, in its smallest unit.
    Assets
}

amount! {
    /// A number of shares of one class of one tranche (or of the mutual layer).
    Shares
}

impl Assets {
    /// Shares for this amount at `shares`/`assets` a unit.
    ///
    /// # Errors
    /// [`Overflow`] when `assets` is zero or the quotient does not fit.
    #[inline]
    pub fn to_shares(self, shares: u128, assets: u128, rounding: Rounding) -> Result<Shares, Overflow> {
        mul_div(self.0, shares, assets, rounding).map(Shares)
    }
}

impl Shares {
    /// The assets these shares stand for at `assets`/`shares` a share.
    ///
    /// # Errors
    /// [`Overflow`] when `shares` is zero or the quotient does not fit.
    #[inline]
    pub fn to_assets(self, assets: Assets, shares: Shares, rounding: Rounding) -> Result<Assets, Overflow> {
        mul_div(self.0, assets.0, shares.0, rounding).map(Assets)
    }
}
