//! Steps become commands here: each choice is read against the state it meets.

use seawall_engine::{
    AccountId, Action, ClassKind, Command, ExitId, LotId, Market, MarketId, MemberId, Quote, Source, Status,
    TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};
use seawall_twin::twin::Outside;

use super::setup::{ACTUARY, BUYERS, DESTINATIONS, GUARDIAN, HOLDERS, OWNER, POOL, RISK};
use super::step::{Amount, Op, Step, Terms, Time};
use super::world::{Checked, MARKETS, World};

const MONTH: Seconds = 30 * 24 * 3600;

fn buyer(market: MarketId) -> AccountId {
    AccountId(BUYERS + market.0 % 3)
}

impl World {
    /// Puts capital and cover in place.
    pub fn warm_up(&mut self) -> Checked<()> {
        for tranche in 0..self.setup.tranches {
            for who in [tranche, 7] {
                let op = Op::Deposit { tranche, who, amount: Amount::Around(0) };
                self.step(&Step { time: Time::Stay, op })?;
            }
        }
        self.step(&Step { time: Time::Boundary { ahead: 3, offset: 0 }, op: Op::Sync })?;
        let part = Amount::Part(9_000);
        for market in 0..3 {
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

    /// Moves time and does what a step says. An error is a difference; refusals are fine.
    pub fn step(&mut self, step: &Step) -> Checked<()> {
        self.now = self.at(step.time).max(self.now);
        match step.op {
            Op::Deposit { .. } | Op::Transfer { .. } | Op::Request { .. } | Op::FundReserve { .. } => {
                self.capital(&step.op)
            }
            Op::Clear { .. } | Op::ClaimExit { .. } | Op::StreamSurplus | Op::CollectFees => {
                self.leaving(&step.op)
            }
            Op::Buy(terms) => self.order(&terms),
            Op::Activate { .. }
            | Op::Cancel { .. }
            | Op::Finalise { .. }
            | Op::ReleaseBond { .. }
            | Op::Revoke { .. } => self.cover(&step.op),
            Op::Announce { change, value } => self.announce(change, value),
            Op::WithdrawRules => self.act(OWNER, Action::WithdrawRules),
            Op::Pause { seconds } => {
                self.act(GUARDIAN, Action::Pause { until: self.now + Seconds::from(seconds) })
            }
            Op::RecoverTicket { .. }
            | Op::RecoverMarket { .. }
            | Op::Assign { .. }
            | Op::WriteOff { .. }
            | Op::OpenLot { .. }
            | Op::BuyLot { .. } => self.recovery(&step.op),
            Op::ClaimRecovery { .. } | Op::ClaimDeductible { .. } | Op::ClaimBond { .. } => {
                self.claim(&step.op)
            }
            Op::Garbage { action, caller, id, small, amount, readings } => {
                let amount = amount.of(self.setup.scale());
                self.garbage(action, caller, id, small, amount, readings)
            }
            _ => self.outside(&step.op),
        }
    }

    fn at(&self, time: Time) -> Seconds {
        let state = &self.twin.state;
        let exit = |pick: u8| {
            let open: Vec<_> = state.exits().iter().filter(|exit| exit.paid < exit.shares).collect();
            open.get(usize::from(pick) % open.len().max(1)).copied().copied()
        };
        let beside = |at: Seconds, offset: i8| at.saturating_add_signed(i64::from(offset));
        match time {
            Time::Stay => self.now,
            Time::Seconds(seconds) => self.now + Seconds::from(seconds),
            Time::Boundary { ahead, offset } => {
                beside((self.now / EPOCH_SECONDS + Seconds::from(ahead)) * EPOCH_SECONDS, offset)
            }
            Time::Due { offset } => match state.core().due {
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

    fn tranche(&self, tranche: u8) -> u8 {
        tranche % self.setup.tranches
    }

    fn ticket(&self, pick: u8) -> TicketId {
        TicketId(u32::from(pick) % self.twin.state.core().tickets.max(1))
    }

    /// A market: mostly one that is insured, sometimes any.
    fn pick(&self, market: u8) -> MarketId {
        let core = self.twin.state.core();
        let live = &core.live[..usize::from(core.live_count)];
        match live.get(usize::from(market) / 16 % live.len().max(1)) {
            Some(place) if !market.is_multiple_of(16) => self.twin.state.markets()[*place as usize].id,
            _ => MarketId(u32::from(market) % MARKETS),
        }
    }

    fn source_of(&mut self, market: MarketId) -> &mut Outside {
        &mut self.twin.sources[market.index()]
    }

    fn capital(&mut self, op: &Op) -> Checked<()> {
        let scale = self.setup.scale();
        match *op {
            Op::Deposit { tranche, who, amount } => {
                let (tranche, owner) = (self.tranche(tranche), AccountId(u32::from(who) % HOLDERS));
                self.act(owner, Action::Deposit { tranche, owner, assets: Assets::new(amount.of(scale)) })
            }
            Op::Transfer { tranche, from, to, amount } => {
                let tranche = self.tranche(tranche);
                let (from, to) = (AccountId(u32::from(from) % HOLDERS), AccountId(u32::from(to) % HOLDERS));
                let held = self.twin.state.active_shares(usize::from(tranche), from).get();
                self.act(from, Action::Transfer { tranche, to, shares: Shares::new(amount.of(held)) })
            }
            Op::Request { tranche, who, amount } => {
                let (tranche, owner) = (self.tranche(tranche), AccountId(u32::from(who) % HOLDERS));
                let held = self.twin.state.active_shares(usize::from(tranche), owner).get();
                self.act(owner, Action::RequestExit { tranche, shares: Shares::new(amount.of(held)) })
            }
            Op::FundReserve { amount } => {
                self.act(OWNER, Action::FundReserve { assets: Assets::new(amount.of(scale / 16)) })
            }
            _ => Ok(()),
        }
    }

    fn leaving(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::Clear { count: 255 } => self.act(OWNER, Action::ClearExits { count: u32::MAX }),
            Op::Clear { count } => self.act(OWNER, Action::ClearExits { count: count.into() }),
            Op::ClaimExit { pick } => {
                let open: Vec<_> =
                    self.twin.state.exits().iter().filter(|exit| exit.paid < exit.shares).copied().collect();
                let Some(exit) = open.get(usize::from(pick) % open.len().max(1)) else { return Ok(()) };
                self.act(exit.owner, Action::ClaimExit { exit: exit.id })
            }
            Op::StreamSurplus => self.act(OWNER, Action::StreamSurplus),
            _ => self.act(OWNER, Action::CollectFees),
        }
    }

    fn cover(&mut self, op: &Op) -> Checked<()> {
        let state = &self.twin.state;
        match *op {
            Op::Activate { market } => {
                let pending =
                    |market: &&Market| market.policies().any(|policy| policy.status == Status::Pending);
                let pending: Vec<_> =
                    state.markets().iter().filter(pending).map(|market| market.id).collect();
                let index = usize::from(market) % pending.len().max(1);
                let market = pending.get(index).copied().unwrap_or(MarketId(u32::from(market) % MARKETS));
                self.act(OWNER, Action::Activate { market })
            }
            Op::Cancel { market } => {
                let market = self.pick(market);
                self.act(buyer(market), Action::Cancel { market })
            }
            Op::Finalise { market } => self.act(OWNER, Action::Finalise { market: self.pick(market) }),
            Op::ReleaseBond { pick } => {
                let members = state.members();
                let Some(member) = members.get(usize::from(pick) % members.len().max(1)) else {
                    return Ok(());
                };
                let (owner, id) = (member.owner, u32::from(pick) % state.core().members);
                self.act(owner, Action::ReleaseBond { member: MemberId(id) })
            }
            Op::Revoke { market, ahead } => {
                let market = self.pick(market);
                let nonce = state.market(market).map_or(0, |market| market.nonce) + u64::from(ahead);
                self.act(ACTUARY, Action::RevokeQuotes { market, nonce })
            }
            _ => Ok(()),
        }
    }

    /// Orders cover on random terms, some of them spoilt.
    fn order(&mut self, terms: &Terms) -> Checked<()> {
        let id = MarketId(u32::from(terms.market) % MARKETS);
        let kind = Self::source(id.0);
        let converts = matches!(kind, Source::Adapter { conversion: Some(_), .. });
        let market = self.twin.state.market(id);
        let shown = self.twin.sources[id.index()].counter;
        let counter = if converts { market.map_or(0, |market| market.counter) } else { shown };
        let nonce = market.map_or(0, |market| market.nonce);
        let core = self.twin.state.core();
        let spare = core.unqueued().min(core.boundary.unqueued).saturating_sub(core.required).get();
        // Every other quote promises more than the pool has, so that layers run empty.
        let limit = terms.limit.of(self.setup.scale() << (4 * (terms.spoil & 1)));
        let deductible = terms.deductible.of(limit / 8);
        let even = Ppm::new(250_000);
        let mut quote = Quote {
            pool: POOL,
            market: id,
            buyer: buyer(id),
            source: kind,
            destination: AccountId(DESTINATIONS + id.0),
            holds_pool_asset: terms.spoil == 7,
            limit: Assets::new(limit),
            event_limit: Assets::new(terms.event.of(limit)),
            deductible: Assets::new(deductible),
            deductible_bond: Assets::new(terms.bonded.of(deductible).min(deductible)),
            coinsurance: Ppm::new(terms.coinsurance),
            term_epochs: u32::from(terms.epochs).min(self.twin.state.rules().term_epochs_max),
            premium: Assets::new(terms.premium.of((limit / 4).min(1 << 81))),
            bonus_share: Ppm::new(terms.bonus),
            split: match terms.split {
                0 => [Ppm::ZERO; 4],
                1 => [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO],
                _ => [even; 4],
            },
            charge: Assets::new(terms.charge.of(spare / 4 + 1)),
            callable_bond: Assets::new(terms.callable.of(limit / 16)),
            counter,
            latest_end_max: Seconds::MAX,
            required_max: Assets::MAX,
            deadline: self.now + EPOCH_SECONDS,
            nonce,
            inputs: [9; 32],
        };
        match terms.spoil {
            0 => quote.deadline = self.now,
            1 => quote.deadline = self.now.saturating_sub(1),
            2 => quote.nonce = nonce.wrapping_sub(1),
            3 => quote.nonce = nonce + 3,
            4 => quote.counter = counter.wrapping_add(1),
            5 => quote.buyer = OWNER,
            8 => quote.required_max = core.required,
            9 => quote.latest_end_max = core.latest_end,
            10 => quote.nonce = u64::MAX,
            13 => quote.destination = OWNER,
            _ => {}
        }
        let signer = if terms.spoil == 11 { OWNER } else { ACTUARY };
        let premium_max = if terms.spoil == 12 { quote.premium } else { Assets::MAX };
        let digest = self.twin.digest(&quote);
        let action = Action::BuyCover { quote: Box::new(quote), digest, signer, premium_max };
        let command = Command::new(buyer(id), action);
        // A quote buys once.
        self.run(command.clone())?;
        self.run(command).map(|_| ())
    }

    fn announce(&mut self, change: u8, value: u32) -> Checked<()> {
        let mut rules = self.twin.state.rules().clone();
        let seconds = Seconds::from(value) % (40 * 24 * 3600);
        match change % 10 {
            0 => rules.waiting = seconds + 1,
            1 => rules.cooldown = seconds,
            2 => rules.fee = Ppm::new(value % 500_001),
            3 => rules.junior_floor = Ppm::new(value % 1_000_001),
            4 => rules.earn_rate_max = u64::from(value),
            5 => rules.term_epochs_max = value % 106,
            6 => rules.latent_share_max = Ppm::new(value % 1_000_001),
            7 => rules.limit_max = Assets::new(u128::from(value)),
            8 => rules.ticket_min = Assets::new(u128::from(value % 64)),
            _ => rules.reserve_target = Assets::new(u128::from(value)),
        }
        self.act(OWNER, Action::AnnounceRules { rules: Box::new(rules) })
    }

    /// What a market may lose at most now, as a reference for amounts.
    fn exposure(&self, market: MarketId) -> u128 {
        let policies = self.twin.state.market(market).into_iter().flat_map(|market| market.policies());
        let left =
            policies.map(|policy| policy.deductible_left.get().saturating_add(policy.limit_left.get())).max();
        left.filter(|left| *left > 0).unwrap_or(self.setup.scale() / 16)
    }

    fn lose(&mut self, market: u8, amount: Amount) {
        let id = self.pick(market);
        let amount = amount.of(self.exposure(id));
        let outside = self.source_of(id);
        outside.counter = outside.counter.saturating_add(amount);
        outside.supplied = outside.counter;
    }

    fn sync(&mut self) -> Checked<()> {
        self.act(OWNER, Action::Sync)
    }

    /// What sources do, and what the risk role makes of it.
    fn outside(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::Sync => return self.sync(),
            Op::Lose { market, amount, read } => {
                self.lose(market, amount);
                if read {
                    return self.sync();
                }
            }
            Op::LoseMany { markets, amount } => {
                for market in (0..16u8).filter(|market| markets >> market & 1 == 1) {
                    self.lose(market * 16 + 1, amount);
                }
                return self.sync();
            }
            Op::Break { market, falls } => {
                let id = self.pick(market);
                let outside = self.source_of(id);
                (outside.failing, outside.falling) = (!falls, falls);
                return self.sync();
            }
            Op::Heal { market } => {
                let id = self.pick(market);
                let outside = self.source_of(id);
                (outside.failing, outside.falling) = (false, false);
                return self.sync();
            }
            Op::Rate { market, ppm } => {
                let id = self.pick(market);
                let outside = self.source_of(id);
                if id.0 % 3 == 2 {
                    let step = i128::from(ppm) * 1_000_000_000_000;
                    outside.rate = outside.rate.saturating_add_signed(step).max(1);
                }
            }
            Op::SourceRecovers { market, amount } => {
                let id = self.pick(market);
                let amount = amount.of(self.exposure(id));
                let outside = self.source_of(id);
                outside.recovered = outside.recovered.saturating_add(amount);
            }
            Op::Accepts { market, most } => {
                let id = self.pick(market);
                let exposure = self.exposure(id);
                self.source_of(id).accepts = most.map(|most| most.of(exposure));
            }
            Op::Measures { market, amount } => {
                let id = self.pick(market);
                let exposure = self.exposure(id);
                self.source_of(id).latent = amount.of(exposure);
            }
            Op::PayMarket { market } => {
                return self.act(OWNER, Action::PayMarket { market: self.pick(market) });
            }
            Op::Estimate { market, amount, days } => {
                let market = self.pick(market);
                let amount = Assets::new(amount.of(self.exposure(market)));
                let expiry = self.now + Seconds::from(days) * 24 * 3600;
                return self.act(RISK, Action::PostEstimate { market, amount, expiry });
            }
            _ => {}
        }
        Ok(())
    }

    fn recovery(&mut self, op: &Op) -> Checked<()> {
        match *op {
            Op::RecoverTicket { pick, amount } => {
                let ticket = self.ticket(pick);
                let lost =
                    self.twin.state.ticket(ticket).map_or(1, |ticket| ticket.outstanding().total().get());
                self.act(OWNER, Action::RecoverTicket { ticket, assets: Assets::new(amount.of(lost)) })
            }
            Op::RecoverMarket { market, amount, count } => {
                let market = self.pick(market);
                let assets = Assets::new(amount.of(self.exposure(market)));
                self.act(OWNER, Action::RecoverMarket { market, assets, count: count.into() })
            }
            Op::Assign { market, count } => {
                let market = self.pick(market);
                self.act(OWNER, Action::AssignRecoveries { market, count: count.into() })
            }
            Op::WriteOff { ticket, announce: true } => {
                let ticket = self.ticket(ticket);
                self.act(OWNER, Action::AnnounceWriteOff { ticket })
            }
            Op::WriteOff { ticket, .. } => {
                let ticket = self.ticket(ticket);
                self.act(OWNER, Action::WriteOff { ticket })
            }
            Op::OpenLot { ticket, amount } => {
                let start = Assets::new(amount.of(self.setup.scale() / 16));
                let (ticket, floor) = (self.ticket(ticket), Assets::new(start.get() / 3));
                self.act(OWNER, Action::OpenLot { ticket, goods: [4; 32], start, floor, duration: 7200 })
            }
            Op::BuyLot { pick } => {
                let lot = LotId(u32::from(pick) % self.twin.state.core().lots.max(1));
                self.act(OWNER, Action::BuyLot { lot, price_max: Assets::MAX })
            }
            _ => Ok(()),
        }
    }

    fn claim(&mut self, op: &Op) -> Checked<()> {
        let state = &self.twin.state;
        let checkpoint = |index: Option<usize>| u32::try_from(index.unwrap_or(0)).expect("few checkpoints");
        match *op {
            Op::ClaimRecovery { ticket, who, tranche, queued } => {
                let (ticket, owner) = (self.ticket(ticket), AccountId(u32::from(who) % HOLDERS));
                let tranche = self.tranche(tranche);
                let class = if queued { ClassKind::Queued } else { ClassKind::Active };
                let track = state.holders().track(usize::from(tranche), class, owner);
                let checkpoint = checkpoint(track.index_for(state.holders().histories(), ticket));
                self.act(owner, Action::ClaimRecovery { ticket, tranche, class, checkpoint })
            }
            Op::ClaimDeductible { ticket } => {
                let ticket = self.ticket(ticket);
                let caller = state.ticket(ticket).map_or(OWNER, |ticket| ticket.buyer);
                self.act(caller, Action::ClaimDeductible { ticket })
            }
            Op::ClaimBond { ticket, member } => {
                let ticket = self.ticket(ticket);
                let id = MemberId(u32::from(member) % state.core().members.max(1));
                let Some(member) = state.member(id) else { return Ok(()) };
                let checkpoint = checkpoint(member.units.index_for(state.holders().histories(), ticket));
                self.act(member.owner, Action::ClaimBond { ticket, member: id, checkpoint })
            }
            _ => Ok(()),
        }
    }

    /// Commands with unknown numbers, amounts of nothing and of everything, wrong callers and receipts.
    fn garbage(
        &mut self,
        action: u8,
        caller: u32,
        id: u32,
        small: u8,
        amount: u128,
        wrong: u8,
    ) -> Checked<()> {
        let (assets, shares) = (Assets::new(amount), Shares::new(amount));
        let market = MarketId(id % 40);
        let class = if small & 1 == 0 { ClassKind::Active } else { ClassKind::Queued };
        let account = AccountId(id % 64);
        let (ticket, checkpoint) = (TicketId(id), u32::from(wrong));
        let action = match action % 24 {
            0 => Action::Deposit { tranche: small, owner: account, assets },
            1 => Action::Transfer { tranche: small, to: account, shares },
            2 => Action::RequestExit { tranche: small, shares },
            3 => Action::ClearExits { count: id },
            4 => Action::ClaimExit { exit: ExitId(id) },
            5 => Action::FundReserve { assets },
            6 => Action::Activate { market },
            7 => Action::Cancel { market },
            8 => Action::Finalise { market },
            9 => Action::ReleaseBond { member: MemberId(id) },
            10 => Action::RevokeQuotes { market, nonce: u64::MAX - u64::from(small) },
            11 => Action::WithdrawRules,
            12 => Action::PayMarket { market },
            13 => Action::PostEstimate { market, amount: assets, expiry: Seconds::from(id) << (small % 32) },
            14 => Action::RecoverTicket { ticket, assets },
            15 => Action::RecoverMarket { market, assets, count: id },
            16 => Action::AssignRecoveries { market, count: id },
            17 => Action::ClaimRecovery { ticket, tranche: small, class, checkpoint },
            18 => Action::ClaimDeductible { ticket },
            19 => Action::ClaimBond { ticket, member: MemberId(small.into()), checkpoint },
            20 => Action::OpenLot {
                ticket,
                goods: [1; 32],
                start: assets,
                floor: assets,
                duration: 1 << (small % 64),
            },
            21 => Action::BuyLot { lot: LotId(id), price_max: assets },
            22 => Action::Pause { until: u64::MAX },
            _ => Action::WriteOff { ticket },
        };
        // Any role may be the caller: garbage from a key that is trusted is garbage too.
        let caller = AccountId(if caller < 20 { caller + 10 } else { caller });
        let mut command = Command::new(caller, action);
        if wrong % 6 == 3 {
            command.received = Some(Assets::new(amount.wrapping_add(1)));
        }
        self.run(command).map(|_| ())
    }
}
