//! Learning curves.

use std::path::Path;

use kuva::plot::legend::LegendShape;
use kuva::render::render::render_multiple;

use super::PlotError;
use super::file::Target;
use super::style::{
    colour, framed, layout, legend, line_or_dot, padded, round_up, whole_step, y_label,
};

/// One named line of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// One finite value per epoch, starting with epoch 1, or per step of [`Traces`](super::Traces).
    pub values: &'a [f64],
}

impl Series<'_> {
    /// Checks that there are `length` values, and that an axis can show them.
    pub(super) fn check(&self, target: &Target<'_>, length: usize) -> Result<(), PlotError> {
        let Series { name, values } = self;
        target.check(values.len() == length, || {
            format!("{name:?} has {} values, the first series has {length}", values.len())
        })?;
        for (value, number) in values.iter().zip(1..) {
            // Beyond this bound an axis overflows.
            target.check(value.abs() < 1e300, || {
                format!("value {number} of {length} of {name:?} is {value}")
            })?;
        }
        Ok(())
    }
}

/// Draws `series` over the epochs `1..=n`, with a legend when there is more than one.
///
/// # Errors
///
/// [`PlotError`] when there is no series or no epoch, when the series differ in length, when a
/// value is not finite or its size reaches `1e300`, when the path ends in neither `.png` nor
/// `.svg`, or when the file cannot be written.
pub fn curves(
    path: &Path,
    title: &str,
    y_label: &str,
    series: &[Series<'_>],
) -> Result<(), PlotError> {
    draw_curves(path, title, y_label, series, false)
}

/// Draws `series` as [`curves`] does, with a logarithmic y axis.
///
/// # Errors
///
/// As [`curves`], and when a value is below `1e-10`, the smallest a logarithmic axis shows.
pub fn curves_log(
    path: &Path,
    title: &str,
    y_label: &str,
    series: &[Series<'_>],
) -> Result<(), PlotError> {
    draw_curves(path, title, y_label, series, true)
}

fn draw_curves(
    path: &Path,
    title: &str,
    label: &str,
    series: &[Series<'_>],
    log: bool,
) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    let epochs = series.first().map_or(0, |first| first.values.len());
    target.check(epochs > 0, || "there is nothing to draw, no series or no epoch".into())?;
    for one in series {
        one.check(&target, epochs)?;
        for (value, epoch) in one.values.iter().zip(1..) {
            target.check(!log || *value >= 1e-10, || {
                let name = one.name;
                format!("{name:?} is {value} at epoch {epoch}, too small for a logarithmic axis")
            })?;
        }
    }

    let mut plots = Vec::new();
    for (index, Series { values, .. }) in series.iter().enumerate() {
        let points: Vec<_> = (1..).map(f64::from).zip(values.iter().copied()).collect();
        plots.push(line_or_dot(&points, colour(index)));
    }
    let values = series.iter().flat_map(|one| one.values.iter().copied());
    let y = if log {
        // Kuva labels 1, 2 and 5 of each decade: ending there, even a flat curve has two numbers.
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        (1.0 / round_up(1.05 / low), round_up(1.05 * high))
    } else {
        padded(values)
    };
    let x = if epochs == 1 { (0.5, 1.5) } else { (1.0, epochs as f64) };
    let mut layout = layout(x, y)
        .with_title(title)
        .with_x_label("epoch")
        .with_x_tick_step(whole_step(epochs, 9))
        .with_height(440.0);
    if log {
        layout = layout.with_log_y();
    }
    if series.len() > 1 {
        let names: Vec<&str> = series.iter().map(|one| one.name).collect();
        layout = layout.with_legend_entries(legend(&names, LegendShape::Line));
    }
    let (layout, frame) = framed(layout);
    let mut scene = render_multiple(plots, layout);
    scene.add(y_label(label, frame.margin_left, frame.margin_top));
    target.write(&scene)
}
