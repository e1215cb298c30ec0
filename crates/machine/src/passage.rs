//! Short runs of steps that lead to what single steps hardly ever reach: calls on the mutual layer and claims of
//! what comes back to it, another adapter, write-offs, run-offs, closed classes, more markets than a pool can
//! insure. What happens in between is as random as everywhere.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::step::{Amount, Op, Step, Terms, Time, amount, step, terms};

const WHOLE: Amount = Amount::Around(0);
const NEWEST: u8 = 255;

fn stay(op: Op) -> Step {
    Step { time: Time::Stay, op }
}

fn after(time: Time, op: Op) -> Step {
    Step { time, op }
}

fn boundary(ahead: u8) -> Time {
    Time::Boundary { ahead, offset: 0 }
}

/// Sound terms for a market: `limit` and `charge` in 65,536ths.
fn sound(market: u8, limit: u16, charge: u16, callable: Amount, epochs: u8, spoil: u8) -> Terms {
    Terms {
        market,
        limit: Amount::Part(limit),
        event: WHOLE,
        deductible: Amount::Part(3_000),
        bonded: WHOLE,
        coinsurance: 0,
        epochs,
        premium: Amount::Part(900),
        bonus: 100_000,
        split: 3,
        charge: Amount::Part(charge),
        callable,
        spoil,
    }
}

fn buy(terms: Terms) -> Step {
    stay(Op::Buy(terms))
}

/// A market as a step picks it when it is the live one at `place`.
fn live(place: u8) -> u8 {
    place * 16 + 1
}

/// Bonds are posted, a loss empties the pool and calls them, and what comes back is claimed.
fn mutual() -> impl Strategy<Value = Vec<Step>> {
    (0u8..16, 1u8..15, any::<u16>(), any::<u16>(), amount(), any::<bool>()).prop_map(
        |(market, apart, bond, back, more, late)| {
            let other = (market + apart) % 16;
            let callable = Amount::Part(bond | 0x800);
            let mut steps = vec![
                buy(sound(market, 60_000, 4_000, callable, 12, 255)),
                buy(sound(other, 60_000, 4_000, callable, 12, 255)),
                after(boundary(4), Op::Sync),
                stay(Op::Activate { market: 0 }),
                stay(Op::Activate { market: 0 }),
                stay(Op::LoseMany { markets: u16::MAX, amount: WHOLE }),
                stay(Op::ClaimBonds { ticket: NEWEST }),
                stay(Op::RecoverTicket { pick: NEWEST, amount: Amount::Part(back) }),
                stay(Op::ClaimBonds { ticket: NEWEST }),
                stay(Op::RecoverTicket { pick: NEWEST, amount: WHOLE }),
                stay(Op::ClaimBonds { ticket: NEWEST }),
                stay(Op::RecoverMarket { market: live(0), amount: more, count: 4 }),
                stay(Op::ClaimBonds { ticket: NEWEST.wrapping_sub(apart) }),
                stay(Op::ClaimDeductible { ticket: NEWEST }),
                stay(Op::ClaimAll { ticket: NEWEST }),
            ];
            if late {
                steps.push(after(boundary(14), Op::ReleaseBond { pick: market }));
                steps.push(stay(Op::ReleaseBond { pick: other }));
            }
            steps
        },
    )
}

/// A loss is forgotten for two years and written off; what comes back after that is the reserve's.
fn write_off() -> impl Strategy<Value = Vec<Step>> {
    (amount(), any::<bool>(), 88u32..92).prop_map(|(loss, back, days)| {
        let mut steps = vec![
            buy(sound(7, 9_000, 1_000, Amount::Units(0), 12, 255)),
            after(boundary(4), Op::Activate { market: 0 }),
            stay(Op::Lose { market: live(0), amount: loss, read: true }),
            stay(Op::LoseMany { markets: u16::MAX, amount: Amount::Part(900) }),
            stay(Op::WriteOff { ticket: NEWEST, announce: true }),
            after(Time::Months(25), Op::WriteOff { ticket: NEWEST, announce: true }),
            stay(Op::WriteOff { ticket: NEWEST, announce: false }),
        ];
        if back {
            steps.push(stay(Op::RecoverTicket { pick: NEWEST, amount: Amount::Units(1) }));
        }
        steps.extend([
            after(Time::Seconds(days * 86_400), Op::WriteOff { ticket: NEWEST, announce: false }),
            stay(Op::WriteOff { ticket: NEWEST, announce: false }),
            stay(Op::RecoverTicket { pick: NEWEST, amount: WHOLE }),
            stay(Op::RecoverMarket { market: live(0), amount: WHOLE, count: 5 }),
        ]);
        steps
    })
}

