//! Who holds what, and held what when (5.1, 6.2). Dense arrays by account: the cost of a command does not
//! depend on the number of holders.

use alloc::vec::Vec;

use seawall_fixed::{Assets, Epoch, Shares};

use crate::id::{AccountId, TRANCHES_MAX, TicketId};
use crate::ticket::ClassKind;

/// A balance, valid for every ticket from `since` on until the next checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checkpoint {
    /// Shares held.
    pub balance: Shares,
    /// Generation of the class they belong to.
    pub generation: u32,
    /// Tickets that had been booked when the balance was written.
    pub since: u32,
}

/// A balance with its past: the last checkpoint inline, earlier ones aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Track {
    balance: Shares,
    generation: u32,
    since: u32,
    /// Number of the history plus one; zero when there is none.
    history: u32,
    /// Epoch of the last deposit (active shares only). It stands here to keep a holding in 64 bytes, one cache
    /// line.
    lock_epoch: u32,
}

/// Past checkpoints of all tracks that have a past, in one array: each past is a region of it, which moves to
/// the end with twice the room when it is full. No allocation a holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Histories {
    regions: Vec<Region>,
    checkpoints: Vec<Checkpoint>,
}

/// Where the past of one track stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Region {
    first: u64,
    len: u32,
    room: u32,
}

impl Histories {
    /// Opens a past and returns its number plus one.
    fn open(&mut self) -> u32 {
        self.regions.push(Region { first: self.checkpoints.len() as u64, len: 0, room: 0 });
        u32::try_from(self.regions.len()).expect("fewer tracks than 2^32")
    }

    /// The checkpoints of a past, oldest first; none for number zero.
    fn past(&self, number: u32) -> &[Checkpoint] {
        let Some(region) = number.checked_sub(1).map(|index| self.regions[index as usize]) else {
            return &[];
        };
        &self.checkpoints[usize::try_from(region.first).expect("it was stored")..][..region.len as usize]
    }

    fn push(&mut self, number: u32, checkpoint: Checkpoint) {
        let region = &mut self.regions[number as usize - 1];
        let first = usize::try_from(region.first).expect("it was stored");
        if region.len < region.room {
            self.checkpoints[first + region.len as usize] = checkpoint;
        } else {
            let end = self.checkpoints.len();
            let used = region.len as usize;
            region.first = end as u64;
            region.room = (region.room * 2).max(1);
            self.checkpoints.extend_from_within(first..first + used);
            self.checkpoints.push(checkpoint);
            self.checkpoints.resize(end + region.room as usize, Checkpoint::default());
        }
        region.len += 1;
    }
}

impl Track {
    /// Shares held of `generation`.
    #[must_use]
    #[inline]
    pub fn balance(&self, generation: u32) -> Shares {
        if self.generation == generation { self.balance } else { Shares::ZERO }
    }

    /// The checkpoint in force.
    #[must_use]
    pub const fn now(&self) -> Checkpoint {
        Checkpoint { balance: self.balance, generation: self.generation, since: self.since }
    }

    /// Writes a new balance; overwrites a checkpoint of the same ticket count, else keeps it as history.
    pub(crate) fn write(
        &mut self,
        histories: &mut Histories,
        balance: Shares,
        generation: u32,
        tickets: u32,
    ) {
        let empty = self.balance.is_zero() && self.history == 0;
        if self.since != tickets && !empty {
            if self.history == 0 {
                self.history = histories.open();
            }
            histories.push(self.history, self.now());
        }
        (self.balance, self.generation, self.since) = (balance, generation, tickets);
    }

    /// Number of checkpoints.
    #[must_use]
    pub fn len(&self, histories: &Histories) -> usize {
        1 + histories.past(self.history).len()
    }

    /// Checkpoint `index`, oldest first.
    #[must_use]
    pub fn checkpoint(&self, histories: &Histories, index: usize) -> Option<Checkpoint> {
        let past = histories.past(self.history);
        match index.cmp(&past.len()) {
            core::cmp::Ordering::Less => Some(past[index]),
            core::cmp::Ordering::Equal => Some(self.now()),
            core::cmp::Ordering::Greater => None,
        }
    }

    /// Index of the checkpoint that `ticket` uses: the last with `since` <= ticket. What a caller passes to a
    /// claim; the engine only verifies it.
    #[must_use]
    pub fn index_for(&self, histories: &Histories, ticket: TicketId) -> Option<usize> {
        let count = self.len(histories);
        // Checkpoints are in rising order of `since`.
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.checkpoint(histories, middle)?.since <= ticket.0 {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// Shares that count for `ticket` in a cohort of `generation`, by the checkpoint the caller names, verified
    /// against its neighbour (6.2); none when the index is wrong.
    pub(crate) fn shares_at(
        &self,
        histories: &Histories,
        index: usize,
        ticket: TicketId,
        generation: u32,
    ) -> Option<Shares> {
        let checkpoint = self.checkpoint(histories, index)?;
        let follower = self.checkpoint(histories, index + 1);
        if checkpoint.since > ticket.0 || follower.is_some_and(|next| next.since <= ticket.0) {
            return None;
        }
        Some(if checkpoint.generation == generation { checkpoint.balance } else { Shares::ZERO })
    }
}

/// Active shares of one account in one tranche.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Holding {
    /// Shares and their past.
    pub track: Track,
    /// Deposited in `lock_epoch`.
    pub locked_this: Shares,
    /// Deposited in the epoch before it.
    pub locked_previous: Shares,
}

impl Holding {
    /// Shares of `generation` that can be neither queued nor transferred in `epoch` (5.1): those deposited in
    /// it or in the one before.
    #[must_use]
    #[inline]
    pub fn locked(&self, generation: u32, epoch: Epoch) -> Shares {
        let (this, previous) = self.locks(generation, epoch);
        this + previous
    }

