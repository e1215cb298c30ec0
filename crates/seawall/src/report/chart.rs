//! The frame of a chart and what all charts share: grid, axes, paths, legends, the strip that carries the
//! tooltips. Units: pixels of a wide screen; the chart shrinks with its column.

use std::fmt::Write;

use maud::{Markup, html};

use super::axis::Axis;
use crate::quote::figures::short;

/// Width of a chart over the whole page.
pub const FULL: f64 = 1060.0;

/// Width of a chart in one of two columns.
pub const HALF: f64 = 496.0;

/// Where the plot lies in the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width of the chart, [`FULL`] or [`HALF`].
    pub width: f64,
    /// Height of the chart.
    pub height: f64,
    /// Left edge of the plot.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Upper edge.
    pub top: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Frame {
    /// A plot of this height with room for the labels of both axes.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, left: 54.0, right: width - 14.0, top: 20.0, bottom: height - 26.0 }
    }

    /// The chart around its content.
    pub fn chart(&self, label: &str, content: &Markup) -> Markup {
        let class = if self.width > HALF { "chart full" } else { "chart half" };
        html! {
            div.plot {
                svg class=(class) viewBox=(format!("0 0 {} {}", self.width, self.height)) role="img" aria-label=(label) {
                    (content)
                }
            }
        }
    }

    /// Horizontal grid lines with their labels, and the title of the axis above them.
    pub fn grid_y(&self, axis: &Axis, title: &str, count: usize, label: impl Fn(f64) -> String) -> Markup {
        html! {
            @for tick in axis.ticks(count) {
                line.grid x1=(place(self.left)) x2=(place(self.right)) y1=(place(axis.at(tick))) y2=(place(axis.at(tick))) {}
                text x=(place(self.left - 8.0)) y=(place(axis.at(tick) + 4.0)) text-anchor="end" { (label(tick)) }
            }
            text.title x="0" y="9" { (title) }
        }
    }

    /// Labels below the plot.
    pub fn labels_x(&self, labels: &[(f64, String)]) -> Markup {
        html! {
            line.axis x1=(place(self.left)) x2=(place(self.right)) y1=(place(self.bottom)) y2=(place(self.bottom)) {}
            @for (x, label) in labels {
                line.axis x1=(place(*x)) x2=(place(*x)) y1=(place(self.bottom)) y2=(place(self.bottom + 4.0)) {}
                text x=(place(*x)) y=(place(self.bottom + 18.0)) text-anchor="middle" { (label) }
            }
        }
    }

    /// A vertical mark with a word at its top.
    pub fn mark(&self, x: f64, word: &str, end: bool) -> Markup {
        let (x_text, anchor) = if end { (x - 6.0, "end") } else { (x + 6.0, "start") };
        html! {
            line.mark x1=(place(x)) x2=(place(x)) y1=(place(self.top)) y2=(place(self.bottom)) {}
            text class="strong halo" x=(place(x_text)) y=(place(self.top + 12.0)) text-anchor=(anchor) { (word) }
        }
    }

    /// Invisible columns, one a step, each with its tooltip.
    pub fn tooltips(&self, axis: &Axis, texts: &[String]) -> Markup {
        let width = (axis.to - axis.from) / texts.len().max(1) as f64;
        html! {
            @for (index, text) in texts.iter().enumerate() {
                rect.hit x=(place(axis.from + width * index as f64)) y=(place(self.top)) width=(place(width))
                    height=(place(self.bottom - self.top)) { title { (text) } }
            }
        }
    }
}

/// A coordinate with one decimal: enough for a picture, and the same everywhere.
pub fn place(value: f64) -> String {
    format!("{value:.1}")
}

/// An amount at a tick: `2.5m`, without zeros that say nothing.
pub fn tick(amount: f64) -> String {
    let text = short(amount);
    match text.strip_suffix('m') {
        Some(digits) if digits.contains('.') => {
            format!("{}m", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// A path through points.
pub fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (index, (x, y)) in points.into_iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{x:.1} {y:.1}", if index == 0 { "M" } else { "L" });
    }
    text
}

/// The area between an upper and a lower line.
pub fn area(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
    path(upper.iter().copied().chain(lower.iter().rev().copied())) + "Z"
}

/// A legend of filled squares, or strokes.
pub fn legend(entries: &[(&str, String)], stroke: bool) -> Markup {
    html! {
        div.legend {
            @for (colour, name) in entries {
                span {
                    @if stroke { i.stroke style=(fill(colour)) {} } @else { i style=(fill(colour)) {} }
                    (name)
                }
            }
        }
    }
}

/// A style that fills with one of the page's colours.
pub fn fill(colour: &str) -> String {
    format!("background:var(--{colour})")
}

/// The colour of a bearer of losses, by its place in the waterfall.
pub const BEARER_COLOURS: [&str; 8] =
    ["deductible", "coinsurance", "reserve", "junior", "senior", "mutual", "overlimit", "residual"];
