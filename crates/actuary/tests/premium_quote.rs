//! Premium: lines add up, markets add up to the pool, layers as investments, proposed sizes.

use seawall_actuary::{
    capital::allocate_expected_shortfall,
    loss::{Estimate, LayerFigures, Layers, LossStatistics, Tail, layer_loss},
    premium::{
        Breakdown, LayerLevels, LossLines, PremiumError, PremiumTerms, Risk, RiskLoad, TrancheTable,
        fair_split, propose_layers, tranche_table,
    },
    random::Stream,
};

fn terms() -> PremiumTerms {
    PremiumTerms {
        cost_of_capital: 0.12,
        term_years: 0.25,
        fixed_expenses: 500.0,
        expense_rate: 0.05,
        no_claims_share: 0.2,
    }
}

fn risk(expected_loss: f64, capital: f64) -> Risk {
    Risk {
        name: "wsteth".to_owned(),
        expected_loss: Estimate { value: expected_loss, standard_error: 0.02 * expected_loss },
        capital: Estimate { value: capital, standard_error: 0.05 * capital },
        claim_probability: 0.03,
        limit: 5e6,
        debt: 6e7,
    }
}

#[test]
fn the_lines_of_a_premium_add_up() {
    let breakdown = Breakdown::of(&risk(2000.0, 1e6), &terms()).unwrap();
    let net = (2000.0 + 0.03 * 1e6) / 1.03;
    let total = (net + 500.0) / (1.0 - 0.05 - 0.2 * 0.97);
    assert!((breakdown.total.value - total).abs() < 1e-12 * total);
    assert!((breakdown.loading - (net - 2000.0)).abs() < 1e-9);
    let lines =
        breakdown.expected_loss.value + breakdown.loading + breakdown.expenses + breakdown.no_claims_bonus;
    assert!((lines - total).abs() < 1e-12 * total);
    assert!((breakdown.per_cover_year.unwrap() - total / 5e6 * 4.0).abs() < 1e-15);
    assert!((breakdown.per_debt.unwrap() - total / 6e7).abs() < 1e-15);
    assert!(breakdown.total.standard_error > 0.0 && breakdown.total.standard_error < 0.06 * total);
}

/// The lines in their order make the total to the last bit, whatever the figures.
#[test]
fn every_line_is_shown_and_they_add_up_exactly() {
    let mut random = Stream::new(3, 0, 0);
    for k in 0..2_000 {
        let size = libm::exp(20.0 * random.uniform());
        let losses = LossLines {
            market: Estimate { value: size * random.uniform(), standard_error: size * 0.01 },
            event: Estimate { value: size * random.uniform(), standard_error: size * 0.02 },
            experience: 0.0,
        };
        let experience = (random.uniform() - 0.5) * losses.total().value;
        let losses = LossLines { experience, ..losses };
        let risk = risk(f64::NAN, 3.0 * size);
        let load = if k % 2 == 0 {
            RiskLoad::CostOfCapital
        } else {
            RiskLoad::Allocated(Estimate { value: 0.3 * size * random.uniform(), standard_error: 0.0 })
        };
        let breakdown = Breakdown::of_lines(&risk, &losses, load, &terms()).unwrap();
        let lines = breakdown.lines();
        let names = lines.map(|line| line.name);
        assert_eq!(
            names,
            ["market peril", "event peril", "experience", "risk load", "expenses", "no-claims bonus"]
        );
        let total = lines.iter().fold(0.0, |sum, line| sum + line.amount);
        assert_eq!(total, breakdown.total.value);
        // The formula: (net + fixed) / (1 - expense rate - bonus share (1 - p)).
        let net = lines[..4].iter().map(|line| line.amount).sum::<f64>();
        let formula = (net + 500.0) / (1.0 - 0.05 - 0.2 * 0.97);
        assert!((total / formula - 1.0).abs() < 1e-13, "{total} {formula}");
        let by_cover: f64 = lines.iter().map(|line| line.per_cover_year.unwrap()).sum();
        assert!((by_cover / breakdown.per_cover_year.unwrap() - 1.0).abs() < 1e-12);
        let by_debt: f64 = lines.iter().map(|line| line.per_debt_year.unwrap()).sum();
        assert!((by_debt / (total / 6e7 * 4.0) - 1.0).abs() < 1e-12);
        // A pool of this market twice: every line twice, and its lines add up as exactly.
        let pool = Breakdown::sum("pool", &[(&breakdown, &risk), (&breakdown, &risk)], &terms());
        let of_pool = pool.lines().iter().fold(0.0, |sum, line| sum + line.amount);
        assert_eq!(of_pool, pool.total.value);
        assert!((of_pool / (2.0 * total) - 1.0).abs() < 1e-13);
    }
    let losses = LossLines { experience: -11.0, ..LossLines::market_only(Estimate::exact(10.0)) };
    assert!(Breakdown::of_lines(&risk(0.0, 1.0), &losses, RiskLoad::CostOfCapital, &terms()).is_err());
}

