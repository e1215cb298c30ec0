//! The rules of a pool as a JSON file: amounts as decimals of the asset, fractions as decimals, durations such as
//! `14d`, roles by account name. What a file leaves out keeps its default, or the value in force.

use seawall_engine::{AccountId, Knot, Roles, Rules, TRANCHES_MAX, YEAR};
use seawall_fixed::{Assets, Ppm, Rounding, mul_div};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use super::amount::{self, Unit};
use super::instant;
use crate::output::Failure;

/// A number written as text or as a JSON number; read exactly by whoever knows its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Written(pub String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(format!("expected a number or text, found {other}"))),
        }
    }
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Who may do what, by account name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolesFile {
    owner: String,
    actuaries: Vec<String>,
    risk: String,
    guardian: String,
    reporters: Vec<String>,
}

/// A point of the scarcity curve.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnotFile {
    at: Written,
    multiplier: Written,
}

/// All rules.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesFile {
    roles: RolesFile,
    deposit_min: Written,
    exit_min: Written,
    ticket_min: Written,
    cooldown: Written,
    waiting: Written,
    term_epochs_max: u32,
    early_period: Written,
    early_multiple: Written,
    junior_floor: Written,
    scarcity: Vec<KnotFile>,
    /// A year and unit of assets.
    earn_rate_max_a_year: Written,
    fee: Written,
    fee_recipient: String,
    cancel_share: Written,
    reserve_target: Written,
    surplus_epochs: u32,
    surplus_split: Vec<Written>,
    /// A year and unit of limit.
    rate_min_a_year: Written,
    /// Nothing means no bound.
    limit_max: Option<Written>,
    market_share_max: Written,
    mutual_multiple: Written,
    latent_share_max: Written,
    latent_term_max: Written,
    pause_max: Written,
}

impl RulesFile {
    /// Rules to begin with, for a pool of `tranches` tranches: a week of waiting, three of cooldown, half a year of
    /// cover at most, a tenth of the required capital in the junior tranche.
    pub fn defaults(tranches: usize) -> Self {
        let text = Written::from;
        let knot = |at: &str, multiplier: &str| KnotFile { at: at.into(), multiplier: multiplier.into() };
        let each = 1_000_000 / u32::try_from(tranches.max(1)).unwrap_or(1);
        Self {
            roles: RolesFile {
                owner: "owner".to_owned(),
                actuaries: vec!["actuary".to_owned()],
                risk: "risk".to_owned(),
                guardian: "guardian".to_owned(),
                reporters: vec!["reporter".to_owned()],
            },
            deposit_min: text("1"),
            exit_min: text("1"),
            ticket_min: text("1"),
            cooldown: text("21d"),
            waiting: text("7d"),
            term_epochs_max: 26,
            early_period: text("28d"),
            early_multiple: text("10"),
            junior_floor: text("0.1"),
            scarcity: vec![knot("0", "1"), knot("0.7", "1"), knot("0.9", "1.5"), knot("1", "3")],
            earn_rate_max_a_year: text("10"),
            fee: text("0.05"),
            fee_recipient: "treasury".to_owned(),
            cancel_share: text("0.1"),
            reserve_target: text("100000"),
            surplus_epochs: 4,
            surplus_split: vec![Written(amount::fraction_text(Ppm::new(each))); tranches],
            rate_min_a_year: text("0.001"),
            limit_max: None,
            market_share_max: text("0.5"),
            mutual_multiple: text("2"),
            latent_share_max: text("1"),
            latent_term_max: text("60d"),
            pause_max: text("7d"),
        }
    }

    /// These rules with what a JSON document says differently.
    ///
    /// # Errors
    /// No JSON object, an unknown rule, a value of the wrong kind; the message begins with `file`.
    pub fn overlaid(&self, file: &str, text: &str) -> Result<Self, Failure> {
        let bad = |why: String| Failure::input(format!("{file}: {why}"));
        let given: Value = serde_json::from_str(text).map_err(|error| bad(format!("is no JSON: {error}")))?;
        let Value::Object(given) = given else {
            return Err(bad("must be a JSON object of rules".to_owned()));
        };
        let mut all = serde_json::to_value(self).map_err(Failure::environment)?;
        for (rule, value) in given {
            let Some(place) = all.get_mut(&rule) else {
                let failure = bad(format!("there is no rule {rule:?}"));
                return Err(failure.hint("seawall pool init --print-rules lists all rules"));
            };
            match (place.as_object_mut(), value) {
                (Some(roles), Value::Object(some)) => roles.extend(some),
                (_, value) => *place = value,
            }
            let read: Result<Self, _> = serde_json::from_value(all.clone());
            read.map_err(|error| bad(format!("{rule}: {error}")))?;
        }
        serde_json::from_value(all).map_err(|error| bad(error.to_string()))
    }

