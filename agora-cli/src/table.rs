//! Columns that line up on a terminal, whatever the cells are written in.

use unicode_truncate::UnicodeTruncateStr;
use unicode_width::UnicodeWidthStr;

use crate::output::{Colour, Printer};

/// Between two columns.
const GAP: &str = "  ";

/// How the cells of a column stand under each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    /// By the decimal point.
    Point,
}

/// What stands in a column of a row.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl Cell {
    pub(crate) fn coloured(self, colour: Colour) -> Self {
        Self { colour: Some(colour), ..self }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.to_string(), colour: None }
    }
}

/// Rows under each other.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    columns: [Align; N],
    heads: Option<[&'static str; N]>,
    rows: Vec<[Cell; N]>,
    indent: usize,
}

impl<const N: usize> Table<N> {
    pub(crate) const fn new(columns: [Align; N]) -> Self {
        Self { columns, heads: None, rows: Vec::new(), indent: 0 }
    }

    /// With a row of heads.
    pub(crate) const fn headed(columns: [Align; N], heads: [&'static str; N]) -> Self {
        Self { columns, heads: Some(heads), rows: Vec::new(), indent: 0 }
    }

    /// With so many blanks before each row.
    pub(crate) const fn indented(mut self, by: usize) -> Self {
        self.indent = by;
        self
    }

    pub(crate) fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// A line for each row. On a terminal the last column is cut where the line would be too wide.
    pub(crate) fn lines(self, printer: Printer) -> Vec<String> {
        let Self { columns, heads, mut rows, indent } = self;
        for (column, _) in columns.iter().enumerate().filter(|(_, align)| **align == Align::Point) {
            align_points(&mut rows, column);
        }
        if let Some(heads) = heads {
            rows.insert(0, heads.map(|head| Cell::from(head).coloured(Colour::Dim)));
        }
        let widths: Vec<_> =
            (0..N).map(|column| rows.iter().map(|row| row[column].text.width()).max().unwrap_or(0)).collect();
        rows.into_iter().map(|row| line(printer, row, &columns, &widths, indent)).collect()
    }
}

/// Blanks after numbers with fewer digits behind their point.
fn align_points<const N: usize>(rows: &mut [[Cell; N]], column: usize) {
    let behind = |text: &str| text.find('.').map_or(0, |point| text.len() - point);
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let texts = || rows.iter().map(|row| row[column].text.as_str());
    let most = texts().filter(|text| is_number(text)).map(behind).max().unwrap_or(0);
    for row in rows {
        let text = &mut row[column].text;
        if is_number(text) {
            text.push_str(&" ".repeat(most - behind(text)));
        }
    }
}

fn line<const N: usize>(
    printer: Printer,
    row: [Cell; N],
    columns: &[Align; N],
    widths: &[usize],
    indent: usize,
) -> String {
    let mut line = " ".repeat(indent);
    let mut width = indent;
    for (column, cell) in row.into_iter().enumerate() {
        if column > 0 {
            line.push_str(GAP);
            width += GAP.len();
        }
        let room = printer.width().map(|all| all.saturating_sub(width)).filter(|_| column + 1 == N);
        let text = room.map_or_else(|| cell.text.clone(), |room| cut(&cell.text, room));
        let blanks = " ".repeat(widths[column].saturating_sub(text.width()));
        let painted = match cell.colour {
            Some(colour) => printer.paint(colour, &text),
            None => text,
        };
        line += &match columns[column] {
            Align::Left => painted + &blanks,
            Align::Right | Align::Point => blanks + &painted,
        };
        width += widths[column];
    }
    line.truncate(line.trim_end().len());
    line
}

/// As much of the text as has room, with `…` where something is missing.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.into();
    }
    let (kept, _) = text.unicode_truncate(room.saturating_sub(1));
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    #[test]
    fn columns_line_up_in_cells_of_a_terminal_and_numbers_at_their_points() {
        let mut table = Table::headed([Align::Left, Align::Point, Align::Right], ["WHAT", "AMOUNT", "N"]);
        table.row(["茶碗".into(), "12.5".into(), 7.into()]);
        table.row(["Vase".into(), "11".into(), 1234.into()]);
        table.row(["Ёлка 🎄".into(), "sealed".into(), 1.into()]);
        let wanted =
            ["WHAT     AMOUNT     N", "茶碗       12.5     7", "Vase       11    1234", "Ёлка 🎄  sealed     1"];
        assert_eq!(table.lines(Printer::plain(Format::Text)), wanted);
    }

    #[test]
    fn what_has_no_room_is_cut_and_shows_it() {
        assert_eq!(cut("Painting", 8), "Painting");
        assert_eq!(cut("Painting", 7), "Painti…");
        assert_eq!(cut("日本の古い茶碗", 8), "日本の…");
        assert_eq!(cut("Painting", 0), "…");
    }

    #[test]
    fn only_the_last_column_is_cut_and_only_on_a_terminal() {
        let lines = |printer| {
            let mut table = Table::new([Align::Left, Align::Left]).indented(2);
            table.row(["an id".into(), "a very long name".into()]);
            table.lines(printer)
        };
        assert_eq!(lines(Printer::plain(Format::Text)), ["  an id  a very long name"]);
        assert_eq!(lines(Printer::plain(Format::Text).on_terminal(16)), ["  an id  a very…"]);
    }
}