#[test]
fn the_going_rate_stands_beside_the_premium() {
    let breakdown = Breakdown::of(&risk(2000.0, 1e6), &terms()).unwrap();
    assert_eq!(breakdown.going_rate, None);
    let beside = breakdown.clone().beside("USDC");
    assert_eq!(beside.going_rate.unwrap().rate, 0.0375);
    assert_eq!(beside.going_rate.unwrap().month, "2026-07");
    assert_eq!(breakdown.beside("crvUSD").going_rate, None);
}

#[test]
fn an_unlimited_policy_has_no_premium_per_cover() {
    let unlimited = Risk { limit: f64::INFINITY, debt: 0.0, ..risk(1.0, 2.0) };
    let breakdown = Breakdown::of(&unlimited, &terms()).unwrap();
    assert_eq!((breakdown.per_cover, breakdown.per_debt_year), (None, None));
}

/// Losses of three markets, each rare and heavy, with a common cause.
fn market_losses(paths: usize) -> Vec<Vec<f64>> {
    let mut random = Stream::new(77, 0, 0);
    let mut lines = vec![Vec::new(); 3];
    for _ in 0..paths {
        let common = if random.uniform() < 0.1 { libm::exp(1.2 * random.normal()) } else { 0.0 };
        for (line, size) in lines.iter_mut().zip([10.0, 20.0, 5.0]) {
            let own = if random.uniform() < 0.05 { libm::exp(1.2 * random.normal()) } else { 0.0 };
            line.push(size * (common + own));
        }
    }
    lines
}

#[test]
fn the_markets_add_up_to_the_pool() {
    let lines = market_losses(50_000);
    let totals: Vec<f64> = (0..lines[0].len()).map(|i| lines.iter().map(|l| l[i]).sum()).collect();
    let allocation = allocate_expected_shortfall(&lines, 0.99).unwrap();
    let terms = PremiumTerms { fixed_expenses: 0.0, no_claims_share: 0.0, ..terms() };
    let risks: Vec<Risk> = lines
        .iter()
        .zip(&allocation.lines)
        .map(|(line, capital)| Risk {
            expected_loss: LossStatistics::of(line, 0.99).unwrap().mean,
            capital: *capital,
            ..risk(0.0, 0.0)
        })
        .collect();
    let parts: Vec<Breakdown> = risks.iter().map(|risk| Breakdown::of(risk, &terms).unwrap()).collect();
    let pairs: Vec<(&Breakdown, &Risk)> = parts.iter().zip(&risks).collect();
    let sum = Breakdown::sum("pool", &pairs, &terms);
    let whole = Risk {
        expected_loss: LossStatistics::of(&totals, 0.99).unwrap().mean,
        capital: allocation.pool.expected_shortfall,
        ..risk(0.0, 0.0)
    };
    let pool = Breakdown::of(&whole, &terms).unwrap();
    assert!((sum.total.value - pool.total.value).abs() < 1e-12 * pool.total.value);
    assert!((sum.capital.value - pool.capital.value).abs() < 1e-12 * pool.capital.value);
    assert!((sum.per_cover.unwrap() * 3.0 - pool.per_cover.unwrap()).abs() < 1e-12 * pool.total.value);
}

#[test]
fn refuses_terms_that_leave_nothing() {
    let refused = |terms: PremiumTerms| Breakdown::of(&risk(1.0, 2.0), &terms).unwrap_err();
    assert!(matches!(
        refused(PremiumTerms { expense_rate: 0.9, no_claims_share: 0.2, ..terms() }),
        PremiumError::Shares { .. }
    ));
    assert!(matches!(
        refused(PremiumTerms { term_years: 0.0, ..terms() }),
        PremiumError::Parameter { name: "term", .. }
    ));
    assert!(matches!(
        refused(PremiumTerms { cost_of_capital: f64::NAN, ..terms() }),
        PremiumError::Parameter { .. }
    ));
    assert!(Breakdown::of(&risk(f64::NAN, 2.0), &terms()).is_err());
    assert!(Breakdown::of(&Risk { claim_probability: 1.5, ..risk(1.0, 2.0) }, &terms()).is_err());
}

