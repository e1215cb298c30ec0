//! Parts of a status: named values and tables, printed for people and for programs from one description.

use comfy_table::CellAlignment;
use serde_json::{Map, Value, json};

use super::label::{Field, Labels};
use crate::output::{columns, line};

/// Values in the order in which they are printed.
pub type Row = Vec<(&'static str, Field)>;

/// A named part of a status.
pub struct Section {
    /// Name in words with underscores.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
}

/// What a section holds.
pub enum Content {
    /// One value a line.
    Values(Row),
    /// A table; all rows have the same names.
    Table(Vec<Row>),
}

impl Section {
    /// Named values.
    pub const fn values(name: &'static str, row: Row) -> Self {
        Self { name, content: Content::Values(row) }
    }

    /// A table.
    pub const fn table(name: &'static str, rows: Vec<Row>) -> Self {
        Self { name, content: Content::Table(rows) }
    }

    /// Prints it for people; an empty table is one line.
    pub fn print(&self, labels: &Labels) {
        let title = self.name.replace('_', " ");
        match &self.content {
            Content::Values(row) => {
                let width = row.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
                for (key, value) in row {
                    line(&format!("{:width$}  {}", key.replace('_', " "), value.text(labels)));
                }
            }
            Content::Table(rows) => {
                let Some(first) = rows.first() else { return line(&format!("\n{title}: none")) };
                line(&format!("\n{title} (amounts in {})", labels.unit.symbol));
                let header = first.iter().map(|(key, _)| key.replace('_', " ")).collect();
                let cells = rows.iter().map(|row| row.iter().map(|(_, value)| value.cell(labels)).collect());
                let mut table = columns(header, cells);
                for (column, (_, value)) in table.column_iter_mut().zip(first) {
                    if value.is_number() {
                        column.set_cell_alignment(CellAlignment::Right);
                    }
                }
                line(&table.to_string());
            }
        }
    }

    /// For programs.
    pub fn json(&self, labels: &Labels) -> Value {
        let object = |row: &Row| {
            let entries = row.iter().map(|(key, value)| ((*key).to_owned(), value.json(labels)));
            Value::Object(entries.collect::<Map<_, _>>())
        };
        match &self.content {
            Content::Values(row) => object(row),
            Content::Table(rows) => json!(rows.iter().map(object).collect::<Vec<_>>()),
        }
    }
}
