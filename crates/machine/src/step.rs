//! Abstract steps: what a random sequence is made of. Numbers are choices, not amounts: they are read against
//! the state that a step meets, so that sequences keep their meaning when they shrink. What follows from a seed
//! that was kept depends on the strategies here: new steps go into [`crate::passage`].

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// An amount, relative to what is at stake.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// This many units.
    Units(u128),
    /// This many 65,536ths of the reference.
    Part(u16),
    /// The reference less one, itself, or one more.
    Around(i8),
    /// 2^bits less one, whatever the reference.
    Huge(u8),
}

impl Amount {
    /// The amount that this is of a reference.
    #[must_use]
    pub fn of(self, reference: u128) -> u128 {
        match self {
            Self::Units(units) => units,
            Self::Part(part) => {
                let part = u128::from(part);
                (reference >> 16) * part + (reference & 0xffff) * part / 65_536
            }
            Self::Around(offset) => reference.saturating_add_signed(i128::from(offset)),
            Self::Huge(bits) => u128::MAX >> (128 - u32::from(bits.clamp(1, 128))),
        }
    }
}

/// How far time moves before a step.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are the numbers that the variant's comment speaks of")]
pub enum Time {
    /// Not at all.
    Stay,
    /// By seconds.
    Seconds(u32),
    /// To a boundary to come, or a second beside it.
    Boundary { ahead: u8, offset: i8 },
    /// To the next date at which an estimate, a policy or a rule change falls due.
    Due { offset: i8 },
    /// To the end of an open exit's cooldown.
    Cooled { pick: u8, offset: i8 },
    /// To an open exit's deadline.
    Deadline { pick: u8, offset: i8 },
    /// To the second at which latent losses no longer hold an exit.
    Void { pick: u8, offset: i8 },
    /// Nobody calls for months.
    Months(u8),
}

/// Terms of a quote, relative to the state.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the fields are those of a quote")]
pub struct Terms {
    pub market: u8,
    pub limit: Amount,
    pub event: Amount,
    pub deductible: Amount,
    pub bonded: Amount,
    pub coinsurance: u32,
    pub epochs: u8,
    pub premium: Amount,
    pub bonus: u32,
    pub split: u8,
    pub charge: Amount,
    pub callable: Amount,
    /// What is wrong with the quote or on its edge; nothing for most values.
    pub spoil: u8,
}

/// What a step does.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the action of its name on what its numbers choose")]
pub enum Op {
    Sync,
    Deposit {
        tranche: u8,
        who: u8,
        amount: Amount,
    },
    Transfer {
        tranche: u8,
        from: u8,
        to: u8,
        amount: Amount,
    },
    Request {
        tranche: u8,
        who: u8,
        amount: Amount,
    },
    Clear {
        count: u8,
    },
    ClaimExit {
        pick: u8,
    },
    FundReserve {
        amount: Amount,
    },
    StreamSurplus,
    Buy(Terms),
    Activate {
        market: u8,
    },
    Cancel {
        market: u8,
    },
    Finalise {
        market: u8,
    },
    ReleaseBond {
        pick: u8,
    },
    Revoke {
        market: u8,
        ahead: u8,
    },
    /// A market loses; read at once, or with the next command where an adapter reads it.
    Lose {
        market: u8,
        amount: Amount,
        read: bool,
    },
    /// Several markets lose before one sync.
    LoseMany {
        markets: u16,
        amount: Amount,
    },
    /// A market's reading fails, or falls, until it heals.
    Break {
        market: u8,
        falls: bool,
    },
    Heal {
        market: u8,
    },
    Rate {
        market: u8,
        ppm: i32,
    },
    SourceRecovers {
        market: u8,
        amount: Amount,
    },
    Accepts {
        market: u8,
        most: Option<Amount>,
    },
    Measures {
        market: u8,
        amount: Amount,
    },
    PayMarket {
        market: u8,
    },
    Estimate {
        market: u8,
        amount: Amount,
        days: u8,
    },
    RecoverTicket {
        pick: u8,
        amount: Amount,
    },
    RecoverMarket {
        market: u8,
        amount: Amount,
        count: u8,
    },
    Assign {
        market: u8,
        count: u8,
    },
    ClaimRecovery {
        ticket: u8,
        who: u8,
        tranche: u8,
        queued: bool,
    },
    ClaimDeductible {
        ticket: u8,
    },
    ClaimBond {
        ticket: u8,
        member: u8,
    },
    WriteOff {
        ticket: u8,
        announce: bool,
    },
    OpenLot {
        ticket: u8,
        amount: Amount,
    },
    BuyLot {
        pick: u8,
    },
    Announce {
        change: u8,
        value: u32,
    },
    WithdrawRules,
    Pause {
        seconds: u32,
    },
    CollectFees,
    /// A command that makes no sense.
    Garbage {
        action: u8,
        caller: u32,
        id: u32,
        small: u8,
        amount: Amount,
        readings: u8,
    },
    /// Somebody else claims an exit.
    ClaimOther {
        pick: u8,
    },
    /// Everyone claims what is theirs of a ticket.
    ClaimAll {
        ticket: u8,
    },
    /// Every member claims what is its own of a ticket.
    ClaimBonds {
        ticket: u8,
    },
    /// A bid of nothing for a lot.
    BidLow {
        pick: u8,
    },
    /// A little cover for one market more than a pool can insure.
    FillMarkets {
        epochs: u8,
    },
    /// A sync before the last command, or beyond all time.
    WrongTime {
        early: bool,
        seconds: u32,
    },
}

