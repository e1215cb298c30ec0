//! Tables without lines between the rows: long ones stay readable, and short ones compact.

use comfy_table::{LineStyle, Table, TableStyle};

use crate::output::table;

/// A table with one line under its header; the first column left, numbers right.
pub fn grid<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut grid = table(header, rows);
    grid.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    grid
}