    /// Rules in force, written out.
    pub fn of(rules: &Rules, unit: &Unit, tranches: usize, name: impl Fn(AccountId) -> String) -> Self {
        let assets = |assets: Assets| Written(amount::trimmed(assets.get(), unit.decimals));
        let part = |part: Ppm| Written(amount::fraction_text(part));
        let time = |seconds| Written(instant::duration_text(seconds));
        let names = |ids: &[AccountId]| ids.iter().map(|id| name(*id)).collect();
        let knot = |knot: &Knot| KnotFile {
            at: part(knot.at),
            multiplier: Written(amount::trimmed(u128::from(knot.multiplier), 9)),
        };
        Self {
            roles: RolesFile {
                owner: name(rules.roles.owner),
                actuaries: names(&rules.roles.actuaries),
                risk: name(rules.roles.risk),
                guardian: name(rules.roles.guardian),
                reporters: names(&rules.roles.reporters),
            },
            deposit_min: assets(rules.deposit_min),
            exit_min: assets(rules.exit_min),
            ticket_min: assets(rules.ticket_min),
            cooldown: time(rules.cooldown),
            waiting: time(rules.waiting),
            term_epochs_max: rules.term_epochs_max,
            early_period: time(rules.early_period),
            early_multiple: part(rules.early_multiple),
            junior_floor: part(rules.junior_floor),
            scarcity: rules.scarcity.iter().map(knot).collect(),
            earn_rate_max_a_year: Written(amount::trimmed(a_year(rules.earn_rate_max), 6)),
            fee: part(rules.fee),
            fee_recipient: name(rules.fee_recipient),
            cancel_share: part(rules.cancel_share),
            reserve_target: assets(rules.reserve_target),
            surplus_epochs: rules.surplus_epochs,
            surplus_split: rules.surplus_split.iter().take(tranches).map(|share| part(*share)).collect(),
            rate_min_a_year: part(rules.rate_min),
            limit_max: (rules.limit_max != Assets::MAX).then(|| assets(rules.limit_max)),
            market_share_max: part(rules.market_share_max),
            mutual_multiple: part(rules.mutual_multiple),
            latent_share_max: part(rules.latent_share_max),
            latent_term_max: time(rules.latent_term_max),
            pause_max: time(rules.pause_max),
        }
    }

    /// The file's text, rules in the order of the engine's.
    ///
    /// # Errors
    /// Never in practice: the text is made of strings and numbers.
    pub fn text(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map_err(Failure::environment)
    }

    /// The engine's rules; `account` gives a name its number.
    ///
    /// # Errors
    /// A value that cannot be read, naming `file` and the rule; what `account` refuses.
    pub fn rules(
        &self,
        file: &str,
        unit: &Unit,
        mut account: impl FnMut(&str) -> Result<AccountId, Failure>,
    ) -> Result<Rules, Failure> {
        let field = |rule: &str| format!("{file}: {rule}");
        let assets = |rule: &str, value: &Written| unit.assets(&field(rule), &value.0);
        let part = |rule: &str, value: &Written| amount::fraction(&field(rule), &value.0);
        let time = |rule: &str, value: &Written| instant::duration(&field(rule), &value.0);
        let knot = |knot: &KnotFile| {
            let multiplier = amount::parse(&field("scarcity"), &knot.multiplier.0, 9, "a multiplier")?;
            let multiplier = u64::try_from(multiplier).unwrap_or(u64::MAX);
            Ok::<_, Failure>(Knot { at: part("scarcity", &knot.at)?, multiplier })
        };
        if self.surplus_split.len() > TRANCHES_MAX {
            let most = format!("{}: has more than {TRANCHES_MAX} parts", field("surplus_split"));
            return Err(Failure::input(most));
        }
        let mut surplus_split = [Ppm::ZERO; TRANCHES_MAX];
        for (place, share) in surplus_split.iter_mut().zip(&self.surplus_split) {
            *place = part("surplus_split", share)?;
        }
        let annual =
            amount::parse(&field("earn_rate_max_a_year"), &self.earn_rate_max_a_year.0, 6, "a rate")?;
        let scale = u128::from(YEAR) * 1_000_000;
        let rate = mul_div(annual, 1 << 64, scale, Rounding::Down).unwrap_or(u128::MAX);
        Ok(Rules {
            roles: Roles {
                owner: account(&self.roles.owner)?,
                actuaries: self.roles.actuaries.iter().map(|name| account(name)).collect::<Result<_, _>>()?,
                risk: account(&self.roles.risk)?,
                guardian: account(&self.roles.guardian)?,
                reporters: self.roles.reporters.iter().map(|name| account(name)).collect::<Result<_, _>>()?,
            },
            deposit_min: assets("deposit_min", &self.deposit_min)?,
            exit_min: assets("exit_min", &self.exit_min)?,
            ticket_min: assets("ticket_min", &self.ticket_min)?,
            cooldown: time("cooldown", &self.cooldown)?,
            waiting: time("waiting", &self.waiting)?,
            term_epochs_max: self.term_epochs_max,
            early_period: time("early_period", &self.early_period)?,
            early_multiple: part("early_multiple", &self.early_multiple)?,
            junior_floor: part("junior_floor", &self.junior_floor)?,
            scarcity: self.scarcity.iter().map(knot).collect::<Result<_, _>>()?,
            earn_rate_max: u64::try_from(rate).unwrap_or(u64::MAX),
            fee: part("fee", &self.fee)?,
            fee_recipient: account(&self.fee_recipient)?,
            cancel_share: part("cancel_share", &self.cancel_share)?,
            reserve_target: assets("reserve_target", &self.reserve_target)?,
            surplus_epochs: self.surplus_epochs,
            surplus_split,
            rate_min: part("rate_min_a_year", &self.rate_min_a_year)?,
            limit_max: match &self.limit_max {
                Some(limit) => assets("limit_max", limit)?,
                None => Assets::MAX,
            },
            market_share_max: part("market_share_max", &self.market_share_max)?,
            mutual_multiple: part("mutual_multiple", &self.mutual_multiple)?,
            latent_share_max: part("latent_share_max", &self.latent_share_max)?,
            latent_term_max: time("latent_term_max", &self.latent_term_max)?,
            pause_max: time("pause_max", &self.pause_max)?,
        })
    }
}

