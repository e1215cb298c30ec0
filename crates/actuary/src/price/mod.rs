//! Price models: calibration from history, simulation of paths, closed forms.
//!
//! [`PriceModel`] puts parametric models and filtered historical simulation ([`filtered`]) behind one face.
//! [`history`] holds closes, [`calibrate`] turns them into [`parameters`], [`model`] checks these and [`simulate`]
//! makes a [`PricePath`] from them. Time is in years, prices are relative to time 0, jump sizes are in log price.

pub mod batch;
pub mod calibrate;
pub mod closed_form;
pub mod correlation;
pub mod filtered;
pub mod history;
pub mod jumps;
pub mod model;
pub mod parameters;
pub mod path;
pub mod process;
pub mod rare;
pub mod regime;
pub mod simulate;
mod timeline;

pub use batch::{BlockCrash, BlockInterval, BlockPlan, BlockScratch, Detail, PathBlock, Split};
pub use calibrate::{Calibration, CalibrationError, CalibrationOptions};
pub use filtered::{
    FilteredError, FilteredModel, FilteredOptions, FilteredReport, FilteredScratch, StartVariance,
};
pub use history::{HistoryError, PriceHistory};
pub use jumps::{CommonCrash, KouJumps, MertonJumps};
pub use model::{Model, ModelError};
pub use parameters::{AssetModel, Dynamics, JumpDiffusion, MertonDiffusion, ModelParameters, Peg};
pub use path::PricePath;
pub use process::{PriceModel, PriceScratch};
pub use rare::{CrashControl, FurtherJump, Mixture, MixtureError, RareModel, Sampling, Source, Tilt, Tuning};
pub use regime::{Multipliers, Regime, Start};
pub use simulate::Scratch;
