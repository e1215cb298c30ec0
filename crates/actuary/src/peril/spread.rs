//! How far single venues differ from the rate of their kind: a venue's rate is that of its kind times a factor with
//! a gamma distribution of mean 1 and shape k. Its own record then moves the factor,
//!
//! ```text
//! factor | n events in T years  =  (k + n) / (k + M T)  =  1 - z + z n/(M T),     z = M T / (k + M T)
//! ```
//!
//! M the kind's rate (Poisson-gamma; Klugman, Panjer, Willmot, Loss Models, 15.3 and 18.4). A record without years
//! leaves the factor at 1; with ever more years it goes to the venue's own rate.

use super::error::{PerilError, positive};

/// Shape beyond which venues count as equal.
const SHAPE_MAX: f64 = 1e6;

/// Differences between venues of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VenueSpread {
    shape: f64,
}

/// What a venue's own count does to its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateExperience {
    /// Rate of the kind, events a year.
    pub collective: f64,
    /// Own events a year; none without years.
    pub own: Option<f64>,
    /// Credibility of the own record, in [0, 1).
    pub credibility: f64,
    /// By what the collective rate is multiplied.
    pub factor: f64,
    /// Shape of the factor's distribution after the record.
    pub shape: f64,
}

impl VenueSpread {
    /// A stated shape: the smaller, the more venues differ; the coefficient of variation between them is
    /// `1/sqrt(shape)`.
    ///
    /// # Errors
    /// A shape that is not positive and finite.
    pub fn new(shape: f64) -> Result<Self, PerilError> {
        Ok(Self { shape: positive("shape of the spread between venues", shape)?.min(SHAPE_MAX) })
    }

    /// From the numbers of events of the venues that had any: venues with the same rate seldom have two, so pairs of
    /// events at one venue measure the difference. With n_i events, `venue_years` in all and `years_each` by venue,
    /// `E[sum n_i (n_i - 1)] = (M^2 + v) venue_years years_each`, v the variance between venues; shape `M^2/v`.
    /// Years that differ between venues make the estimate somewhat too small, in favour of the own record.
    ///
    /// # Errors
    /// No event, or years that are not positive.
    pub fn estimate(counts: &[u32], venue_years: f64, years_each: f64) -> Result<Self, PerilError> {
        positive("venue-years", venue_years)?;
        positive("years of a venue", years_each)?;
        let events: f64 = counts.iter().map(|n| f64::from(*n)).sum();
        if events <= 0.0 {
            return Err(PerilError::Sample { what: "the spread between venues", count: 0 });
        }
        let rate = events / venue_years;
        let pairs: f64 = counts.iter().map(|n| f64::from(*n) * (f64::from(*n) - 1.0)).sum();
        let between = pairs / (venue_years * years_each) - rate * rate;
        if between <= rate * rate / SHAPE_MAX {
            return Ok(Self { shape: SHAPE_MAX });
        }
        Ok(Self { shape: rate * rate / between })
    }

    /// Shape of the factor's distribution.
    #[must_use]
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// What a record of `events` in `years` does to a rate.
    ///
    /// # Errors
    /// Years that are negative or not finite, a rate that is not positive.
    pub fn experience(&self, rate: f64, events: u32, years: f64) -> Result<RateExperience, PerilError> {
        positive("rate", rate)?;
        if !(years >= 0.0 && years.is_finite()) || (years == 0.0 && events > 0) {
            return Err(PerilError::Parameter { name: "years of the own record", value: years });
        }
        let (n, expected) = (f64::from(events), rate * years);
        Ok(RateExperience {
            collective: rate,
            own: (years > 0.0).then(|| n / years),
            credibility: expected / (self.shape + expected),
            factor: (self.shape + n) / (self.shape + expected),
            shape: self.shape + n,
        })
    }
}
