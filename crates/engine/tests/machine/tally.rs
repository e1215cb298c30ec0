//! What went in and out, by whom: kept from the events alone, and compared with the rules rather than with the
//! pool's own sums.

use std::collections::BTreeMap;

use seawall_engine::{
    Booking, Command, Event, ExitId, MemberId, Policy, PolicyId, RUN_OFF, Source, State, Status,
};
use seawall_fixed::{Assets, MILLION, Seconds, epoch_of};

use super::world::Checked;

/// A policy as it was bought, and what it has booked.
#[derive(Clone, Debug)]
pub struct Watch {
    pub bought: Policy,
    pub event_limit: u128,
    pub seen: u128,
    pub gross: u128,
    pub deductible: u128,
    pub eligible: u128,
    pub insured: u128,
    pub by_epoch: BTreeMap<u64, u128>,
    pub tickets: u32,
    pub run_off: Option<u128>,
}

/// An exit as it was requested, and the most that it may still be worth.
#[derive(Clone, Copy, Debug)]
pub struct Leaver {
    pub deadline: Seconds,
    pub void_at: Seconds,
    pub paid: u128,
    pub worth: u128,
}

#[derive(Default)]
pub struct Tally {
    pub tokens: u128,
    pub policies: BTreeMap<u32, Watch>,
    pub leavers: Vec<Leaver>,
    /// What each member's bond gave and got back.
    pub bonds: BTreeMap<u32, u128>,
}

impl Tally {
    /// Takes one event; `state` is what it left.
    pub fn take(&mut self, event: &Event, state: &State, command: &Command) -> Checked<()> {
        let (paid_in, paid_out) = cash(event);
        self.tokens = self.tokens.checked_add(paid_in).ok_or("1.2: holdings above 2^128 - 1")?;
        self.tokens = self.tokens.checked_sub(paid_out).ok_or("1.3: paid out more than is held")?;
        self.note(event, state, command)
    }

    /// Closes a command: its tickets against the policies, its payments against the pool's tokens.
    pub fn close(&mut self, events: &[Event], state: &State, now: Seconds) -> Checked<()> {
        for event in events {
            if let Event::TicketBooked(booking) = event {
                self.booked(booking, state, now)?;
            }
        }
        if self.tokens != state.core().tokens.get() {
            return Err(format!(
                "1.3: {} were paid in net, the pool says {}",
                self.tokens,
                state.core().tokens
            ));
        }
        Ok(())
    }

