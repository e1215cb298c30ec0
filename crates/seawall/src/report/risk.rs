//! Pictures of the model: the exceedance curve with the layers, the premium line by line, tranches against what
//! was expected, the price of a share.

use maud::{Markup, html};
use seawall_actuary::loss::{ExceedancePoint, probability_at};

use super::axis::{Axis, ceiling};
use super::chart::{BEARER_COLOURS, FULL, Frame, HALF, legend, path, place, tick as tick_label};
use super::losses::{hours, leaving, midnights};
use crate::demo::Demonstration;
use crate::demo::pool::{LEAVER, UNDERWRITERS};
use crate::quote::figures::{money, percent, short};
use crate::quote::tables::layer_name;
use crate::quote::windows::stamp;

/// Points of the exceedance curve.
const POINTS: usize = 160;

/// Probability that the pool owes more than an amount, over the term and over a year, the layers below it.
pub fn exceedance(demo: &Demonstration) -> Markup {
    let frame = Frame::new(FULL, 340.0);
    let pricing = &demo.quote.pricing;
    let sizes = pricing.design.layers.sizes();
    let end = pricing.design.layers.attachment(sizes.len());
    let owed = demo.outcome.owed;
    let back: f64 = demo.outcome.layers[2..6].iter().map(|layer| layer.recovered).sum();
    let x = Axis::linear(0.0, ceiling((end * 1.04).max(owed * 1.15), 6), frame.left, frame.right);
    let y = Axis::logarithmic(1e-4, 1.0, frame.bottom, frame.top);
    let amounts: Vec<f64> = (0..=POINTS).map(|k| x.high * k as f64 / POINTS as f64).collect();
    let curve = |points: &[ExceedancePoint]| -> String {
        let found = amounts
            .iter()
            .map(|&amount| (amount, probability_at(points, amount.max(f64::MIN_POSITIVE)).value));
        let points = found.take_while(|(_, p)| *p >= y.low);
        path(points.map(|(amount, p)| (x.at(amount), y.at(p))))
    };
    let (term, year) = (curve(&pricing.term().owed_exceedance), curve(&pricing.horizon().owed_exceedance));
    let bands: Vec<(f64, f64, &str, String)> = sizes
        .iter()
        .enumerate()
        .filter(|(_, size)| **size > 0.0)
        .map(|(index, &size)| {
            let from = pricing.design.layers.attachment(index);
            let text = format!(
                "{}: {} to {}",
                layer_name(index, pricing.design.layers.tranches()),
                short(from),
                short(from + size)
            );
            (x.at(from), x.at(from + size), BEARER_COLOURS[index + 2], text)
        })
        .collect();
    let ticks: Vec<(f64, String)> =
        x.ticks(6).into_iter().map(|tick| (x.at(tick), tick_label(tick))).collect();
    html! {
        (legend(&[
            ("junior", format!("within {} days", pricing.terms.term_days)),
            ("btc", format!("within {} days", pricing.terms.horizon_days)),
        ], true))
        (frame.chart("Probability that the pool owes more than an amount", &html! {
            @for (from, to, colour, text) in &bands {
                rect x=(place(*from)) y=(place(frame.top)) width=(place(to - from)) height=(place(frame.bottom - frame.top))
                    style=(format!("fill:var(--{colour});fill-opacity:.13")) { title { (text) } }
                rect x=(place(*from)) y=(place(frame.bottom - 5.0)) width=(place(to - from)) height="5"
                    style=(format!("fill:var(--{colour})")) { title { (text) } }
            }
            (frame.grid_y(&y, "probability of owing more", 5, |tick| format!("{} %", trim(tick * 100.0))))
            path.curve d=(year) style="stroke:var(--btc)" {}
            path.curve d=(term) style="stroke:var(--junior)" {}
            (frame.labels_x(&ticks))
            @if owed > 0.0 { (frame.mark(x.at(owed), &format!("this crash: {}", short(owed)), false)) }
            @if owed > 0.0 && back > 0.0 {
                line.mark x1=(place(x.at(owed - back))) x2=(place(x.at(owed - back))) y1=(place(frame.top + 22.0)) y2=(place(frame.bottom)) {}
                text class="wide halo" x=(place(x.at(owed) + 6.0)) y=(place(frame.top + 27.0)) { "after recoveries: " (short(owed - back)) }
            }
        }))
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Expected loss, loading, expenses, bonus, premium: a staircase.
pub fn premium(demo: &Demonstration) -> Markup {
    let total = &demo.quote.pricing.total;
    let steps = [
        ("expected loss", total.expected_loss.value, "reserve"),
        ("cost of capital", total.loading, "junior"),
        ("expenses", total.expenses, "deductible"),
        ("no-claims bonus", total.no_claims_bonus, "coinsurance"),
    ];
    let mut frame = Frame::new(FULL, 260.0);
    frame.top = 28.0;
    let y = Axis::linear(0.0, ceiling(total.total.value * 1.04, 4), frame.bottom, frame.top);
    let slot = (frame.right - frame.left) / 5.0;
    let mut sum = 0.0;
    let bars: Vec<(usize, &str, f64, f64, &str)> = steps
        .iter()
        .enumerate()
        .map(|(index, &(name, amount, colour))| {
            sum += amount;
            (index, name, amount, sum, colour)
        })
        .collect();
    let last = (4, "premium", total.total.value, total.total.value, "senior");
    frame.chart("Premium line by line", &html! {
        (frame.grid_y(&y, "crvUSD, all markets", 4, tick_label))
        @for (index, name, amount, top, colour) in bars.iter().copied().chain([last]) {
            @let x = frame.left + slot * index as f64 + slot * 0.16;
            rect x=(place(x)) y=(place(y.at(top))) width=(place(slot * 0.68)) height=(place((y.at(top - amount) - y.at(top)).max(0.5)))
                rx="2" style=(format!("fill:var(--{colour})")) {
                title { (name) " " (money(amount)) ", " (percent(amount / total.total.value)) " of the premium" }
            }
            text.strong x=(place(x + slot * 0.34)) y=(place(y.at(top) - 6.0)) text-anchor="middle" { (short(amount)) }
            @if index < 4 {
                line.mark x1=(place(x + slot * 0.68)) x2=(place(x + slot)) y1=(place(y.at(top))) y2=(place(y.at(top))) {}
            }
            text x=(place(x + slot * 0.34)) y=(place(frame.bottom + 18.0)) text-anchor="middle" { (name) }
        }
        line.axis x1=(place(frame.left)) x2=(place(frame.right)) y1=(place(frame.bottom)) y2=(place(frame.bottom)) {}
    })
}

/// Return of each layer over the term: expected and actual.
pub fn returns(demo: &Demonstration) -> Markup {
    let row = 52.0;
    let rows = &demo.outcome.tranches;
    let frame = Frame {
        width: FULL,
        height: row * rows.len() as f64 + 34.0,
        left: 66.0,
        right: FULL - 76.0,
        top: 4.0,
        bottom: row * rows.len() as f64 + 6.0,
    };
    let all = || rows.iter().flat_map(|line| [line.result.0 * 100.0, line.result.1 * 100.0]);
    let (low, high) = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    let (low, high) = if low < -10.0 {
        ((low / 10.0).floor() * 10.0, (high / 5.0).ceil() * 5.0)
    } else {
        (low.floor(), high.ceil())
    };
    let x = Axis::linear(low, high, frame.left, frame.right);
    let ticks: Vec<(f64, String)> =
        x.ticks(5).into_iter().map(|tick| (x.at(tick), format!("{} %", trim(tick)))).collect();
    frame.chart("Return of each layer over the term, expected and actual", &html! {
        @for (tick, _) in &ticks { line.grid x1=(place(*tick)) x2=(place(*tick)) y1=(place(frame.top)) y2=(place(frame.bottom)) {} }
        @for (index, line) in rows.iter().enumerate() {
            @let y = frame.top + row * index as f64 + 10.0;
            @let (zero, actual, expected) = (x.at(0.0), x.at(line.result.1 * 100.0), x.at(line.result.0 * 100.0));
            text.strong x="0" y=(place(y + 21.0)) { (line.name) }
            rect x=(place(zero.min(actual))) y=(place(y)) width=(place((actual - zero).abs().max(1.0))) height="32" rx="2"
                style=(format!("fill:var(--{})", BEARER_COLOURS[index + 2])) {
                title { (line.name) ": actual " (percent(line.result.1)) }
            }
            line x1=(place(expected)) x2=(place(expected)) y1=(place(y - 5.0)) y2=(place(y + 37.0)) style="stroke:var(--ink);stroke-width:2.5" {
                title { (line.name) ": expected " (percent(line.result.0)) }
            }
            text.strong x=(place(actual.max(zero).max(expected) + 9.0)) y=(place(y + 20.5)) { (format!("{:+.1} %", line.result.1 * 100.0)) }
        }
        line.axis x1=(place(x.at(0.0))) x2=(place(x.at(0.0))) y1=(place(frame.top)) y2=(place(frame.bottom)) {}
        (frame.labels_x(&ticks))
    })
}

/// Price of an active share of both tranches and of the leaver's queued shares.
pub fn shares(demo: &Demonstration) -> Markup {
    let frame = Frame::new(HALF, 232.0);
    let ticks = &demo.crashed.ticks;
    let x = hours(demo, &frame);
    let all = || ticks.iter().flat_map(|tick| tick.share_price.iter().copied().chain(tick.queued_price));
    let (low, high) = (all().fold(1.0, f64::min), all().fold(1.0, f64::max));
    let room = ((high - low) * 0.08).max(0.002);
    let y = Axis::linear((low - room).max(0.0), high + room, frame.bottom, frame.top);
    let digits = if high - low > 0.1 { 2 } else { 3 };
    let line = |of: &dyn Fn(&crate::demo::crash::Tick) -> Option<f64>| {
        path(
            ticks
                .iter()
                .enumerate()
                .filter_map(|(hour, tick)| Some((x.at(hour as f64 + 1.0), y.at(of(tick)?)))),
        )
    };
    let junior = line(&|tick| tick.share_price.first().copied());
    let senior = line(&|tick| tick.share_price.get(1).copied());
    let queued = line(&|tick| tick.queued_price);
    let texts: Vec<String> = ticks
        .iter()
        .map(|tick| {
            let queued = tick.queued_price.map_or(String::new(), |price| format!("\nleaving {price:.5}"));
            format!(
                "{}\njunior {:.5}\nsenior {:.5}{queued}",
                stamp(tick.history_time, "%d %b %H:%M"),
                tick.share_price[0],
                tick.share_price[1]
            )
        })
        .collect();
    html! {
        (legend(&[
            ("junior", "junior".to_owned()),
            ("senior", "senior".to_owned()),
            ("overlimit", format!("{}, leaving: bears losses, earns nothing", UNDERWRITERS[LEAVER].name)),
        ], true))
        (frame.chart("Price of a share through the crash", &html! {
            (frame.grid_y(&y, "value of 1 paid in", 5, |tick| format!("{tick:.digits$}")))
            path.curve d=(junior) style="stroke:var(--junior)" {}
            path.curve d=(senior) style="stroke:var(--senior)" {}
            path.curve d=(queued) style="stroke:var(--overlimit);stroke-dasharray:5 4" {}
            (frame.labels_x(&midnights(demo, &x)))
            (leaving(demo, &frame, &x))
            (frame.tooltips(&x, &texts))
        }))
    }
}
