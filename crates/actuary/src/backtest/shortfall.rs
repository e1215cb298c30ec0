//! Back-tests of expected shortfall.
//!
//! C. Acerbi, B. Szekely, "Backtesting expected shortfall", Risk, December 2014. With losses X, indicator I of
//! X > VaR, N exceedances in T periods and tail share a = 1 - level:
//!
//! ```text
//! Z1 = 1 - sum(X I / ES) / N          is the shortfall right where the VaR is exceeded?
//! Z2 = 1 - sum(X I / ES) / (T a)      are frequency and size of the exceedances right?
//! ```
//!
//! (the paper's, with losses positive). Both are 0 on average if the forecasts are right and negative if risk is
//! underestimated; the p-value is the share of simulated histories with a value as low.

use super::{BacktestError, inside};

/// What was said of a period before it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// VaR.
    pub value_at_risk: f64,
    /// Expected shortfall, positive, at least the VaR.
    pub expected_shortfall: f64,
}

/// Result of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShortfallTest {
    /// Exceedances of the VaR.
    pub exceedances: u32,
    /// Z1; none without an exceedance.
    pub conditional: Option<f64>,
    /// Z2.
    pub unconditional: f64,
    /// Share of the simulated histories (those with an exceedance) with a Z1 as low; none without.
    pub conditional_p_value: Option<f64>,
    /// Share of the simulated histories with a Z2 as low.
    pub unconditional_p_value: f64,
}

/// Tests the forecasts of a history at `level`. `simulated` holds histories drawn from the forecast distributions,
/// one loss a period each, from which the p-values come.
///
/// # Errors
/// No period; forecasts, losses or histories of other lengths; a forecast without sense; no simulated history;
/// a level outside (0, 1).
pub fn shortfall_test<H: AsRef<[f64]>>(
    forecasts: &[Forecast],
    losses: &[f64],
    level: f64,
    simulated: &[H],
) -> Result<ShortfallTest, BacktestError> {
    inside(level)?;
    let expected = forecasts.len();
    if expected == 0 {
        return Err(BacktestError::Count { exceedances: 0, periods: 0 });
    }
    if simulated.is_empty() {
        return Err(BacktestError::Length { name: "simulated histories", found: 0, expected });
    }
    for (index, forecast) in forecasts.iter().enumerate() {
        let Forecast { value_at_risk, expected_shortfall } = *forecast;
        let sound = value_at_risk.is_finite()
            && expected_shortfall.is_finite()
            && expected_shortfall > 0.0
            && expected_shortfall >= value_at_risk;
        if !sound {
            return Err(BacktestError::Forecast { index, value_at_risk, expected_shortfall });
        }
    }
    let check = |name, found| {
        if found == expected { Ok(()) } else { Err(BacktestError::Length { name, found, expected }) }
    };
    check("losses", losses.len())?;
    let observed = Statistic::of(forecasts, losses, level);
    let (mut as_low, mut conditional_as_low, mut with_exceedance) = (0_u32, 0_u32, 0_u32);
    for history in simulated {
        check("simulated losses", history.as_ref().len())?;
        let other = Statistic::of(forecasts, history.as_ref(), level);
        as_low += u32::from(other.unconditional <= observed.unconditional);
        if let (Some(other), Some(observed)) = (other.conditional, observed.conditional) {
            with_exceedance += 1;
            conditional_as_low += u32::from(other <= observed);
        }
    }
    Ok(ShortfallTest {
        exceedances: observed.exceedances,
        conditional: observed.conditional,
        unconditional: observed.unconditional,
        conditional_p_value: (with_exceedance > 0)
            .then(|| f64::from(conditional_as_low) / f64::from(with_exceedance)),
        unconditional_p_value: f64::from(as_low) / simulated.len() as f64,
    })
}

struct Statistic {
    exceedances: u32,
    conditional: Option<f64>,
    unconditional: f64,
}

impl Statistic {
    fn of(forecasts: &[Forecast], losses: &[f64], level: f64) -> Self {
        let (mut ratios, mut exceedances) = (0.0, 0_u32);
        for (forecast, loss) in forecasts.iter().zip(losses) {
            if *loss > forecast.value_at_risk {
                ratios += loss / forecast.expected_shortfall;
                exceedances += 1;
            }
        }
        Self {
            exceedances,
            conditional: (exceedances > 0).then(|| 1.0 - ratios / f64::from(exceedances)),
            unconditional: 1.0 - ratios / (forecasts.len() as f64 * (1.0 - level)),
        }
    }
}
