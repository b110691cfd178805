//! Draws a picture as SVG, readable on paper, on a bright screen and on a dark one.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Panel, Picture, axis};
use crate::core::output::printable;
use crate::core::output::units::decimals;

/// The library draws in whole units: four of them to a pixel keep lines smooth.
const UNIT: i32 = 4;
const MARGIN: i32 = 12;
const HEAD: i32 = 58;
const STRIP: i32 = 22;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(31, 41, 51);
const MUTED: RGBColor = RGBColor(94, 106, 118);
const GRID: RGBColor = RGBColor(221, 226, 231);
const FORECAST: RGBColor = RGBColor(11, 102, 196);
const BAND: f64 = 0.22;

/// The same colours where the page around is dark. Paper stays bright.
const DARK: &str = "@media screen and (prefers-color-scheme: dark) {
[fill='#FFFFFF'] { fill: #14191F }
[fill='#1F2933'] { fill: #E6EAEE }
[stroke='#1F2933'] { stroke: #E6EAEE }
[fill='#5E6A76'] { fill: #9AA7B4 }
[stroke='#5E6A76'] { stroke: #9AA7B4 }
[stroke='#DDE2E7'] { stroke: #2E3843 }
[fill='#0B66C4'] { fill: #4BA3FF }
[stroke='#0B66C4'] { stroke: #4BA3FF }
}";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The picture cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PlotError(String);

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for PlotError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

/// The picture as a document of SVG.
pub fn svg(picture: &Picture) -> Result<String, PlotError> {
    let count = picture.panels.len().max(1);
    let columns = match count {
        1 => 1,
        2..=4 => 2,
        5..=9 => 3,
        _ => 4,
    };
    let rows = count.div_ceil(columns);
    let (panel_width, panel_height) = if count == 1 { (720, 360) } else { (300, 170) };
    let width = columns as i32 * panel_width + 2 * MARGIN;
    let height = rows as i32 * panel_height + HEAD + MARGIN;
    let mut text = String::new();
    {
        let size = ((width * UNIT) as u32, (height * UNIT) as u32);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&PAPER)?;
        let inner = root.margin(0, MARGIN * UNIT, MARGIN * UNIT, MARGIN * UNIT);
        let (head, body) = inner.split_vertically(HEAD * UNIT);
        draw_head(&head, picture)?;
        let cells = body.split_evenly((rows, columns));
        let moments = axis::Moments::of(&picture.panels, picture.clock);
        let values = axis::values(&picture.panels);
        for ((panel, cell), values) in picture.panels.iter().zip(&cells).zip(values) {
            draw_panel(cell, picture, panel, moments.clone(), values)?;
        }
        root.present()?;
    }
    Ok(finished(&text, width, height, &picture.title))
}

/// In pixels again, with a title for those who cannot see it, and the colours for the dark.
fn finished(text: &str, width: i32, height: i32, title: &str) -> String {
    let size = format!("width=\"{}\" height=\"{}\"", width * UNIT, height * UNIT);
    let small = format!("width=\"{width}\" height=\"{height}\" role=\"img\"");
    let text = text.replacen(&size, &small, 1);
    let (tag, rest) = text.split_once('>').unwrap_or((&text, ""));
    let title = printable(title).replace('&', "&amp;").replace('<', "&lt;");
    format!("{tag}>\n<title>{title}</title>\n<style>{DARK}</style>{rest}")
}

/// Text of so many pixels; the library takes a size for the height of a line.
fn font(size: i32, style: FontStyle) -> TextStyle<'static> {
    ("sans-serif", f64::from(size * UNIT) * 1.24, style).into_font().color(&INK)
}

fn draw_head(head: &Area<'_>, picture: &Picture) -> Result<(), PlotError> {
    let at = |x: i32, y: i32| (x * UNIT, y * UNIT);
    let bold = font(15, FontStyle::Bold);
    head.draw(&Text::new(printable(&picture.title), at(4, 14), bold))?;
    let muted = font(11, FontStyle::Normal).color(&MUTED);
    let mut x = 4;
    let mut key = |label: &str, thickness: i32, color: RGBColor, alpha: f64| {
        let (y, half) = (42, thickness / 2);
        let style = color.mix(alpha).filled();
        head.draw(&Rectangle::new([at(x, y - half), at(x + 22, y - half + thickness)], style))?;
        head.draw(&Text::new(label.to_owned(), at(x + 28, y - 5), muted.clone()))?;
        x += 28 + label.chars().count() as i32 * 6 + 20;
        Ok::<(), PlotError>(())
    };
    key("measured", 1, INK, 1.0)?;
    key("median", 2, FORECAST, 1.0)?;
    match &picture.band {
        Some(band) => key(band, 10, FORECAST, BAND),
        None => Ok(()),
    }
}

fn draw_panel(
    cell: &Area<'_>,
    picture: &Picture,
    panel: &Panel,
    moments: axis::Moments,
    values: Range<f64>,
) -> Result<(), PlotError> {
    let (strip, plot) = cell.split_vertically(STRIP * UNIT);
    let bold = font(12, FontStyle::Bold);
    strip.draw(&Text::new(printable(&panel.name), (4 * UNIT, 6 * UNIT), bold))?;
    let right = strip.dim_in_pixel().0 as i32 - 10 * UNIT;
    let note = font(11, FontStyle::Normal).color(&MUTED).pos(Pos::new(HPos::Right, VPos::Top));
    strip.draw(&Text::new(printable(&panel.note), (right, 7 * UNIT), note))?;

    let mut chart = ChartBuilder::on(&plot)
        .margin_right(10 * UNIT)
        .set_label_area_size(LabelAreaPosition::Left, 40 * UNIT)
        .set_label_area_size(LabelAreaPosition::Bottom, 22 * UNIT)
        .build_cartesian_2d(moments, values.clone())?;
    let thin = |color: RGBColor| color.stroke_width(UNIT as u32);
    let places = decimals(values.end.abs().max(values.start.abs()));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .axis_style(thin(GRID))
        .bold_line_style(thin(GRID))
        .light_line_style(TRANSPARENT)
        .label_style(font(10, FontStyle::Normal).color(&MUTED))
        .set_all_tick_mark_size(3 * UNIT)
        .y_labels(4)
        .x_label_formatter(&|moment| axis::mark(*moment, picture.clock))
        .y_label_formatter(&|value| match places {
            Some(places) => format!("{value:.places$}"),
            None => format!("{value:.1e}"),
        })
        .draw()?;
    let now = [(0.0, values.start), (0.0, values.end)];
    chart.draw_series(LineSeries::new(now, thin(MUTED)))?;
    let upper = panel.band.iter().map(|(moment, _, high)| (*moment, *high));
    let lower = panel.band.iter().rev().map(|(moment, low, _)| (*moment, *low));
    let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
    if !outline.is_empty() {
        chart.draw_series(std::iter::once(Polygon::new(outline, FORECAST.mix(BAND).filled())))?;
    }
    for stretch in &panel.history {
        chart.draw_series(LineSeries::new(stretch.clone(), thin(INK)))?;
    }
    chart.draw_series(LineSeries::new(
        panel.median.clone(),
        FORECAST.stroke_width(2 * UNIT as u32),
    ))?;
    Ok(())
}