/// A rate in 2^-64 a second as millionths a year, rounded up: reading it back gives the same rate.
fn a_year(rate: u64) -> u128 {
    mul_div(u128::from(rate), u128::from(YEAR) * 1_000_000, 1 << 64, Rounding::Up).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit { symbol: "USDC".to_owned(), decimals: 6 }
    }

    const NAMES: [&str; 6] = ["owner", "actuary", "risk", "guardian", "reporter", "treasury"];

    fn id(name: &str) -> Result<AccountId, Failure> {
        let place = NAMES.iter().position(|known| *known == name);
        let place = place.ok_or_else(|| Failure::input(format!("no account {name}")))?;
        Ok(AccountId(u32::try_from(place).unwrap()))
    }

    #[test]
    fn the_defaults_are_within_the_engines_bounds_and_survive_a_round_trip() {
        for tranches in 1..=TRANCHES_MAX {
            let file = RulesFile::defaults(tranches);
            let rules = file.rules("rules", &unit(), id).unwrap();
            assert_eq!(rules.validate(), Ok(()));
            let written = RulesFile::of(&rules, &unit(), tranches, |id| NAMES[id.index()].to_owned());
            assert_eq!(written.rules("rules", &unit(), id).unwrap(), rules);
        }
    }

    #[test]
    fn the_largest_values_survive_too() {
        let mut rules = RulesFile::defaults(2).rules("rules", &unit(), id).unwrap();
        rules.earn_rate_max = u64::MAX;
        rules.deposit_min = Assets::MAX;
        rules.early_multiple = Ppm::new(u32::MAX);
        let written = RulesFile::of(&rules, &unit(), 2, |id| NAMES[id.index()].to_owned());
        assert_eq!(written.rules("rules", &unit(), id).unwrap(), rules);
    }

    #[test]
    fn a_file_changes_what_it_names_and_says_what_it_cannot_read() {
        let base = RulesFile::defaults(2);
        let file = base.overlaid("r.json", r#"{"fee": 0.02, "roles": {"reporters": []}}"#).unwrap();
        let rules = file.rules("r.json", &unit(), id).unwrap();
        assert_eq!(rules.fee, Ppm::new(20_000));
        assert!(rules.roles.reporters.is_empty());
        assert_eq!(rules.roles.actuaries.len(), 1);
        for (text, named) in [
            ("{", "r.json"),
            ("[]", "r.json"),
            (r#"{"feee": 1}"#, "feee"),
            (r#"{"fee": []}"#, "fee"),
            (r#"{"roles": {"king": "x"}}"#, "king"),
        ] {
            let failure = base.overlaid("r.json", text).unwrap_err();
            assert!(format!("{failure:?}").contains(named), "{text}: {failure:?}");
        }
        let late = base.overlaid("r.json", r#"{"cooldown": "soon"}"#).unwrap();
        assert!(format!("{:?}", late.rules("r.json", &unit(), id).unwrap_err()).contains("r.json: cooldown"));
    }
}
