//! An order, account by account.

use super::{Agent, Eye, Kind, Order, When, World};
use seawall_actuary::liquidation::accounts::Seizure;

impl World<'_> {
    /// Serves an order account by account. True if anything was sold.
    pub(super) fn serve(&mut self, order: &Order, eyes: &[Eye], news: bool) -> bool {
        let mut queue: Vec<(f64, usize, f64)> = Vec::new();
        for (number, agent) in self.agents.iter().enumerate().filter(|(_, agent)| !agent.dust) {
            let (secured, debt) = (agent.secured(&order.judge.0), agent.debt(&order.judge.1));
            if secured >= debt || order.also.as_ref().is_some_and(|p| agent.secured(p) >= agent.debt(p)) {
                continue;
            }
            let own = || {
                let assets = agent.held.iter().map(|h| h.0).chain(agent.owed.iter().map(|o| o.0));
                assets.map(|a| eyes[a]).filter(|eye| eye.moves)
            };
            let lag = match order.kind {
                Kind::News => Some(0.0),
                Kind::Backlog => (!(news && own().any(|eye| eye.late))).then_some(0.0),
                Kind::Crossing => own()
                    .filter_map(|eye| eye.crossing)
                    .fold(None, |most: Option<f64>, lag| Some(most.map_or(lag, |most| most.max(lag)))),
                Kind::Jump => own().any(|eye| eye.jump).then_some(0.0),
            };
            if let Some(lag) = lag {
                queue.push((secured / debt, number, lag));
            }
        }
        queue.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if queue.is_empty() {
            return false;
        }
        let n = self.rate.len();
        let mut held = vec![false; n];
        let mut asked = vec![0.0; n];
        for &(_, number, lag) in &queue {
            let mut copy = self.agents[number].clone();
            self.liquidate(&mut copy, order, eyes, lag, &mut vec![f64::INFINITY; n], &mut asked);
            self.agents[number].held.iter().for_each(|h| held[h.0] = true);
        }
        let mut room = vec![f64::INFINITY; n];
        if self.rules.conditions.reservoir.is_none() {
            room.clone_from(&self.rate);
        } else {
            let finite: Vec<usize> =
                (0..n).filter(|&a| held[a] && self.stocks[a].level.is_finite()).collect();
            for &a in &finite {
                room[a] = self.limit(a, order, asked[a]);
            }
            if order.when == When::Even {
                // All there is, if all is there; else the others have what they have left at the end, too.
                let short = finite.iter().any(|&a| room[a] < asked[a]);
                for &a in &finite {
                    if !short {
                        room[a] = f64::INFINITY;
                    } else if room[a] >= asked[a] {
                        room[a] = asked[a] + self.left_over(a, asked[a]);
                    }
                }
            }
        }
        let limits = room.clone();
        let mut used = vec![0.0; n];
        let before = self.gone;
        for &(_, number, lag) in &queue {
            let mut agent = self.agents[number].clone();
            let (bad, gone) = self.liquidate(&mut agent, order, eyes, lag, &mut room, &mut used);
            self.agents[number] = agent;
            self.bad += bad;
            self.gone += gone;
        }
        for a in 0..n {
            self.sold[a] += used[a];
            if self.rules.conditions.reservoir.is_none() {
                self.rate[a] = room[a];
            } else if held[a] && self.stocks[a].level.is_finite() {
                let (wanted, sold) = if room[a] == 0.0 { (asked[a], limits[a]) } else { (used[a], used[a]) };
                self.take(a, order.when, wanted, sold);
            }
        }
        self.gone > before
    }

    /// Bad debt and debt gone of one account.
    fn liquidate(
        &self,
        agent: &mut Agent,
        order: &Order,
        eyes: &[Eye],
        lag: f64,
        room: &mut [f64],
        used: &mut [f64],
    ) -> (f64, f64) {
        let keep = |a: usize| 1.0 / (1.0 + self.rules.book.assets()[a].bonus);
        let stuck = |a: usize| order.kind == Kind::Crossing && eyes[a].moves && eyes[a].crossing.is_none();
        let raise = |agent: &Agent| {
            let part = |hidden: bool| -> f64 {
                let of = agent.held.iter().filter(|h| stuck(h.0) == hidden);
                of.map(|h| h.1 * h.2 * order.judge.0[h.0]).sum()
            };
            let (seen, hidden) = (part(false), part(true));
            if seen > 0.0 { (agent.debt(&order.judge.1) - hidden) / seen } else { 1.0 }
        };
        let price = |a: usize, raise: f64| match &order.at_break {
            Some(_) if !stuck(a) => (1.0 - lag) * order.judge.0[a] * raise + lag * order.sale[a],
            _ => order.sale[a],
        };
        let cost = |a: usize| match &order.at_break {
            Some(high) => (1.0 - lag) * high[a] + lag * order.sale[a],
            None => order.sale[a],
        };
        let (mut bad, mut gone) = (0.0, 0.0);
        match self.rules.seizure {
            Seizure::ProRata => {
                let raise = raise(agent);
                let debt: f64 = agent.owed.iter().map(|o| o.1 * cost(o.0)).sum();
                let pays = |h: &(usize, f64, f64)| h.1 * price(h.0, raise) * keep(h.0);
                let brings: f64 = agent.held.iter().map(pays).sum();
                let mut share = 1.0_f64;
                let mut binds = None;
                for held in &agent.held {
                    let asks = debt * pays(held) / brings;
                    if asks * share > room[held.0] {
                        share = room[held.0] / asks;
                        binds = Some(held.0);
                    }
                }
                if share > 0.0 {
                    for held in &mut agent.held {
                        let sold = share * debt * pays(held) / brings;
                        room[held.0] =
                            if binds == Some(held.0) { 0.0 } else { (room[held.0] - sold).max(0.0) };
                        used[held.0] += sold;
                        held.1 *= 1.0 - share;
                    }
                    agent.owed.iter_mut().for_each(|o| o.1 *= 1.0 - share);
                    gone += share * debt;
                    bad += (share * (debt - brings)).max(0.0);
                }
            }
            Seizure::Protocol(close) => loop {
                let (secured, debt) = (agent.secured(&order.judge.0), agent.debt(&order.judge.1));
                if secured >= debt {
                    break;
                }
                let raise = raise(agent);
                let worth = |h: &(usize, f64, f64)| h.1 * price(h.0, raise);
                if agent.held.iter().all(|h| worth(h) <= 0.0) {
                    let rest: f64 = agent.owed.iter().map(|o| o.1 * cost(o.0)).sum();
                    bad += rest;
                    gone += rest;
                    agent.owed.iter_mut().for_each(|o| o.1 = 0.0);
                    break;
                }
                let mut seized: Option<usize> = None;
                for (place, held) in agent.held.iter().enumerate() {
                    let most = seized.map_or(0.0, |best| worth(&agent.held[best]));
                    if room[held.0] > 0.0 && worth(held) > most {
                        seized = Some(place);
                    }
                }
                let Some(seized) = seized else { break };
                let mut repaid = 0;
                for (place, owed) in agent.owed.iter().enumerate() {
                    if owed.1 * cost(owed.0) > agent.owed[repaid].1 * cost(agent.owed[repaid].0) {
                        repaid = place;
                    }
                }
                let (asset, owes) = (agent.held[seized].0, agent.owed[repaid].1 * cost(agent.owed[repaid].0));
                let factor = if order.at_break.is_some() { 1.0 } else { secured / debt };
                let opening: f64 = agent.opening.iter().map(|o| o.1 * order.judge.1[o.0]).sum();
                let whole = factor < close.whole_below || debt <= 1e-12 * opening;
                let covered = worth(&agent.held[seized]) * keep(asset);
                let x = (if whole { owes } else { close.share * owes }).min(covered).min(room[asset]);
                agent.owed[repaid].1 = if x == owes { 0.0 } else { agent.owed[repaid].1 * (1.0 - x / owes) };
                agent.held[seized].1 =
                    if x == covered { 0.0 } else { agent.held[seized].1 * (1.0 - x / covered) };
                room[asset] = if x == room[asset] { 0.0 } else { room[asset] - x };
                used[asset] += x;
                gone += x;
            },
        }
        (bad, gone)
    }
}