/// Figures of reserve, tranches and mutual layer from the pool's total loss by path.
fn by_layer(layers: &Layers, totals: &[f64]) -> Vec<LayerFigures> {
    (0..layers.sizes().len())
        .map(|index| {
            let (attachment, size) = (layers.attachment(index), layers.sizes()[index]);
            let column = column(layers, totals, index);
            LayerFigures::of_losses(&layers.name(index), attachment, size, &column, 0.99).unwrap()
        })
        .collect()
}

fn column(layers: &Layers, totals: &[f64], index: usize) -> Vec<f64> {
    let (attachment, size) = (layers.attachment(index), layers.sizes()[index]);
    totals.iter().map(|&x| layer_loss(x, attachment, size)).collect()
}

fn tables(premiums: &[f64], totals: &[f64], sizes: &[f64], years: f64) -> Vec<TrancheTable> {
    let layers = Layers::new(sizes[0], &sizes[1..], 0.0).unwrap();
    tranche_table(&by_layer(&layers, totals), premiums, years).unwrap()
}

#[test]
fn a_layer_in_numbers() {
    // One path in ten loses 5 of 10, one in a hundred everything.
    let totals: Vec<f64> = (0..1000)
        .map(|i| {
            if i < 10 {
                25.0
            } else if i < 110 {
                15.0
            } else {
                0.0
            }
        })
        .collect();
    let table = &tables(&[0.0, 1.5, 0.0], &totals, &[10.0, 10.0], 0.5)[1];
    assert_eq!((table.attachment, table.exhaustion), (10.0, 20.0));
    assert!((table.expected_loss.value - 0.6).abs() < 1e-12);
    assert!((table.probability_of_loss.value - 0.11).abs() < 1e-12);
    assert!((table.probability_of_exhaustion.value - 0.01).abs() < 1e-12);
    assert!((table.loss_given_loss.unwrap().value - 0.6 / 0.11).abs() < 1e-12);
    assert!((table.expected_return.unwrap().value - 0.09).abs() < 1e-12);
    let variance: f64 = (0.1 * 25.0 + 0.01 * 100.0 - 0.36) * 1000.0 / 999.0;
    assert!((table.deviation.unwrap().value - variance.sqrt() / 10.0).abs() < 1e-12);
    assert!((table.sharpe.unwrap().value - 0.9 / variance.sqrt()).abs() < 1e-12);
    let downside = (0.1 * 3.5 * 3.5 + 0.01 * 8.5 * 8.5_f64).sqrt();
    assert!((table.sortino.unwrap().value - 0.9 / downside).abs() < 1e-12);
    assert!((table.return_on_shortfall.unwrap().value - 0.09).abs() < 1e-12);
    assert!((table.breakeven_spread.unwrap().value - 0.12).abs() < 1e-12);
    let mutual = &tables(&[0.0, 1.5, 0.0], &totals, &[10.0, 10.0], 0.5)[2];
    assert_eq!((mutual.expected_return, mutual.sharpe, mutual.loss_given_loss), (None, None, None));
}

/// The spread of each ratio over independent samples is what its standard error says, within a fifth.
#[test]
fn standard_errors_of_ratios_are_their_spread() {
    let runs = 300;
    let mut figures = vec![Vec::new(); 4];
    let mut errors = [0.0; 4];
    for run in 0..runs {
        let mut random = Stream::new(9000 + run, 0, 0);
        let totals: Vec<f64> = (0..4000).map(|_| random.exponential()).collect();
        let table = &tables(&[0.0, 0.5, 0.0], &totals, &[0.5, 3.0], 1.0)[1];
        let row = [table.sharpe, table.sortino, table.return_on_shortfall, table.loss_given_loss]
            .map(Option::unwrap);
        for ((column, error), estimate) in figures.iter_mut().zip(&mut errors).zip(row) {
            column.push(estimate.value);
            *error += estimate.standard_error / runs as f64;
        }
    }
    for (name, (column, error)) in
        ["Sharpe", "Sortino", "return on ES", "loss given loss"].iter().zip(figures.iter().zip(errors))
    {
        let spread = LossStatistics::of(column, 0.5).unwrap().deviation.value;
        assert!((error / spread - 1.0).abs() < 0.2, "{name}: error {error}, spread {spread}");
    }
}

