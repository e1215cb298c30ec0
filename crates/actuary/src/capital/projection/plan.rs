//! What is assumed about a pool's years to come.

/// Why a pool cannot be projected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProjectionError {
    /// A parameter is out of range.
    #[error("{name} {value} is out of range")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Entries that answer so strongly that more capital would mean less.
    #[error("entries of {speed} by unit of return above {target} take more capital away than is put in")]
    Entries {
        /// Speed of the entries.
        speed: f64,
        /// Target return.
        target: f64,
    },
    /// Too many paths and years to hold.
    #[error("{paths} paths of {years} years are more than {limit} path-years")]
    Size {
        /// Paths.
        paths: usize,
        /// Years.
        years: usize,
        /// Most path-years.
        limit: usize,
    },
}

/// How the premium by unit of cover moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PremiumRule {
    /// It does not.
    Constant,
    /// By experience: after a year the rate is multiplied by `1 + weight x (loss - expected loss) / premium`, and
    /// kept between `floor` and `ceiling` times the initial rate.
    Experience {
        /// Weight of a year's experience, in [0, 1].
        weight: f64,
        /// Least rate, by the initial one.
        floor: f64,
        /// Greatest rate, by the initial one.
        ceiling: f64,
    },
    /// Recalculated from the capital that is there: `(EL + iota C) / (1 + iota)`, scaled so that the first year's
    /// is the initial premium at the initial capital `reference`.
    CostOfCapital {
        /// Cost of capital iota.
        rate: f64,
        /// Capital at which the initial premium was calculated.
        reference: f64,
    },
}

/// Growth of the cover that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Growth {
    /// A year, as a fraction; may be negative.
    pub rate: f64,
    /// By how much growth falls by unit of relative rise of the premium rate over the initial one.
    pub elasticity: f64,
}

/// Underwriters who leave after losses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exits {
    /// Share of the remaining capital that gives notice, by unit of the share of capital lost. At most all leaves.
    pub share_per_loss: f64,
    /// Years from notice to leaving; 0 is the end of the same year.
    pub cooldown_years: usize,
}

/// Underwriters who come when it pays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entries {
    /// Return a year above which capital comes in.
    pub target_return: f64,
    /// Capital that comes in, by capital and by unit of return above target.
    pub speed: f64,
}

/// The reserve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReserveRule {
    /// Reserve at the start.
    pub start: f64,
    /// Part of the premium that goes to it.
    pub premium_share: f64,
    /// Size by unit of cover above which it pays out; may be infinite.
    pub target: f64,
}

/// A pool and its years to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolPlan {
    /// Capital of the underwriters at the start.
    pub capital: f64,
    /// Premium of the first year at today's cover, after expenses.
    pub premium: f64,
    /// How it moves.
    pub rule: PremiumRule,
    /// The reserve.
    pub reserve: ReserveRule,
    /// Part of the underwriters' income that stays in the pool as capital.
    pub retained: f64,
    /// Interest a year on capital and reserve.
    pub interest: f64,
    /// Growth of cover.
    pub growth: Growth,
    /// Exits after losses.
    pub exits: Exits,
    /// Entries.
    pub entries: Entries,
    /// Capital and reserve that are required by unit of cover; below it is ruin.
    pub required: f64,
    /// Years.
    pub years: usize,
    /// Paths.
    pub paths: usize,
    /// Seed.
    pub seed: u64,
}

/// Most paths times years.
const PATH_YEARS_MAX: usize = 100_000_000;

/// Longest cooldown, years.
pub(super) const COOLDOWN_MAX: usize = 10;

impl PoolPlan {
    /// Checks every parameter.
    pub(super) fn check(&self) -> Result<(), ProjectionError> {
        let (mut floor, mut ceiling, mut weight, mut cost, mut reference) = (0.0, 1.0, 0.0, 0.0, 0.0);
        match self.rule {
            PremiumRule::Constant => {}
            PremiumRule::Experience { weight: w, floor: f, ceiling: c } => {
                (weight, floor, ceiling) = (w, f, c)
            }
            PremiumRule::CostOfCapital { rate, reference: r } => (cost, reference) = (rate, r),
        }
        let unit = 0.0..=1.0;
        for (name, value, sound) in [
            ("capital", self.capital, self.capital >= 0.0),
            ("premium", self.premium, self.premium >= 0.0),
            ("weight of experience", weight, unit.contains(&weight)),
            ("least rate", floor, unit.contains(&floor)),
            ("greatest rate", ceiling, ceiling >= 1.0),
            ("cost of capital", cost, cost >= 0.0),
            ("reference capital", reference, reference >= 0.0),
            ("reserve", self.reserve.start, self.reserve.start >= 0.0),
            ("share of the reserve", self.reserve.premium_share, unit.contains(&self.reserve.premium_share)),
            ("retained share", self.retained, unit.contains(&self.retained)),
            ("interest", self.interest, self.interest > -1.0),
            ("growth", self.growth.rate, self.growth.rate >= -1.0),
            ("elasticity", self.growth.elasticity, self.growth.elasticity >= 0.0),
            ("exits", self.exits.share_per_loss, self.exits.share_per_loss >= 0.0),
            ("cooldown", self.exits.cooldown_years as f64, self.exits.cooldown_years <= COOLDOWN_MAX),
            ("target return", self.entries.target_return, self.entries.target_return >= 0.0),
            ("speed of entries", self.entries.speed, self.entries.speed >= 0.0),
            ("required capital", self.required, self.required >= 0.0),
            ("years", self.years as f64, self.years > 0),
            ("paths", self.paths as f64, self.paths > 0),
        ] {
            if !(sound && value.is_finite()) {
                return Err(ProjectionError::Parameter { name, value });
            }
        }
        if self.reserve.target.is_nan() || self.reserve.target < 0.0 {
            return Err(ProjectionError::Parameter {
                name: "target of the reserve",
                value: self.reserve.target,
            });
        }
        let Entries { speed, target_return: target } = self.entries;
        if speed * target > 1.0 {
            return Err(ProjectionError::Entries { speed, target });
        }
        if self.paths.saturating_mul(self.years) > PATH_YEARS_MAX {
            let (paths, years) = (self.paths, self.years);
            return Err(ProjectionError::Size { paths, years, limit: PATH_YEARS_MAX });
        }
        Ok(())
    }
}
