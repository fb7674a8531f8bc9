//! Forward, backward and optimizer step of the networks that `compare.py` also runs in other libraries.
//!
//! `cargo bench --bench peers [-- --case C2 --activity 0.05 --batch 16]`. Without a case, every case in a process
//! of its own, because the peak memory is that of a process. Linux only.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark, not a library")]

mod batches;
mod cases;
mod conversion;
mod network;
mod recording;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use burn::tensor::Device;
use clap::Parser;
use serde_json::{Map, Value, json};

use cases::{CASES, Case, Iteration, Run};

/// Times one training iteration and its memory.
#[derive(Parser)]
struct Cli {
    /// C1 to C9
    #[arg(long)]
    case: Option<String>,
    /// Neurons of C1
    #[arg(long, default_value_t = 512)]
    size: usize,
    /// What C6, C8 or C9 does: a transform, or `read`; `pipeline`, `hit`, `pad`, `epoch`; `spikes`, `synops`
    #[arg(long, default_value = "denoise")]
    work: String,
    /// Samples of a batch, if not as many as the case has
    #[arg(long)]
    batch: Option<usize>,
    /// `model.bpk` of the example `mnist_csnn`: C2 with its weights, on images of MNIST
    #[arg(long, requires = "files")]
    weights: Option<PathBuf>,
    /// Recording of C6, which `compare.py` makes; data folder of C8, C9 and of the images for `--weights`
    #[arg(long)]
    files: Option<PathBuf>,
    /// Scale weights until hidden neurons spike with this probability at a step
    #[arg(long)]
    activity: Option<f64>,
    /// Time the first layer, the first two, and so on
    #[arg(long)]
    layers: bool,
    /// Iterations to time at most
    #[arg(long, default_value_t = 100)]
    runs: usize,
    /// Seconds after which no iteration is begun but the second
    #[arg(long, default_value_t = 5.0)]
    budget: f64,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    snn::core::memory::keep_freed();
    let before = memory("VmRSS");
    let cli = Cli::parse();
    let Some(name) = &cli.case else {
        for name in CASES {
            let program = std::env::current_exe().expect("a program");
            let mut child = Command::new(program);
            child.args(std::env::args().skip(1)).args(["--case", name]);
            assert!(child.status().expect("a second process").success(), "{name} failed");
        }
        return;
    };
    let device = Device::default().autodiff();
    let case = match &cli.files {
        Some(folder) if name == "C8" => Case::alone(batches::case(&cli.work, folder)),
        Some(folder) if name == "C9" => Case::alone(conversion::case(&cli.work, folder)),
        Some(path) if name == "C6" => Case::alone(recording::case(&cli.work, path)),
        _ => {
            let Cli { size, activity, batch, .. } = cli;
            let trained = cli.weights.as_deref().zip(cli.files.as_deref());
            Case::new(name, &Run { device: &device, size, activity, batch, trained })
        }
    };
    if cli.layers {
        for (layer, iteration) in case.prefixes {
            let (times, _) = measure(iteration, &device, &cli);
            println!("{}", json!({ "case": name, "up to": layer, "ms": times }));
        }
        return;
    }
    let (times, cpu) = measure(case.iteration, &device, &cli);
    let result = json!({
        "lib": "snn",
        "case": name,
        "size": (name == "C1").then_some(cli.size),
        "activity": cli.activity,
        "batch": cli.batch,
        "rates": case.rates,
        "ms": times,
        "cpu_ms": cpu,
        "mb": memory("VmHWM") - before,
        "base_mb": before,
    });
    match cli.json {
        true => println!("{result}"),
        false => {
            println!("{name}: {:.1} ms, {:.0} MB", result["ms"]["total"]["median"], result["mb"])
        }
    }
}

/// Named laps of one iteration, in milliseconds.
pub struct Clock {
    device: Device,
    since: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Clock {
    fn new(device: &Device) -> Self {
        Self { device: device.clone(), since: Instant::now(), laps: Vec::new() }
    }

    pub fn lap(&mut self, name: &'static str) {
        self.device.sync().expect("a working device");
        self.laps.push((name, self.since.elapsed().as_secs_f64() * 1e3));
        self.since = Instant::now();
    }
}

/// Median, minimum and maximum of each lap and of their sum, after two iterations that do not count,
/// and the mean time of all processors.
fn measure(mut iteration: Iteration, device: &Device, cli: &Cli) -> (Value, f64) {
    let mut iterate = || {
        let mut clock = Clock::new(device);
        iteration(&mut clock);
        let total = clock.laps.iter().map(|(_, ms)| ms).sum();
        clock.laps.push(("total", total));
        clock.laps
    };
    iterate();
    iterate();
    let (started, processors) = (Instant::now(), processor_time());
    let mut runs = Vec::new();
    while runs.len() < cli.runs && (runs.len() < 2 || started.elapsed().as_secs_f64() < cli.budget)
    {
        runs.push(iterate());
    }
    let processors = (processor_time() - processors) / runs.len() as f64;
    let names = runs[0].iter().enumerate();
    let laps = names.map(|(k, (name, _))| {
        let mut ms: Vec<f64> = runs.iter().map(|laps| laps[k].1).collect();
        ms.sort_by(f64::total_cmp);
        let (min, median, max) = (ms[0], ms[ms.len() / 2], ms[ms.len() - 1]);
        (name.to_string(), json!({ "median": median, "min": min, "max": max }))
    });
    (Value::Object(laps.collect::<Map<_, _>>()), processors)
}

/// Time that all threads ran, in milliseconds, of the process and of the system for it.
fn processor_time() -> f64 {
    const TICK: f64 = 10.0;
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().expect("a number") * TICK).sum()
}

/// A line of the process's status, in MB.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a known line");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|v| v.parse().ok()).expect("a number");
    kib / 1024.0
}
