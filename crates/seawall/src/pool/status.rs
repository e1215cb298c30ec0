//! `pool status`: what a pool is now, read without changing it.

use seawall_engine::{Exit, Market, Policy, State, Status, Ticket};
use seawall_fixed::{Assets, MILLION, Rounding, Seconds, mul_div};
use serde_json::{Map, Value, json};

use super::book::{Book, Target};
use super::label::Field::{Account, Amount, Counter, Market as MarketName, Number, Text, Time};
use super::label::{Field, Labels};
use super::section::{Row, Section};
use super::{account, govern, instant, label, note};
use crate::output::{Failure, Format, print_json};

/// Arguments of `pool status`.
#[derive(clap::Args)]
#[command(
    after_help = "Without --at the pool is shown as its last command left it. With it, what accrues and falls due \
until then is computed and shown; the file is not changed.

Example:
  seawall pool status --pool pool.sqlite
  seawall pool status --pool pool.sqlite --account alice --at now"
)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// Show this account's positions too.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Show the pool as it would be then: RFC 3339, Unix seconds, or `now`.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Show tickets and exits that are closed too.
    #[arg(long)]
    all: bool,
}

/// Prints the status.
///
/// # Errors
/// Bad arguments; what is wrong with the file.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    let book = Book::read(&args.target)?;
    let labels = book.labels();
    let owner = args.account.as_deref().map(|name| book.account("--account", name)).transpose()?;
    let at = args.at.as_deref().map(|text| instant::of_command(Some(text).filter(|text| *text != "now")));
    let projected = at.transpose()?.map(|at| book.projected(at)).transpose()?;
    let state = projected.as_ref().unwrap_or_else(|| book.state());
    let mut sections = vec![
        Section::values("pool", summary(state)),
        Section::table("layers", layers(state, labels)),
        Section::table("markets", state.markets().iter().map(market).collect()),
        Section::table("policies", policies(state)),
        Section::table("early_bounds", early_bounds(state)?),
        Section::table("exits", exits(state, args.all)),
        Section::table("tickets", tickets(state, args.all)),
        Section::table("lots", lots(state, args.all)),
    ];
    if let Some(owner) = owner {
        sections.extend(account::sections(state, owner));
    }
    if format == Format::Table {
        sections.iter().for_each(|section| section.print(labels));
        return Ok(());
    }
    let mut object: Map<String, Value> =
        sections.iter().map(|section| (section.name.to_owned(), section.json(labels))).collect();
    object.insert("asset".to_owned(), json!(labels.unit));
    object.insert("id".to_owned(), json!(label::hex(state.pool())));
    object.insert("rules".to_owned(), govern::rules_json(state.rules(), labels)?);
    let head = book.ledger().head();
    object.insert(
        "head".to_owned(),
        json!({"sequence": head.sequence.to_string(), "hash": head.hash.to_string()}),
    );
    print_json(&Value::Object(object));
    Ok(())
}

fn summary(state: &State) -> Row {
    let core = state.core();
    let brake = match (core.frozen(), core.on_ice()) {
        (true, _) => "frozen: insured markets should stop new borrowing",
        (false, true) => "on ice: no new cover",
        (false, false) => "off",
    };
    let mut row = vec![
        ("as_of", Time(core.now)),
        ("tokens_held", Amount(core.tokens)),
        ("reserve", Amount(core.reserve)),
        ("unearned_premium", Amount(core.unearned())),
        ("bonus_held", Amount(core.bonus)),
        ("deductible_bonds", Amount(core.bonds)),
        ("set_aside", Amount(core.set_aside)),
        ("recoveries_unclaimed", Amount(core.assigned)),
        ("recoveries_unassigned", Amount(core.unassigned)),
        ("fees_accrued", Amount(core.fees)),
        ("required_capital", Amount(core.required)),
        ("capital_that_counts", Amount(scarce(state))),
        ("capacity_left", Amount(capacity_left(state))),
        ("capacity_limited_by", Text(limited_by(state).to_owned())),
        ("latest_end", if core.latest_end > 0 { Time(core.latest_end) } else { Field::Absent("-") }),
        ("run_brake", Text(brake.to_owned())),
        ("stale_insured_markets", Number(u128::from(core.stale))),
    ];
    if core.paused_until > core.now {
        row.push(("paused_until", Time(core.paused_until)));
    }
    if let Some(pending) = state.pending_rules() {
        row.push(("new_rules_at", Time(pending.at)));
    }
    row
}

/// C = min(unqueued capital now, unqueued capital at the last epoch boundary) (rule 3.4).
fn scarce(state: &State) -> Assets {
    state.core().unqueued().min(state.core().boundary.unqueued)
}

