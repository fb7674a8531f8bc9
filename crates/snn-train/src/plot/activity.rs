//! The activity one sample causes.

use std::path::Path;

use kuva::plot::legend::{LegendPosition, LegendShape};
use kuva::plot::scatter::ScatterPlot;
use kuva::render::plots::Plot;

use super::PlotError;
use super::file::Target;
use super::style::{
    INK, StackedPanel, colour, dark, dot, hex, layout, legend, line, padded, stacked, whole_step,
};

/// What one sample causes in a network, step by step.
#[derive(Clone, Copy, Debug)]
pub struct SampleActivity<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Length of a step in microseconds; step `s` is drawn at the time `s * time_step`.
    pub time_step: f64,
    /// Number of steps.
    pub steps: usize,
    /// Input spikes as `(step, unit)`.
    pub input_spikes: &'a [(usize, usize)],
    /// Number of input units.
    pub inputs: usize,
    /// Spikes of the hidden layer as `(step, unit)`.
    pub hidden_spikes: &'a [(usize, usize)],
    /// Number of hidden units.
    pub hidden: usize,
    /// Membrane of each readout unit, `[class][step]`, in the units of the model.
    pub readout: &'a [Vec<f32>],
    /// Name of each class.
    pub names: &'a [&'a str],
}

/// Draws input spikes, hidden spikes and readout membranes above each other, over the same time
/// axis. A dot marks the (first) maximum of each membrane.
///
/// # Errors
///
/// [`PlotError`] when there are no steps, units or classes, when the time step is not positive,
/// when a spike names a step or unit that is not there, when `readout` does not hold one finite
/// value per class and step, when the path ends in neither `.png` nor `.svg`, or when the file
/// cannot be written.
pub fn sample_activity(path: &Path, activity: &SampleActivity<'_>) -> Result<(), PlotError> {
    let target = Target::new(path)?;
    let SampleActivity { time_step, steps, readout, names, .. } = *activity;
    let time = |step: usize| step as f64 * time_step;
    target.check(steps > 0, || "there are no steps".into())?;
    target.check(time_step > 0.0 && time(steps).is_finite(), || {
        format!("a time step of {time_step} µs cannot be drawn")
    })?;
    target.check(!names.is_empty() && readout.len() == names.len(), || {
        format!("there are {} readout traces for {} classes", readout.len(), names.len())
    })?;
    for (trace, name) in readout.iter().zip(names) {
        target.check(trace.len() == steps, || {
            format!("the readout of {name:?} has {} values for {steps} steps", trace.len())
        })?;
        target.check(trace.iter().all(|value| value.is_finite()), || {
            format!("the readout of {name:?} is not finite")
        })?;
    }

    // Half a step of room on both sides keeps the first and last spikes off the frame.
    let times = (-0.5 * time_step, time(steps) - 0.5 * time_step);
    let raster = |layer: &str, spikes: &[(usize, usize)], units: usize, size: f64| {
        target.check(units > 0, || format!("there are no {layer} units"))?;
        for (step, unit) in spikes {
            target.check(*step < steps && *unit < units, || {
                format!(
                    "the {layer} spike at step {step} of unit {unit} is outside {steps} steps of \
                     {units} units"
                )
            })?;
        }
        let plot = ScatterPlot::new()
            .with_data(spikes.iter().map(|(step, unit)| (time(*step), *unit as f64)))
            .with_color(hex(INK))
            .with_size(size);
        let room = 0.5 + 0.02 * units as f64;
        let layout = layout(times, (-room, (units - 1) as f64 + room))
            .with_y_tick_step(whole_step(units, 6));
        Ok((vec![plot.into()], layout))
    };
    let (input, input_layout) = raster("input", activity.input_spikes, activity.inputs, 3.0)?;
    let (hidden, hidden_layout) = raster("hidden", activity.hidden_spikes, activity.hidden, 1.6)?;

    let mut traces: Vec<Plot> = Vec::new();
    let mut peaks: Vec<Plot> = Vec::new();
    for (class, trace) in readout.iter().enumerate() {
        let points = || (0..).map(time).zip(trace.iter().map(|value| f64::from(*value)));
        traces.push(line(points(), colour(class)));
        if let Some(peak) = points().reduce(|best, next| if next.1 > best.1 { next } else { best })
        {
            peaks.push(dot(peak, dark(colour(class)), 4.5));
        }
    }
    traces.append(&mut peaks);
    let values = readout.iter().flatten().map(|value| f64::from(*value));
    let readout_layout = layout(times, padded(values))
        .with_legend_entries(legend(names, LegendShape::Line))
        .with_legend_position(LegendPosition::OutsideBottomColumns);

    let panels = [
        StackedPanel { plots: input, layout: input_layout, y_label: "input unit", height: 117.0 },
        StackedPanel {
            plots: hidden,
            layout: hidden_layout,
            y_label: "hidden unit",
            height: 214.0,
        },
        StackedPanel {
            plots: traces,
            layout: readout_layout,
            y_label: "readout membrane",
            height: 163.0,
        },
    ];
    target.write(&stacked(activity.title, "time (µs)", panels.into()))
}