/// Cover ends, its books are closed, and the market is insured again behind another adapter or destination.
fn another_adapter() -> impl Strategy<Value = Vec<Step>> {
    (0u8..16, prop_oneof![Just(13u8), Just(14)], any::<bool>()).prop_map(|(market, spoil, first)| {
        let kept = if first { 255 } else { spoil };
        // A market that is not live is picked by its own number where that is a multiple of 16: only market 0 is,
        // so the end is looked for at every live place.
        let mut steps = vec![buy(sound(market, 9_000, 2_000, Amount::Units(0), 1, kept))];
        steps.push(after(Time::Months(2), Op::Sync));
        steps.extend((0..16).map(|place| stay(Op::Finalise { market: place })));
        steps.push(stay(Op::PayMarket { market }));
        steps.push(after(boundary(2), Op::Sync));
        steps.push(buy(sound(market, 9_000, 2_000, Amount::Units(0), 4, spoil)));
        steps.push(after(boundary(2), Op::Activate { market: 0 }));
        steps.push(stay(Op::Lose { market: live(0), amount: Amount::Part(9_000), read: true }));
        steps
    })
}

/// Estimates that fall, are released, keep a policy in force after its end, and hold exits back until their time.
fn estimates() -> impl Strategy<Value = Vec<Step>> {
    (0u8..4, 1u16..30_000, 1u8..30, amount(), 0u8..8).prop_map(|(place, part, days, loss, who)| {
        let market = live(place);
        let estimate = |amount| stay(Op::Estimate { market, amount, days });
        vec![
            stay(Op::Request { tranche: who, who, amount: Amount::Part(20_000) }),
            after(Time::Cooled { pick: 0, offset: 0 }, Op::Clear { count: 255 }),
            estimate(Amount::Part(part)),
            stay(Op::ClaimExit { pick: 0 }),
            buy(sound(place, 20_000, 1_000, Amount::Units(0), 4, 255)),
            estimate(Amount::Part(part / 2)),
            after(boundary(1), Op::Sync),
            estimate(Amount::Units(0)),
            after(boundary(1), Op::Sync),
            estimate(Amount::Part(part)),
            after(Time::Due { offset: -1 }, Op::Estimate { market, amount: Amount::Part(part), days: 30 }),
            after(Time::Due { offset: 0 }, Op::Sync),
            after(Time::Due { offset: 0 }, Op::Sync),
            stay(Op::Lose { market, amount: loss, read: true }),
            after(Time::Void { pick: 0, offset: 0 }, Op::ClaimExit { pick: 0 }),
        ]
    })
}

/// A policy near its end with an estimate open: a run-off, and a loss in it.
fn run_off() -> impl Strategy<Value = Vec<Step>> {
    (0u8..16, 1u16..60_000, amount()).prop_map(|(market, part, loss)| {
        vec![
            buy(sound(market, 9_000, 2_000, Amount::Units(0), 1, 255)),
            after(Time::Due { offset: -60 }, Op::Activate { market: 0 }),
            stay(Op::Activate { market: 0 }),
            stay(Op::Estimate { market: live(0), amount: Amount::Part(part), days: 20 }),
            stay(Op::Estimate { market: live(1), amount: Amount::Part(part), days: 20 }),
            after(Time::Due { offset: 0 }, Op::Sync),
            stay(Op::Lose { market: live(0), amount: loss, read: true }),
            after(Time::Due { offset: 0 }, Op::Sync),
        ]
    })
}

/// Everything is lost while holders are leaving; the classes begin anew, and the old ones claim what comes back.
fn generations() -> impl Strategy<Value = Vec<Step>> {
    (0u8..16, 0u8..4, 0u8..8, any::<u16>()).prop_map(|(market, tranche, who, back)| {
        vec![
            buy(sound(market, 65_000, 8_000, Amount::Units(0), 12, 255)),
            after(boundary(4), Op::Activate { market: 0 }),
            stay(Op::Request { tranche, who, amount: Amount::Part(30_000) }),
            stay(Op::Request { tranche, who: 7, amount: WHOLE }),
            stay(Op::LoseMany { markets: u16::MAX, amount: WHOLE }),
            stay(Op::ClaimExit { pick: 0 }),
            stay(Op::Sync),
            stay(Op::Deposit { tranche, who, amount: WHOLE }),
            stay(Op::RecoverTicket { pick: NEWEST, amount: Amount::Part(back) }),
            stay(Op::ClaimAll { ticket: NEWEST }),
            after(boundary(2), Op::Request { tranche, who, amount: Amount::Part(9_000) }),
            stay(Op::RecoverTicket { pick: NEWEST, amount: WHOLE }),
            stay(Op::ClaimAll { ticket: NEWEST }),
            stay(Op::ClaimExit { pick: 1 }),
        ]
    })
}

