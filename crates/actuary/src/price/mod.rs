//! Price models: calibration from history, simulation of paths, closed forms.

pub mod history;
pub mod path;

pub use history::PriceHistory;
pub use path::PricePath;
