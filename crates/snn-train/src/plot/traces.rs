//! Values over time, in panels above each other.

use std::path::Path;

use kuva::plot::legend::LegendShape;

use super::file::Target;
use super::style::{StackedPanel, colour, layout, legend, line_or_dot, padded, stacked};
use super::{PlotError, Series};

/// More names than this are no legend: they find no room, nor their lines colours of their own.
const LONGEST_LEGEND: usize = 12;

/// Height of the frame of a panel, and of a line of its legend.
const HEIGHT: f64 = 130.0;
const LEGEND_LINE: f64 = 20.0;

/// Lines over one time axis, in panels above each other: say input currents, membranes and the
/// probabilities of the classes.
#[derive(Clone, Copy, Debug)]
pub struct Traces<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Label of the shared axis, with its unit.
    pub x_label: &'a str,
    /// The panels from the top.
    pub panels: &'a [Panel<'a>],
    /// Distance of two values on the shared axis: value `i`, counted from 0, is at `i * step`.
    pub step: f64,
}

/// One panel of [`Traces`].
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// Label of the y axis, with its unit.
    pub y_label: &'a str,
    /// The lines. Those of all the panels have the same number of values.
    pub series: &'a [Series<'a>],
}

/// Draws the panels above each other. A panel of 2 to 12 series has a legend. snnTorch
/// `spikeplot.traces`.
///
/// # Errors
///
/// [`PlotError`] when there is no panel or no value, when a panel has no series, when series differ
/// in length, when a value is not finite or its size reaches `1e300`, when the step is not positive
/// or the axis not finite, when the path ends in neither `.png` nor `.svg`, or when the file cannot
/// be written.
pub fn traces(path: &Path, traces: &Traces<'_>) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    let Traces { title, x_label, panels, step } = *traces;
    let length = panels.first().and_then(|panel| panel.series.first());
    let length = length.map_or(0, |first| first.values.len());
    target.check(length > 0, || "there is nothing to draw, no panel or no value".into())?;
    for Panel { y_label, series } in panels {
        target.check(!series.is_empty(), || format!("the panel {y_label:?} has no series"))?;
        series.iter().try_for_each(|one| one.check(&target, length))?;
    }
    let time = |index: usize| index as f64 * step;
    target.check(step > 0.0 && time(length) < 1e300, || {
        format!("a step of {step} between {length} values cannot be drawn")
    })?;

    let times = if length == 1 { (-0.5 * step, 0.5 * step) } else { (0.0, time(length - 1)) };
    let panels = panels.iter().map(|Panel { y_label, series }| {
        let line = |(index, one): (usize, &Series<'_>)| {
            let points: Vec<_> = (0..).map(time).zip(one.values.iter().copied()).collect();
            line_or_dot(&points, colour(index))
        };
        let values = series.iter().flat_map(|one| one.values.iter().copied());
        let mut layout = layout(times, padded(values));
        let mut height = HEIGHT;
        if (2..=LONGEST_LEGEND).contains(&series.len()) {
            let names: Vec<&str> = series.iter().map(|one| one.name).collect();
            layout = layout.with_legend_entries(legend(&names, LegendShape::Line));
            height = height.max(LEGEND_LINE * names.len() as f64);
        }
        StackedPanel {
            plots: series.iter().enumerate().map(line).collect(),
            layout,
            y_label,
            height,
        }
    });
    target.write(&stacked(title, x_label, panels.collect()))
}