/// A loss meets holders who are leaving, and each is paid what it left of its exit.
fn shared_loss() -> impl Strategy<Value = Vec<Step>> {
    (0u8..4, any::<u16>(), 1u16..9_000).prop_map(|(tranche, part, loss)| {
        let request = |who| stay(Op::Request { tranche, who, amount: Amount::Part(part / 3 + 1) });
        let mut steps: Vec<Step> = vec![
            stay(Op::Deposit { tranche, who: 2, amount: WHOLE }),
            stay(Op::Deposit { tranche, who: 3, amount: Amount::Part(part) }),
            after(boundary(2), Op::Sync),
            request(2),
            request(3),
            request(7),
            stay(Op::LoseMany { markets: u16::MAX, amount: Amount::Part(loss) }),
            after(Time::Cooled { pick: 0, offset: 0 }, Op::Clear { count: 255 }),
            after(Time::Cooled { pick: 2, offset: 0 }, Op::Clear { count: 255 }),
        ];
        steps.extend([0, 1, 2, 0].map(|pick| stay(Op::ClaimExit { pick })));
        steps
    })
}

/// The source keeps what it recovered: it is set off against what the next loss pays.
fn set_off() -> impl Strategy<Value = Vec<Step>> {
    (0u8..3, 1u16..9_000, amount(), 1u16..9_000).prop_map(|(place, first, kept, next)| {
        let market = live(place);
        vec![
            stay(Op::Lose { market, amount: Amount::Part(first), read: true }),
            stay(Op::SourceRecovers { market, amount: kept }),
            stay(Op::Lose { market, amount: Amount::Part(next), read: true }),
            stay(Op::ClaimAll { ticket: 0 }),
        ]
    })
}

/// What was lost by several layers comes back in parts.
fn trickle() -> impl Strategy<Value = Vec<Step>> {
    (any::<u16>(), vec(any::<u16>(), 2..5)).prop_map(|(loss, parts)| {
        let mut steps = vec![
            buy(sound(4, 16_000, 2_000, Amount::Units(0), 6, 255)),
            after(boundary(4), Op::Activate { market: 0 }),
            stay(Op::LoseMany { markets: u16::MAX, amount: Amount::Part(loss) }),
        ];
        for part in parts {
            steps.push(stay(Op::RecoverTicket { pick: NEWEST, amount: Amount::Part(part) }));
            steps.push(stay(Op::ClaimAll { ticket: NEWEST }));
        }
        steps
    })
}

/// The cooldown is made shorter, and some leave before the change acts and some after it; at every due date a bond
/// is asked back a second before and in that second.
fn due_dates() -> impl Strategy<Value = Vec<Step>> {
    (0u8..4, 0u8..16, any::<u32>(), 1u8..4).prop_map(|(tranche, market, value, epochs)| {
        let mut steps = vec![
            stay(Op::Announce { change: 1, value: value % 100 }),
            buy(sound(market, 9_000, 1_000, Amount::Part(9_000), epochs, 255)),
        ];
        for who in [7, tranche, 7, tranche, 7] {
            let request = Op::Request { tranche, who, amount: Amount::Part(9_000) };
            steps.push(after(Time::Due { offset: -1 }, request.clone()));
            steps.push(stay(Op::ReleaseBond { pick: NEWEST }));
            steps.push(after(Time::Due { offset: 0 }, request));
            steps.push(stay(Op::ReleaseBond { pick: NEWEST }));
        }
        steps
    })
}

/// Many leave at once: the pool is on ice; one whose turn has come is paid in spite of a silent source.
fn leaving() -> impl Strategy<Value = Vec<Step>> {
    (0u8..4, any::<u16>(), any::<bool>()).prop_map(|(tranche, part, falls)| {
        let mut steps: Vec<Step> = (0..8)
            .map(|who| stay(Op::Request { tranche: tranche + who, who, amount: Amount::Part(part) }))
            .collect();
        steps.extend([
            buy(sound(5, 9_000, 1_000, Amount::Units(0), 4, 255)),
            stay(Op::Deposit { tranche, who: 3, amount: Amount::Part(part) }),
            after(Time::Cooled { pick: 0, offset: 0 }, Op::Clear { count: 2 }),
            stay(Op::ClaimOther { pick: 0 }),
            stay(Op::Break { market: live(0), falls }),
            stay(Op::ClaimExit { pick: 0 }),
            stay(Op::Clear { count: 3 }),
            stay(Op::Deposit { tranche, who: 3, amount: Amount::Part(part) }),
            stay(Op::Heal { market: live(0) }),
            stay(Op::ClaimExit { pick: 0 }),
            after(Time::Deadline { pick: 0, offset: 0 }, Op::Clear { count: 255 }),
            stay(Op::ClaimExit { pick: 2 }),
        ]);
        steps
    })
}

