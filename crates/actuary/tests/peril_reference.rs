//! Event peril: fits against published values, frequency against the conjugate closed form, the whole against
//! simulation.

use seawall_actuary::{
    aggregate::{Frequency, Grid, Severity},
    math::pareto::GeneralisedPareto,
    peril::{
        Cause, CauseModel, CellRates, Count, DamageFit, DamageRatio, EventPeril, OverThreshold, OwnEvents,
        PerilError, PerilRisk, RateDistribution, RecordedEvent, Venue, VenueSpread,
        pareto_by_weighted_moments,
    },
    random::Stream,
};

/// Danish fire losses above 10 million kroner (of 2167 above 1 million), excesses.
fn danish_excesses() -> Vec<f64> {
    let text = include_str!("reference/danish_fire_over_10m.csv");
    let losses: Vec<f64> =
        text.lines().skip(1).filter(|l| !l.trim().is_empty()).map(|l| l.trim().parse().unwrap()).collect();
    assert_eq!(losses.len(), 109);
    losses.iter().map(|x| x - 10.0).collect()
}

/// McNeil, Frey, Embrechts, Quantitative Risk Management, example 7.23 (and R's evir): threshold 10, shape 0.497,
/// scale 6.98 by maximum likelihood, with the quantiles and shortfalls that follow.
#[test]
fn danish_fire_losses() {
    let excesses = danish_excesses();
    let excess = GeneralisedPareto::fit(&excesses).unwrap();
    assert!((excess.shape - 0.496986).abs() < 1e-6 && (excess.scale - 6.975469).abs() < 2e-6, "{excess:?}");
    assert!((excess.log_likelihood(&excesses) + 374.892990).abs() < 1e-6);
    let tail = OverThreshold { threshold: 10.0, share: 109.0 / 2167.0, excess };
    for (found, expected) in [
        (tail.value_at_risk(0.99).unwrap(), 27.2899888),
        (tail.expected_shortfall(0.99).unwrap(), 58.2401036),
        (tail.value_at_risk(0.995).unwrap(), 40.1729906),
        (tail.value_at_risk(0.999).unwrap(), 94.3393575),
    ] {
        assert!((found / expected - 1.0).abs() < 2e-7, "{found} {expected}");
    }
    let moments = pareto_by_weighted_moments(&excesses).unwrap();
    assert!(
        (moments.shape - 0.509809).abs() < 1e-6 && (moments.scale - 6.902755).abs() < 1e-6,
        "{moments:?}"
    );
    // Layers by excess claim, printed for the parameters as printed.
    let layer = |excess, limit, attachment| {
        let excess = Severity::Excess(excess);
        excess.limited_mean(attachment + limit) - excess.limited_mean(attachment)
    };
    let printed = GeneralisedPareto { shape: 0.496986, scale: 6.975469 };
    for (limit, attachment, expected) in [(10.0, 0.0, 5.82218024353045), (40.0, 10.0, 5.06111550479133)] {
        assert!((layer(printed, limit, attachment) / expected - 1.0).abs() < 1e-13);
        assert!((layer(excess, limit, attachment) / expected - 1.0).abs() < 1e-6);
    }
    assert!(tail.value_at_risk(0.9).is_err() && tail.expected_shortfall(1.0).is_err());
}

#[test]
fn a_rate_with_a_gamma_prior() {
    let prior = RateDistribution::new(2.0, 10.0).unwrap();
    let posterior = prior.updated(Count { events: 7, exposure: 20.0 }).unwrap();
    assert_eq!((posterior.mean(), posterior.shape(), posterior.exposure()), (9.0 / 30.0, 9.0, 30.0));
    // The posterior mean is the credibility mixture of both records.
    let z = prior.credibility(20.0);
    assert!((posterior.mean() - (z * 7.0 / 20.0 + (1.0 - z) * 0.2)).abs() < 1e-15);
    let ahead = posterior.predictive(5.0).unwrap();
    assert_eq!(ahead, Frequency::NegativeBinomial { mean: 1.5, size: 9.0 });
    // P(no event) = (b/(b+t))^a.
    assert!((ahead.cumulative()[0] - libm::pow(30.0 / 35.0, 9.0)).abs() < 1e-14);
    assert!(prior.predictive(0.0).is_err() && RateDistribution::new(0.0, 1.0).is_err());
}