    fn note(&mut self, event: &Event, state: &State, command: &Command) -> Checked<()> {
        match event {
            Event::ExitRequested { exit, moved, .. } => self.leavers.push(Leaver {
                deadline: exit.deadline,
                void_at: exit.latent_void_at,
                paid: 0,
                worth: moved.get(),
            }),
            Event::ExitPaid { exit, assets, .. } => self.leaver(*exit).paid += assets.get(),
            Event::PolicyBought(purchase) => {
                let policy = &purchase.policy;
                let watch = Watch {
                    event_limit: policy.event_limit.get(),
                    bought: policy.clone(),
                    seen: 0,
                    gross: 0,
                    deductible: 0,
                    eligible: 0,
                    insured: 0,
                    by_epoch: BTreeMap::new(),
                    tickets: 0,
                    run_off: None,
                };
                self.policies.insert(policy.id.0, watch);
            }
            Event::PolicyActivated { market, slot, seen } => {
                let policy = state.market(*market).and_then(|market| market.policy(*slot));
                let policy = policy.ok_or("an activated policy is gone")?.id;
                self.watch(policy)?.seen = *seen;
            }
            Event::PolicyRunsOff { market, slot, until, left } => {
                let policy = state.market(*market).and_then(|market| market.policy(*slot));
                let policy = policy.ok_or("a policy in run-off is gone")?;
                if *until > policy.end + RUN_OFF {
                    return Err("3.3: a run-off of more than four epochs".into());
                }
                self.watch(policy.id)?.run_off = Some(*left);
            }
            Event::MarketPaid { market, destination, assets } => {
                let row = state.market(*market).ok_or("a paid market is unknown")?;
                let reading = command.readings.iter().find(|reading| reading.market == *market);
                let most = reading.and_then(|reading| reading.accepts).unwrap_or(u128::MAX);
                if *destination != row.destination || (assets.get() > most && row.source != Source::Reported)
                {
                    return Err(format!("4.5: {assets} were paid to {destination:?}, it accepts {most}"));
                }
            }
            Event::PolicyFinalised { bonus_paid, .. } if !bonus_paid.is_zero() => {
                // The policy has left its slot; its id is the one that no market holds any more.
                let open: Vec<u32> =
                    state.markets().iter().flat_map(|m| m.policies()).map(|p| p.id.0).collect();
                let gone = self.policies.iter().filter(|(id, _)| !open.contains(id));
                let bought: u128 = gone.clone().map(|(_, watch)| watch.bought.bonus.get()).max().unwrap_or(0);
                if bonus_paid.get() > bought || gone.clone().all(|(_, watch)| watch.tickets > 0) {
                    return Err("3.7: a bonus was paid that nobody earned".into());
                }
            }
            Event::OwnBondUsed { member, assets, .. } | Event::BondReleased { member, assets, .. } => {
                self.bond(*member, assets.get(), state)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn leaver(&mut self, exit: ExitId) -> &mut Leaver {
        &mut self.leavers[exit.index()]
    }

    fn watch(&mut self, policy: PolicyId) -> Checked<&mut Watch> {
        self.policies.get_mut(&policy.0).ok_or_else(|| format!("policy {} was never bought", policy.0))
    }

    /// A member's bond pays at most itself (7.1).
    fn bond(&mut self, id: MemberId, assets: u128, state: &State) -> Checked<()> {
        let used = self.bonds.entry(id.0).or_default();
        *used += assets;
        let posted = state.members()[id.index()].bond.get();
        if *used > posted {
            return Err(format!("7.1: a bond of {posted} gave {used}"));
        }
        Ok(())
    }

    /// Rule 4.3 over again, from the policy as it was bought.
    fn booked(&mut self, booking: &Booking, state: &State, now: Seconds) -> Checked<()> {
        let ticket = &booking.ticket;
        let lost = &ticket.lost;
        let early = state.rules().early_period.max(365 * 24 * 3600);
        let watch = self.watch(ticket.policy)?;
        let bought = &watch.bought;
        let gross = ticket.gross.get();
        let ticket_min = state.rules().ticket_min.get();
        if gross == 0 || (gross < ticket_min && state.pending_rules().is_none()) {
            return Err("4.3: a ticket below the smallest".into());
        }
        if now < bought.start || (now >= booking.policy.end && watch.run_off.is_none()) {
            return Err("3.3: a loss outside the cover".into());
        }
        if let Some(left) = watch.run_off.filter(|_| now >= booking.policy.end) {
            if gross > left {
                return Err(format!("3.3: a run-off of {left} paid for {gross}"));
            }
            watch.run_off = Some(left - gross);
        }
        let deductible = gross.min(bought.deductible_left.get() - watch.deductible);
        let bonded = bought.bond_left.get().saturating_sub(watch.deductible).min(deductible);
        watch.deductible += deductible;
        let epoch = epoch_of(now);
        let recent: u128 = watch.by_epoch.range(epoch.saturating_sub(1)..=epoch).map(|(_, sum)| sum).sum();
        let above = gross - deductible;
        let limit_left = bought.limit.get() - watch.eligible;
        let eligible = above.min(watch.event_limit.saturating_sub(recent)).min(limit_left);
        *watch.by_epoch.entry(epoch).or_default() += eligible;
        watch.eligible += eligible;
        let kept = MILLION - u128::from(bought.coinsurance.get());
        // floor(eligible x kept / 1e6) without leaving 128 bits.
        let upto = watch.eligible / MILLION * kept + watch.eligible % MILLION * kept / MILLION;
        let insured = upto - watch.insured;
        watch.insured = upto;
        watch.gross += gross;
        watch.tickets += 1;
        let layers: Assets = lost.tranches.iter().copied().sum();
        let paid = (lost.reserve + layers + lost.own_bond + lost.called).get();
        let residual = (deductible - bonded) + (insured - paid.min(insured));
        let expected = (bonded, eligible - insured, above - eligible, residual);
        let found =
            (lost.deductible.get(), lost.coinsured.get(), ticket.over_limit.get(), ticket.residual.get());
        if found != expected || paid > insured {
            return Err(format!(
                "4.3: deductible, coinsured, over limit, residual are {found:?}, not {expected:?}"
            ));
        }
        // Without an early bound, money is refused only when the tranches are empty.
        if paid < insured && now >= bought.start + early {
            let tranches = state.core().tranches();
            let taken = ticket.active.iter().chain(&ticket.queued).any(|cohort| !cohort.supply.is_zero());
            let full = tranches.iter().all(|tranche| !tranche.assets().is_zero());
            if taken && full {
                return Err("2.1: a loss was refused while tranches stood".into());
            }
        }
        if !booking.policy.bonus.is_zero() {
            return Err("3.7: a bonus outlived a ticket".into());
        }
        if booking.policy.status == Status::Ended {
            return Err("3.3: an ended policy paid".into());
        }
        Ok(())
    }
}

/// Tokens that an event brings in and takes out.
fn cash(event: &Event) -> (u128, u128) {
    match event {
        Event::Deposited { assets, .. }
        | Event::ReserveFunded { assets }
        | Event::RecoveryReceived { assets, .. } => (assets.get(), 0),
        Event::PolicyBought(bought) => {
            let policy = &bought.policy;
            (policy.premium.get() + policy.bond_left.get() + bought.bond.0.get(), 0)
        }
        Event::ExitPaid { assets, .. }
        | Event::MarketPaid { assets, .. }
        | Event::BondReleased { assets, .. }
        | Event::RecoveryClaimed { assets, .. }
        | Event::DeductibleClaimed { assets, .. }
        | Event::BondClaimed { assets, .. }
        | Event::FeesCollected { assets, .. } => (0, assets.get()),
        Event::PolicyCancelled(cancelled) => (0, cancelled.refund.get()),
        Event::PolicyFinalised { bonus_paid, bond, .. } => (0, bonus_paid.get() + bond.get()),
        _ => (0, 0),
    }
}
