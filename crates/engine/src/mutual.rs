//! Mutualisation (7.1): each insured can post a callable bond, a share class of the mutual layer. A call takes
//! the sufferer's own bond first, then lowers the value of every unit: its cost does not grow with members.

use alloc::vec;
use alloc::vec::Vec;

use seawall_fixed::{Assets, Overflow, Rounding, Seconds, Shares};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::holder::Track;
use crate::id::{AccountId, MemberId, PolicyId, TicketId};
use crate::tranche::Class;
use crate::waterfall::pour;

/// The mutual layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mutual {
    /// Its assets M.
    pub assets: Assets,
    /// Units outstanding U.
    pub units: Shares,
    /// Counts its closings.
    pub generation: u32,
}

impl Mutual {
    /// The layer as a share class: the same arithmetic and the same closing rule (2.3).
    #[must_use]
    pub const fn class(&self) -> Class {
        Class { assets: self.assets, shares: self.units, generation: self.generation }
    }
}

/// A callable bond.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Member {
    /// Who posted it.
    pub owner: AccountId,
    /// For which policy.
    pub policy: PolicyId,
    /// Amount posted; calls on the others are bounded by a multiple of it.
    pub bond: Assets,
    /// The policy's end at purchase: callable until then, cancelled or not.
    pub until: Seconds,
    /// Units and their past.
    pub units: Track,
    /// Claimed of each ticket's recoveries, in order of ticket.
    pub(crate) claimed: Vec<(TicketId, Assets)>,
}

impl Member {
    /// What was claimed of a ticket's recoveries.
    #[must_use]
    pub fn claimed_of(&self, ticket: TicketId) -> Assets {
        match self.claimed.binary_search_by_key(&ticket, |(claimed, _)| *claimed) {
            Ok(found) => self.claimed[found].1,
            Err(_) => Assets::ZERO,
        }
    }

    pub(crate) fn add_claimed(&mut self, ticket: TicketId, assets: Assets) {
        match self.claimed.binary_search_by_key(&ticket, |(claimed, _)| *claimed) {
            Ok(found) => self.claimed[found].1 += assets,
            Err(place) => self.claimed.insert(place, (ticket, assets)),
        }
    }
}

/// What the mutual layer gives to each loss of a sync.
pub(crate) struct Called {
    pub own: Vec<Assets>,
    pub called: Vec<Assets>,
}

/// Calls the layer for what reserve and tranches could not pay: own bonds first, in ascending order of market,
/// then all members, each loss at most a multiple of the sufferer's own bond at its start. A policy without a
/// bond calls nothing.
pub(crate) fn call(
    draft: &mut Draft,
    members: &[Option<MemberId>],
    owed: &mut [Assets],
) -> Result<Called, Error> {
    let mut own = vec![Assets::ZERO; owed.len()];
    let mut wanted = vec![Assets::ZERO; owed.len()];
    for (index, member) in members.iter().enumerate() {
        let Some(id) = member.filter(|_| !owed[index].is_zero()) else { continue };
        let (bond, held) = {
            let member = &draft.base.members[id.index()];
            (member.bond, member.units.balance(draft.core.mutual.generation))
        };
        own[index] = use_own(draft, id, held, owed[index])?;
        owed[index] -= own[index];
        let multiple = bond.part(draft.rules().mutual_multiple, Rounding::Down).unwrap_or(Assets::MAX);
        wanted[index] = owed[index].min(multiple);
    }
    let mut layer = draft.core.mutual.assets;
    let called = pour(&mut layer, &mut wanted);
    for (left, part) in owed.iter_mut().zip(&called) {
        *left -= *part;
    }
    Ok(Called { own, called })
}

/// Uses a sufferer's own bond: x = min(need, own value), burning ceil(x U / M) units.
fn use_own(draft: &mut Draft, id: MemberId, held: Shares, need: Assets) -> Result<Assets, Overflow> {
    let class = draft.core.mutual.class();
    if held.is_zero() || class.assets.is_zero() {
        return Ok(Assets::ZERO);
    }
    let assets = need.min(class.value(held)?);
    if assets.is_zero() {
        return Ok(Assets::ZERO);
    }
    let units = assets.to_shares(class.shares.get(), class.assets.get(), Rounding::Up)?;
    draft.emit(Event::OwnBondUsed { member: id, assets, units });
    Ok(assets)
}

/// Units minted for a bond, rounded down.
pub(crate) fn units_for(draft: &Draft, bond: Assets) -> Result<Shares, Overflow> {
    draft.core.mutual.class().shares_for(bond)
}

/// Returns what is left of a bond (7.1): after its policy's end at purchase, when no market is stale.
pub(crate) fn release(draft: &mut Draft, caller: AccountId, id: MemberId) -> Result<(), Error> {
    let member = draft.base.member(id).ok_or(Error::NoSuchBond { member: id })?;
    crate::role::require(member.owner == caller, caller, "the owner of the bond")?;
    let units = member.units.balance(draft.core.mutual.generation);
    if units.is_zero() {
        return Err(Error::NoSuchBond { member: id });
    }
    if draft.core.now < member.until || in_run_off(draft, member.policy) {
        return Err(Error::BondCallable { member: id, until: member.until });
    }
    if draft.core.stale > 0 {
        return Err(Error::MarketsStale { count: draft.core.stale });
    }
    let (assets, dust) = draft.core.mutual.class().redeem(units)?;
    draft.emit(Event::BondReleased { member: id, units, assets, dust });
    Ok(())
}

/// True while a policy still pays after its end: its bond then still stands behind it.
fn in_run_off(draft: &Draft, policy: PolicyId) -> bool {
    let mut live = draft.live();
    live.any(|place| draft.market_at(place).policies().any(|open| open.id == policy && open.is_open()))
}