/// Rates drawn from a gamma distribution, counts from them: the estimate finds the distribution again.
#[test]
fn the_prior_is_found_from_many_cells() {
    let cell = |k: u64| {
        let mut random = Stream::new(31, k, 0);
        // Gamma of shape 3, rate 6: a sum of three exponentials.
        let rate = (random.exponential() + random.exponential() + random.exponential()) / 6.0;
        let exposure = 2.0 + 8.0 * random.uniform();
        Count { events: random.poisson(rate * exposure) as u32, exposure }
    };
    let cells: Vec<Count> = (0..20_000).map(cell).collect();
    let rates = CellRates::estimate(&cells).unwrap();
    assert!(!rates.pooled);
    assert!((rates.common.mean() - 0.5).abs() < 0.01, "{rates:?}");
    assert!((rates.common.shape() - 3.0).abs() < 0.25, "{rates:?}");
    let equal = [Count { events: 4, exposure: 8.0 }; 3];
    let rates = CellRates::estimate(&equal).unwrap();
    assert!(rates.pooled && (rates.common.mean() - 12.5 / 24.0).abs() < 1e-15);
    assert_eq!(rates.rate(equal[0]).unwrap(), rates.common);
    assert!(CellRates::estimate(&[]).is_err());
    assert!(CellRates::estimate(&[Count { events: 1, exposure: 0.0 }]).is_err());
}