    /// Shares that can be queued or transferred.
    #[must_use]
    #[inline]
    pub fn unlocked(&self, generation: u32, epoch: Epoch) -> Shares {
        self.track.balance(generation).saturating_sub(self.locked(generation, epoch))
    }

    fn locks(&self, generation: u32, epoch: Epoch) -> (Shares, Shares) {
        if self.track.generation != generation {
            return (Shares::ZERO, Shares::ZERO);
        }
        match epoch.saturating_sub(u64::from(self.track.lock_epoch)) {
            0 => (self.locked_this, self.locked_previous),
            1 => (Shares::ZERO, self.locked_this),
            _ => (Shares::ZERO, Shares::ZERO),
        }
    }

    pub(crate) fn lock(&mut self, shares: Shares, generation: u32, epoch: Epoch) {
        let (this, previous) = self.locks(generation, epoch);
        self.locked_this = this + shares;
        self.locked_previous = previous;
        self.track.lock_epoch = u32::try_from(epoch).expect("time is bounded far below 2^32 epochs");
    }
}

/// What an account has claimed of one ticket through one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Claimed {
    pub key: (TicketId, u8, ClassKind),
    pub amount: Assets,
}

/// All holdings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Holders {
    active: [Vec<Holding>; TRANCHES_MAX],
    queued: [Vec<Track>; TRANCHES_MAX],
    histories: Histories,
    claimed: Vec<Vec<Claimed>>,
}

impl Holders {
    /// Active shares of an account.
    #[must_use]
    #[inline]
    pub fn active(&self, tranche: usize, owner: AccountId) -> Holding {
        self.active[tranche].get(owner.index()).copied().unwrap_or_default()
    }

    /// Queued shares of an account.
    #[must_use]
    #[inline]
    pub fn queued(&self, tranche: usize, owner: AccountId) -> Track {
        self.queued[tranche].get(owner.index()).copied().unwrap_or_default()
    }

    /// Shares of an account in a class, with their past.
    #[must_use]
    pub fn track(&self, tranche: usize, class: ClassKind, owner: AccountId) -> Track {
        match class {
            ClassKind::Active => self.active(tranche, owner).track,
            ClassKind::Queued => self.queued(tranche, owner),
        }
    }

    /// Past checkpoints.
    #[must_use]
    pub const fn histories(&self) -> &Histories {
        &self.histories
    }

    pub(crate) const fn histories_mut(&mut self) -> &mut Histories {
        &mut self.histories
    }

    /// Accounts that a tranche's array has room for: one more than the largest id that ever held shares.
    #[must_use]
    pub fn accounts(&self, tranche: usize) -> usize {
        self.active[tranche].len().max(self.queued[tranche].len())
    }

    /// What an account has claimed of a ticket's recoveries through a class (6.2).
    #[must_use]
    pub fn claimed(&self, owner: AccountId, ticket: TicketId, tranche: u8, class: ClassKind) -> Assets {
        let Some(claims) = self.claimed.get(owner.index()) else { return Assets::ZERO };
        match claims.binary_search_by_key(&(ticket, tranche, class), |claim| claim.key) {
            Ok(found) => claims[found].amount,
            Err(_) => Assets::ZERO,
        }
    }

    pub(crate) fn add_claimed(
        &mut self,
        owner: AccountId,
        ticket: TicketId,
        tranche: u8,
        class: ClassKind,
        amount: Assets,
    ) {
        let claims = slot(&mut self.claimed, owner);
        let key = (ticket, tranche, class);
        match claims.binary_search_by_key(&key, |claim| claim.key) {
            Ok(found) => claims[found].amount += amount,
            Err(place) => claims.insert(place, Claimed { key, amount }),
        }
    }

    pub(crate) fn active_mut(&mut self, tranche: usize, owner: AccountId) -> (&mut Holding, &mut Histories) {
        (slot(&mut self.active[tranche], owner), &mut self.histories)
    }

    pub(crate) fn queued_mut(&mut self, tranche: usize, owner: AccountId) -> (&mut Track, &mut Histories) {
        (slot(&mut self.queued[tranche], owner), &mut self.histories)
    }
}

fn slot<T: Clone + Default>(rows: &mut Vec<T>, owner: AccountId) -> &mut T {
    if rows.len() <= owner.index() {
        rows.resize(owner.index() + 1, T::default());
    }
    &mut rows[owner.index()]
}
