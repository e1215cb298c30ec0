//! The self-contained HTML report.
use crate::demo::Demonstration;
/// page
pub fn page(_demo: &Demonstration) -> String { String::new() }
