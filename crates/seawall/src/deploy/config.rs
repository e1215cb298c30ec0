//! What a pool is, from a JSON file: chain, settlement token, tranches, who administers the roles, and the rules in
//! the shape of `seawall pool init --rules`, with addresses where a local pool has names of accounts.

use std::path::Path;

use seawall_contracts::Address;
use seawall_contracts::plan::{AccessPlan, Grant, PoolPlan, role};
use seawall_contracts::rules::rule_set;
use seawall_engine::{AccountId, TRANCHES_MAX};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NOBODY;
use crate::output::Failure;
use crate::pool::amount::{DECIMALS_MAX, Unit};
use crate::pool::rules_file::{RulesFile, Written};
use crate::pool::{evidence, instant};

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    chain_id: u64,
    asset: AssetFile,
    tranches: Vec<String>,
    /// Administers the roles; the owner where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<String>,
    #[serde(default)]
    delays: Delays,
    rules: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetFile {
    address: String,
    symbol: String,
    decimals: u8,
    #[serde(default)]
    wrapper: bool,
}

/// Time between a holder's announcing a call and the call; none where it is left out. Risk and guardian act at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delays {
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Written>,
}

/// A pool to deploy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Number of the chain.
    pub chain: u64,
    /// The settlement token as people see it.
    pub unit: Unit,
    /// Names of the tranches, most junior first.
    pub tranches: Vec<String>,
    /// What the contracts are told.
    pub pool: PoolPlan,
}

/// Reads a file.
///
/// # Errors
/// What cannot be read, naming the file and the field.
pub fn read(path: &Path) -> Result<Config, Failure> {
    let text = evidence::read_text("--config", path)?;
    parse(&path.display().to_string(), &text)
}

fn parse(name: &str, text: &str) -> Result<Config, Failure> {
    let bad = |why: String| Failure::input(format!("{name}: {why}"));
    let mut reader = serde_json::Deserializer::from_str(text);
    let file: File = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| bad(error.to_string()).hint("seawall deploy --print-config shows a whole file"))?;
    reader.end().map_err(|error| bad(error.to_string()))?;
    let field = |field: &str| format!("{name}: {field}");
    let count = u8::try_from(file.tranches.len()).unwrap_or(u8::MAX);
    if !(1..=TRANCHES_MAX).contains(&usize::from(count)) {
        return Err(bad(format!("tranches: a pool has 1 to {TRANCHES_MAX}, not {}", file.tranches.len())));
    }
    for (place, tranche) in file.tranches.iter().enumerate() {
        if tranche.trim().is_empty() || file.tranches[..place].contains(tranche) {
            return Err(bad(format!("tranches: {tranche:?} is no name, or is there twice")));
        }
    }
    if file.asset.decimals > DECIMALS_MAX {
        return Err(bad(format!("asset.decimals: {} are more than {DECIMALS_MAX}", file.asset.decimals)));
    }
    let unit = Unit { symbol: file.asset.symbol.clone(), decimals: file.asset.decimals };
    let base = RulesFile::defaults(file.tranches.len()).overlaid(name, NO_REPORTERS)?;
    let rules_name = field("rules");
    let mut accounts: Vec<Address> = Vec::new();
    let rules = base.overlaid(&rules_name, &file.rules.to_string())?.rules(&rules_name, &unit, |text| {
        let found = address(&format!("{rules_name}: roles and fee_recipient"), text)?;
        let place = accounts.iter().position(|known| *known == found).unwrap_or_else(|| {
            accounts.push(found);
            accounts.len() - 1
        });
        Ok(AccountId(u32::try_from(place).unwrap_or(u32::MAX)))
    })?;
    if !rules.roles.reporters.is_empty() {
        return Err(bad(
            "rules: roles.reporters: on a chain adapters read the losses, and nobody reports".to_owned()
        ));
    }
    if rules.roles.actuaries.is_empty() {
        return Err(bad("rules: roles.actuaries: nobody could sign a quote".to_owned()));
    }
    rules.validate().map_err(|error| bad(format!("rules: {error}")))?;
    let of = |id: AccountId| accounts.get(id.index()).copied().unwrap_or_default();
    let delay = |role: &str, delay: &Option<Written>| match delay {
        None => Ok(0),
        Some(text) => {
            let seconds = instant::duration(&field(&format!("delays.{role}")), &text.0)?;
            u32::try_from(seconds).map_err(|_| bad(format!("delays.{role}: {} is too long", text.0)))
        }
    };
    let (owner, owner_delay) = (of(rules.roles.owner), delay("owner", &file.delays.owner)?);
    let mut grants = vec![
        Grant { role: role::OWNER, account: owner, delay: owner_delay },
        Grant { role: role::RISK, account: of(rules.roles.risk), delay: 0 },
        Grant { role: role::GUARDIAN, account: of(rules.roles.guardian), delay: 0 },
        Grant { role: role::REVOKER, account: owner, delay: 0 },
    ];
    for actuary in &rules.roles.actuaries {
        for role in [role::ACTUARY, role::REVOKER] {
            let grant = Grant { role, account: of(*actuary), delay: 0 };
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
    }
    let admin = match &file.admin {
        Some(text) => address(&field("admin"), text)?,
        None => owner,
    };
    let access = AccessPlan { admin, admin_delay: delay("admin", &file.delays.admin)?, grants };
    let asset = address(&field("asset.address"), &file.asset.address)?;
    let rules = rule_set(&rules, of).map_err(|error| bad(format!("rules: {error}")))?;
    let pool = PoolPlan { asset, wrapper: file.asset.wrapper, tranches: count, rules, access };
    Ok(Config { chain: file.chain_id, unit, tranches: file.tranches, pool })
}

