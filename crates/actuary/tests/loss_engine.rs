//! Losses through the engine's own policies and waterfall: against the rules written out in floating point,
//! against a pool that books the same losses, and in numbers.

#[path = "../../engine/tests/support/mod.rs"]
mod support;

use seawall_actuary::{
    loss::{Layers, PolicyTerms, Settled, Settlement, TermsError, layer_loss},
    random::Stream,
};
use seawall_engine::{Action, MarketId, Quote, Reading, Ticket};
use seawall_fixed::{Assets, Ppm};
use support::{OWNER, Pool, a, adapter, quote};

#[test]
fn a_policy_in_numbers() {
    let terms = PolicyTerms::new(10.0, 50.0, 0.25).unwrap();
    let layers = Layers::new(0.0, &[], 0.0).unwrap();
    let settlement = Settlement::new(&[terms], &layers, 1000.0).unwrap();
    for (gross, parts) in
        [(4.0, [4.0, 0.0, 0.0, 0.0]), (30.0, [10.0, 0.0, 5.0, 15.0]), (100.0, [10.0, 40.0, 12.5, 37.5])]
    {
        let loss = settlement.claim(0, gross).unwrap();
        assert_eq!([loss.deductible, loss.over_limit, loss.coinsured, loss.pay], parts);
    }
    assert_eq!(PolicyTerms::new(0.0, 1.0, 1.1), Err(TermsError::Coinsurance(1.1)));
    assert!(PolicyTerms::new(-1.0, 1.0, 0.0).is_err() && PolicyTerms::new(0.0, f64::NAN, 0.0).is_err());
    for gross in [-1.0, f64::NAN, f64::INFINITY, 1e40] {
        assert!(matches!(settlement.claim(0, gross), Err(TermsError::Amount { .. })), "{gross}");
    }
    assert!(matches!(settlement.claim(1, 1.0), Err(TermsError::Policies { .. })));
    assert!(matches!(
        settlement.settle(&[1.0, 1.0], &mut Settled::default()),
        Err(TermsError::Policies { .. })
    ));
    assert!(Settlement::new(&[terms], &layers, 0.0).is_err());
}

#[test]
fn layers_pay_from_the_reserve_upwards() {
    let layers = Layers::new(10.0, &[20.0, 30.0], 5.0).unwrap();
    let terms = PolicyTerms::new(0.0, f64::INFINITY, 0.0).unwrap();
    let settlement = Settlement::new(&[terms; 3], &layers, 1000.0).unwrap();
    let mut settled = Settled::default();
    settlement.settle(&[30.0, 0.0, 60.0], &mut settled).unwrap();
    assert_eq!((settled.taken.as_slice(), settled.residual), ([10.0, 20.0, 30.0, 5.0].as_slice(), 25.0));
    settlement.settle(&[15.0, 0.0, 0.0], &mut settled).unwrap();
    assert_eq!((settled.taken.as_slice(), settled.residual), ([10.0, 5.0, 0.0, 0.0].as_slice(), 0.0));
    assert_eq!((settled.total, settled.owed.as_slice()), (15.0, [15.0, 0.0, 0.0].as_slice()));
    assert_eq!((layers.attachment(2), layers.name(2).as_str()), (30.0, "tranche 1"));
}

/// The rules of a claim in floating point: what the pool owes.
fn owed(terms: &PolicyTerms, gross: f64) -> f64 {
    (gross - gross.min(terms.deductible)).min(terms.limit) * (1.0 - terms.coinsurance)
}

/// Each market is owed what the rules say, each layer takes its slice of the total, and all adds up to the
/// gross loss, to the rounding of whole units.
#[test]
fn the_parts_add_up_to_the_gross_loss() {
    let mut exhausted = 0;
    for seed in 0..20_000 {
        let random = &mut Stream::new(seed, 1, 0);
        let amount = |random: &mut Stream| {
            let u = random.uniform();
            if u < 0.15 { 0.0 } else { libm::exp(20.0 * u - 6.0) }
        };
        let markets = 1 + (random.uniform() * 6.0) as usize;
        let tranches: Vec<f64> = (0..1 + (random.uniform() * 4.0) as usize).map(|_| amount(random)).collect();
        let layers = Layers::new(amount(random), &tranches, amount(random)).unwrap();
        let (mut gross, mut policies) = (Vec::new(), Vec::new());
        for _ in 0..markets {
            let limit = if random.uniform() < 0.2 { f64::INFINITY } else { amount(random) };
            let coinsurance = (random.uniform() * 1e6).floor() / 1e6;
            policies.push(PolicyTerms::new(amount(random), limit, coinsurance).unwrap());
            gross.push(amount(random));
        }
        let exposure = gross.iter().sum::<f64>() * (0.2 + random.uniform()) + 1e-3;
        let settlement = Settlement::new(&policies, &layers, exposure).unwrap();
        let mut settled = Settled::default();
        settlement.settle(&gross, &mut settled).unwrap();
        let near = 4.0 * settlement.unit();
        let mut total = 0.0;
        for (market, (terms, &gross)) in policies.iter().zip(&gross).enumerate() {
            let claim = settlement.claim(market, gross).unwrap();
            assert!((claim.gross - gross).abs() <= settlement.unit());
            let parts = claim.deductible + claim.over_limit + claim.coinsured + claim.pay;
            assert_eq!(parts, claim.gross, "seed {seed}: {claim:?}");
            assert!([claim.deductible, claim.over_limit, claim.coinsured].iter().all(|&x| x >= 0.0));
            assert_eq!(settled.owed[market], claim.pay);
            assert!((claim.pay - owed(terms, gross)).abs() <= near, "seed {seed}: {claim:?} {terms:?}");
            total += claim.pay;
        }
        assert_eq!(settled.total, total);
        assert_eq!(settled.taken.iter().sum::<f64>() + settled.residual, total, "seed {seed}");
        for (index, (taken, size)) in settled.taken.iter().zip(layers.sizes()).enumerate() {
            let slice = layer_loss(total, layers.attachment(index), *size);
            assert!(
                (taken - slice).abs() <= near + 1e-12 * slice,
                "seed {seed}, layer {index}: {taken}, {slice}"
            );
        }
        exhausted += usize::from(settled.residual > 0.0);
    }
    assert!((2000..18_000).contains(&exhausted), "{exhausted} of the cases use up all layers");
}

