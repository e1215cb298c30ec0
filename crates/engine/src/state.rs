//! The state of a pool. A small core that every command reads and copies, and the tables behind it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use seawall_fixed::{Assets, Seconds, Shares};

use crate::auction::Lot;
use crate::error::Error;
use crate::exit::Exit;
use crate::holder::{Holders, Track};
use crate::id::{AccountId, Digest, ExitId, MARKETS_MAX, MarketId, MemberId, TRANCHES_MAX, TicketId};
use crate::market::Market;
use crate::mutual::{Member, Mutual};
use crate::premium::{PREMIUM_STREAMS, STREAMS, Schedule, Stream};
use crate::rules::Rules;
use crate::ticket::{ClassKind, Ticket};
use crate::tranche::{Class, Tranche};

/// What a pool is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// Binds chain and pool; quotes name it (3.2).
    pub pool: Digest,
    /// Number of tranches, 1 to 4.
    pub tranches: u8,
    /// The settlement token (1.1).
    pub asset: Asset,
    /// Parameters.
    pub rules: Rules,
    /// Second at which the pool opens.
    pub opened: Seconds,
}

/// What is known of the settlement token (1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Asset {
    /// A yield-bearing ERC-4626 wrapper.
    pub wrapper: bool,
    /// Balances change by themselves: refused.
    pub rebasing: bool,
    /// Less arrives than is sent: refused.
    pub fee_on_transfer: bool,
}

/// What the pool looked like at the last epoch boundary (3.4, 5.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Boundary {
    /// Reserve and active assets.
    pub unqueued: Assets,
    /// Queued assets.
    pub queued: Assets,
    /// All tranche assets.
    pub total: Assets,
}

/// The part of the state that every command reads and copies: balances and rates, no lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Core {
    /// Last second up to which everything is booked.
    pub now: Seconds,
    /// Tokens held.
    pub tokens: Assets,
    /// The reserve.
    pub reserve: Assets,
    /// Fees accrued and not collected.
    pub fees: Assets,
    /// No-claims bonus held (3.7).
    pub bonus: Assets,
    /// Deductible bonds.
    pub bonds: Assets,
    /// Set aside for markets (4.5).
    pub set_aside: Assets,
    /// Recoveries assigned to cohorts and buyers, not yet claimed (6.2).
    pub assigned: Assets,
    /// Recoveries not yet assigned to a ticket (6.1).
    pub unassigned: Assets,
    /// Tranches, most junior first; those beyond `tranche_count` stay empty.
    pub tranches: [Tranche; TRANCHES_MAX],
    /// Number of tranches.
    pub tranche_count: u8,
    /// The mutual layer (7.1).
    pub mutual: Mutual,
    /// Premium and surplus streams.
    pub streams: [Stream; STREAMS],
    /// Fractions of the fee not yet charged, in millionths of a unit.
    pub fee_remainders: [u32; PREMIUM_STREAMS],
    /// Required capital: sum of the charges of policies that have not ended (3.5).
    pub required: Assets,
    /// Largest end, with run-off, of all policies bought (5.2).
    pub latest_end: Seconds,
    /// The last epoch boundary.
    pub boundary: Boundary,
    /// Tickets booked.
    pub tickets: u32,
    /// Exits requested.
    pub exits: u32,
    /// Policies bought.
    pub policies: u32,
    /// Callable bonds posted.
    pub members: u32,
    /// Lots opened.
    pub lots: u32,
    /// Places (in the list of markets) of the markets that must be read, in ascending order of market id.
    pub live: [u32; MARKETS_MAX],
    /// How many of `live` are used.
    pub live_count: u8,
    /// How many live markets are read by adapters: each command must carry their readings (4.2).
    pub adapters: u8,
    /// How many live markets are stale (4.2).
    pub stale: u8,
    /// Open latent estimates.
    pub estimates: u32,
    /// Earliest second at which an estimate, a policy, a run-off or a rule change falls due.
    pub due: Seconds,
    /// Deposits and purchases are paused before this second (5.5).
    pub paused_until: Seconds,
    /// No pause can begin before this second.
    pub pause_from: Seconds,
}

impl Core {
    /// The tranches of the pool.
    #[must_use]
    #[inline]
    pub fn tranches(&self) -> &[Tranche] {
        &self.tranches[..usize::from(self.tranche_count)]
    }