/// A ledger's reporters have no place on a chain.
const NO_REPORTERS: &str = r#"{"roles": {"reporters": []}}"#;

/// Reads an address; one in mixed case must have the right checksum, which finds most slips.
///
/// # Errors
/// Not 40 hexadecimal digits, a wrong checksum, or nobody's address; the message begins with `field`.
pub fn address(field: &str, text: &str) -> Result<Address, Failure> {
    let bad = |why: &str| Failure::input(format!("{field}: {text:?} {why}"));
    let found: Address =
        text.parse().map_err(|_| bad("is no address: 0x and 40 hexadecimal digits are needed"))?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mixed = digits.bytes().any(|digit| digit.is_ascii_lowercase())
        && digits.bytes().any(|digit| digit.is_ascii_uppercase());
    if mixed && found.to_checksum(None).trim_start_matches("0x") != digits {
        return Err(bad("has a wrong checksum").hint("copy it again; all lower case is taken unchecked"));
    }
    if found == NOBODY { Err(bad("is nobody")) } else { Ok(found) }
}

/// A file to edit: the default rules, with the accounts of a local test chain.
///
/// # Errors
/// Never in practice: the text is made of strings and numbers.
pub fn example() -> Result<String, Failure> {
    const ACCOUNTS: [&str; 6] = [
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
        "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
        "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    ];
    let [owner, actuary, risk, guardian, treasury, token] = ACCOUNTS;
    let given = serde_json::json!({
        "roles": {"owner": owner, "actuaries": [actuary], "risk": risk, "guardian": guardian, "reporters": []},
        "fee_recipient": treasury,
    });
    let tranches = vec!["junior".to_owned(), "senior".to_owned()];
    let rules = RulesFile::defaults(tranches.len()).overlaid("the example", &given.to_string())?;
    let file = File {
        chain_id: 31337,
        asset: AssetFile {
            address: token.to_owned(),
            symbol: "USDC".to_owned(),
            decimals: 6,
            wrapper: false,
        },
        tranches,
        admin: Some(owner.to_owned()),
        delays: Delays { admin: Some("2d".into()), owner: None },
        rules: serde_json::to_value(rules).map_err(Failure::environment)?,
    };
    serde_json::to_string_pretty(&file).map_err(Failure::environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut Value)) -> Result<Config, Failure> {
        let mut file: Value = serde_json::from_str(&example().unwrap()).unwrap();
        change(&mut file);
        parse("pool.json", &file.to_string())
    }

    fn refused(words: &[&str], change: impl FnOnce(&mut Value)) {
        let failure = format!("{:?}", changed(change).unwrap_err());
        for word in ["pool.json"].iter().chain(words) {
            assert!(failure.contains(word), "{word}: {failure}");
        }
    }

    #[test]
    fn the_example_is_a_pool() {
        let config = changed(|_| ()).unwrap();
        assert_eq!((config.chain, config.tranches.len(), config.unit.decimals), (31337, 2, 6));
        let access = &config.pool.access;
        assert_eq!(access.admin, access.grants[0].account);
        assert_eq!(access.admin_delay, 2 * 24 * 3600);
        let rules = &config.pool.rules;
        assert_eq!((rules.depositMin, rules.cooldown, rules.knots), (1_000_000, 21 * 24 * 3600, 4));
        assert_eq!(rules.scarcity[3].multiplier, 3_000_000_000);
        assert_eq!(rules.limitMax, u128::MAX);
    }

    #[test]
    fn every_role_is_granted_once_and_actuaries_may_revoke() {
        let config = changed(|file| {
            let owner = file["rules"]["roles"]["owner"].clone();
            file["rules"]["roles"]["actuaries"].as_array_mut().unwrap().push(owner);
        })
        .unwrap();
        let grants = &config.pool.access.grants;
        let of = |role| grants.iter().filter(|grant| grant.role == role).count();
        assert_eq!([of(role::OWNER), of(role::ACTUARY), of(role::REVOKER)], [1, 2, 2]);
        assert_eq!([of(role::RISK), of(role::GUARDIAN), of(role::ADMIN)], [1, 1, 0]);
    }

    #[test]
    fn without_an_admin_the_owner_is_it() {
        let config = changed(|file| drop(file.as_object_mut().unwrap().remove("admin"))).unwrap();
        assert_eq!(config.pool.access.admin, config.pool.access.grants[0].account);
    }

    #[test]
    fn what_is_wrong_is_named() {
        refused(&["asset.decimals", "19"], |file| file["asset"]["decimals"] = 19.into());
        refused(&["asset.address", "no address"], |file| file["asset"]["address"] = "0x12".into());
        refused(&["admin", "nobody"], |file| file["admin"] = NOBODY.to_string().into());
        refused(&["asset", "adress"], |file| file["asset"]["adress"] = "".into());
        refused(&["tranches", "twice"], |file| file["tranches"] = serde_json::json!(["a", "a"]));
        refused(&["tranches", "not 5"], |file| {
            file["tranches"] = serde_json::json!(["a", "b", "c", "d", "e"])
        });
        refused(&["rules", "no rule", "feee"], |file| file["rules"]["feee"] = 1.into());
        refused(&["rules", "roles", "alice", "no address"], |file| {
            file["rules"]["roles"]["owner"] = "alice".into()
        });
        refused(&["rules", "cooldown"], |file| file["rules"]["cooldown"] = "366d".into());
        refused(&["reporters"], |file| {
            file["rules"]["roles"]["reporters"] = serde_json::json!([file["admin"]]);
        });
        refused(&["actuaries"], |file| file["rules"]["roles"]["actuaries"] = serde_json::json!([]));
        refused(&["delays.admin"], |file| file["delays"]["admin"] = "soon".into());
    }

    #[test]
    fn roles_left_out_are_asked_for() {
        refused(&["roles", "\\\"owner\\\" is no address"], |file| {
            drop(file["rules"].as_object_mut().unwrap().remove("roles"))
        });
    }

    #[test]
    fn a_slip_in_a_checksum_is_found() {
        let right = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        assert!(address("f", right).is_ok());
        assert!(address("f", &right.to_lowercase()).is_ok());
        let failure = format!("{:?}", address("f", &right.replace("dc3A", "dC3A")).unwrap_err());
        assert!(failure.contains("checksum"), "{failure}");
    }
}
