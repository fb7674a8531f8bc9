//! The table of a network's layers.

use std::fmt::{self, Display, Formatter};

use burn::module::Module;

use super::{LayerError, Sequential};

/// Shapes, parameters and multiplications of a network; prints as a table. torchinfo `summary`, Keras
/// `Model.summary`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Shape of a sample, without `T` and `B`.
    pub input: Vec<usize>,
    /// The layers, first to last.
    pub layers: Vec<LayerSummary>,
}

/// A line of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSummary {
    /// Name of the layer.
    pub name: String,
    /// Shape of what it puts out for a sample, without `T` and `B`.
    pub output: Vec<usize>,
    /// Number of parameters as Burn counts them: learned or not, running statistics of a batch
    /// normalization included.
    pub parameters: usize,
    /// Multiplications with additions of its weights, for one step of one sample. What a layer
    /// costs on a machine that does not skip zeros.
    pub macs: usize,
}

impl Summary {
    pub(super) fn new(network: &Sequential, sample: &[usize]) -> Result<Self, LayerError> {
        let mut layers: Vec<LayerSummary> = Vec::with_capacity(network.layers.len());
        for (index, layer) in network.layers.iter().enumerate() {
            let input = layers.last().map_or(sample, |layer| &layer.output);
            let output = layer.checked_output(index, input)?;
            let (name, parameters, macs) = (layer.name(), layer.num_params(), layer.macs(&output));
            layers.push(LayerSummary { name, output, parameters, macs });
        }
        Ok(Self { input: sample.to_vec(), layers })
    }

    /// Shape of what the network puts out for a sample, without `T` and `B`.
    pub fn output(&self) -> &[usize] {
        self.layers.last().map_or(&self.input, |layer| &layer.output)
    }

    /// Number of parameters of all layers.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Multiplications with additions of all layers, for one step of one sample.
    pub fn macs(&self) -> usize {
        self.layers.iter().map(|layer| layer.macs).sum()
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let header = ["", "layer", "output", "parameters", "MACs per step"].map(String::from);
        let first = ["", "input", &shape(&self.input), "", ""].map(String::from);
        let mut lines = vec![header, first];
        lines.extend(self.layers.iter().enumerate().map(|(index, layer)| {
            let LayerSummary { name, output, parameters, macs } = layer;
            let (parameters, macs) = (parameters.to_string(), macs.to_string());
            [index.to_string(), name.clone(), shape(output), parameters, macs]
        }));
        let (parameters, macs) = (self.parameters().to_string(), self.macs().to_string());
        lines.push(["", "total", "", &parameters, &macs].map(String::from));

        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let [number, name, output, parameters, macs] = [0, 1, 2, 3, 4].map(width);
        let rule = "-".repeat(number + name + output + parameters + macs + 8);
        for (index, line) in lines.iter().enumerate() {
            if index == 1 || index + 1 == lines.len() {
                writeln!(f, "{rule}")?;
            }
            let [a, b, c, d, e] = line;
            writeln!(f, "{a:>number$}  {b:<name$}  {c:<output$}  {d:>parameters$}  {e:>macs$}",)?;
        }
        Ok(())
    }
}

/// With time and batch in front.
fn shape(sample: &[usize]) -> String {
    let sizes: String = sample.iter().map(|size| format!(", {size}")).collect();
    format!("[T, B{sizes}]")
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::Device;

    use crate::neuron::LifConfig;
    use crate::sequential::{LayerConfig, SequentialConfig};

    #[test]
    fn prints_as_a_table() {
        let network = SequentialConfig::new()
            .layer(Conv2dConfig::new([2, 4], [3, 3]))
            .layer(LifConfig::iaf())
            .layer(LayerConfig::Flatten)
            .layer(LinearConfig::new(64, 10));
        let summary = network.init(&Device::default()).unwrap().summary(&[2, 6, 6]).unwrap();
        let lines = [
            "   layer    output           parameters  MACs per step",
            "------------------------------------------------------",
            "   input    [T, B, 2, 6, 6]                           ",
            "0  Conv2d   [T, B, 4, 4, 4]          76           1152",
            "1  Lif      [T, B, 4, 4, 4]           0              0",
            "2  Flatten  [T, B, 64]                0              0",
            "3  Linear   [T, B, 10]              650            640",
            "------------------------------------------------------",
            "   total                            726           1792",
            "",
        ];
        assert_eq!(summary.to_string(), lines.join("\n"));
        assert_eq!(summary.output(), [10]);
    }

    #[test]
    fn a_layer_that_does_not_fit_is_named() {
        let device = Device::default();
        let network = SequentialConfig::new()
            .layer(Conv2dConfig::new([2, 4], [3, 3]).with_dilation([1, 2]))
            .layer(LinearConfig::new(64, 10))
            .init(&device)
            .unwrap();
        let message = |sample: &[usize]| network.summary(sample).unwrap_err().to_string();
        assert_eq!(
            message(&[2, 6, 8]),
            "layer 1 (Linear): expected samples of shape [64], got [4, 4, 4]"
        );
        let window = "layer 0 (Conv2d): expected samples of shape [2, H, W] with room for a window \
                      of [3, 5], got";
        assert_eq!(message(&[2, 6, 4]), format!("{window} [2, 6, 4]"));
        assert_eq!(message(&[3, 6, 8]), format!("{window} [3, 6, 8]"));
        assert_eq!(message(&[72]), format!("{window} [72]"));
        let values = LifConfig::snntorch_leaky(vec![0.5, 0.9]);
        let network = SequentialConfig::new().layer(values).init(&device).unwrap();
        assert_eq!(
            network.summary(&[3, 5]).unwrap_err().to_string(),
            "layer 0 (Lif): expected samples of shape [2, ...], got [3, 5]"
        );
    }
}
