//! A figure of small panels, one per number of a workload: a row per peer, a point at its ratio to `raw` on a logarithmic scale, and the figure
//! itself in a column at the right. A vertical line is at `raw`.

use std::path::Path;

use plotters::prelude::{
    Circle, DrawingArea, IntoDrawingArea, IntoFont, PathElement, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, RGBColor, TextStyle, WHITE};

use super::{Result, colour};
use crate::peers::Name;

/// A file with panels.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) axis: &'static str,
    /// Of the ratios.
    pub(super) range: (f64, f64),
    pub(super) ticks: &'static [f64],
    pub(super) panels: Vec<Panel>,
}

/// Peers, each with its ratio, half the width of its whisker, and a text.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) rows: Vec<(Name, (f64, f64, String))>,
}

const COLUMNS: usize = 2;
const PANEL_WIDTH: i32 = 440;
const ROW: i32 = 20;
const HEAD: i32 = 64;
/// In a panel: the names at the left, the figures at the right.
const LEFT: i32 = 110;
const RIGHT: i32 = 80;
const TOP: i32 = 34;
const BOTTOM: i32 = 34;

const GREY: RGBColor = RGBColor(0x88, 0x88, 0x88);
const FAINT: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

impl Figure {
    pub(super) fn draw(&self, path: &Path) -> Result<()> {
        let heights: Vec<i32> = self.panels.chunks(COLUMNS).map(height_of).collect();
        let size = (PANEL_WIDTH * COLUMNS as i32, HEAD + heights.iter().sum::<i32>());
        let area = SVGBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        write(&area, self.title, (16, 24), 18, HPos::Left, BLACK)?;
        write(&area, self.axis, (16, 46), 12, HPos::Left, GREY)?;
        let mut top = HEAD;
        for (panels, height) in self.panels.chunks(COLUMNS).zip(heights) {
            for (column, panel) in panels.iter().enumerate() {
                self.draw_panel(&area, panel, (column as i32 * PANEL_WIDTH, top))?;
            }
            top += height;
        }
        area.present()?;
        Ok(())
    }

    fn draw_panel(&self, area: &Area<'_>, panel: &Panel, at: (i32, i32)) -> Result<()> {
        let (top, bottom) = (at.1 + TOP, at.1 + TOP + ROW * panel.rows.len() as i32);
        write(area, &panel.title, (at.0 + 16, at.1 + 18), 14, HPos::Left, BLACK)?;
        for &tick in self.ticks {
            let x = at.0 + self.place(tick);
            let colour = if tick == 1.0 { GREY } else { FAINT };
            area.draw(&PathElement::new([(x, top), (x, bottom)], colour))?;
            let text = if tick == 1.0 { "raw = 1".to_owned() } else { tick.to_string() };
            write(area, &text, (x, bottom + 10), 10, HPos::Center, GREY)?;
        }
        for (nth, (peer, (ratio, half, text))) in panel.rows.iter().enumerate() {
            let y = top + ROW * nth as i32 + ROW / 2;
            let colour = colour(*peer);
            let bar = [(ratio - half), (ratio + half)].map(|end| at.0 + self.place(end));
            area.draw(&Rectangle::new([(bar[0], y - 1), (bar[1], y + 1)], colour.filled()))?;
            let point = (at.0 + self.place(*ratio), y);
            area.draw(&Circle::new(point, 4, colour.filled()))?;
            write(area, peer.text(), (at.0 + LEFT - 12, y), 12, HPos::Right, colour)?;
            write(area, text, (at.0 + PANEL_WIDTH - 14, y), 12, HPos::Right, BLACK)?;
        }
        Ok(())
    }

    /// Where a ratio is in a panel.
    fn place(&self, ratio: f64) -> i32 {
        let (low, high) = self.range;
        let part = (ratio.clamp(low, high) / low).ln() / (high / low).ln();
        LEFT + (part * f64::from(PANEL_WIDTH - LEFT - RIGHT)) as i32
    }
}

/// The height of a row of panels.
fn height_of(panels: &[Panel]) -> i32 {
    let rows = panels.iter().map(|panel| panel.rows.len()).max().unwrap_or(0);
    TOP + ROW * rows as i32 + BOTTOM
}

pub(super) fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: i32,
    side: HPos,
    colour: RGBColor,
) -> Result<()> {
    let style = TextStyle::from(("sans-serif", size).into_font()).color(&colour);
    area.draw(&Text::new(text, at, style.pos(Pos::new(side, VPos::Center))))?;
    Ok(())
}
