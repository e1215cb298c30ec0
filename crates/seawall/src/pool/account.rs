//! One account's positions: shares, exits, policies, bonds, recoveries to claim.

use seawall_engine::{AccountId, ClassKind, State};
use seawall_fixed::{Assets, Shares, epoch_of};

use super::label::Field::{Amount, Class, Number, Shares as ShareCount, Time, Tranche};
use super::section::{Row, Section};
use super::status;

/// The positions of `owner`.
pub fn sections(state: &State, owner: AccountId) -> Vec<Section> {
    let exits = state.exits().iter().filter(|exit| exit.owner == owner && status::exit_open(state, exit));
    let policies = state.markets().iter().flat_map(|market| {
        let own = market.policies().filter(move |policy| policy.buyer == owner);
        own.map(move |policy| status::policy_row(market, policy, state.core().now))
    });
    vec![
        Section::table("account_shares", shares(state, owner)),
        Section::table("account_exits", exits.map(|exit| status::exit_row(state, exit)).collect()),
        Section::table("account_policies", policies.collect()),
        Section::table("account_bonds", bonds(state, owner)),
        Section::table("account_recoveries", recoveries(state, owner)),
    ]
}

fn shares(state: &State, owner: AccountId) -> Vec<Row> {
    let now = epoch_of(state.core().now);
    let tranches = (0_u8..).zip(state.core().tranches());
    let rows = tranches.filter_map(|(index, tranche)| {
        let place = usize::from(index);
        let held = state.active_shares(place, owner);
        let unlocked = state.holders().active(place, owner).unlocked(tranche.active.generation, now);
        (held > Shares::ZERO).then(|| {
            vec![
                ("tranche", Tranche(index)),
                ("shares", ShareCount(held)),
                ("unlocked", ShareCount(unlocked)),
                ("worth", Amount(state.active_value(place, owner))),
            ]
        })
    });
    rows.collect()
}

fn bonds(state: &State, owner: AccountId) -> Vec<Row> {
    let mutual = state.core().mutual;
    let own = (0_u128..).zip(state.members()).filter(|(_, member)| member.owner == owner);
    own.map(|(number, member)| {
        let units = member.units.balance(mutual.generation);
        let worth = mutual.class().value(units).unwrap_or(Assets::ZERO);
        vec![
            ("bond", Number(number)),
            ("policy", Number(u128::from(member.policy.0))),
            ("posted", Amount(member.bond)),
            ("worth", Amount(worth)),
            ("callable_until", Time(member.until)),
        ]
    })
    .collect()
}

fn recoveries(state: &State, owner: AccountId) -> Vec<Row> {
    let mut rows = Vec::new();
    for ticket in state.tickets() {
        for (index, _) in (0_u8..).zip(state.core().tranches()) {
            for class in [ClassKind::Active, ClassKind::Queued] {
                let due = state.claimable(owner, ticket.id, usize::from(index), class);
                if !due.is_zero() {
                    rows.push(vec![
                        ("ticket", Number(u128::from(ticket.id.0))),
                        ("tranche", Tranche(index)),
                        ("class", Class(class)),
                        ("to_claim", Amount(due)),
                    ]);
                }
            }
        }
        if ticket.buyer == owner && !ticket.buyer_due.is_zero() {
            rows.push(vec![
                ("ticket", Number(u128::from(ticket.id.0))),
                ("tranche", super::label::Field::Text("deductible".to_owned())),
                ("class", super::label::Field::Text("-".to_owned())),
                ("to_claim", Amount(ticket.buyer_due)),
            ]);
        }
    }
    rows
}
