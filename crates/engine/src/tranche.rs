//! Capital in ordered layers (2.1 to 2.3): tranches, their two share classes, the price of a share.
//!
//! Every balance is derived from two numbers a class, assets and shares, and by the functions of this file
//! alone, so that there is one formula for each balance.

use seawall_fixed::{Assets, Overflow, Rounding, Shares, mul_div};

use crate::id::ExitId;

/// Shares minted for the first unit of assets of a class (2.2, virtual offset). Finer shares than assets keep
/// the rounding of a deposit below one unit of assets.
pub const SHARES_PER_ASSET: u128 = 1000;

/// Shares per unit of assets above which a class is worthless and closes (2.3).
const SHARES_PER_ASSET_MAX: u128 = 1 << 32;

/// One share class: what its shares stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Class {
    /// Assets of the class.
    pub assets: Assets,
    /// Shares outstanding.
    pub shares: Shares,
    /// Counts the closings of the class; shares of an older generation stand for nothing but recoveries.
    pub generation: u32,
}

impl Class {
    /// Value of `shares` at net asset value, rounded down (1.2).
    ///
    /// # Errors
    /// [`Overflow`] when the class has no shares.
    pub fn value(&self, shares: Shares) -> Result<Assets, Overflow> {
        shares.to_assets(self.assets, self.shares, Rounding::Down)
    }

    /// Shares minted for a deposit, rounded down (2.2).
    ///
    /// The smaller of the price with the virtual offset and the plain net asset value: a deposit is never
    /// worth more than was paid in, whatever the ratio became, and the first one has a price at all.
    ///
    /// # Errors
    /// [`Overflow`] when the shares do not fit.
    pub fn shares_for(&self, deposit: Assets) -> Result<Shares, Overflow> {
        let virtual_shares = self.shares.get().checked_add(SHARES_PER_ASSET).ok_or(Overflow)?;
        let virtual_assets = self.assets.get().checked_add(1).ok_or(Overflow)?;
        let offset = deposit.to_shares(virtual_shares, virtual_assets, Rounding::Down)?;
        if self.shares.is_zero() {
            return Ok(offset);
        }
        let plain = deposit.to_shares(self.shares.get(), self.assets.get(), Rounding::Down)?;
        Ok(offset.min(plain))
    }

    /// True when the class must close (2.3): nobody holds a share while assets are left, or the shares have
    /// become worthless.
    #[must_use]
    #[inline]
    pub fn must_close(&self) -> bool {
        if self.shares.is_zero() {
            return !self.assets.is_zero();
        }
        // assets x 2^32 < shares, without leaving 128 bits: a left shift that overflows is larger than any
        // number of shares.
        self.assets.get() <= u128::MAX / SHARES_PER_ASSET_MAX
            && self.assets.get() * SHARES_PER_ASSET_MAX < self.shares.get()
    }

    /// Takes `shares` out: what their owner receives (rounded down) and the dust that goes to the reserve, so
    /// that the price of the shares that stay does not rise (1.2, 1.5).
    ///
    /// # Errors
    /// [`Overflow`] when the class has no shares.
    pub fn redeem(&self, shares: Shares) -> Result<(Assets, Assets), Overflow> {
        let down = shares.to_assets(self.assets, self.shares, Rounding::Down)?;
        let up = shares.to_assets(self.assets, self.shares, Rounding::Up)?;
        Ok((down, up - down))
    }
}

/// One tranche: its two classes and its queue of exits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tranche {
    /// Earns premium and bears losses.
    pub active: Class,
    /// Asked to leave: bears losses, earns nothing. Includes what is cleared and not yet paid (5.4).
    pub queued: Class,
    /// Queued shares that are cleared and not yet paid.
    pub cleared: Shares,
    /// Oldest exit that is not fully cleared.
    pub head: Option<ExitId>,
    /// Youngest exit of the queue.
    pub tail: Option<ExitId>,
}

impl Tranche {
    /// All assets: what the tranche can lose.
    #[must_use]
    #[inline]
    pub fn assets(&self) -> Assets {
        self.active.assets + self.queued.assets
    }

    /// Value of what is cleared and not yet paid, rounded up: it is not there for new promises (5.3).
    #[must_use]
    pub fn cleared_value(&self) -> Assets {
        if self.cleared.is_zero() {
            return Assets::ZERO;
        }
        self.cleared
            .to_assets(self.queued.assets, self.queued.shares, Rounding::Up)
            .expect("cleared shares are part of the queued shares, so the quotient is at most their assets")
    }

    /// The queued class's part of a loss of the tranche (2.2): min(Aq, ceil(L Aq / (A + Aq))).
    #[must_use]
    pub fn queued_part(&self, loss: Assets) -> Assets {
        if self.queued.assets.is_zero() {
            return Assets::ZERO;
        }
        let part = mul_div(loss.get(), self.queued.assets.get(), self.assets().get(), Rounding::Up)
            .expect("a loss is at most the assets of its tranche");
        self.queued.assets.min(Assets::new(part))
    }
}
