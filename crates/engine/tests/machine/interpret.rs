//! Steps become commands here: each choice is read against the state it meets.

use seawall_engine::{
    AccountId, Action, ClassKind, Command, Error, ExitId, LotId, Market, MarketId, MemberId, Source, Status,
    TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};

use super::setup::{ACTUARY, BUYERS, GUARDIAN, HOLDERS, OWNER, REPORTER, RISK, source};
use super::step::{Amount, Op, Step, Terms, Time};
use super::world::{Checked, MARKETS, World};

const MONTH: Seconds = 30 * 24 * 3600;

pub fn buyer(market: MarketId) -> AccountId {
    AccountId(BUYERS + market.0 % 3)
}

impl World {
    /// Puts capital and cover in place, where the setup asks for it.
    pub fn warm_up(&mut self) -> Checked<()> {
        for tranche in 0..self.setup.tranches {
            for who in [tranche, 7] {
                self.step(&Step {
                    time: Time::Stay,
                    op: Op::Deposit { tranche, who, amount: Amount::Around(0) },
                })?;
            }
        }
        self.step(&Step { time: Time::Boundary { ahead: 3, offset: 0 }, op: Op::Sync })?;
        let part = Amount::Part(9_000);
        for market in 0..3 {
            self.step(&Step {
                time: Time::Stay,
                op: Op::Lose { market, amount: Amount::Units(0), read: true },
            })?;
            let terms = Terms {
                market,
                limit: part,
                event: part,
                deductible: Amount::Units(u128::from(market) * 3),
                bonded: Amount::Units(3),
                coinsurance: u32::from(market) * 50_000,
                epochs: 12,
                premium: Amount::Part(900),
                bonus: u32::from(market) * 100_000,
                split: 3,
                charge: part,
                callable: Amount::Part(u16::from(market) * 400),
                spoil: 255,
            };
            self.step(&Step { time: Time::Stay, op: Op::Buy(terms) })?;
        }
        self.step(&Step { time: Time::Boundary { ahead: 3, offset: 0 }, op: Op::Sync })?;
        for market in 0..3 {
            self.step(&Step { time: Time::Stay, op: Op::Activate { market } })?;
        }
        Ok(())
    }

    /// Moves time and does what a step says. An error is a violated property; refusals are fine.
    pub fn step(&mut self, step: &Step) -> Checked<()> {
        self.now = self.at(step.time).max(self.now);
        self.op(&step.op)
    }

    fn at(&self, time: Time) -> Seconds {
        let exit = |pick: u8| {
            let open: Vec<_> = self.state.exits().iter().filter(|exit| exit.paid < exit.shares).collect();
            open.get(usize::from(pick) % open.len().max(1)).copied().copied()
        };
        let beside = |at: Seconds, offset: i8| at.saturating_add_signed(i64::from(offset));
        match time {
            Time::Stay => self.now,
            Time::Seconds(seconds) => self.now + Seconds::from(seconds),
            Time::Boundary { ahead, offset } => {
                beside((self.now / EPOCH_SECONDS + Seconds::from(ahead)) * EPOCH_SECONDS, offset)
            }
            Time::Due { offset } => match self.state.core().due {
                Seconds::MAX => self.now,
                due => beside(due, offset),
            },
            Time::Cooled { pick, offset } => {
                exit(pick).map_or(self.now, |exit| beside(exit.cooled_at, offset))
            }
            Time::Deadline { pick, offset } => {
                exit(pick).map_or(self.now, |exit| beside(exit.deadline, offset))
            }
            Time::Void { pick, offset } => {
                exit(pick).map_or(self.now, |exit| beside(exit.latent_void_at, offset))
            }
            Time::Months(months) => self.now + Seconds::from(months) * MONTH,
        }
    }

    fn act(&mut self, caller: AccountId, action: Action) -> Checked<Result<(), Error>> {
        let mut command = Command::new(caller, action);
        command.readings = self.readings(None);
        self.run(&command)
    }

    fn try_act(&mut self, caller: AccountId, action: Action) -> Checked<()> {
        self.act(caller, action).map(|_| ())
    }

    fn tranche(&self, tranche: u8) -> u8 {
        tranche % self.setup.tranches
    }

    fn ticket(&self, pick: u8) -> TicketId {
        TicketId(u32::from(pick) % self.state.core().tickets.max(1))
    }

