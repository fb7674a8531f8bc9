//! A file with tensors in it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::store::burn_pack::Tensor as StoredTensor;
use burn::store::{ModuleStore, PytorchStore, SafetensorsStore, bridge};

use super::name;
use super::{WeightError, WeightProblem};

/// Where checkpoints have the weights beside other things: PyTorch's tutorials, PyTorch Lightning.
const STATE_DICTS: [&str; 2] = ["model_state_dict", "state_dict"];

/// A PyTorch file (`.pt`, `.pth`) or a safetensors file. Prints as a table of its tensors.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
/// use burn::tensor::{Device, Tensor};
/// use snn_core::sequential::{LayerConfig, SequentialConfig, SequentialState};
/// use snn_core::weights::{Mapping, WeightFile};
///
/// // A trained network with its weights as PyTorch has them.
/// let device = Device::default();
/// let config = SequentialConfig::new()
///     .layer(LinearConfig::new(3, 4))
///     .layer(LayerConfig::Relu)
///     .layer(LinearConfig::new(4, 2));
/// let trained = config.init(&device)?;
/// let path = std::env::temp_dir().join(format!("snn-{}.safetensors", std::process::id()));
/// let store = SafetensorsStore::from_file(&path).with_to_adapter(BurnToPyTorchAdapter);
/// trained.save_into(&mut store.skip_enum_variants(true).overwrite(true))?;
///
/// let file = WeightFile::open(&path)?;
/// println!("{file}");
/// let mut network = config.init(&device)?;
/// file.load(&mut network, &Mapping::InOrder)?;
///
/// let x = Tensor::<2>::ones([1, 3], &device);
/// let output = |network: &snn_core::Sequential| {
///     let (output, _) = network.step::<2, 2>(x.clone(), SequentialState::default());
///     output.into_data()
/// };
/// assert_eq!(output(&network), output(&trained));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WeightFile {
    path: PathBuf,
    pub(super) tensors: BTreeMap<String, StoredTensor>,
}

impl WeightFile {
    /// Opens a file. Its format is found from its content: a zip archive or an older file of `torch.save`, of a
    /// state dict or of a whole module, or a safetensors file.
    ///
    /// If there are tensors under the key `model_state_dict` or `state_dict`, as in a checkpoint with an
    /// optimizer, only those are taken.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is damaged or of another format, or has no tensors.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightError> {
        let file = Self::open_whole(path.as_ref())?;
        match STATE_DICTS.into_iter().find(|key| !file.under(key).is_empty()) {
            Some(key) => Ok(Self { tensors: file.under(key), ..file }),
            None => Ok(file),
        }
    }

    /// Opens a file and takes only what is under a key, without the key: `backbone.0.weight` is then
    /// `0.weight` for the key `backbone`.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and if there is nothing under the key.
    pub fn open_under(path: impl AsRef<Path>, key: &str) -> Result<Self, WeightError> {
        let file = Self::open_whole(path.as_ref())?;
        let tensors = file.under(key);
        if tensors.is_empty() {
            let names = file.names().into_iter().map(String::from).collect();
            return Err(file.error(WeightProblem::Key { key: key.into(), names }));
        }
        Ok(Self { tensors, ..file })
    }

    /// Names of the tensors; those with numbers in the order of these.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.tensors.keys().map(String::as_str).collect();
        names.sort_by(|a, b| name::compare(a, b));
        names
    }

    /// The shape of a tensor, if there is one of this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| &tensor.shape[..])
    }

    pub(super) fn error(&self, problem: WeightProblem) -> WeightError {
        WeightError { path: self.path.as_path().into(), problem }
    }

    fn open_whole(path: &Path) -> Result<Self, WeightError> {
        let error = |problem| WeightError { path: path.into(), problem };
        let tensors = read(path).map_err(error)?;
        if tensors.is_empty() {
            return Err(error(WeightProblem::Empty));
        }
        Ok(Self { path: path.into(), tensors })
    }

    /// The tensors under a key, without it.
    fn under(&self, key: &str) -> BTreeMap<String, StoredTensor> {
        let rest = |(name, tensor): (&String, &StoredTensor)| {
            let mut tensor = tensor.clone();
            tensor.name = name.strip_prefix(key)?.strip_prefix('.')?.into();
            Some((tensor.name.clone(), tensor))
        };
        self.tensors.iter().filter_map(rest).collect()
    }
}

