//! Event peril of a market: recorded events by cause and kind of venue, fitted for [`super::market`], which turns
//! them into the distribution of what events will cost a market.
//!
//! Frequency: for each cause the rates of the kinds of venue are drawn from one gamma distribution, estimated from
//! their counts; a kind's own count updates it. Severity: the damage ratios of the cause where there are enough of
//! them, else those of all causes. Units: exposure of the frequency in venue-years, amounts in USD.

use super::damage::DamageRatio;
use super::error::PerilError;
use super::frequency::{CellRates, Count, RateDistribution};

/// What made the bad debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A wrong price was used.
    Oracle,
    /// The price moved faster than liquidation.
    PriceGap,
    /// A pegged asset lost its peg.
    Depeg,
    /// Somebody moved the market to borrow against it.
    Manipulation,
    /// A fault of the program was used.
    Exploit,
    /// A mistake of those who run it.
    Operational,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 6] =
        [Self::Oracle, Self::PriceGap, Self::Depeg, Self::Manipulation, Self::Exploit, Self::Operational];

    /// The causes that the simulation of prices does not contain: all but the price gap.
    pub const EVENT_PERIL: [Self; 5] =
        [Self::Oracle, Self::Depeg, Self::Manipulation, Self::Exploit, Self::Operational];
}

/// Kind of venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Venue {
    /// Lending market.
    Lending,
    /// Issuer of debt against collateral.
    CollateralisedDebt,
    /// Leveraged exchange on a chain.
    DecentralisedExchange,
    /// Leveraged exchange run by a company.
    CentralisedExchange,
    /// Anything else.
    Other,
}

impl Venue {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Lending,
        Self::CollateralisedDebt,
        Self::DecentralisedExchange,
        Self::CentralisedExchange,
        Self::Other,
    ];

    /// Kind of a venue by the words of the table of recorded events; of several joined words the first known one
    /// counts, but `CEX` anywhere is a company's exchange.
    #[must_use]
    pub fn of_words(words: &str) -> Self {
        if words.contains("CEX") {
            return Self::CentralisedExchange;
        }
        words
            .split('/')
            .find_map(|word| match word.trim() {
                "lending" => Some(Self::Lending),
                "CDP" => Some(Self::CollateralisedDebt),
                "perp DEX" => Some(Self::DecentralisedExchange),
                _ => None,
            })
            .unwrap_or(Self::Other)
    }
}

/// A recorded event, as the estimates need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedEvent {
    /// What made the bad debt.
    pub cause: Cause,
    /// Where.
    pub venue: Venue,
    /// Loss, USD; none where no amount is known: the event then counts for the frequency only.
    pub damage: Option<f64>,
    /// What could have been lost at the venue (its debt), USD; none where unknown.
    pub exposure: Option<f64>,
}

/// Which damage ratio is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageFit {
    /// Beta by moments.
    BetaMoments,
    /// Generalised Pareto by likelihood.
    ParetoLikelihood,
}

/// One cause in a fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct CauseModel {
    /// The cause.
    pub cause: Cause,
    /// Rates between the kinds of venue.
    pub common: CellRates,
    /// Rate of each kind of venue that has exposure, events a venue-year.
    pub rates: Vec<(Venue, RateDistribution)>,
    /// Damage ratio.
    pub damage: DamageRatio,
    /// Events whose damage ratio is known; where too few, all causes stand in.
    pub known_ratios: usize,
    /// Ratios that the fit in use rests on.
    pub ratios_used: usize,
    /// True where the damage ratio is that of all causes.
    pub pooled_damage: bool,
}

/// Event peril by cause.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPeril {
    /// One entry a cause, in the order asked for.
    pub causes: Vec<CauseModel>,
}

impl EventPeril {
    /// Fits frequency and severity. `venue_years` is the exposure over which the events were recorded, by kind of
    /// venue; events at kinds without exposure count for the severity only. A cause with fewer than `ratios_min`
    /// known damage ratios takes those of all causes.
    ///
    /// # Errors
    /// No exposure, or one that is not positive; an event with a negative damage or without positive exposure
    /// where one is given; too few damage ratios altogether.
    pub fn fit(
        events: &[RecordedEvent],
        causes: &[Cause],
        venue_years: &[(Venue, f64)],
        fit: DamageFit,
        ratios_min: usize,
    ) -> Result<Self, PerilError> {
        for (index, event) in events.iter().enumerate() {
            let (damage, exposure) = (event.damage.unwrap_or(0.0), event.exposure.unwrap_or(1.0));
            let sound = damage >= 0.0 && damage.is_finite() && exposure > 0.0 && exposure.is_finite();
            if !sound {
                return Err(PerilError::Event { index, damage, exposure });
            }
        }
        let ratios = |cause: Option<Cause>| -> Vec<f64> {
            let chosen = events.iter().filter(|e| match cause {
                Some(cause) => e.cause == cause,
                None => causes.contains(&e.cause),
            });
            chosen.filter_map(|e| Some((e.damage? / e.exposure?).min(1.0))).collect()
        };
        let damage_of = |ratios: &[f64]| match fit {
            DamageFit::BetaMoments => DamageRatio::beta_by_moments(ratios),
            DamageFit::ParetoLikelihood => DamageRatio::pareto_by_likelihood(ratios),
        };
        let all_ratios = ratios(None);
        let pooled = damage_of(&all_ratios)?;
        let model = |cause: &Cause| {
            let cells: Vec<Count> = venue_years
                .iter()
                .map(|(venue, exposure)| {
                    let here = events.iter().filter(|e| e.cause == *cause && e.venue == *venue);
                    Count { events: here.count() as u32, exposure: *exposure }
                })
                .collect();
            let cell_rates = CellRates::estimate(&cells)?;
            let rates = venue_years
                .iter()
                .zip(&cells)
                .map(|((venue, _), cell)| Ok((*venue, cell_rates.rate(*cell)?)))
                .collect::<Result<Vec<_>, PerilError>>()?;
            let own = ratios(Some(*cause));
            let own_fit = if own.len() >= ratios_min.max(2) { damage_of(&own).ok() } else { None };
            Ok(CauseModel {
                cause: *cause,
                common: cell_rates,
                rates,
                damage: own_fit.unwrap_or(pooled),
                known_ratios: own.len(),
                ratios_used: if own_fit.is_some() { own.len() } else { all_ratios.len() },
                pooled_damage: own_fit.is_none(),
            })
        };
        Ok(Self { causes: causes.iter().map(model).collect::<Result<_, PerilError>>()? })
    }
}
