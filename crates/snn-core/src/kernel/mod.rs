//! How a neuron runs over a sequence.

pub(crate) mod composite;
