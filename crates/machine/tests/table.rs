//! A line that is written reads as what it was written from, in whatever scene.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use seawall_engine::{
    AccountId, Action, ClassKind, Command, ExitId, LotId, MarketId, MemberId, Quote, RateBound, Reading,
    Source, State, TicketId,
};
use seawall_fixed::{Assets, Ppm, Shares};
use seawall_machine::Outside;
use seawall_machine::setup::{Setup, setup};
use seawall_machine::table::{Line, Scene, plain_pool, read, write};

fn assets() -> impl Strategy<Value = Assets> {
    prop_oneof![Just(0), Just(u128::MAX), 0u128..1000, any::<u128>()].prop_map(Assets::new)
}

fn ppm() -> impl Strategy<Value = Ppm> {
    prop_oneof![Just(0), Just(1_000_000), any::<u32>()].prop_map(Ppm::new)
}

fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![0u32..60, any::<u32>()].prop_map(AccountId)
}

fn market() -> impl Strategy<Value = MarketId> {
    prop_oneof![0u32..17, any::<u32>()].prop_map(MarketId)
}

fn ticket() -> impl Strategy<Value = TicketId> {
    any::<u32>().prop_map(TicketId)
}

fn digest() -> impl Strategy<Value = [u8; 32]> {
    prop_oneof![any::<u8>().prop_map(|byte| [byte; 32]), any::<[u8; 32]>()]
}

fn class() -> impl Strategy<Value = ClassKind> {
    prop_oneof![Just(ClassKind::Active), Just(ClassKind::Queued)]
}

fn source() -> impl Strategy<Value = Source> {
    let bound = (any::<u128>(), ppm()).prop_map(|(initial, step)| RateBound { initial, step });
    prop_oneof![
        1 => Just(Source::Reported),
        4 => (digest(), proptest::option::of(bound))
            .prop_map(|(code, conversion)| Source::Adapter { code, conversion }),
    ]
}