    /// Reserve and active assets of all tranches: what backs new cover (3.4, 3.5).
    #[must_use]
    #[inline]
    pub fn unqueued(&self) -> Assets {
        self.tranches().iter().fold(self.reserve, |sum, tranche| sum + tranche.active.assets)
    }

    /// Premium not yet earned.
    #[must_use]
    pub fn unearned(&self) -> Assets {
        self.streams.iter().map(|stream| stream.unearned).sum()
    }

    /// Assets below which tranche `index` begins to lose (2.1): the reserve and the tranches below it.
    #[must_use]
    pub fn attachment(&self, index: usize) -> Assets {
        self.tranches[..index].iter().fold(self.reserve, |sum, tranche| sum + tranche.assets())
    }

    /// Assets above which tranche `index` has lost everything (2.1).
    #[must_use]
    pub fn exhaustion(&self, index: usize) -> Assets {
        self.attachment(index) + self.tranches[index].assets()
    }

    /// Sum of all parts that the tokens held are made of (1.3).
    #[must_use]
    pub fn booked(&self) -> Assets {
        self.tranches().iter().fold(Assets::ZERO, |sum, tranche| sum + tranche.assets())
            + self.reserve
            + self.unearned()
            + self.bonus
            + self.bonds
            + self.mutual.assets
            + self.set_aside
            + self.assigned
            + self.unassigned
            + self.fees
    }

    /// Queued and all tranche assets.
    fn queue(&self) -> (Assets, Assets) {
        self.tranches().iter().fold((Assets::ZERO, Assets::ZERO), |(queued, total), tranche| {
            (queued + tranche.queued.assets, total + tranche.assets())
        })
    }

    /// On ice (5.7): no new cover, because 30 % or more has asked to leave, or there is nothing.
    #[must_use]
    pub fn on_ice(&self) -> bool {
        let (queued, total) = self.queue();
        at_least(queued, total, 30)
    }

    /// Frozen (5.7): insured markets are told to stop new borrowing, because 60 % or more has asked to leave,
    /// now and at the last epoch boundary.
    #[must_use]
    pub fn frozen(&self) -> bool {
        let (queued, total) = self.queue();
        at_least(queued, total, 60) && at_least(self.boundary.queued, self.boundary.total, 60)
    }
}

/// `queued` x 100 >= `percent` x `total`, or nothing is there.
fn at_least(queued: Assets, total: Assets, percent: u128) -> bool {
    use seawall_fixed::{Rounding, mul_div};
    // Compared as ceil(percent x total / 100) <= queued, which is the same and stays in 128 bits.
    total.is_zero()
        || mul_div(total.get(), percent, 100, Rounding::Up).is_ok_and(|least| queued.get() >= least)
}

/// A rule change waiting for its time (5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PendingRules {
    /// When they act.
    pub at: Seconds,
    /// The rules.
    pub rules: Box<Rules>,
}

/// The whole state of a pool. Changed by [`crate::apply`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct State {
    pub(crate) pool: Digest,
    pub(crate) asset: Asset,
    pub(crate) core: Core,
    pub(crate) rules: Rules,
    pub(crate) pending_rules: Option<PendingRules>,
    pub(crate) markets: Vec<Market>,
    pub(crate) market_places: BTreeMap<MarketId, u32>,
    pub(crate) schedule: Schedule,
    pub(crate) holders: Holders,
    pub(crate) exits: Vec<Exit>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) members: Vec<Member>,
    pub(crate) lots: Vec<Lot>,
}

