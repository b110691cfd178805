//! Tables that fit the terminal.

use anstyle::Style;
use comfy_table::{CellAlignment, ContentArrangement, presets};

use unicode_width::UnicodeWidthStr;

use super::{Output, printable};

/// Where a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Columns of text under a head.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    head: String,
    align: Align,
    /// The highest goes first where the terminal is too narrow; 0 always stays.
    dispensable: u8,
    cells: Vec<String>,
}

impl Table {
    pub fn new() -> Self {
        Self { columns: Vec::new() }
    }

    /// Adds a column. Where the terminal is narrow, the most `dispensable` columns are left out; a
    /// column of 0 never is.
    pub fn column(
        &mut self,
        head: impl Into<String>,
        align: Align,
        dispensable: u8,
        cells: impl IntoIterator<Item = String>,
    ) {
        let cells = cells.into_iter().map(|c| printable(&c)).collect();
        self.columns.push(Column { head: printable(&head.into()), align, dispensable, cells });
    }

    /// The table as lines, the head in bold.
    pub fn render(mut self, out: &Output) -> String {
        let mut text = self.lines();
        while out.width().is_some_and(|w| widest(&text) > w) && self.drop_column() {
            text = self.lines();
        }
        match text.split_once('\n') {
            Some((head, rest)) => {
                format!("{}\n{rest}", out.paint(Style::new().bold(), head))
            }
            None => text,
        }
    }

    fn drop_column(&mut self) -> bool {
        let last = self.columns.iter().enumerate().max_by_key(|(_, c)| c.dispensable);
        match last {
            Some((index, column)) if column.dispensable > 0 => {
                self.columns.remove(index);
                true
            }
            _ => false,
        }
    }

    fn lines(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|c| c.head.as_str()));
        let rows = self.columns.first().map_or(0, |c| c.cells.len());
        for row in 0..rows {
            table.add_row(self.columns.iter().map(|c| c.cells[row].as_str()));
        }
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(c) = table.column_mut(index) {
                c.set_padding((0, 2));
                c.set_cell_alignment(match column.align {
                    Align::Left => CellAlignment::Left,
                    Align::Right => CellAlignment::Right,
                });
            }
        }
        let text: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
        text.join("\n") + "\n"
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

fn widest(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}
