//! How the cost of an event grows with the number of fds that are watched: a line per peer.

use std::path::Path;

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::{Circle, IntoDrawingArea, LineSeries, SVGBackend};
use plotters::style::text_anchor::HPos;
use plotters::style::{BLACK, Color, RGBColor, ShapeStyle, WHITE};

use super::panels::write;
use super::{Result, colour};
use crate::peers::Name;
use crate::report::Record;

const SIZE: (u32, u32) = (880, 460);
const MARGIN: i32 = 150;

/// Time per event of the workload `one`, by the number of fds.
pub(super) fn draw(records: &[Record], path: &Path) -> Result<()> {
    let lines = lines(records);
    let highest = lines.iter().flat_map(|(_, points)| points).map(|point| point.1);
    let highest = highest.fold(0.0, f64::max);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    write(
        &area,
        "Time per event of `one`, by how many fds are watched",
        (16, 24),
        18,
        HPos::Left,
        BLACK,
    )?;
    let grey = RGBColor(0x88, 0x88, 0x88);
    write(&area, "nanoseconds, the kernel's part included", (16, 46), 12, HPos::Left, grey)?;
    let mut chart = ChartBuilder::on(&area)
        .margin_top(64)
        .margin_right(MARGIN)
        .margin_left(16)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d((1f64..10_000f64).log_scale(), 0f64..highest * 1.05)?;
    chart
        .configure_mesh()
        .x_labels(5)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (peer, points) in &lines {
        let style = ShapeStyle::from(&colour(*peer)).stroke_width(width(*peer));
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        let dot = |&point| Circle::new(point, 3, colour(*peer).filled());
        chart.draw_series(points.iter().map(dot))?;
    }
    let mut ends = Vec::new();
    for (peer, points) in &lines {
        if let Some(&end) = points.last() {
            ends.push((chart.backend_coord(&end).1, *peer, end.1));
        }
    }
    for (y, peer, ns) in spread_out(ends) {
        let text = format!("{} {ns:.0}", peer.text());
        let x = SIZE.0 as i32 - MARGIN + 10;
        write(&area, &text, (x, y), 12, HPos::Left, colour(peer))?;
    }
    area.present()?;
    Ok(())
}

fn lines(records: &[Record]) -> Vec<(Name, Vec<(f64, f64)>)> {
    let of = |peer: Name| {
        let its = records.iter().filter(|record| record.workload == "one" && record.peer() == peer);
        its.filter_map(|record| Some((record.n as f64, record.ns_per_event?))).collect()
    };
    let lines = Name::ALL.into_iter().map(|peer| (peer, of(peer)));
    lines.filter(|(_, points): &(_, Vec<_>)| !points.is_empty()).collect()
}

fn width(peer: Name) -> u32 {
    if peer == Name::Ours { 3 } else { 1 }
}

/// Labels that do not overlap, from the top.
fn spread_out(mut labels: Vec<(i32, Name, f64)>) -> Vec<(i32, Name, f64)> {
    labels.sort_by(|a, b| b.2.total_cmp(&a.2));
    // From the bottom up, so that none falls below the axis.
    let mut lowest = i32::MAX;
    for label in labels.iter_mut().rev() {
        label.0 = label.0.min(lowest);
        lowest = label.0 - 15;
    }
    labels
}
