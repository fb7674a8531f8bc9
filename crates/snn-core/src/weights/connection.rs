//! Recurrent connections, as snnTorch's `RLeaky` and `RSynaptic` have them.

use super::WeightError;
use super::layer::Source;
use super::neuron::Parameter;
use crate::coefficient::Coefficient;
use crate::recurrent::Connection;

const V: Parameter = Parameter {
    what: "recurrent weight",
    fixed: |value| format!("configure `OneToOneConfig::new({value}.into())`"),
    learned: Some("with_learn(true)"),
};

impl Source<'_> {
    /// Gives a recurrent connection the weights of the file.
    pub fn fill_connection(&mut self, connection: &mut Connection) -> Result<(), WeightError> {
        const INSIDE: &str = "recurrent.";
        match connection {
            Connection::Dense(dense) => {
                self.refuse_one_to_one()?;
                dense.linear = self.linear(&dense.linear, INSIDE)?;
                let (size, weight) = (dense.linear.weight.dims()[0], dense.linear.weight.val());
                let weight: Vec<f32> = weight.into_data().iter().collect();
                let to_itself = weight.iter().step_by(size + 1);
                if !dense.autapses && to_itself.into_iter().any(|weight| *weight != 0.0) {
                    return Err(self.autapses());
                }
            }
            Connection::Conv2d(conv) => {
                self.refuse_one_to_one()?;
                *conv = self.conv2d(conv, INSIDE)?;
            }
            Connection::OneToOne(weight) => self.fill_one_to_one(weight)?,
        }
        Ok(())
    }

    /// A neuron without a connection back to itself, whose file has one.
    pub fn refuse_connection(&self) -> Result<(), WeightError> {
        let names = ["recurrent.weight", "V", "recurrent.V"];
        match names.into_iter().find(|name| self.has(name)) {
            Some(name) => {
                let problem = "it has no recurrent connection; use `LayerConfig::recurrent`";
                Err(self.misfit(name, problem))
            }
            None => Ok(()),
        }
    }

    /// Gives a connection from each neuron to itself the weights of the file.
    fn fill_one_to_one(&mut self, weight: &mut Coefficient) -> Result<(), WeightError> {
        if self.has("recurrent.weight") {
            let problem = "its recurrent connection is from each neuron to itself; use \
                           `RecurrentConfig::snntorch` or `ConvRecurrentConfig`";
            return Err(self.misfit("recurrent.weight", problem));
        }
        // A learned one is there twice: as a parameter of the neuron and of its connection.
        let (own, shared) = (self.read("V")?, self.read("recurrent.V")?);
        if let (Some(own), Some(shared)) = (&own, &shared)
            && own.values != shared.values
        {
            return Err(self.misfit("recurrent.V", "it is not equal to V"));
        }
        match own.or(shared) {
            None => Err(self.missing("V")),
            given => self.fill(weight, given, "V", &V),
        }
    }

    /// A dense connection or a convolution, whose file has one from each neuron to itself.
    fn refuse_one_to_one(&self) -> Result<(), WeightError> {
        match self.has("V") || self.has("recurrent.V") {
            true => {
                let problem = "its recurrent connection is not from each neuron to itself; use \
                               `OneToOneConfig`";
                Err(self.misfit("V", problem))
            }
            false => Ok(()),
        }
    }

    /// The error for a connection without autapses, if the file has some.
    fn autapses(&self) -> WeightError {
        let problem = "it has no autapses, but the diagonal of the file is not 0; use \
                       `with_autapses(true)`";
        self.misfit("recurrent.weight", problem)
    }
}
