//! What a conversion did.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// What was done with each layer; prints as a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionReport {
    /// The layers of the original, first to last.
    pub steps: Vec<ConversionStep>,
}

/// What was done with one layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionStep {
    /// Number of the layer in the original.
    pub layer: usize,
    /// Name of the layer.
    pub name: String,
    /// Shape of what it puts out for a sample, without `T` and `B`.
    pub output: Vec<usize>,
    /// What was done.
    pub action: String,
}

impl Display for ConversionReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shapes: Vec<String> = self.steps.iter().map(|s| format!("{:?}", s.output)).collect();
        let names = self.steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
        let widest = shapes.iter().map(String::len).max().unwrap_or(0);
        for (ConversionStep { layer, name, action, .. }, shape) in self.steps.iter().zip(shapes) {
            writeln!(f, "{layer:>3}  {name:<names$}  {shape:<widest$}  {action}")?;
        }
        Ok(())
    }
}
