//! A sequence as a scenario table: what was commanded, what sources showed, and what it came to.

use std::fmt::Write as _;

use seawall_engine::{Command, MarketId};
use seawall_fixed::Seconds;
use seawall_machine::Outside;
use seawall_machine::setup::{OPENED, Setup};
use seawall_machine::table::{Line, Scene, write};
use seawall_twin::twin::{Ran, Twin};

/// Width of what stands before the arrow.
pub const WIDTH: usize = 60;

pub struct Record {
    text: String,
    now: Seconds,
    sources: Vec<Outside>,
    open: bool,
}

impl Record {
    /// A table that begins with this pool.
    pub fn new(twin: &Twin, setup: &Setup) -> Self {
        let mut record =
            Self { text: String::new(), now: OPENED, sources: twin.sources.clone(), open: false };
        record.line(twin, &Line::Pool(Box::new(setup.config())), Some("opened"));
        record
    }

    /// Takes a command before it runs, and how time and sources have changed since the last.
    pub fn take(&mut self, twin: &Twin, command: &Command, now: Seconds) {
        if now != self.now {
            self.line(twin, &Line::Time(now), Some(&clock(now)));
            self.now = now;
        }
        for index in 0..self.sources.len() {
            let shows = twin.sources[index];
            if shows != self.sources[index] {
                let market = MarketId(u32::try_from(index).expect("few markets"));
                self.line(twin, &Line::Source(market, shows), Some(&shown(&shows)));
                self.sources[index] = shows;
            }
        }
        self.line(twin, &Line::Command(command.clone()), None);
    }

    /// Takes what the last command came to.
    pub fn came_to(&mut self, twin: &Twin, ran: &Ran) {
        let _ = writeln!(self.text, " -> {}", came_to(twin, ran));
        self.open = false;
    }

    fn line(&mut self, twin: &Twin, line: &Line, came: Option<&str>) {
        if self.open {
            self.text.push('\n');
        }
        let scene = Scene { state: &twin.state, sources: &self.sources, now: self.now };
        let _ = write!(self.text, "{:<WIDTH$}", write(&scene, line));
        self.open = came.is_none();
        if let Some(came) = came {
            let _ = writeln!(self.text, " -> {came}");
        }
    }

    /// The table; its last command has no outcome where the twins differ about it.
    pub fn finish(mut self, why: &str) -> String {
        if self.open {
            self.text = self.text.trim_end().to_owned() + "\n";
        }
        let why: String = why.lines().map(|line| format!("# {line}\n")).collect();
        why + &self.text
    }
}

/// What stands behind a line that moves the clock.
pub fn clock(now: Seconds) -> String {
    let epoch = seawall_fixed::EPOCH_SECONDS;
    format!("second {} of epoch {}", now % epoch, now / epoch)
}

/// What stands behind a line that changes a source.
pub fn shown(outside: &Outside) -> String {
    format!("shows {}", outside.counter)
}

/// What stands behind a command.
pub fn came_to(twin: &Twin, ran: &Ran) -> String {
    let said = match ran {
        Ran::Done(_) => "done".to_owned(),
        Ran::Refused(error) => format!("refused, {error}"),
        Ran::Skipped => "not asked".to_owned(),
    };
    format!("{said}; {}", books(twin))
}

fn books(twin: &Twin) -> String {
    let core = twin.state.core();
    let tranches: Vec<String> = core
        .tranches()
        .iter()
        .map(|tranche| format!("{}+{}", tranche.active.assets, tranche.queued.assets))
        .collect();
    format!(
        "reserve {} tranches {} required {} unearned {} mutual {} aside {} tokens {}",
        core.reserve,
        tranches.join(" "),
        core.required,
        core.unearned(),
        core.mutual.assets,
        core.set_aside,
        core.tokens
    )
}