/// Tranches of a Vasicek large pool, PD 2 %, rho .2, LGD .6: expected loss of a tranche over its width, by
/// integration over the common factor. Expected values: Simpson's rule between the kinks; tables that were made
/// with a normal distribution function of lower accuracy differ from the eighth digit on. The tranches of the
/// whole capital structure add up to PD x LGD, which no such table can reach by accident.
#[test]
fn tranches_of_the_vasicek_pool() {
    let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let threshold = -2.053748910631823;
    let (rho, loss_given_default): (f64, f64) = (0.2, 0.6);
    let pool = |z: f64| loss_given_default * cdf((threshold - rho.sqrt() * z) / (1.0 - rho).sqrt());
    let density = |z: f64| libm::exp(-z * z / 2.0) / (2.0 * std::f64::consts::PI).sqrt();
    let mut whole = 0.0;
    for (attachment, exhaustion, expected) in [
        (0.0, 0.03, 0.33485925411149),
        (0.03, 0.07, 0.0404820090111025),
        (0.07, 0.10, 0.0077193023626128),
        (0.10, 0.60, 0.00020672589066540),
    ] {
        let n = 400_000;
        let step = 24.0 / f64::from(n);
        let at = |i: i32| {
            let z = -12.0 + (f64::from(i) + 0.5) * step;
            layer_loss(pool(z), attachment, exhaustion - attachment) * density(z)
        };
        let amount = (0..n).map(at).sum::<f64>() * step;
        let loss = amount / (exhaustion - attachment);
        assert!((loss - expected).abs() < 1e-9, "[{attachment}, {exhaustion}]: {loss}, {expected}");
        whole += amount;
    }
    assert!((whole - 0.02 * loss_given_default).abs() < 1e-12, "{whole}");
}

#[test]
fn proposed_layers_end_at_their_quantiles() {
    let totals: Vec<f64> = (1..=100_000).map(|i| f64::from(i) / 100.0).collect();
    let levels = LayerLevels { deductible: Some(0.5), reserve: 0.9, tranches: vec![0.995, 0.999] };
    let proposed = propose_layers(&totals, &levels).unwrap();
    assert_eq!((proposed.deductible, proposed.reserve), (500.0, 400.0));
    let ends: Vec<f64> = proposed.ends.iter().map(|e| e.value).collect();
    assert_eq!(ends, [500.0, 900.0, 995.0, 999.0]);
    assert_eq!(proposed.tranches, [95.0, 4.0]);
    assert!(proposed.thin);
    let value_at_risk = Tail::of_sorted(&totals, 0.995).unwrap().value_at_risk.value;
    assert_eq!(proposed.deductible + proposed.reserve + proposed.tranches[0], value_at_risk);
    let falling = LayerLevels { deductible: None, reserve: 0.99, tranches: vec![0.9] };
    assert!(propose_layers(&totals, &falling).is_err());
}

#[test]
fn a_fair_split_gives_every_layer_its_cost() {
    let lines = market_losses(50_000);
    let totals: Vec<f64> = (0..lines[0].len()).map(|i| lines.iter().map(|l| l[i]).sum()).collect();
    let layers = Layers::new(20.0, &[60.0, 200.0], 0.0).unwrap();
    let figures = by_layer(&layers, &totals);
    let columns: Vec<Vec<f64>> = (0..4).map(|index| column(&layers, &totals, index)).collect();
    let allocation = allocate_expected_shortfall(&columns, 0.99).unwrap();
    let risks: Vec<(f64, f64)> = columns
        .iter()
        .zip(&allocation.lines)
        .map(|(column, a)| (LossStatistics::of(column, 0.99).unwrap().mean.value, a.value))
        .collect();
    let shares = fair_split(&risks, 0.1).unwrap();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let premium: f64 = risks.iter().map(|(loss, capital)| loss + 0.1 * capital).sum();
    let premiums: Vec<f64> = shares.iter().map(|share| share * premium).collect();
    for (table, capital) in tranche_table(&figures, &premiums, 1.0).unwrap().iter().zip(&allocation.lines) {
        let profit = table.premium - table.expected_loss.value;
        assert!((profit - 0.1 * capital.value).abs() < 1e-9 * premium, "{}", table.name);
    }
    assert_eq!(shares[3], 0.0);
    let more = [&premiums[..], &[1.0]].concat();
    assert!(tranche_table(&figures, &more, 1.0).is_err());
}