/// Charge that one more policy could have by capital and junior floor (rules 3.4, 3.5); a market's share and the
/// largest limit may allow less.
fn capacity_left(state: &State) -> Assets {
    let core = state.core();
    if core.on_ice() || core.stale > 0 || core.paused_until > core.now {
        return Assets::ZERO;
    }
    scarce(state).min(by_floor(state)).saturating_sub(core.required)
}

/// Required capital that the junior floor admits (rule 3.5).
fn by_floor(state: &State) -> Assets {
    let floor = u128::from(state.rules().junior_floor.get());
    let junior = state.core().tranches[0].active.assets.get();
    mul_div(junior, MILLION, floor, Rounding::Down).map_or(Assets::MAX, Assets::new)
}

/// What [`capacity_left`] ends at.
fn limited_by(state: &State) -> &'static str {
    let core = state.core();
    if core.paused_until > core.now {
        "a pause"
    } else if core.on_ice() {
        "the run brake"
    } else if core.stale == 1 {
        "1 insured market is stale"
    } else if core.stale > 0 {
        "insured markets are stale"
    } else if by_floor(state) < scarce(state) {
        "the junior floor"
    } else {
        "the capital that counts"
    }
}

/// Policies for which the early bound still holds, and what a loss now would be paid at most (rule 4.4).
///
/// # Errors
/// An amount that does not fit.
fn early_bounds(state: &State) -> Result<Vec<Row>, Failure> {
    let (core, rules) = (state.core(), state.rules());
    let mut rows = Vec::new();
    for market in state.markets() {
        for policy in market.policies().filter(|policy| policy.is_open()) {
            let Some(until) = note::early_until(policy, rules).filter(|until| core.now < *until) else {
                continue;
            };
            let loss = policy.deductible_left.saturating_add(policy.limit_left);
            let claim =
                policy.claim(loss, core.now.max(policy.start), rules.early_period, rules.early_multiple);
            let too_large = |_| Failure::refused("the early bound exceeds 2^128 - 1").rule("1.2");
            rows.push(vec![
                ("policy", Number(u128::from(policy.id.0))),
                ("market", MarketName(market.id)),
                ("holds_until", Time(until)),
                ("times_premium_earned", Text(super::amount::fraction_text(rules.early_multiple))),
                ("pays_now_at_most", Amount(claim.map_err(too_large)?.owed)),
            ]);
        }
    }
    Ok(rows)
}

fn layers(state: &State, labels: &Labels) -> Vec<Row> {
    let core = state.core();
    let row = |layer: String, from: Assets, to: Assets, active: Assets, queued: Assets, price: Field| {
        vec![
            ("layer", Text(layer)),
            ("attaches", Amount(from)),
            ("exhausts", Amount(to)),
            ("active", Amount(active)),
            ("queued", Amount(queued)),
            ("share_price", price),
        ]
    };
    let none = || Text("-".to_owned());
    let mut rows =
        vec![row("reserve".to_owned(), Assets::ZERO, core.reserve, core.reserve, Assets::ZERO, none())];
    for (index, tranche) in core.tranches().iter().enumerate() {
        let name = u8::try_from(index).map_or_else(|_| index.to_string(), |index| labels.tranche(index));
        let price = price(tranche.active.assets, tranche.active.shares.get()).map_or_else(none, Text);
        let (from, to) = (core.attachment(index), core.exhaustion(index));
        rows.push(row(name, from, to, tranche.active.assets, tranche.queued.assets, price));
    }
    let top = core.exhaustion(core.tranches().len().saturating_sub(1));
    let mutual = core.mutual;
    let price = price(mutual.assets, mutual.units.get()).map_or_else(none, Text);
    rows.push(row(
        "mutual".to_owned(),
        top,
        top.saturating_add(mutual.assets),
        mutual.assets,
        Assets::ZERO,
        price,
    ));
    rows
}

/// Price of a share in whole tokens, rounded down to nine decimals; none where nobody holds one.
fn price(assets: Assets, shares: u128) -> Option<String> {
    let scaled =
        mul_div(assets.get(), seawall_engine::SHARES_PER_ASSET * 1_000_000_000, shares, Rounding::Down);
    scaled.ok().map(|price| super::amount::plain(price, 9))
}

fn market(market: &Market) -> Row {
    let insured = market.policies().any(Policy::is_open);
    let state = match (market.stale, insured) {
        (true, true) => "stale",
        (true, false) => "stale, not insured",
        (false, _) => "read",
    };
    vec![
        ("market", MarketName(market.id)),
        ("state", Text(state.to_owned())),
        ("loss_counter", Counter(market.counter)),
        ("supplied", Counter(market.supplied)),
        ("estimate", Amount(market.estimate.map_or(Assets::ZERO, |estimate| estimate.amount))),
        ("set_aside", Amount(market.set_aside)),
        ("to_assign", Amount(market.unassigned)),
        ("pays_to", if market.is_pinned() { Account(market.destination) } else { Field::Absent("-") }),
        ("next_nonce", Number(u128::from(market.nonce))),
    ]
}