#[test]
fn beta_fits_find_the_parameters() {
    let truth = Severity::Beta { a: 0.6, b: 2.4, scale: 1.0 };
    let ratios: Vec<f64> = (0..20_000).map(|k| truth.at((f64::from(k) + 0.5) / 20_000.0)).collect();
    for fit in [DamageRatio::beta_by_moments(&ratios), DamageRatio::beta_by_likelihood(&ratios)] {
        let DamageRatio::Beta { a, b } = fit.unwrap() else { panic!("not beta") };
        assert!((a - 0.6).abs() < 2e-3 && (b - 2.4).abs() < 1e-2, "{a} {b}");
    }
    // The likelihood of the fit is not below that of its neighbours.
    let sample: Vec<f64> = ratios.iter().step_by(997).copied().collect();
    let DamageRatio::Beta { a, b } = DamageRatio::beta_by_likelihood(&sample).unwrap() else { panic!() };
    let likelihood = |a: f64, b: f64| {
        let norm = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
        sample.iter().map(|x| norm + (a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln()).sum::<f64>()
    };
    for (da, db) in [(1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3)] {
        assert!(likelihood(a, b) > likelihood(a + da, b + db));
    }
    assert!(DamageRatio::beta_by_moments(&[0.5]).is_err());
    assert!(DamageRatio::beta_by_moments(&[0.5, 0.5]).is_err());
    assert!(DamageRatio::beta_by_moments(&[0.0, 1.0]).is_err());
    assert!(DamageRatio::beta_by_moments(&[0.1, 1.2]).is_err());
    assert!(DamageRatio::beta_by_likelihood(&[0.0, 0.3, 0.6]).is_err());
    assert!(pareto_by_weighted_moments(&[1.0]).is_err());
}

#[test]
fn the_claim_is_capped_exposure_times_ratio() {
    let beta = DamageRatio::Beta { a: 1.0, b: 3.0 };
    assert!((beta.mean().unwrap() - 0.25).abs() < 1e-15);
    assert!((beta.claim(80.0, 1e9).unwrap().moments().0 - 20.0).abs() < 1e-12);
    assert!((beta.claim(80.0, 40.0).unwrap().moments().0 - 10.0).abs() < 1e-12);
    // A heavy ratio is cut at the whole.
    let pareto = DamageRatio::Pareto(GeneralisedPareto { shape: 0.8, scale: 0.5 });
    let claim = pareto.claim(10.0, 4.0).unwrap();
    assert_eq!((claim.survival(4.0), claim.at(0.999_999)), (0.0, 4.0));
    assert!(claim.survival(3.999) > 0.1);
    assert!(beta.claim(0.0, 1.0).is_err() && beta.claim(1.0, f64::NAN).is_err());
}

fn record() -> Vec<RecordedEvent> {
    let mut random = Stream::new(5, 0, 0);
    (0..60)
        .map(|k| {
            let cause = Cause::ALL[[0, 0, 3, 4, 1, 2][k % 6]];
            let venue = [Venue::Lending, Venue::Lending, Venue::CollateralisedDebt][k % 3];
            let ratio = random.uniform() * random.uniform();
            let known = k % 7 != 0;
            RecordedEvent {
                cause,
                venue,
                damage: known.then_some(1e6 * ratio),
                exposure: (k % 5 != 0).then_some(1e6),
            }
        })
        .collect()
}

const LENDING: PerilRisk = PerilRisk {
    venue: Venue::Lending,
    years: 0.25,
    exposure: 1e6,
    cap: 4e5,
    own: OwnEvents { years: 0.0, events: 0 },
};

fn fitted() -> EventPeril {
    let years = [(Venue::Lending, 200.0), (Venue::CollateralisedDebt, 300.0)];
    EventPeril::fit(&record(), &Cause::EVENT_PERIL, &years, DamageFit::BetaMoments, 5).unwrap()
}

#[test]
fn a_market_in_the_model() {
    let model = fitted();
    assert_eq!(model.causes.len(), 5);
    let grid = Grid::new(500.0, 1 << 13).unwrap();
    let spread = VenueSpread::new(2.0).unwrap();
    let market = model.market(&LENDING, &spread, grid).unwrap();
    // Expected loss: sum over causes of rate x years x capped exposure x mean ratio.
    let rate = |c: &CauseModel| c.rates.iter().find(|(v, _)| *v == Venue::Lending).unwrap().1;
    let expected: f64 =
        model.causes.iter().map(|c| rate(c).mean() * 0.25 * 4e5 * c.damage.mean().unwrap()).sum();
    assert!((market.mean.value / expected - 1.0).abs() < 1e-12);
    let on_grid = market.distribution.mean();
    assert!((on_grid / expected - 1.0).abs() < 1e-8, "{}", on_grid / expected - 1.0);
    assert_eq!(market.mean.value, market.collective_mean);
    assert_eq!((market.experience.factor, market.experience.credibility, market.movement()), (1.0, 0.0, 0.0));
    let total: f64 = model.causes.iter().map(|c| rate(c).mean()).sum();
    assert!((market.rate.value / total - 1.0).abs() < 1e-14);
    assert!((market.causes.iter().map(|c| c.rate).sum::<f64>() / total - 1.0).abs() < 1e-14);
    assert!(market.mean.standard_error > market.mean.value / 2.0_f64.sqrt(), "venues differ by 1/sqrt(2)");
    // Nothing happens: at least the probability of no event, and little more (events below a bucket).
    let variance: f64 = model.causes.iter().map(|c| rate(c).deviation() * rate(c).deviation()).sum();
    let size = 1.0 / ((1.0 + variance / (total * total)) * 1.5 - 1.0);
    let none = libm::pow(1.0 + 0.25 * total / size, -size);
    let found = market.distribution.mass()[0];
    assert!(none - 1e-12 <= found && found <= none + 0.01, "{none} {found}");
    let operational = model.causes.iter().find(|c| c.cause == Cause::Operational).unwrap();
    assert!(operational.pooled_damage && operational.known_ratios == 0 && operational.ratios_used > 20);
    assert!(operational.common.common.mean() > 0.0, "a cause that was never seen is not impossible");
    let oracle = &model.causes[0];
    assert!(!oracle.pooled_damage && oracle.known_ratios >= 5 && oracle.ratios_used == oracle.known_ratios);
    // A larger cap or a longer term costs more.
    let mean = |risk: PerilRisk| model.market(&risk, &spread, grid).unwrap().mean.value;
    assert!(mean(PerilRisk { years: 0.5, ..LENDING }) > market.mean.value);
    assert!(mean(PerilRisk { cap: 8e5, ..LENDING }) > market.mean.value);
    let refused = |risk: PerilRisk| model.market(&risk, &spread, grid).is_err();
    assert!(refused(PerilRisk { venue: Venue::Other, ..LENDING }));
    assert!(refused(PerilRisk { years: 0.0, ..LENDING }));
    assert!(refused(PerilRisk { own: OwnEvents { years: 0.0, events: 1 }, ..LENDING }));
    assert!(refused(PerilRisk { own: OwnEvents { years: f64::NAN, events: 0 }, ..LENDING }));
}

/// The own record: nothing without one, less with clean years, more with events, the own rate in the end.
#[test]
fn the_own_record_moves_the_rate() {
    let model = fitted();
    let grid = Grid::new(500.0, 1 << 13).unwrap();
    let spread = VenueSpread::new(0.8).unwrap();
    let rated = |years: f64, events: u32| {
        let risk = PerilRisk { own: OwnEvents { years, events }, ..LENDING };
        model.market(&risk, &spread, grid).unwrap()
    };
    let collective = rated(0.0, 0);
    let rate = collective.collective_rate.value;
    let clean = rated(5.0, 0);
    let z = 5.0 * rate / (0.8 + 5.0 * rate);
    assert!((clean.experience.credibility - z).abs() < 1e-15);
    assert!((clean.mean.value / collective.mean.value - (1.0 - z)).abs() < 1e-12);
    assert!(clean.movement() < 0.0 && clean.distribution.mass()[0] > collective.distribution.mass()[0]);
    assert_eq!(clean.collective_mean, collective.mean.value);
    assert_eq!(clean.collective, collective.distribution);
    for years in [0.5, 5.0, 50.0] {
        let means: Vec<f64> = (0..5).map(|events| rated(years, events).mean.value).collect();
        assert!(means.windows(2).all(|w| w[0] < w[1]), "{means:?}");
        let after: Vec<f64> = [0.0, 1.0, 4.0, 9.0].map(|more| rated(years + more, 2).mean.value).to_vec();
        assert!(after.windows(2).all(|w| w[0] > w[1]), "{after:?}");
    }
    // The own rate in the limit, twice the collective's.
    let long = rated(1e7, (2e7 * rate) as u32);
    assert!((long.rate.value / (2.0 * rate) - 1.0).abs() < 1e-4 && long.experience.credibility > 0.999_99);
    // Its error is then that of the collective's rate alone.
    let relative = long.rate.standard_error / long.rate.value;
    let of_kind = long.collective_rate.standard_error / rate;
    assert!((relative / of_kind - 1.0).abs() < 1e-3, "{relative} {of_kind}");
}

/// Factors drawn from a gamma distribution, counts from them: the estimate finds the shape again.
#[test]
fn the_spread_between_venues_is_found() {
    let counts: Vec<u32> = (0..40_000)
        .map(|k| {
            let mut random = Stream::new(77, k, 0);
            // Gamma of shape 2, mean 1.
            let factor = (random.exponential() + random.exponential()) / 2.0;
            random.poisson(0.3 * 4.0 * factor) as u32
        })
        .collect();
    let spread = VenueSpread::estimate(&counts, 4.0 * counts.len() as f64, 4.0).unwrap();
    assert!((spread.shape() - 2.0).abs() < 0.15, "{spread:?}");
    // Without pairs beyond chance all venues are one, and no record counts.
    let equal = VenueSpread::estimate(&[1, 1, 1], 300.0, 3.0).unwrap();
    assert!(equal.experience(0.01, 0, 5.0).unwrap().credibility < 1e-6);
    assert!(VenueSpread::estimate(&[], 1.0, 1.0).is_err() && VenueSpread::new(0.0).is_err());
}

/// The distribution of a market against simulation of the same model: rate, factor, count, cause, ratio.
#[test]
fn the_distribution_is_that_of_a_simulation() {
    let model = fitted();
    let grid = Grid::new(250.0, 1 << 14).unwrap();
    let risk = PerilRisk { years: 3.0, own: OwnEvents { years: 2.0, events: 3 }, ..LENDING };
    let spread = VenueSpread::new(1.5).unwrap();
    let market = model.market(&risk, &spread, grid).unwrap();
    let variance = market.rate.standard_error * market.rate.standard_error;
    let size = market.rate.value * market.rate.value / variance;
    let frequency = Frequency::NegativeBinomial { mean: 3.0 * market.rate.value, size };
    let cumulative = frequency.cumulative();
    let claims: Vec<_> = model.causes.iter().map(|c| c.damage.claim(1e6, 4e5).unwrap()).collect();
    let paths = 40_000;
    let totals: Vec<f64> = (0..paths)
        .map(|path| {
            let mut random = Stream::new(9, path, 0);
            let rank = random.uniform();
            let count = cumulative.partition_point(|c| *c < rank);
            (0..count)
                .map(|_| {
                    let mut u = random.uniform() * market.rate.value;
                    let cause = market.causes.iter().position(|c| {
                        u -= c.rate;
                        u < 0.0
                    });
                    claims[cause.unwrap_or(claims.len() - 1)].at(random.uniform())
                })
                .sum()
        })
        .collect();
    let n = paths as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let deviation = (totals.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    assert!((market.mean.value - mean).abs() < 4.0 * deviation / n.sqrt(), "{} {mean}", market.mean.value);
    assert!((market.distribution.deviation() / deviation - 1.0).abs() < 0.03);
    for amount in [1e3, 5e4, 2e5, 6e5] {
        let share = totals.iter().filter(|x| **x > amount).count() as f64 / n;
        let error = (share * (1.0 - share) / n).sqrt();
        let found = market.distribution.probability_from(amount + 125.0);
        assert!((found - share).abs() < 4.0 * error + 0.002, "{amount}: {found} {share}");
    }
}

#[test]
fn refuses_records_without_sense() {
    let years = [(Venue::Lending, 200.0)];
    let fit = |events: &[RecordedEvent], years: &[(Venue, f64)]| {
        EventPeril::fit(events, &Cause::EVENT_PERIL, years, DamageFit::ParetoLikelihood, 5)
    };
    let mut events = record();
    assert!(fit(&events, &years).is_ok());
    assert!(fit(&events, &[]).is_err() && fit(&events, &[(Venue::Lending, 0.0)]).is_err());
    events[3].damage = Some(-1.0);
    assert!(matches!(fit(&events, &years), Err(PerilError::Event { index: 3, .. })));
    let unknown: Vec<RecordedEvent> =
        record().into_iter().map(|e| RecordedEvent { exposure: None, ..e }).collect();
    assert!(matches!(fit(&unknown, &years), Err(PerilError::Sample { .. })));
}

#[test]
fn venues_by_the_words_of_the_table() {
    for (words, venue) in [
        ("lending", Venue::Lending),
        ("lending/margin", Venue::Lending),
        ("CDP/lending", Venue::CollateralisedDebt),
        ("perp DEX/lending", Venue::DecentralisedExchange),
        ("perp/futures CEX", Venue::CentralisedExchange),
        ("deUSD", Venue::Other),
    ] {
        assert_eq!(Venue::of_words(words), venue, "{words}");
    }
}
