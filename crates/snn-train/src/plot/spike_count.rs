//! Spike counts that grow over time.

use std::path::Path;

use kuva::render::render::{Scene, TextAnchor};

use super::PlotError;
use super::file::AnimationTarget;
use super::style::{GRID, INK, WHITE, colour, mix, rect, scene, text, whole_step, y_label};

/// The spikes of the output neurons for one sample.
#[derive(Clone, Copy, Debug)]
pub struct SpikeCount<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Number of steps.
    pub steps: usize,
    /// Spikes as `(step, neuron)`.
    pub spikes: &'a [(usize, usize)],
    /// Name of each output neuron.
    pub names: &'a [&'a str],
}

/// Hundredths of a second for a step, and for the last one before all begins again.
const DELAY: u16 = 8;
const LAST_DELAY: u16 = 250;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 350.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = HEIGHT - 58.0;

/// Animates how the spike counts of the output neurons grow: a picture for each step, with one bar
/// for each neuron. The bar of the (first) neuron that leads is stronger. snnTorch
/// `spikeplot.spike_count`.
///
/// # Errors
///
/// [`PlotError`] when there are no steps or neurons, when a spike names a step or neuron that is not
/// there, when the path does not end in `.gif`, or when the file cannot be written.
pub fn spike_count(path: &Path, count: &SpikeCount<'_>) -> Result<(), PlotError> {
    let target = AnimationTarget::new(path)?;
    let SpikeCount { steps, spikes, names, .. } = *count;
    target.check(steps > 0, || "there are no steps".into())?;
    target.check(!names.is_empty(), || "there are no neurons".into())?;
    for (step, neuron) in spikes {
        target.check(*step < steps && *neuron < names.len(), || {
            let neurons = names.len();
            format!(
                "the spike at step {step} of neuron {neuron} is outside {steps} steps of {neurons} \
                 neurons"
            )
        })?;
    }

    // Counts after each step.
    let mut counts = vec![vec![0_usize; names.len()]; steps];
    for (step, neuron) in spikes {
        counts[*step..].iter_mut().for_each(|counts| counts[*neuron] += 1);
    }
    let most = counts[steps - 1].iter().copied().max().unwrap_or_default().max(1);
    let frames = counts.iter().enumerate().map(|(step, counts)| {
        let delay = if step + 1 == steps { LAST_DELAY } else { DELAY };
        (frame(count, step, counts, most), delay)
    });
    target.write(frames)
}

fn frame(count: &SpikeCount<'_>, step: usize, counts: &[usize], most: usize) -> Scene {
    let mut scene = scene(WIDTH, HEIGHT);
    scene.add(text(count.title, (WIDTH / 2.0, 28.0), 17, TextAnchor::Middle));
    scene.add(y_label("spikes", LEFT, TOP - 8.0));
    let clock = format!("step {} of {}", step + 1, count.steps);
    scene.add(text(&clock, (RIGHT, TOP - 16.0), 14, TextAnchor::End));
    let label = ((LEFT + RIGHT) / 2.0, HEIGHT - 14.0);
    scene.add(text("output neuron", label, 14, TextAnchor::Middle));

    let height = |count: usize| (BOTTOM - TOP) * count as f64 / most as f64;
    for count in (0..=most).step_by(whole_step(most, 5) as usize) {
        let y = BOTTOM - height(count);
        scene.add(rect((LEFT, y), (RIGHT - LEFT, 1.0), if count == 0 { INK } else { GRID }));
        scene.add(text(&count.to_string(), (LEFT - 8.0, y + 4.5), 12, TextAnchor::End));
    }

    let slot = (RIGHT - LEFT) / counts.len() as f64;
    let leader = (0..counts.len()).rev().max_by_key(|neuron| counts[*neuron]);
    for (neuron, (name, count)) in count.names.iter().zip(counts).enumerate() {
        let middle = LEFT + (neuron as f64 + 0.5) * slot;
        scene.add(text(name, (middle, BOTTOM + 18.0), 14, TextAnchor::Middle));
        if *count > 0 {
            let leads = leader == Some(neuron);
            let fill = mix(WHITE, colour(0), if leads { 1.0 } else { 0.45 });
            let top = BOTTOM - height(*count);
            scene.add(rect((middle - 0.34 * slot, top), (0.68 * slot, height(*count)), fill));
            scene.add(text(&count.to_string(), (middle, top - 5.0), 12, TextAnchor::Middle));
        }
    }
    scene
}