fn order() -> impl Strategy<Value = Action> {
    let names = (digest(), market(), account(), source(), account(), any::<bool>());
    let money = vec(assets(), 9);
    let shares = (ppm(), ppm(), [ppm(), ppm(), ppm(), ppm()], any::<u32>());
    let rest = (any::<u128>(), any::<u64>(), any::<u64>(), any::<u64>(), digest(), account());
    (names, money, shares, rest).prop_map(|(names, money, shares, rest)| {
        let (pool, market, buyer, source, destination, holds_pool_asset) = names;
        let (coinsurance, bonus_share, split, term_epochs) = shares;
        let (counter, latest_end_max, deadline, nonce, inputs, signer) = rest;
        let quote = Quote {
            pool,
            market,
            buyer,
            source,
            destination,
            holds_pool_asset,
            limit: money[0],
            event_limit: money[1],
            deductible: money[2],
            deductible_bond: money[3],
            coinsurance,
            term_epochs,
            premium: money[4],
            bonus_share,
            split,
            charge: money[5],
            callable_bond: money[6],
            counter,
            latest_end_max,
            required_max: money[7],
            deadline,
            nonce,
            inputs,
        };
        Action::BuyCover { quote: Box::new(quote), digest: [0; 32], signer, premium_max: money[8] }
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    let numbers = (any::<u128>(), any::<u128>(), any::<u128>(), any::<u128>());
    (market(), proptest::option::of(any::<u128>()), proptest::option::of(any::<u128>()), numbers).prop_map(
        |(market, counter, accepts, (rate, latent, recovered, supplied))| Reading {
            market,
            counter,
            rate,
            latent,
            recovered,
            supplied,
            accepts,
        },
    )
}

/// Every action there is; the compiler says below when one is missing.
fn action() -> impl Strategy<Value = Action> {
    let small = any::<u8>;
    let shares = || any::<u128>().prop_map(Shares::new);
    let lots = (ticket(), digest(), assets(), assets(), any::<u64>()).prop_map(
        |(ticket, goods, start, floor, duration)| Action::OpenLot { ticket, goods, start, floor, duration },
    );
    let capital = prop_oneof![
        Just(Action::Sync),
        (small(), account(), assets()).prop_map(|(tranche, owner, assets)| Action::Deposit {
            tranche,
            owner,
            assets
        }),
        (small(), account(), shares()).prop_map(|(tranche, to, shares)| Action::Transfer {
            tranche,
            to,
            shares
        }),
        (small(), shares()).prop_map(|(tranche, shares)| Action::RequestExit { tranche, shares }),
        any::<u32>().prop_map(|count| Action::ClearExits { count }),
        any::<u32>().prop_map(|exit| Action::ClaimExit { exit: ExitId(exit) }),
        assets().prop_map(|assets| Action::FundReserve { assets }),
        Just(Action::StreamSurplus),
        Just(Action::WithdrawRules),
        any::<u64>().prop_map(|until| Action::Pause { until }),
        Just(Action::CollectFees),
        setup().prop_map(|setup| Action::AnnounceRules { rules: Box::new(setup.rules) }),
    ];
    let cover = prop_oneof![
        6 => order(),
        1 => market().prop_map(|market| Action::Activate { market }),
        1 => market().prop_map(|market| Action::Cancel { market }),
        1 => market().prop_map(|market| Action::Finalise { market }),
        1 => any::<u32>().prop_map(|member| Action::ReleaseBond { member: MemberId(member) }),
        1 => (market(), any::<u64>()).prop_map(|(market, nonce)| Action::RevokeQuotes { market, nonce }),
        1 => (reading(), digest()).prop_map(|(reading, evidence)| Action::Report { reading, evidence }),
        1 => market().prop_map(|market| Action::PayMarket { market }),
        1 => (market(), assets(), any::<u64>())
            .prop_map(|(market, amount, expiry)| Action::PostEstimate { market, amount, expiry }),
    ];
    let recoveries = prop_oneof![
        (ticket(), assets()).prop_map(|(ticket, assets)| Action::RecoverTicket { ticket, assets }),
        (market(), assets(), any::<u32>()).prop_map(|(market, assets, count)| Action::RecoverMarket {
            market,
            assets,
            count
        }),
        (market(), any::<u32>()).prop_map(|(market, count)| Action::AssignRecoveries { market, count }),
        (ticket(), small(), class(), any::<u32>()).prop_map(|(ticket, tranche, class, checkpoint)| {
            Action::ClaimRecovery { ticket, tranche, class, checkpoint }
        }),
        ticket().prop_map(|ticket| Action::ClaimDeductible { ticket }),
        (ticket(), any::<u32>(), any::<u32>()).prop_map(|(ticket, member, checkpoint)| Action::ClaimBond {
            ticket,
            member: MemberId(member),
            checkpoint
        }),
        ticket().prop_map(|ticket| Action::AnnounceWriteOff { ticket }),
        ticket().prop_map(|ticket| Action::WriteOff { ticket }),
        lots,
        (any::<u32>(), assets()).prop_map(|(lot, price_max)| Action::BuyLot { lot: LotId(lot), price_max }),
    ];
    prop_oneof![capital, cover, recoveries]
}

/// A new action needs a word in the tables and a place in [`action`].
fn place(action: &Action) -> usize {
    match action {
        Action::Sync => 0,
        Action::Deposit { .. } => 1,
        Action::Transfer { .. } => 2,
        Action::RequestExit { .. } => 3,
        Action::ClearExits { .. } => 4,
        Action::ClaimExit { .. } => 5,
        Action::FundReserve { .. } => 6,
        Action::StreamSurplus => 7,
        Action::BuyCover { .. } => 8,
        Action::Activate { .. } => 9,
        Action::Cancel { .. } => 10,
        Action::Finalise { .. } => 11,
        Action::ReleaseBond { .. } => 12,
        Action::RevokeQuotes { .. } => 13,
        Action::Report { .. } => 14,
        Action::PayMarket { .. } => 15,
        Action::PostEstimate { .. } => 16,
        Action::RecoverTicket { .. } => 17,
        Action::RecoverMarket { .. } => 18,
        Action::AssignRecoveries { .. } => 19,
        Action::ClaimRecovery { .. } => 20,
        Action::ClaimDeductible { .. } => 21,
        Action::ClaimBond { .. } => 22,
        Action::AnnounceWriteOff { .. } => 23,
        Action::WriteOff { .. } => 24,
        Action::OpenLot { .. } => 25,
        Action::BuyLot { .. } => 26,
        Action::AnnounceRules { .. } => 27,
        Action::WithdrawRules => 28,
        Action::Pause { .. } => 29,
        Action::CollectFees => 30,
    }
}

const ACTIONS: usize = 31;

fn outside() -> impl Strategy<Value = Outside> {
    let numbers = (any::<u128>(), any::<u128>(), any::<u128>(), any::<u128>(), any::<u128>());
    (numbers, proptest::option::of(any::<u128>()), any::<bool>(), any::<bool>()).prop_map(
        |((counter, rate, latent, recovered, supplied), accepts, failing, falling)| Outside {
            counter,
            rate,
            latent,
            recovered,
            supplied,
            accepts,
            failing,
            falling,
        },
    )
}

fn line() -> impl Strategy<Value = Line> {
    let command =
        (account(), action(), proptest::option::of(assets())).prop_map(|(caller, action, received)| {
            Line::Command(Command { received, ..Command::new(caller, action) })
        });
    prop_oneof![
        12 => command,
        1 => any::<u64>().prop_map(Line::Time),
        1 => (0u32..17, outside()).prop_map(|(market, outside)| Line::Source(MarketId(market), outside)),
        1 => setup().prop_map(|setup: Setup| Line::Pool(Box::new(setup.config()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_as_it_was(line in line(), setup in setup(), shown in vec(outside(), 17), now in 0u64..1 << 40) {
        let state = State::new(setup.config()).expect("within the bounds");
        let scene = Scene { state: &state, sources: &shown, now };
        let text = write(&scene, &line);
        // In a table it is neither a remark nor has it something behind it.
        prop_assert!(!text.starts_with('#') && !text.contains("->") && !text.contains('\n'), "{}", text);
        prop_assert_eq!(read(&scene, &text), Ok(line), "{}", text);
    }
}

#[test]
fn every_action_is_tried() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = [false; ACTIONS];
    for _ in 0..2_000 {
        let tree = action().new_tree(&mut runner).expect("a strategy without filters");
        seen[place(&tree.current())] = true;
    }
    assert_eq!(seen, [true; ACTIONS]);
}

#[test]
fn words_that_say_nothing_are_refused() {
    let state = State::new(plain_pool()).expect("within the bounds");
    let sources: Vec<Outside> = (0..17).map(Outside::of).collect();
    let scene = Scene { state: &state, sources: &sources, now: 5 };
    for line in [
        "",
        "ann",
        "nemo syncs",
        "ann syncs 1",
        "ann deposits 0",
        "ann deposits 0 -1",
        "ann deposits 0 1 2",
        "ann deposits 256 1",
        "ann deposits 0 340282366920938463463374607431768211456",
        "ann deposits 0 1 got=1 got=1",
        "ann deposits 0 1 colour=red",
        "ann claims 0 0 sleeping",
        "ann dances",
        "time 5",
        "time + 5 moons",
        "source loses 17 1",
        "insured buys limit=5",
        "insured buys market=1 source=zz..",
        "owner announces fee=much",
    ] {
        assert!(read(&scene, line).is_err(), "{line:?} was read");
    }
}