impl Display for WeightFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = self.names().into_iter().map(|name| {
            let tensor = &self.tensors[name];
            [name.to_string(), format!("{:?}", &tensor.shape[..]), format!("{:?}", tensor.dtype)]
        });
        let header = ["tensor", "shape", "type"].map(String::from);
        let lines: Vec<_> = [header].into_iter().chain(rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let [name, shape, dtype] = [0, 1, 2].map(width);
        for (index, [a, b, c]) in lines.iter().enumerate() {
            if index == 1 {
                writeln!(f, "{}", "-".repeat(name + shape + dtype + 4))?;
            }
            writeln!(f, "{a:<name$}  {b:<shape$}  {c}")?;
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, StoredTensor>, WeightProblem> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(9).read_to_end(&mut head))
        .map_err(WeightProblem::Io)?;
    if is_safetensors(&head) {
        // Not mapped into memory: a mapped file that shrinks ends the process.
        let bytes = fs::read(path).map_err(WeightProblem::Io)?;
        tensors(SafetensorsStore::from_bytes(Some(bytes)).map_indices_contiguous(false))
    } else {
        tensors(PytorchStore::from_file(path).map_indices_contiguous(false))
    }
}

fn tensors(
    mut store: impl ModuleStore<Error: Display>,
) -> Result<BTreeMap<String, StoredTensor>, WeightProblem> {
    match store.get_all_tensors() {
        Ok(tensors) => Ok(tensors.clone()),
        Err(error) => Err(WeightProblem::Format(error.to_string())),
    }
}

/// Whether this is the length of a header, and the first byte of one. The format's limit of the length is
/// 100 MB.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, [b'{'])) = head.split_first_chunk() else { return false };
    u64::from_le_bytes(*length) <= 100_000_000
}

/// The numbers of a tensor, all of them finite.
pub(super) fn values(tensor: &StoredTensor) -> Result<Vec<f32>, WeightProblem> {
    let name = || tensor.name.clone();
    if !tensor.dtype.is_float() {
        return Err(WeightProblem::DType { tensor: name(), dtype: format!("{:?}", tensor.dtype) });
    }
    let damaged = |problem| WeightProblem::Damaged { tensor: name(), problem };
    let data = bridge::to_data(tensor).map_err(|error| damaged(error.to_string()))?;
    let numbers: Vec<f32> =
        data.clone().convert::<f32>().try_into_vec().map_err(|error| damaged(error.to_string()))?;
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(at) => Err(WeightProblem::Number {
            tensor: name(),
            index: index(at, &tensor.shape),
            expected: "a finite number of single precision",
            value: data.iter::<f64>().nth(at).unwrap_or(f64::NAN),
        }),
    }
}

/// The numbers of a tensor of any type, all of them finite.
pub(super) fn numbers(tensor: &StoredTensor) -> Result<Vec<f64>, WeightProblem> {
    if tensor.dtype.is_float() {
        return Ok(values(tensor)?.into_iter().map(f64::from).collect());
    }
    let damaged =
        |error: String| WeightProblem::Damaged { tensor: tensor.name.clone(), problem: error };
    let data = bridge::to_data(tensor).map_err(|error| damaged(error.to_string()))?;
    Ok(data.iter::<f64>().collect())
}

/// Where in a tensor of this shape its number `at` is, row by row.
pub(super) fn index(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let place = at % size;
            at /= size;
            place
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_counted_row_by_row() {
        assert_eq!(index(0, &[2, 3, 4]), [0, 0, 0]);
        assert_eq!(index(12 + 4 + 3, &[2, 3, 4]), [1, 1, 3]);
        assert_eq!(index(0, &[]), [0; 0]);
    }

    #[test]
    fn safetensors_begin_with_a_length_and_a_brace() {
        assert!(is_safetensors(b"\x00\x01\0\0\0\0\0\0{"));
        assert!(!is_safetensors(b"\x00\x01\0\0\0\0\0\0"));
        assert!(!is_safetensors(b"\x00\x01\0\0\0\0\0\x01{"));
        assert!(!is_safetensors(b"PK\x03\x04\0\0\0\0\0"));
    }
}