/// Goods are sold, and nobody sells below the price.
fn auctions() -> impl Strategy<Value = Vec<Step>> {
    (any::<u16>(), 0u32..8_000).prop_map(|(part, seconds)| {
        vec![
            stay(Op::Lose { market: live(0), amount: Amount::Part(part), read: true }),
            stay(Op::OpenLot { ticket: NEWEST, amount: Amount::Part(part) }),
            after(Time::Seconds(seconds), Op::BidLow { pick: NEWEST }),
            stay(Op::BuyLot { pick: NEWEST }),
            stay(Op::BuyLot { pick: NEWEST }),
            stay(Op::ClaimAll { ticket: NEWEST }),
        ]
    })
}

/// Rules are tightened, and quotes that were sound no longer are.
fn tightened() -> impl Strategy<Value = Vec<Step>> {
    (9u8..12, 1_000u32..30_000, 0u8..16, any::<u16>()).prop_map(|(change, value, market, part)| {
        vec![
            stay(Op::Announce { change, value }),
            buy(sound(market, part, u16::MAX, Amount::Units(0), 8, 255)),
            buy(Terms { premium: Amount::Units(0), ..sound(market, part, 60, Amount::Units(0), 8, 255) }),
        ]
    })
}

/// Orders that are sound but for one thing.
fn spoilt() -> impl Strategy<Value = Vec<Step>> {
    (0u8..16, 0u8..17, any::<bool>(), terms()).prop_map(|(market, spoil, late, other)| {
        let time = if late { boundary(1) } else { Time::Stay };
        let terms = sound(market, 5_000, 500, Amount::Units(0), 40, spoil);
        vec![after(time, Op::Buy(terms)), buy(Terms { spoil, market, ..other })]
    })
}

/// Commands at the wrong time, a surplus that streams, bonds that are still callable, the reserve.
fn odds() -> impl Strategy<Value = Vec<Step>> {
    let op = prop_oneof![
        (any::<bool>(), 1u32..1_000_000).prop_map(|(early, seconds)| Op::WrongTime { early, seconds }),
        any::<u8>().prop_map(|pick| Op::ReleaseBond { pick }),
        any::<u8>().prop_map(|pick| Op::ClaimOther { pick }),
        Just(Op::StreamSurplus),
        Just(Op::WithdrawRules),
        Just(Op::FundReserve { amount: WHOLE }),
        (0u8..12, any::<u32>()).prop_map(|(change, value)| Op::Announce { change, value }),
        // Nothing is a price, and other tokens arrive than were sent.
        Just(Op::OpenLot { ticket: NEWEST, amount: Amount::Units(0) }),
        (0u128..9).prop_map(|units| Op::Garbage {
            action: 5,
            caller: 20,
            id: 0,
            small: 0,
            amount: Amount::Units(units + 1),
            readings: 3,
        }),
    ];
    vec(op.prop_map(stay), 1..6)
}

/// All markets that a pool can insure, and one more.
fn full() -> impl Strategy<Value = Vec<Step>> {
    (2u8..5).prop_map(|epochs| {
        vec![
            stay(Op::FillMarkets { epochs }),
            after(boundary(2), Op::LoseMany { markets: u16::MAX, amount: Amount::Units(3) }),
            after(Time::Months(3), Op::Sync),
        ]
    })
}

/// A sequence of single steps and passages; about `most` steps at most.
pub fn passages(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let piece = prop_oneof![
        44 => vec(step(), 1..12).boxed(),
        4 => mutual().boxed(),
        3 => write_off().boxed(),
        2 => another_adapter().boxed(),
        4 => estimates().boxed(),
        3 => run_off().boxed(),
        3 => generations().boxed(),
        3 => leaving().boxed(),
        3 => shared_loss().boxed(),
        3 => trickle().boxed(),
        3 => set_off().boxed(),
        3 => due_dates().boxed(),
        2 => auctions().boxed(),
        2 => tightened().boxed(),
        4 => spoilt().boxed(),
        4 => odds().boxed(),
        1 => full().boxed(),
    ];
    vec(piece, 1..=most.div_ceil(8)).prop_map(|pieces| pieces.concat())
}
