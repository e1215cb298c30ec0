//! An insured market: its counter, its policies, its latent estimate, what is set aside for it.

use seawall_fixed::{Assets, Seconds};

use crate::id::{AccountId, MarketId, TicketId};
use crate::latent::Estimate;
use crate::policy::Policy;
use crate::source::{Converted, Source};

/// Which of a market's two policies (3.1): at most one in force and one successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Slot {
    /// The older one.
    Current,
    /// The one that follows it.
    Successor,
}

/// Both slots, older first.
pub const SLOTS: [Slot; 2] = [Slot::Current, Slot::Successor];

/// A market known to the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Market {
    /// Its number.
    pub id: MarketId,
    /// Who reads its losses.
    pub source: Source,
    /// Where its payments go.
    pub destination: AccountId,
    /// Loss counter at the last good reading, in the pool's unit.
    pub counter: u128,
    /// Conversion of a counter in another unit.
    pub converted: Option<Converted>,
    /// True after a reading that failed or fell, until the next good one (4.2).
    pub stale: bool,
    /// Latent bad debt measured by the adapter itself.
    pub measured: u128,
    /// What lenders have supplied.
    pub supplied: u128,
    /// Recovered by the source on booked losses, cumulative.
    pub recovered: u128,
    /// Part of `recovered` that was passed on or set off already (6.1).
    pub passed_on: u128,
    /// Policy in force, or the older of two.
    pub current: Option<Policy>,
    /// Policy that follows it.
    pub successor: Option<Policy>,
    /// Open latent estimate (5.6).
    pub estimate: Option<Estimate>,
    /// No estimate can be posted before this second (5.6).
    pub repost_from: Seconds,
    /// Lowest nonce a quote may carry (3.2).
    pub nonce: u64,
    /// Paid by the layers and not yet accepted by the destination (4.5).
    pub set_aside: Assets,
    /// Recoveries received and not yet assigned to a ticket (6.1).
    pub unassigned: Assets,
    /// Oldest ticket that may still receive recoveries.
    pub oldest_ticket: Option<TicketId>,
    /// Youngest ticket.
    pub newest_ticket: Option<TicketId>,
}

impl Market {
    /// A market without cover.
    #[must_use]
    pub const fn new(id: MarketId, source: Source, destination: AccountId) -> Self {
        Self {
            id,
            source,
            destination,
            counter: 0,
            converted: None,
            stale: false,
            measured: 0,
            supplied: 0,
            recovered: 0,
            passed_on: 0,
            current: None,
            successor: None,
            estimate: None,
            repost_from: 0,
            nonce: 0,
            set_aside: Assets::ZERO,
            unassigned: Assets::ZERO,
            oldest_ticket: None,
            newest_ticket: None,
        }
    }

    /// The policy in a slot.
    #[must_use]
    pub const fn policy(&self, slot: Slot) -> Option<&Policy> {
        match slot {
            Slot::Current => self.current.as_ref(),
            Slot::Successor => self.successor.as_ref(),
        }
    }

    /// The policy in a slot, to change.
    pub(crate) const fn policy_mut(&mut self, slot: Slot) -> Option<&mut Policy> {
        match slot {
            Slot::Current => self.current.as_mut(),
            Slot::Successor => self.successor.as_mut(),
        }
    }

    /// Both policies, older first.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.current.iter().chain(&self.successor)
    }

    /// The slot and policy that pays for an increase read at `now`, if any; the older one first.
    #[must_use]
    pub fn covering(&self, now: Seconds) -> Option<&Policy> {
        self.policies().find(|policy| policy.in_force(now))
    }

    /// True while a policy is pending, in force or in run-off: the market must then be read (4.2).
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.policies().any(Policy::is_open)
    }

    /// True while source and destination may not change (3.1).
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.current.is_some() || self.successor.is_some() || !self.set_aside.is_zero()
    }

    /// Latent bad debt that a new policy's baseline includes (3.3): the larger of the adapter's own measure and
    /// the risk role's estimate.
    #[must_use]
    pub fn latent(&self) -> u128 {
        self.measured.max(self.estimate.map_or(0, |estimate| estimate.amount.get()))
    }
}