fn policies(state: &State) -> Vec<Row> {
    let all = state.markets().iter().flat_map(|market| market.policies().map(move |policy| (market, policy)));
    all.map(|(market, policy)| policy_row(market, policy, state.core().now)).collect()
}

/// One policy.
pub fn policy_row(market: &Market, policy: &Policy, now: Seconds) -> Row {
    vec![
        ("policy", Number(u128::from(policy.id.0))),
        ("market", MarketName(market.id)),
        ("buyer", Account(policy.buyer)),
        ("status", Text(policy_status(policy, now))),
        ("start", Time(policy.start)),
        ("end", Time(policy.end)),
        ("limit_left", Amount(policy.limit_left)),
        ("limit", Amount(policy.limit)),
        ("deductible_left", Amount(policy.deductible_left)),
        ("premium", Amount(policy.premium)),
        ("charge", Amount(policy.charge)),
    ]
}

fn policy_status(policy: &Policy, now: Seconds) -> String {
    let word = match policy.status {
        Status::Pending if policy.start <= now => "ready to activate",
        Status::Pending => "pending",
        Status::Active => "in force",
        Status::RunOff { .. } => "in run-off",
        Status::Ended => "ended, to finalise",
    };
    if policy.cancelled { format!("{word}, cancelled") } else { word.to_owned() }
}

fn exits(state: &State, all: bool) -> Vec<Row> {
    let shown = state.exits().iter().filter(|exit| all || exit_open(state, exit));
    shown.map(|exit| exit_row(state, exit)).collect()
}

/// True while something of it can still be paid.
pub fn exit_open(state: &State, exit: &Exit) -> bool {
    exit.paid < exit.shares
        && exit.generation == state.core().tranches[usize::from(exit.tranche)].queued.generation
}

/// One exit.
pub fn exit_row(state: &State, exit: &Exit) -> Row {
    let word = if exit.paid == exit.shares {
        "paid"
    } else if !exit_open(state, exit) {
        "void: its class closed"
    } else if exit.cleared == exit.shares {
        "cleared: claim it"
    } else if exit.cleared > exit.paid {
        "partly cleared"
    } else if state.core().now < exit.cooled_at {
        "cooling down"
    } else {
        "waits to clear"
    };
    vec![
        ("exit", Number(u128::from(exit.id.0))),
        ("owner", Account(exit.owner)),
        ("tranche", Field::Tranche(exit.tranche)),
        ("state", Text(word.to_owned())),
        ("worth_now", Amount(state.exit_value(exit.id))),
        ("clears_from", Time(exit.cooled_at)),
        ("deadline", Time(exit.deadline)),
    ]
}

fn tickets(state: &State, all: bool) -> Vec<Row> {
    let shown = state.tickets().iter().filter(|ticket| all || ticket.is_open());
    shown.map(ticket_row).collect()
}

fn ticket_row(ticket: &Ticket) -> Row {
    let word = match (ticket.written_off, ticket.is_open()) {
        (true, _) => "written off",
        (false, true) => "open",
        (false, false) => "recovered",
    };
    let lost = &ticket.lost;
    let unpaid = lost.coinsured + lost.uncovered;
    vec![
        ("ticket", Number(u128::from(ticket.id.0))),
        ("market", MarketName(ticket.market)),
        ("booked", Time(ticket.time)),
        ("state", Text(word.to_owned())),
        ("gross", Amount(ticket.gross)),
        ("paid", Amount(ticket.gross.saturating_sub(unpaid))),
        ("coinsured", Amount(lost.coinsured)),
        ("over_limit", Amount(ticket.over_limit)),
        ("residual", Amount(ticket.residual)),
        ("recovered", Amount(ticket.recovered.total())),
        ("haircut", super::event::haircut(ticket)),
    ]
}

fn lots(state: &State, all: bool) -> Vec<Row> {
    let lots = (0_u128..).zip(state.lots()).filter(|(_, lot)| all || lot.sold_to.is_none());
    lots.map(|(number, lot)| {
        let sold = lot.sold_to.map_or_else(|| Text("for sale".to_owned()), Account);
        vec![
            ("lot", Number(number)),
            ("ticket", Number(u128::from(lot.ticket.0))),
            ("buyer", sold),
            ("price_now", Amount(lot.price(state.core().now))),
            ("floor", Amount(lot.floor)),
            ("opened", Time(lot.opened)),
        ]
    })
    .collect()
}