/// Time moves, and something is done.
#[derive(Clone, Debug)]
pub struct Step {
    /// How far time moves first.
    pub time: Time,
    /// What is done.
    pub op: Op,
}

fn offset() -> impl Strategy<Value = i8> + Clone {
    -1i8..=1
}

/// Any amount.
pub fn amount() -> impl Strategy<Value = Amount> + Clone {
    prop_oneof![
        2 => (0u128..20).prop_map(Amount::Units),
        1 => (20u128..1_000_000).prop_map(Amount::Units),
        8 => any::<u16>().prop_map(Amount::Part),
        3 => offset().prop_map(Amount::Around),
        1 => (60u8..=128).prop_map(Amount::Huge),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        40 => Just(Time::Stay),
        20 => (1u32..100_000).prop_map(Time::Seconds),
        6 => (1u8..4, offset()).prop_map(|(ahead, offset)| Time::Boundary { ahead, offset }),
        2 => offset().prop_map(|offset| Time::Due { offset }),
        2 => (any::<u8>(), offset()).prop_map(|(pick, offset)| Time::Cooled { pick, offset }),
        1 => (any::<u8>(), offset()).prop_map(|(pick, offset)| Time::Deadline { pick, offset }),
        1 => (any::<u8>(), offset()).prop_map(|(pick, offset)| Time::Void { pick, offset }),
        1 => (1u8..12).prop_map(Time::Months),
    ]
}

/// Any terms.
pub fn terms() -> impl Strategy<Value = Terms> {
    let limit = prop_oneof![8 => any::<u16>().prop_map(Amount::Part), 1 => amount()];
    let money = (limit, amount(), prop_oneof![Just(Amount::Units(0)), amount()], amount());
    let shares = (prop_oneof![Just(0u32), 0u32..=1_000_000], prop_oneof![Just(0u32), 0u32..=500_000]);
    let rest = (
        any::<u8>(),
        1u8..30,
        any::<u16>().prop_map(Amount::Part),
        0u8..8,
        any::<u16>().prop_map(Amount::Part),
        prop_oneof![Just(Amount::Units(0)), amount()],
        any::<u8>(),
    );
    (money, shares, rest).prop_map(|(money, shares, rest)| {
        let (limit, event, deductible, bonded) = money;
        let (coinsurance, bonus) = shares;
        let (market, epochs, premium, split, charge, callable, spoil) = rest;
        Terms {
            market,
            limit,
            event,
            deductible,
            bonded,
            coinsurance,
            epochs,
            premium,
            bonus,
            split,
            charge,
            callable,
            spoil,
        }
    })
}

fn capital() -> impl Strategy<Value = Op> {
    let (who, tranche) = (0u8..8, 0u8..4);
    prop_oneof![
        6 => (tranche.clone(), who.clone(), amount())
            .prop_map(|(tranche, who, amount)| Op::Deposit { tranche, who, amount }),
        3 => (tranche.clone(), who.clone(), who.clone(), amount())
            .prop_map(|(tranche, from, to, amount)| Op::Transfer { tranche, from, to, amount }),
        5 => (tranche, who, amount()).prop_map(|(tranche, who, amount)| Op::Request { tranche, who, amount }),
        3 => prop_oneof![Just(255u8), 0u8..4].prop_map(|count| Op::Clear { count }),
        4 => any::<u8>().prop_map(|pick| Op::ClaimExit { pick }),
        1 => amount().prop_map(|amount| Op::FundReserve { amount }),
        1 => Just(Op::StreamSurplus),
        1 => (1u32..3_000_000).prop_map(|seconds| Op::Pause { seconds }),
        1 => Just(Op::CollectFees),
        1 => (any::<u8>(), any::<u32>()).prop_map(|(change, value)| Op::Announce { change, value }),
        1 => Just(Op::WithdrawRules),
    ]
}