    fn op(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::Deposit { .. } | Op::Transfer { .. } | Op::Request { .. } | Op::FundReserve { .. } => {
                self.capital(op)
            }
            Op::Sync => self.sync(),
            Op::Clear { count: 255 } => self.clear_all(),
            Op::Clear { count } => {
                let count = u32::from(count);
                self.try_act(OWNER, Action::ClearExits { count })
            }
            Op::ClaimExit { pick } => self.claim_exit(pick),
            Op::StreamSurplus => self.try_act(OWNER, Action::StreamSurplus),
            Op::Buy(terms) => self.order(&terms),
            Op::Activate { market } => {
                let pending =
                    |market: &&Market| market.policies().any(|policy| policy.status == Status::Pending);
                let pending: Vec<_> =
                    self.state.markets().iter().filter(pending).map(|market| market.id).collect();
                let index = usize::from(market) % pending.len().max(1);
                let market = pending.get(index).copied().unwrap_or(MarketId(u32::from(market) % MARKETS));
                self.try_act(OWNER, Action::Activate { market })
            }
            Op::Cancel { market } => {
                let market = self.pick(market);
                self.try_act(buyer(market), Action::Cancel { market })
            }
            Op::Finalise { market } => {
                let market = self.pick(market);
                self.try_act(OWNER, Action::Finalise { market })
            }
            Op::ReleaseBond { pick } => {
                let members = self.state.members();
                let Some(member) = members.get(usize::from(pick) % members.len().max(1)) else {
                    return Ok(());
                };
                let (owner, id) = (member.owner, u32::from(pick) % self.state.core().members);
                self.try_act(owner, Action::ReleaseBond { member: MemberId(id) })
            }
            Op::Revoke { market, ahead } => {
                let market = self.pick(market);
                let nonce = self.state.market(market).map_or(0, |market| market.nonce) + u64::from(ahead);
                self.try_act(ACTUARY, Action::RevokeQuotes { market, nonce })
            }
            Op::Announce { change, value } => self.announce(change, value),
            Op::WithdrawRules => self.try_act(OWNER, Action::WithdrawRules),
            Op::Pause { seconds } => {
                self.try_act(GUARDIAN, Action::Pause { until: self.now + Seconds::from(seconds) })
            }
            Op::CollectFees => self.try_act(OWNER, Action::CollectFees),
            Op::Garbage { action, caller, id, small, amount, readings } => {
                self.garbage(action, caller, id, small, amount, readings)
            }
            Op::RecoverTicket { .. }
            | Op::RecoverMarket { .. }
            | Op::Assign { .. }
            | Op::ClaimRecovery { .. }
            | Op::ClaimDeductible { .. }
            | Op::ClaimBond { .. }
            | Op::WriteOff { .. }
            | Op::OpenLot { .. }
            | Op::BuyLot { .. } => self.recovery(op),
            _ => self.source(op),
        }
    }

    /// A sync with all its readings is never refused.
    fn sync(&mut self) -> Checked<()> {
        match self.act(OWNER, Action::Sync)? {
            Ok(()) | Err(Error::TimeTooLarge { .. }) => Ok(()),
            Err(error) => Err(format!("1.4: a sync was refused: {error}")),
        }
    }

    fn capital(&mut self, op: &Op) -> Checked<()> {
        let scale = self.setup.scale();
        match *op {
            Op::Deposit { tranche, who, amount } => {
                let (tranche, owner) = (self.tranche(tranche), AccountId(u32::from(who) % HOLDERS));
                let assets = Assets::new(amount.of(scale));
                self.try_act(owner, Action::Deposit { tranche, owner, assets })
            }
            Op::Transfer { tranche, from, to, amount } => {
                let tranche = self.tranche(tranche);
                let (from, to) = (AccountId(u32::from(from) % HOLDERS), AccountId(u32::from(to) % HOLDERS));
                let held = self.state.active_shares(usize::from(tranche), from).get();
                self.try_act(from, Action::Transfer { tranche, to, shares: Shares::new(amount.of(held)) })
            }
            Op::Request { tranche, who, amount } => {
                let (tranche, owner) = (self.tranche(tranche), AccountId(u32::from(who) % HOLDERS));
                let held = self.state.active_shares(usize::from(tranche), owner).get();
                self.try_act(owner, Action::RequestExit { tranche, shares: Shares::new(amount.of(held)) })
            }
            Op::FundReserve { amount } => {
                self.try_act(OWNER, Action::FundReserve { assets: Assets::new(amount.of(scale / 16)) })
            }
            _ => Ok(()),
        }
    }

    /// Claims an exit. One whose deadline and latent time have passed must clear and pay in full.
    fn claim_exit(&mut self, pick: u8) -> Checked<()> {
        let open: Vec<_> =
            self.state.exits().iter().filter(|exit| exit.paid < exit.shares).map(|e| e.id).collect();
        let Some(&id) = open.get(usize::from(pick) % open.len().max(1)) else { return Ok(()) };
        let owner = self.state.exits()[id.index()].owner;
        if self.now >= self.due(id) {
            return self.pay_overdue(id);
        }
        self.try_act(owner, Action::ClaimExit { exit: id })
    }

    /// When an exit must be payable in full: max(deadline, request + cooldown + longest term).
    pub fn due(&self, id: ExitId) -> Seconds {
        let exit = &self.state.exits()[id.index()];
        exit.deadline.max(exit.latent_void_at)
    }

    /// Clears all that can be cleared. From its deadline on an exit can be, whatever the capital.
    pub fn clear_all(&mut self) -> Checked<()> {
        match self.act(OWNER, Action::ClearExits { count: u32::MAX })? {
            Ok(()) => {}
            // The refusal undid the settlement before it too, and that may have voided the queue.
            Err(Error::NothingToClear) => self.sync()?,
            Err(error) => return Err(format!("5.3: clearing was refused: {error}")),
        }
        let tranches = self.state.core().tranches();
        let late = self.state.exits().iter().find(|exit| {
            let open = exit.generation == tranches[usize::from(exit.tranche)].queued.generation;
            open && self.now >= exit.deadline && exit.cleared < exit.shares
        });
        late.map_or(Ok(()), |exit| Err(format!("5.3: exit {} is at its deadline and not cleared", exit.id.0)))
    }

    /// Processes an exit that is due: it clears and pays, whatever happened before.
    pub fn pay_overdue(&mut self, id: ExitId) -> Checked<()> {
        self.clear_all()?;
        let exit = self.state.exits()[id.index()];
        let generation = self.state.core().tranches[usize::from(exit.tranche)].queued.generation;
        if exit.generation != generation || exit.paid == exit.shares {
            return Ok(());
        }
        match self.act(exit.owner, Action::ClaimExit { exit: id })? {
            Ok(()) if self.state.exits()[id.index()].paid == exit.shares => Ok(()),
            Ok(()) => Err(format!("5.4: exit {} is due and was paid in part", id.0)),
            Err(Error::ExitVoid { .. }) => Ok(()),
            Err(error) => Err(format!("5.4: exit {} is due and was refused: {error}", id.0)),
        }
    }

    fn announce(&mut self, change: u8, value: u32) -> Checked<()> {
        let mut rules = self.state.rules().clone();
        let seconds = Seconds::from(value) % (40 * 24 * 3600);
        match change % 8 {
            0 => rules.waiting = seconds + 1,
            1 => rules.cooldown = seconds,
            2 => rules.fee = Ppm::new(value % 500_000),
            3 => rules.junior_floor = Ppm::new(value % 1_000_001),
            4 => rules.earn_rate_max = u64::from(value),
            5 => rules.term_epochs_max = value % 104 + 1,
            6 => rules.latent_share_max = Ppm::new(value % 1_000_001),
            _ => rules.reserve_target = Assets::new(u128::from(value)),
        }
        self.try_act(OWNER, Action::AnnounceRules { rules: Box::new(rules) })
    }

    /// Posts the present reading of a reported market.
    pub fn report(&mut self, market: MarketId) -> Checked<()> {
        let reading = self.sources[market.index()].reading(market);
        self.try_act(REPORTER, Action::Report { reading, evidence: [5; 32] })
    }

    /// What a market may lose at most now, as a reference for amounts.
    fn exposure(&self, market: MarketId) -> u128 {
        let policies = self.state.market(market).into_iter().flat_map(|market| market.policies());
        let left =
            policies.map(|policy| policy.deductible_left.get().saturating_add(policy.limit_left.get())).max();
        left.filter(|left| *left > 0).unwrap_or(self.setup.scale() / 16)
    }

    fn lose(&mut self, market: u8, amount: Amount) -> MarketId {
        let id = self.pick(market);
        let amount = amount.of(self.exposure(id));
        let outside = self.outside(id);
        outside.counter = outside.counter.saturating_add(amount);
        id
    }

    /// Reads a market: by a report, or by a sync.
    fn read(&mut self, id: MarketId) -> Checked<()> {
        if source(id.0) == Source::Reported { self.report(id) } else { self.sync() }
    }

    fn source(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::Lose { market, amount, read } => {
                let id = self.lose(market, amount);
                if read { self.read(id) } else { Ok(()) }
            }
            Op::LoseMany { markets, amount } => {
                for market in (0..16u8).filter(|market| markets >> market & 1 == 1) {
                    self.lose(market * 16 + 1, amount);
                }
                self.sync()
            }
            Op::Break { market, falls } => {
                let id = self.pick(market);
                let outside = self.outside(id);
                (outside.failing, outside.falling) = (!falls, falls);
                self.read(id)
            }
            Op::Heal { market } => {
                let id = self.pick(market);
                let outside = self.outside(id);
                (outside.failing, outside.falling) = (false, false);
                self.read(id)
            }
            Op::Rate { market, ppm } => {
                let id = self.pick(market);
                let outside = self.outside(id);
                if id.0 % 3 == 2 {
                    let step = i128::from(ppm) * 1_000_000_000_000;
                    outside.rate = outside.rate.saturating_add_signed(step).max(1);
                }
                Ok(())
            }
            Op::SourceRecovers { market, amount } => {
                let id = self.pick(market);
                let amount = amount.of(self.exposure(id));
                let outside = self.outside(id);
                outside.recovered = outside.recovered.saturating_add(amount);
                Ok(())
            }
            Op::Accepts { market, most } => {
                let id = self.pick(market);
                let exposure = self.exposure(id);
                self.outside(id).accepts = most.map(|most| most.of(exposure));
                Ok(())
            }
            Op::Measures { market, amount } => {
                let id = self.pick(market);
                let exposure = self.exposure(id);
                self.outside(id).latent = amount.of(exposure);
                Ok(())
            }
            Op::PayMarket { market } => {
                let market = self.pick(market);
                self.try_act(OWNER, Action::PayMarket { market })
            }
            Op::Estimate { market, amount, days } => {
                let market = self.pick(market);
                let amount = Assets::new(amount.of(self.exposure(market)));
                let expiry = self.now + Seconds::from(days) * 24 * 3600;
                self.try_act(RISK, Action::PostEstimate { market, amount, expiry })
            }
            _ => Ok(()),
        }
    }

    /// A market: mostly one that is insured, sometimes any.
    fn pick(&self, market: u8) -> MarketId {
        let core = self.state.core();
        let live = &core.live[..usize::from(core.live_count)];
        let any = MarketId(u32::from(market) % MARKETS);
        match live.get(usize::from(market) / 16 % live.len().max(1)) {
            Some(place) if !market.is_multiple_of(16) => self.state.markets()[*place as usize].id,
            _ => any,
        }
    }

    fn recovery(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::RecoverTicket { pick, amount } => {
                let ticket = self.ticket(pick);
                let lost = self.state.ticket(ticket).map_or(1, |ticket| ticket.outstanding().total().get());
                self.try_act(OWNER, Action::RecoverTicket { ticket, assets: Assets::new(amount.of(lost)) })
            }
            Op::RecoverMarket { market, amount, count } => {
                let market = self.pick(market);
                let assets = Assets::new(amount.of(self.exposure(market)));
                self.try_act(OWNER, Action::RecoverMarket { market, assets, count: u32::from(count) })
            }
            Op::Assign { market, count } => {
                let market = self.pick(market);
                self.try_act(OWNER, Action::AssignRecoveries { market, count: u32::from(count) })
            }
            Op::ClaimRecovery { ticket, who, tranche, queued } => {
                let (ticket, owner) = (self.ticket(ticket), AccountId(u32::from(who) % HOLDERS));
                let tranche = self.tranche(tranche);
                let class = if queued { ClassKind::Queued } else { ClassKind::Active };
                let holders = self.state.holders();
                let track = holders.track(usize::from(tranche), class, owner);
                let index = track.index_for(holders.histories(), ticket).unwrap_or(0);
                let checkpoint = u32::try_from(index).expect("few checkpoints");
                self.try_act(owner, Action::ClaimRecovery { ticket, tranche, class, checkpoint })
            }
            Op::ClaimDeductible { ticket } => {
                let ticket = self.ticket(ticket);
                let caller = self.state.ticket(ticket).map_or(OWNER, |ticket| ticket.buyer);
                self.try_act(caller, Action::ClaimDeductible { ticket })
            }
            Op::ClaimBond { ticket, member } => {
                let ticket = self.ticket(ticket);
                let id = MemberId(u32::from(member) % self.state.core().members.max(1));
                let Some(member) = self.state.member(id) else { return Ok(()) };
                let index = member.units.index_for(self.state.holders().histories(), ticket).unwrap_or(0);
                let (owner, checkpoint) = (member.owner, u32::try_from(index).expect("few checkpoints"));
                self.try_act(owner, Action::ClaimBond { ticket, member: id, checkpoint })
            }
            Op::WriteOff { ticket, announce: true } => {
                let ticket = self.ticket(ticket);
                self.try_act(OWNER, Action::AnnounceWriteOff { ticket })
            }
            Op::WriteOff { ticket, .. } => {
                let ticket = self.ticket(ticket);
                self.try_act(OWNER, Action::WriteOff { ticket })
            }
            Op::OpenLot { ticket, amount } => {
                let start = Assets::new(amount.of(self.setup.scale() / 16));
                let (ticket, floor) = (self.ticket(ticket), Assets::new(start.get() / 3));
                let action = Action::OpenLot { ticket, goods: [4; 32], start, floor, duration: 7200 };
                self.try_act(REPORTER, action)
            }
            Op::BuyLot { pick } => {
                let lot = LotId(u32::from(pick) % self.state.core().lots.max(1));
                self.try_act(OWNER, Action::BuyLot { lot, price_max: Assets::MAX })
            }
            _ => Ok(()),
        }
    }
}
