#![doc = include_str!("../README.md")]

pub use snn_core as core;
pub use snn_data as data;
pub use snn_train as train;

/// What most programs use.
pub mod prelude {
    pub use snn_core::Decay;
    pub use snn_core::decode::{max_over_time, mean_over_time, sum_over_time};
    pub use snn_core::layer::time_distributed;
    pub use snn_core::neuron::{
        CubaLi, CubaLiConfig, CubaLif, CubaLifConfig, Iaf, Li, LiConfig, Lif, LifConfig, Neuron,
        NeuronState,
    };
    pub use snn_core::recurrent::{Recurrent, RecurrentConfig};
    pub use snn_core::sequential::{
        LayerConfig, Record, Recording, Sequential, SequentialConfig, SequentialState,
    };
    pub use snn_core::surrogate::{Surrogate, spike};
    pub use snn_train::Trainer;
    pub use snn_train::classify::{Activity, Batch, Classifier, ClassifierConfig, SpikingNetwork};
    pub use snn_train::loss::{Criterion, MseCountLoss, Readout, ReadoutCrossEntropy};
    pub use snn_train::metric::accuracy_rate;
}

// The code of the book is tested as that of the README above.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../docs/src/conversion.md")]
    mod conversion {}
    #[doc = include_str!("../docs/src/encoding.md")]
    mod encoding {}
    #[doc = include_str!("../docs/src/datasets.md")]
    mod datasets {}
    #[doc = include_str!("../docs/src/events.md")]
    mod events {}
    #[doc = include_str!("../docs/src/hardware.md")]
    mod hardware {}
    #[doc = include_str!("../docs/src/layers.md")]
    mod layers {}
    #[doc = include_str!("../docs/src/losses.md")]
    mod losses {}
    #[doc = include_str!("../docs/src/neurons.md")]
    mod neurons {}
    #[doc = include_str!("../docs/src/sequential.md")]
    mod sequential {}
    #[doc = include_str!("../docs/src/surrogates.md")]
    mod surrogates {}
    #[doc = include_str!("../docs/src/weights.md")]
    mod weights {}
}
