//! Layers that take frames of events, and what the examples do with them besides training.

use std::error::Error;
use std::path::Path;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::store::ModuleRecord;
use burn::tensor::activation::softmax;
use burn::tensor::{Bytes, Device, Tensor};
use snn::data::events::{Events, SensorSize};
use snn::data::format::{self, Options as ReadOptions, Recording as FileRecording};
use snn::data::frame::{Slicer, ToFrame};
use snn::data::transform::Compose;
use snn::prelude::*;
use snn::train::classify::ClassifierOutput;
use snn::train::plot::{Panel, Series, Traces, traces};

#[derive(Module, Debug)]
pub struct EventNetwork {
    pub layers: Sequential,
    /// Spikes of the hidden neurons, summed over time.
    #[module(skip)]
    pub hidden: fn(&Recording) -> Vec<Tensor<2>>,
}

impl SpikingNetwork for EventNetwork {
    /// Frames, `[T, B, P, H, W]`.
    type Input = Tensor<5>;

    fn run(&self, frames: Tensor<5>) -> Activity {
        let rest = SequentialState::default();
        let (output, _, recording) = self.layers.forward_recorded(frames, rest, Record::Outputs);
        Activity { output, spike_counts: (self.hidden)(&recording) }
    }
}

/// A training step whose gradient ends every `chunk` time steps: the memory is that of one chunk. The loss of a
/// recording is the mean over its chunks, weighted by its steps in each: a recording that is over adds nothing.
pub fn truncated_step(
    model: &Classifier<EventNetwork>,
    criterion: &Criterion,
    chunk: usize,
    batch: Batch<Tensor<5>>,
    weight: f64,
) -> (GradientsParams, ClassifierOutput) {
    let layers = &model.network.layers;
    let steps = batch.input.dims()[0];
    let lengths = batch.mask.clone().map(|mask| mask.sum_dim(0).clamp_min(1.0));
    let mut state = SequentialState::default();
    let mut gradients = GradientsAccumulator::new();
    let (mut losses, mut all_scores) = (Vec::new(), Vec::new());
    for start in (0..steps).step_by(chunk) {
        let length = chunk.min(steps - start);
        let (output, next) =
            layers.forward::<5, 3>(batch.input.clone().narrow(0, start, length), state);
        state = next.detach();
        let mask = batch.mask.clone().map(|mask| mask.narrow(0, start, length));
        let targets = batch.targets.clone();
        let (each, scores) = criterion.forward_no_reduction(output, 1.0, targets, mask.as_ref());
        let loss = match (mask, &lengths) {
            (Some(mask), Some(lengths)) => {
                let share = mask.sum_dim(0) / lengths.clone();
                (each * share.squeeze_dim(0)).mean()
            }
            _ => each.mean() * (length as f64 / steps as f64),
        };
        let backward = (loss.clone() * weight).backward();
        gradients.accumulate(model, GradientsParams::from_grads(backward, model));
        losses.push(loss.detach());
        all_scores.push(scores.detach().sum_dim(0).squeeze_dim::<2>(0));
    }
    let output = ClassifierOutput {
        loss: Tensor::cat(losses, 0).sum(),
        scores: Tensor::stack::<3>(all_scores, 0).sum_dim(0).squeeze_dim(0),
        targets: batch.targets,
        mask: batch.mask,
        rates: Vec::new(),
    };
    (gradients.grads(), output)
}

/// The weights of a model that was saved.
pub fn load<M: Module>(model: M, path: &Path) -> Result<M, Box<dyn Error>> {
    let bytes = std::fs::read(path)
        .map_err(|error| format!("{}: {error}; train a model first", path.display()))?;
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
    let record = record.map_err(|error| format!("{}: {error}", path.display()))?;
    let model = model.try_load_record(record);
    Ok(model.map_err(|error| format!("{}: {error}", path.display()))?)
}

/// How a model is run over a recording, window by window.
pub struct Stream<'a> {
    pub layers: &'a Sequential,
    pub names: &'a [String],
    pub sensor: SensorSize,
    /// Overrides for what the recording does not state.
    pub reading: ReadOptions,
    pub transforms: &'a Compose,
    pub side: Option<usize>,
    /// Frames that a recording was made into in training.
    pub bins: usize,
    /// Length of a window in ms; without, as long as that of this recording's frames.
    pub window: Option<f64>,
    /// Scores of the windows so far, and the output of one more: the scores with it, `[C]` each.
    pub readout: fn(Tensor<1>, Tensor<1>) -> Tensor<1>,
}

impl Stream<'_> {
    /// Runs a recording, prints the classes it could be, and draws them over time. Between windows only the state
    /// is kept, and the scores so far.
    pub fn run(&self, file: &Path, out: &Path, device: &Device) -> Result<(), Box<dyn Error>> {
        let options = ReadOptions { sensor: Some(self.sensor), ..self.reading.clone() };
        let FileRecording::Events(events) = format::read_with(file, &options)? else {
            return Err(format!("{}: a recording without pixels", file.display()).into());
        };
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(0);
        let events: Events = self.transforms.apply(&events, &mut rng)?;
        let (first, last) = match (events.t().first(), events.t().last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => return Err(format!("{}: a recording without events", file.display()).into()),
        };
        let window = match self.window {
            Some(ms) => (ms * 1e3) as i64,
            None => (last - first) / self.bins as i64 + 1,
        };
        let to_frame = ToFrame::new(Slicer::time_window(window));
        let frames = to_frame.apply::<u8>(&events)?;
        let frames = match self.side {
            Some(side) => frames.nearest([side, side]),
            None => frames,
        };
        let [steps, p, h, w] = frames.shape;
        let classes = self.names.len();
        let mut state = SequentialState::default();
        let mut scores: Option<Tensor<1>> = None;
        let mut probabilities = vec![Vec::with_capacity(steps); classes];
        for step in 0..steps {
            let values: Vec<f32> =
                frames.frame(step).iter().map(|count| f32::from(*count)).collect();
            let frame =
                Tensor::<1>::from_floats(values.as_slice(), device).reshape([1, 1, p, h, w]);
            let (output, next) = self.layers.forward::<5, 3>(frame, state);
            state = next;
            let output = output.reshape([classes]);
            let so_far = match scores {
                Some(scores) => (self.readout)(scores, output),
                None => output,
            };
            let now: Vec<f32> = softmax(so_far.clone(), 0).try_into_vec_as::<f32>()?;
            if now.iter().any(|probability| probability.is_nan()) {
                return Err(format!("{}: a score is NaN at step {step}", file.display()).into());
            }
            scores = Some(so_far);
            let best = (0..classes).rev().max_by(|a, b| now[*a].total_cmp(&now[*b]));
            let best = best.unwrap_or(0);
            let ms = (step + 1) as f64 * window as f64 / 1e3;
            println!("{ms:8.1} ms  {:<24} {:.3}", self.names[best], now[best]);
            now.iter().zip(&mut probabilities).for_each(|(p, all)| all.push(f64::from(*p)));
        }
        let series: Vec<Series<'_>> = self
            .names
            .iter()
            .zip(&probabilities)
            .map(|(name, values)| Series { name, values })
            .collect();
        let name = file.file_name().unwrap_or_default().display().to_string();
        std::fs::create_dir_all(out)?;
        traces(
            &out.join("stream.png"),
            &Traces {
                title: &format!("{name}: classes over time"),
                x_label: "time in ms",
                panels: &[Panel { y_label: "probability", series: &series }],
                step: window as f64 / 1e3,
            },
        )?;
        println!("the probabilities are drawn in {}", out.join("stream.png").display());
        Ok(())
    }
}