/// A pool of three markets read by adapters, its layers brought up to date, and the readings without a loss.
fn pool(policies: &[[u128; 3]], reserve: u128) -> (Pool, Vec<Reading>) {
    let mut pool = Pool::funded();
    pool.ok(OWNER, Action::FundReserve { assets: a(reserve) });
    let mut calm = Vec::new();
    for (market, &[deductible, limit, coinsurance]) in policies.iter().enumerate() {
        let market = MarketId(market as u32 + 1);
        calm.push(Reading::of(market, 0));
        let terms = Quote {
            source: adapter(),
            deductible: a(deductible),
            deductible_bond: a(deductible),
            limit: a(limit),
            event_limit: a(limit),
            coinsurance: Ppm::new(coinsurance as u32),
            charge: a(10),
            ..quote(market)
        };
        pool.insure_reading(&terms, &calm);
    }
    pool.reading(OWNER, Action::Sync, &calm).unwrap();
    (pool, calm)
}

/// The same losses booked by a pool, at once and in two parts, and sent through the settlement here: the same
/// to the unit in every part of every ticket and in every layer.
#[test]
fn a_pool_books_what_the_simulation_settles() {
    let mut used_up = 0;
    for seed in 0..400 {
        let random = &mut Stream::new(seed, 6, 0);
        let mut units = |most: f64| (random.uniform() * random.uniform() * most) as u128;
        let policies = [(); 3].map(|()| [units(50_000.0), 10 + units(1.5e6), units(1e6)]);
        let gross = [(); 3].map(|()| 20 + units(2e6));
        let (mut pool, calm) = pool(&policies, units(60_000.0));
        let core = pool.state.core();
        let capital = |tranche: usize| core.tranches[tranche].active.assets.get() as f64;
        let layers = Layers::new(core.reserve.get() as f64, &[capital(0), capital(1)], 0.0).unwrap();
        let terms = policies.map(|[deductible, limit, coinsurance]| {
            PolicyTerms::new(deductible as f64, limit as f64, coinsurance as f64 / 1e6).unwrap()
        });
        // An exposure for which one unit is one unit of the pool.
        let settlement = Settlement::new(&terms, &layers, libm::scalbn(1.0, 49)).unwrap();
        assert_eq!(settlement.unit(), 1.0);
        let mut settled = Settled::default();
        settlement.settle(&gross.map(|x| x as f64), &mut settled).unwrap();

        let readings = |part: &dyn Fn(u128) -> u128| -> Vec<Reading> {
            calm.iter().zip(gross).map(|(calm, gross)| Reading::of(calm.market, part(gross))).collect()
        };
        let mut in_parts = Pool { state: pool.state.clone(), now: pool.now };
        pool.reading(OWNER, Action::Sync, &readings(&|gross| gross)).unwrap();
        in_parts.reading(OWNER, Action::Sync, &readings(&|gross| gross / 2)).unwrap();
        in_parts.reading(OWNER, Action::Sync, &readings(&|gross| gross)).unwrap();
        for (number, (&gross, &owed)) in gross.iter().zip(&settled.owed).enumerate() {
            let (ticket, claim) =
                (pool.ticket(number as u32), settlement.claim(number, gross as f64).unwrap());
            assert_eq!(ticket.gross.get(), gross);
            assert_eq!(ticket.lost.deductible.get() as f64, claim.deductible, "seed {seed}");
            assert_eq!(ticket.lost.coinsured.get() as f64, claim.coinsured, "seed {seed}");
            assert_eq!(ticket.over_limit.get() as f64, claim.over_limit, "seed {seed}");
            let paid = ticket.lost.reserve + ticket.lost.tranches.iter().copied().sum();
            assert_eq!((paid + ticket.residual).get() as f64, owed, "seed {seed}");
        }
        for pool in [&pool, &in_parts] {
            let sum = |of: &dyn Fn(&Ticket) -> Assets| {
                pool.state.tickets().iter().map(of).sum::<Assets>().get() as f64
            };
            assert_eq!(sum(&|ticket| ticket.lost.reserve), settled.taken[0], "seed {seed}");
            assert_eq!(sum(&|ticket| ticket.lost.tranches[0]), settled.taken[1], "seed {seed}");
            assert_eq!(sum(&|ticket| ticket.lost.tranches[1]), settled.taken[2], "seed {seed}");
            assert_eq!(sum(&|ticket| ticket.residual), settled.residual, "seed {seed}");
        }
        used_up += u32::from(settled.residual > 0.0);
    }
    assert!((20..380).contains(&used_up), "{used_up} of the cases use up all layers");
}