fn cover() -> impl Strategy<Value = Op> {
    let market = any::<u8>();
    prop_oneof![
        8 => terms().prop_map(Op::Buy),
        6 => market.prop_map(|market| Op::Activate { market }),
        1 => market.prop_map(|market| Op::Cancel { market }),
        3 => market.prop_map(|market| Op::Finalise { market }),
        2 => any::<u8>().prop_map(|pick| Op::ReleaseBond { pick }),
        1 => (market, 0u8..3).prop_map(|(market, ahead)| Op::Revoke { market, ahead }),
    ]
}

fn losses() -> impl Strategy<Value = Op> {
    let market = any::<u8>();
    prop_oneof![
        8 => (market, amount(), any::<bool>())
            .prop_map(|(market, amount, read)| Op::Lose { market, amount, read }),
        3 => (any::<u16>(), amount()).prop_map(|(markets, amount)| Op::LoseMany { markets, amount }),
        1 => (market, any::<bool>()).prop_map(|(market, falls)| Op::Break { market, falls }),
        2 => market.prop_map(|market| Op::Heal { market }),
        1 => (market, -60_000i32..60_000).prop_map(|(market, ppm)| Op::Rate { market, ppm }),
        2 => (market, amount()).prop_map(|(market, amount)| Op::SourceRecovers { market, amount }),
        1 => (market, option::of(amount())).prop_map(|(market, most)| Op::Accepts { market, most }),
        1 => (market, amount()).prop_map(|(market, amount)| Op::Measures { market, amount }),
        1 => market.prop_map(|market| Op::PayMarket { market }),
        3 => (market, amount(), 0u8..70)
            .prop_map(|(market, amount, days)| Op::Estimate { market, amount, days }),
    ]
}

fn recoveries() -> impl Strategy<Value = Op> {
    let (market, pick) = (any::<u8>(), any::<u8>());
    prop_oneof![
        4 => (pick, amount()).prop_map(|(pick, amount)| Op::RecoverTicket { pick, amount }),
        3 => (market, amount(), 0u8..6)
            .prop_map(|(market, amount, count)| Op::RecoverMarket { market, amount, count }),
        1 => (market, 0u8..6).prop_map(|(market, count)| Op::Assign { market, count }),
        6 => (pick, 0u8..8, 0u8..4, any::<bool>())
            .prop_map(|(ticket, who, tranche, queued)| Op::ClaimRecovery { ticket, who, tranche, queued }),
        1 => pick.prop_map(|ticket| Op::ClaimDeductible { ticket }),
        1 => (pick, pick).prop_map(|(ticket, member)| Op::ClaimBond { ticket, member }),
        1 => (pick, any::<bool>()).prop_map(|(ticket, announce)| Op::WriteOff { ticket, announce }),
        1 => (pick, amount()).prop_map(|(ticket, amount)| Op::OpenLot { ticket, amount }),
        1 => pick.prop_map(|pick| Op::BuyLot { pick }),
    ]
}

fn garbage() -> impl Strategy<Value = Op> {
    let id = || prop_oneof![0u32..20, Just(u32::MAX), any::<u32>()];
    let amount = prop_oneof![Just(Amount::Units(0)), Just(Amount::Huge(128)), amount()];
    (any::<u8>(), id(), id(), any::<u8>(), amount, any::<u8>()).prop_map(
        |(action, caller, id, small, amount, readings)| Op::Garbage {
            action,
            caller,
            id,
            small,
            amount,
            readings,
        },
    )
}

/// Any step.
pub fn step() -> impl Strategy<Value = Step> {
    let op = prop_oneof![
        10 => capital(),
        8 => cover(),
        10 => losses(),
        7 => recoveries(),
        2 => Just(Op::Sync),
        2 => garbage(),
    ];
    (time(), op).prop_map(|(time, op)| Step { time, op })
}

/// A sequence of at most `most` steps.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        1 => vec(step(), 1..most / 4),
        1 => vec(step(), most / 4..=most),
    ]
}