impl State {
    /// An empty pool.
    ///
    /// # Errors
    /// A token that rebases or takes a fee (1.1), a number of tranches other than 1 to 4, rules out of bounds.
    pub fn new(config: Config) -> Result<Self, Error> {
        if config.asset.rebasing || config.asset.fee_on_transfer {
            return Err(Error::TokenRefused);
        }
        if !(1..=TRANCHES_MAX).contains(&usize::from(config.tranches)) {
            return Err(Error::TrancheCount { given: config.tranches });
        }
        config.rules.validate()?;
        crate::execute::check_time(config.opened)?;
        Ok(Self {
            pool: config.pool,
            asset: config.asset,
            core: Core {
                now: config.opened,
                tokens: Assets::ZERO,
                reserve: Assets::ZERO,
                fees: Assets::ZERO,
                bonus: Assets::ZERO,
                bonds: Assets::ZERO,
                set_aside: Assets::ZERO,
                assigned: Assets::ZERO,
                unassigned: Assets::ZERO,
                tranches: [Tranche::default(); TRANCHES_MAX],
                tranche_count: config.tranches,
                mutual: Mutual::default(),
                streams: [Stream::default(); STREAMS],
                fee_remainders: [0; PREMIUM_STREAMS],
                required: Assets::ZERO,
                latest_end: 0,
                boundary: Boundary::default(),
                tickets: 0,
                exits: 0,
                policies: 0,
                members: 0,
                lots: 0,
                live: [0; MARKETS_MAX],
                live_count: 0,
                adapters: 0,
                stale: 0,
                estimates: 0,
                due: Seconds::MAX,
                paused_until: 0,
                pause_from: 0,
            },
            rules: config.rules,
            pending_rules: None,
            markets: Vec::new(),
            market_places: BTreeMap::new(),
            schedule: Schedule::default(),
            holders: Holders::default(),
            exits: Vec::new(),
            tickets: Vec::new(),
            members: Vec::new(),
            lots: Vec::new(),
        })
    }

    /// Chain and pool.
    #[must_use]
    pub const fn pool(&self) -> &Digest {
        &self.pool
    }

    /// The settlement token.
    #[must_use]
    pub const fn asset(&self) -> Asset {
        self.asset
    }

    /// Balances and rates.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// Parameters in force.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Rule change that waits.
    #[must_use]
    pub const fn pending_rules(&self) -> Option<&PendingRules> {
        self.pending_rules.as_ref()
    }

    /// All markets ever known, in order of appearance.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// A market by its number.
    #[must_use]
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.market_places.get(&id).map(|&place| &self.markets[place as usize])
    }

    /// Epoch buckets to come.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Who holds what.
    #[must_use]
    pub const fn holders(&self) -> &Holders {
        &self.holders
    }

    /// All exits ever requested.
    #[must_use]
    pub fn exits(&self) -> &[Exit] {
        &self.exits
    }

    /// An exit by its number.
    #[must_use]
    pub fn exit(&self, id: ExitId) -> Option<&Exit> {
        self.exits.get(id.index())
    }

    /// All tickets.
    #[must_use]
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// A ticket by its number.
    #[must_use]
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.tickets.get(id.index())
    }

    /// All callable bonds ever posted.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A callable bond by its number.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(id.index())
    }

    /// All lots ever opened.
    #[must_use]
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// Active shares of an account in the present generation of a tranche.
    #[must_use]
    pub fn active_shares(&self, tranche: usize, owner: AccountId) -> Shares {
        let generation = self.core.tranches[tranche].active.generation;
        self.holders.active(tranche, owner).track.balance(generation)
    }

    /// What an account's active shares are worth at net asset value, rounded down.
    #[must_use]
    pub fn active_value(&self, tranche: usize, owner: AccountId) -> Assets {
        value(&self.core.tranches[tranche].active, self.active_shares(tranche, owner))
    }

    /// What an exit is worth now (5.1); nothing once its class has closed.
    #[must_use]
    pub fn exit_value(&self, id: ExitId) -> Assets {
        let Some(exit) = self.exits.get(id.index()) else { return Assets::ZERO };
        let queued = &self.core.tranches[usize::from(exit.tranche)].queued;
        if exit.generation != queued.generation {
            return Assets::ZERO;
        }
        value(queued, exit.shares.saturating_sub(exit.paid))
    }

    /// What an account can still claim of a ticket through a class of a tranche (6.2).
    #[must_use]
    pub fn claimable(&self, owner: AccountId, ticket: TicketId, tranche: usize, class: ClassKind) -> Assets {
        let Some(record) = self.tickets.get(ticket.index()) else { return Assets::ZERO };
        let track: Track = self.holders.track(tranche, class, owner);
        let Some(index) = track.index_for(self.holders.histories(), ticket) else { return Assets::ZERO };
        crate::recovery::cohort_claim(self, record, owner, tranche, class, index)
            .map_or(Assets::ZERO, |(_, due)| due)
    }
}

fn value(class: &Class, shares: Shares) -> Assets {
    if class.shares.is_zero() {
        return Assets::ZERO;
    }
    class.value(shares).expect("an account holds at most all shares of its class")
}
