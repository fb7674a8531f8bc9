//! Networks as data.

use burn::config::Config;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::{BatchNormConfig, LinearConfig, Relu};
use burn::tensor::Device;

use super::{Layer, LayerError, Sequential};
use crate::error::{ConfigError, at_least_one, check, positive};
use crate::layer::{
    BatchNormThroughTimeConfig, DropoutConfig, Flatten, QuantizedReluConfig,
    SpikingMaxPool2dConfig, SumPool2dConfig, TemporalEffectiveBatchNormConfig,
    ThresholdDependentBatchNormConfig,
};
use crate::neuron::{
    AlifConfig, AlphaConfig, AnyNeuron, AnyNeuronConfig, CubaLiConfig, CubaLifConfig,
    DeltaLeakyConfig, LiConfig, LifConfig, NonlinearIfConfig,
};
use crate::recurrent::{ConvRecurrentConfig, OneToOneConfig, Recurrent, RecurrentConfig};

/// Configuration of [`Sequential`].
#[derive(Config, Debug)]
pub struct SequentialConfig {
    /// The layers, first to last.
    #[config(default = "Vec::new()")]
    pub layers: Vec<LayerConfig>,
}

impl SequentialConfig {
    /// The same with one layer more, at the end.
    pub fn layer(mut self, layer: impl Into<LayerConfig>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// The network.
    ///
    /// # Errors
    ///
    /// Names the first layer, and in it the first field, that describes no working layer. Whether
    /// layers fit together is found by [`Sequential::summary`].
    pub fn init(&self, device: &Device) -> Result<Sequential, LayerError> {
        let layers = self.layers.iter().enumerate().map(|(layer, config)| {
            config.init(device).map_err(|source| LayerError::Config { layer, source })
        });
        Ok(Sequential { layers: layers.collect::<Result<_, _>>()? })
    }
}

/// Configuration of a [`Layer`]. Each of the configurations in it, and those of the neurons, turn into
/// one by `into()`.
#[derive(Config, Debug)]
pub enum LayerConfig {
    /// A linear layer.
    Linear(LinearConfig),
    /// A convolution.
    Conv2d(Conv2dConfig),
    /// Max pooling.
    MaxPool2d(MaxPool2dConfig),
    /// Max pooling of what has come so far.
    SpikingMaxPool2d(SpikingMaxPool2dConfig),
    /// Average pooling.
    AvgPool2d(AvgPool2dConfig),
    /// Sum pooling.
    SumPool2d(SumPool2dConfig),
    /// Maps to vectors.
    Flatten,
    /// Dropout of the same neurons at every step.
    Dropout(DropoutConfig),
    /// Rectified linear units.
    Relu,
    /// Rectified linear units in a few levels.
    QuantizedRelu(QuantizedReluConfig),
    /// Batch normalization over time, batch and space.
    BatchNorm(BatchNormConfig),
    /// Batch normalization that starts at the scale of the threshold.
    ThresholdDependentBatchNorm(ThresholdDependentBatchNormConfig),
    /// Batch normalization with a scale for each step.
    TemporalEffectiveBatchNorm(TemporalEffectiveBatchNormConfig),
    /// A batch normalization for each step.
    BatchNormThroughTime(BatchNormThroughTimeConfig),
    /// Neurons.
    Neuron(AnyNeuronConfig),
    /// Neurons with a recurrent connection.
    Recurrent(RecurrentLayerConfig),
}

/// Configuration of neurons with a recurrent connection.
#[derive(Config, Debug)]
pub struct RecurrentLayerConfig {
    /// The neurons.
    pub neuron: AnyNeuronConfig,
    /// The connection.
    pub connection: ConnectionConfig,
}

/// Configuration of a recurrent [`Connection`](crate::recurrent::Connection).
#[derive(Config, Debug)]
pub enum ConnectionConfig {
    /// From every neuron to every neuron.
    Dense(RecurrentConfig),
    /// A convolution over maps.
    Conv2d(ConvRecurrentConfig),
    /// From each neuron to itself.
    OneToOne(OneToOneConfig),
}

impl LayerConfig {
    /// `neuron` with a dense recurrent connection.
    pub fn recurrent(neuron: impl Into<AnyNeuronConfig>, connection: RecurrentConfig) -> Self {
        let connection = ConnectionConfig::Dense(connection);
        Self::Recurrent(RecurrentLayerConfig { neuron: neuron.into(), connection })
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// Names the first field that describes no working layer.
    pub fn init(&self, device: &Device) -> Result<Layer, ConfigError> {
        Ok(match self {
            Self::Linear(config) => {
                at_least_one("d_input", config.d_input)?;
                at_least_one("d_output", config.d_output)?;
                Layer::Linear(config.init(device))
            }
            Self::Conv2d(config) => {
                let Conv2dConfig { channels, kernel_size, stride, dilation, groups, .. } = config;
                at_least_one("groups", *groups)?;
                for count in *channels {
                    let divisible = count > 0 && count.is_multiple_of(*groups);
                    check("channels", count as f64, "a multiple of groups above 0", divisible)?;
                }
                sides("kernel_size", kernel_size)?;
                sides("stride", stride)?;
                sides("dilation", dilation)?;
                Layer::Conv2d(config.init(device))
            }
            Self::MaxPool2d(config) => {
                check_max_pool(config)?;
                Layer::MaxPool2d(config.init())
            }
            Self::SpikingMaxPool2d(config) => {
                check_max_pool(&config.pool)?;
                Layer::SpikingMaxPool2d(config.init())
            }
            Self::AvgPool2d(config) => {
                sides("kernel_size", &config.kernel_size)?;
                sides("strides", &config.strides)?;
                Layer::AvgPool2d(config.init())
            }
            Self::SumPool2d(config) => {
                sides("kernel_size", &config.kernel_size)?;
                sides("strides", &config.strides)?;
                Layer::SumPool2d(config.init())
            }
            Self::Flatten => Layer::Flatten(Flatten),
            Self::Dropout(config) => Layer::Dropout(config.init()?),
            Self::Relu => Layer::Relu(Relu::new()),
            Self::QuantizedRelu(config) => Layer::QuantizedRelu(config.init(device)?),
            Self::BatchNorm(config) => {
                let BatchNormConfig { num_features, epsilon, momentum } = *config;
                at_least_one("num_features", num_features)?;
                positive("epsilon", epsilon)?;
                let in_range = (0.0..=1.0).contains(&momentum);
                check("momentum", momentum, "a number from 0 to 1", in_range)?;
                Layer::BatchNorm(config.init(device))
            }
            Self::ThresholdDependentBatchNorm(config) => {
                Layer::ThresholdDependentBatchNorm(config.init(device)?)
            }
            Self::TemporalEffectiveBatchNorm(config) => {
                Layer::TemporalEffectiveBatchNorm(config.init(device)?)
            }
            Self::BatchNormThroughTime(config) => Layer::BatchNormThroughTime(config.init(device)?),
            Self::Neuron(config) => Layer::Neuron(config.init(device)?),
            Self::Recurrent(config) => Layer::Recurrent(config.init(device)?),
        })
    }
}

impl RecurrentLayerConfig {
    fn init(&self, device: &Device) -> Result<Recurrent<AnyNeuron>, ConfigError> {
        let neuron = self.neuron.init(device)?;
        match &self.connection {
            ConnectionConfig::Dense(config) => config.init(neuron, device),
            ConnectionConfig::Conv2d(config) => config.init(neuron, device),
            ConnectionConfig::OneToOne(config) => config.init(neuron, device),
        }
    }
}

fn check_max_pool(config: &MaxPool2dConfig) -> Result<(), ConfigError> {
    sides("kernel_size", &config.kernel_size)?;
    sides("strides", &config.strides)?;
    sides("dilation", &config.dilation)
}

/// Both sides of a window.
fn sides(name: &'static str, sides: &[usize; 2]) -> Result<(), ConfigError> {
    sides.iter().try_for_each(|side| at_least_one(name, *side).map(drop))
}

macro_rules! variants {
    ($of:ty: $($config:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$config> for $of {
            fn from(config: $config) -> Self {
                Self::$variant(config)
            }
        })+
    };
}

variants!(LayerConfig:
    LinearConfig => Linear,
    Conv2dConfig => Conv2d,
    MaxPool2dConfig => MaxPool2d,
    SpikingMaxPool2dConfig => SpikingMaxPool2d,
    AvgPool2dConfig => AvgPool2d,
    SumPool2dConfig => SumPool2d,
    DropoutConfig => Dropout,
    QuantizedReluConfig => QuantizedRelu,
    BatchNormConfig => BatchNorm,
    ThresholdDependentBatchNormConfig => ThresholdDependentBatchNorm,
    TemporalEffectiveBatchNormConfig => TemporalEffectiveBatchNorm,
    BatchNormThroughTimeConfig => BatchNormThroughTime,
    RecurrentLayerConfig => Recurrent,
);

variants!(AnyNeuronConfig:
    LifConfig => Lif,
    CubaLifConfig => CubaLif,
    AlifConfig => Alif,
    AlphaConfig => Alpha,
    DeltaLeakyConfig => DeltaLeaky,
    NonlinearIfConfig => NonlinearIf,
    LiConfig => Li,
    CubaLiConfig => CubaLi,
);

impl<N: Into<AnyNeuronConfig>> From<N> for LayerConfig {
    fn from(neuron: N) -> Self {
        Self::Neuron(neuron.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decay;

    #[test]
    fn layers_that_make_no_sense_are_refused_by_number() {
        let device = Device::default();
        let message = |layer: LayerConfig| {
            let network = SequentialConfig::new().layer(LinearConfig::new(2, 3)).layer(layer);
            network.init(&device).unwrap_err().to_string()
        };
        for (layer, expected) in [
            (LinearConfig::new(0, 1).into(), "layer 1: d_input: expected at least one, got 0"),
            (
                Conv2dConfig::new([4, 3], [1, 1]).with_groups(2).into(),
                "layer 1: channels: expected a multiple of groups above 0, got 3",
            ),
            (
                MaxPool2dConfig::new([2, 0]).into(),
                "layer 1: kernel_size: expected at least one, got 0",
            ),
            (
                BatchNormConfig::new(2).with_momentum(2.0).into(),
                "layer 1: momentum: expected a number from 0 to 1, got 2",
            ),
            (
                LayerConfig::recurrent(LifConfig::iaf(), RecurrentConfig::new(0)),
                "layer 1: recurrent size: expected at least one neuron, got 0",
            ),
            (
                LifConfig::new(Decay::factor(1.5)).into(),
                "layer 1: decay factor: expected a number from 0 to 1, got 1.5",
            ),
        ] {
            assert_eq!(message(layer), expected);
        }
    }

    #[test]
    fn a_network_is_rebuilt_from_json() {
        let network = SequentialConfig::new()
            .layer(Conv2dConfig::new([1, 2], [3, 3]))
            .layer(LayerConfig::Relu)
            .layer(LayerConfig::Flatten)
            .layer(LayerConfig::recurrent(LifConfig::iaf(), RecurrentConfig::new(8)))
            .layer(LiConfig::new(Decay::exact(20.0, 1.0)));
        let json = serde_json::to_string(&network).unwrap();
        let rebuilt: SequentialConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{rebuilt:?}"), format!("{network:?}"));
        assert_eq!(rebuilt.layers.len(), 5);
    }
}
