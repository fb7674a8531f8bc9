//! Tensors that a file holds as parts: weight and spectral normalization, pruning.
//!
//! ```text
//! weight_norm     w = g v / |v|          the norm over all axes but that of g; over all if g is one number
//! spectral_norm   w = w_orig / (uᵀ W v)  W: w_orig as a matrix, rows along one axis
//! pruning         w = w_orig · mask
//! ```
//!
//! Source: PyTorch 2.15, `torch/nn/utils/weight_norm.py`, `spectral_norm.py`, `parametrizations.py` and
//! `prune.py`, in evaluation mode. The names of parts are those of a state dict:
//!
//! | | `torch.nn.utils` | `torch.nn.utils.parametrizations` |
//! |---|---|---|
//! | `weight_norm` | `weight_g`, `weight_v` | `parametrizations.weight.original0`, `original1` |
//! | `spectral_norm` | `weight_orig`, `weight_u`, `weight_v` | `parametrizations.weight.original`, `0._u`, `0._v` |
//! | `prune` | `weight_orig`, `weight_mask` | |

use burn::store::burn_pack::Tensor as StoredTensor;

use super::file::values;
use super::{WeightFile, WeightProblem};

/// A tensor of a layer, as a file holds it.
pub(super) struct Assembly {
    /// Names of the tensors of the file that it is made of.
    pub names: Vec<String>,
    pub shape: Vec<usize>,
    recipe: Recipe,
}

enum Recipe {
    Plain(StoredTensor),
    WeightNorm { g: StoredTensor, v: StoredTensor },
    SpectralNorm { original: StoredTensor, u: StoredTensor, v: StoredTensor },
    Pruned { original: StoredTensor, mask: StoredTensor },
}

/// Parts that determine no values.
pub(super) struct Ambiguity {
    /// Names of the parts.
    pub parts: Vec<String>,
    pub reason: String,
    /// Python call to make before saving.
    pub remedy: String,
}

/// Parts of a tensor `T` of a module, `T_g` for example, in `torch.nn.utils`.
const SUFFIXES: [&str; 5] = ["_g", "_v", "_orig", "_u", "_mask"];

const PARAMETRIZATIONS: &str = "parametrizations.";

/// The prefix of the module whose tensor `leaf` the tensor `name` is a part of.
pub(super) fn module_of<'a>(name: &'a str, leaf: &str) -> Option<&'a str> {
    let (module, part) = match name.find(PARAMETRIZATIONS) {
        Some(at) if at == 0 || name.as_bytes()[at - 1] == b'.' => name.split_at(at),
        _ => name.split_at(name.rfind('.').map_or(0, |dot| dot + 1)),
    };
    let suffix = match part.strip_prefix(PARAMETRIZATIONS) {
        Some(part) => part.strip_prefix(leaf)?.strip_prefix('.').map(|_| ""),
        None => part.strip_prefix(leaf).filter(|rest| rest.is_empty() || SUFFIXES.contains(rest)),
    };
    suffix.map(|_| module.strip_suffix('.').unwrap_or(module))
}

/// The tensor `name`, or how it follows from its parts; `None` if there is neither.
pub(super) fn find(file: &WeightFile, name: &str) -> Result<Option<Assembly>, Ambiguity> {
    let (module, leaf) = name.rsplit_once('.').unwrap_or(("", name));
    let mut names: Vec<String> = file
        .tensors
        .keys()
        .filter(|other| module_of(other, leaf) == Some(module))
        .cloned()
        .collect();
    // By the end of the name, where `original` is before `original0`.
    names.sort();
    let all = |parts: &[&str]| -> Option<Vec<StoredTensor>> {
        let inside = if module.is_empty() { String::new() } else { format!("{module}.") };
        let tensor = |part: &&str| {
            let part = match part.strip_prefix('.') {
                Some(part) => format!("{inside}{PARAMETRIZATIONS}{leaf}.{part}"),
                None => format!("{inside}{leaf}{part}"),
            };
            file.tensors.get(&part).cloned()
        };
        if parts.len() != names.len() {
            return None;
        }
        parts.iter().map(tensor).collect()
    };
    let undetermined = |reason: &str| Ambiguity {
        remedy: remedy(&names, leaf),
        parts: names.clone(),
        reason: reason.into(),
    };
    let (shape, recipe) = if names.is_empty() {
        return Ok(None);
    } else if let Some([plain]) = all(&[""]).as_deref() {
        (plain.shape.to_vec(), Recipe::Plain(plain.clone()))
    } else if let Some([g, v]) =
        all(&["_g", "_v"]).or_else(|| all(&[".original0", ".original1"])).as_deref()
    {
        (v.shape.to_vec(), Recipe::WeightNorm { g: g.clone(), v: v.clone() })
    } else if let Some([original, u, v]) =
        all(&["_orig", "_u", "_v"]).or_else(|| all(&[".original", ".0._u", ".0._v"])).as_deref()
    {
        let (original, u, v) = (original.clone(), u.clone(), v.clone());
        (original.shape.to_vec(), Recipe::SpectralNorm { original, u, v })
    } else if let Some([original, mask]) = all(&["_orig", "_mask"]).as_deref() {
        let (original, mask) = (original.clone(), mask.clone());
        (original.shape.to_vec(), Recipe::Pruned { original, mask })
    } else if names.iter().any(|other| other == name) {
        return Err(undetermined("the file has it both as a whole and in parts"));
    } else {
        return Err(undetermined("these do not determine its values"));
    };
    Ok(Some(Assembly { names, shape, recipe }))
}

/// Python call that merges the parts.
fn remedy(names: &[String], leaf: &str) -> String {
    let has = |suffix: &str| names.iter().any(|name| name.ends_with(&format!("{leaf}{suffix}")));
    if names.iter().any(|name| name.contains(PARAMETRIZATIONS)) {
        format!("torch.nn.utils.parametrize.remove_parametrizations(module, \"{leaf}\")")
    } else if has("_mask") {
        format!("torch.nn.utils.prune.remove(module, \"{leaf}\")")
    } else if has("_u") || has("_orig") {
        format!("torch.nn.utils.remove_spectral_norm(module, \"{leaf}\")")
    } else {
        format!("torch.nn.utils.remove_weight_norm(module, \"{leaf}\")")
    }
}

/// Reason why values cannot be computed.
pub(super) enum Failure {
    File(WeightProblem),
    Ambiguous(String),
}

impl From<WeightProblem> for Failure {
    fn from(problem: WeightProblem) -> Self {
        Self::File(problem)
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Ambiguous(reason)
    }
}

impl Assembly {
    /// The values, all of them finite.
    pub fn values(&self) -> Result<Vec<f32>, Failure> {
        let shape = &self.shape;
        let computed = match &self.recipe {
            Recipe::Plain(tensor) => return Ok(values(tensor)?),
            Recipe::WeightNorm { g, v } => weight_norm(&values(g)?, &g.shape, &values(v)?, shape)?,
            Recipe::SpectralNorm { original, u, v } => {
                spectral_norm(&values(original)?, shape, &values(u)?, &values(v)?)?
            }
            Recipe::Pruned { original, mask } if mask.shape == original.shape => {
                let mask = values(mask)?.into_iter().map(f64::from);
                values(original)?.iter().zip(mask).map(|(w, mask)| f64::from(*w) * mask).collect()
            }
            Recipe::Pruned { mask, .. } => {
                return Err(format!(
                    "a mask of shape {:?} is not one for {shape:?}",
                    &mask.shape[..]
                )
                .into());
            }
        };
        let computed: Vec<f32> = computed.into_iter().map(|value| value as f32).collect();
        match computed.iter().all(|value| value.is_finite()) {
            true => Ok(computed),
            false => Err("the values that follow are not finite".to_string().into()),
        }
    }

    /// How to get a whole tensor in Python.
    pub fn ambiguity(&self, leaf: &str, reason: String) -> Ambiguity {
        Ambiguity { parts: self.names.clone(), reason, remedy: remedy(&self.names, leaf) }
    }
}

/// `g v / |v|`, row by row of the axis along which `g` has more than one value.
fn weight_norm(
    g: &[f32],
    g_shape: &[usize],
    v: &[f32],
    shape: &[usize],
) -> Result<Vec<f64>, String> {
    let misfit = || format!("weight_g of shape {g_shape:?} is not one for weight_v of {shape:?}");
    let axis = match g_shape {
        [] | [1] => None,
        _ if g_shape.len() != shape.len() => return Err(misfit()),
        _ => {
            let mut axes = (0..shape.len()).filter(|axis| g_shape[*axis] != 1);
            match (axes.next(), axes.next()) {
                // One value beside axes of other sizes belongs to an axis of size 1.
                (None, _) if shape.contains(&1) => None,
                (Some(axis), None) if g_shape[axis] == shape[axis] => Some(axis),
                _ => return Err(misfit()),
            }
        }
    };
    let row = |at: usize| axis.map_or(0, |axis| place(at, shape, axis));
    let mut squares = vec![0.0; g.len()];
    for (at, v) in v.iter().enumerate() {
        squares[row(at)] += f64::from(*v).powi(2);
    }
    if let Some(row) = squares.iter().position(|square| *square == 0.0) {
        return Err(format!("weight_v is 0 in all of row {row}, which has no direction"));
    }
    let scales: Vec<f64> =
        g.iter().zip(squares).map(|(g, square)| f64::from(*g) / square.sqrt()).collect();
    Ok(v.iter().enumerate().map(|(at, v)| f64::from(*v) * scales[row(at)]).collect())
}

/// `w / (uᵀ W v)`. The axis along which `W` has its rows is not in the file: the first that fits `u` and `v`, unless
/// only another one is that of the iteration, `u = W v / |W v|`.
fn spectral_norm(w: &[f32], shape: &[usize], u: &[f32], v: &[f32]) -> Result<Vec<f64>, String> {
    let fits = |axis: &usize| shape[*axis] == u.len() && u.len() * v.len() == w.len();
    let axes: Vec<usize> = (0..shape.len()).filter(fits).collect();
    let Some(first) = axes.first() else {
        return Err(format!(
            "weight_u of {} and weight_v of {} values are not those of a weight of shape {shape:?}",
            u.len(),
            v.len()
        ));
    };
    // uᵀ W v, and |W v|.
    let products = |axis: usize| {
        let mut rows = vec![0.0; u.len()];
        for (at, w) in w.iter().enumerate() {
            let column = column(at, shape, axis);
            rows[place(at, shape, axis)] += f64::from(*w) * f64::from(v[column]);
        }
        let sigma = rows.iter().zip(u).map(|(row, u)| row * f64::from(*u)).sum::<f64>();
        (sigma, rows.iter().map(|row| row * row).sum::<f64>().sqrt())
    };
    const ALIGNED: f64 = 0.9;
    let aligned = |axis: &&usize| {
        let (sigma, length) = products(**axis);
        sigma >= ALIGNED * length
    };
    let axis = axes.iter().find(aligned).unwrap_or(first);
    let (sigma, _) = products(*axis);
    Ok(w.iter().map(|w| f64::from(*w) / sigma).collect())
}

/// The index along `axis` of element `at`, row by row.
fn place(at: usize, shape: &[usize], axis: usize) -> usize {
    let inner: usize = shape[axis + 1..].iter().product();
    at / inner % shape[axis]
}

/// The index of element `at` among those of its row, the other axes in order.
fn column(at: usize, shape: &[usize], axis: usize) -> usize {
    let inner: usize = shape[axis + 1..].iter().product();
    at / (inner * shape[axis]) * inner + at % inner
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: Result<Vec<f64>, String>, expected: &[f64]) {
        let got = got.unwrap();
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{got} instead of {expected}");
        }
    }

    /// Rows (3, 4) and (0, 5) of norm 5; columns (3, 0) and (4, 5) of norms 3 and √41; 5√2 in all.
    #[test]
    fn the_shape_of_g_determines_the_axis() {
        let (v, shape) = ([3.0, 4.0, 0.0, 5.0], [2, 2]);
        close(weight_norm(&[10.0, 2.0], &[2, 1], &v, &shape), &[6.0, 8.0, 0.0, 2.0]);
        let (a, b) = (6.0 / 3.0, 41f64.sqrt().recip());
        close(weight_norm(&[6.0, 1.0], &[1, 2], &v, &shape), &[3.0 * a, 4.0 * b, 0.0, 5.0 * b]);
        let c = 10.0 / 50f64.sqrt();
        for one in [&[][..], &[1]] {
            close(weight_norm(&[10.0], one, &v, &shape), &[3.0 * c, 4.0 * c, 0.0, 5.0 * c]);
        }
        // One output: g of shape [1, 1] is along axis 0.
        close(weight_norm(&[10.0], &[1, 1], &[3.0, 4.0], &[1, 2]), &[6.0, 8.0]);
        // A bias: every value is a row.
        close(weight_norm(&[2.0, 3.0], &[2], &[-4.0, 8.0], &[2]), &[-2.0, 3.0]);
    }

    /// [2, 2, 1, 2], maps along axis 0: (1, 2, 2, 4) of norm 5, (0, 0, 3, 4) of norm 5; along axis 1:
    /// (1, 2, 0, 0) of norm √5, (2, 4, 3, 4) of norm √45.
    #[test]
    fn maps_are_normalized_along_outputs_or_inputs() {
        let (v, shape) = ([1.0, 2.0, 2.0, 4.0, 0.0, 0.0, 3.0, 4.0], [2, 2, 1, 2]);
        let expected = [2.0, 4.0, 4.0, 8.0, 0.0, 0.0, 0.6, 0.8];
        close(weight_norm(&[10.0, 1.0], &[2, 1, 1, 1], &v, &shape), &expected);
        let (a, b) = (5f64.sqrt().recip(), 3.0 / 45f64.sqrt());
        let expected = [a, 2.0 * a, 2.0 * b, 4.0 * b, 0.0, 0.0, 3.0 * b, 4.0 * b];
        close(weight_norm(&[1.0, 3.0], &[1, 2, 1, 1], &v, &shape), &expected);
    }

    #[test]
    fn norms_that_fit_no_axis_are_refused() {
        let v = [1.0; 12];
        for g_shape in [&[3, 1][..], &[4], &[4, 3], &[1, 1], &[4, 1, 1]] {
            let g = vec![1.0; g_shape.iter().product()];
            let error = weight_norm(&g, g_shape, &v, &[4, 3]).unwrap_err();
            assert!(error.starts_with("weight_g of shape ["), "{error}");
        }
        let error = weight_norm(&[1.0, 1.0], &[2, 1], &[1.0, 0.0, 0.0, 0.0], &[2, 2]).unwrap_err();
        assert_eq!(error, "weight_v is 0 in all of row 1, which has no direction");
    }

    /// W = ((1, 2), (3, 4), (5, 6)), u = (1, 0, 2), v = (1, -1): uᵀ W v = -1 - 2 = -3.
    #[test]
    fn a_spectral_norm_is_the_product_with_both_vectors() {
        let (w, u, v) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 2.0], [1.0, -1.0]);
        let expected = [-1.0 / 3.0, -2.0 / 3.0, -1.0, -4.0 / 3.0, -5.0 / 3.0, -2.0];
        close(spectral_norm(&w, &[3, 2], &u, &v), &expected);
        // The same along axis 1 of the transposed weight.
        let w = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0];
        let expected = [-1.0 / 3.0, -1.0, -5.0 / 3.0, -2.0 / 3.0, -4.0 / 3.0, -2.0];
        close(spectral_norm(&w, &[2, 3], &u, &v), &expected);
        assert!(spectral_norm(&w, &[2, 3], &u, &[1.0; 3]).is_err());
    }

    /// W = ((0, 2), (1, 0)) has two pairs of vectors along its rows, u = W v / |W v|: of norm 2 and of norm 1.
    #[test]
    fn a_square_weight_goes_by_the_vectors() {
        let w = [0.0, 2.0, 1.0, 0.0];
        for (u, v, sigma) in [([1.0, 0.0], [0.0, 1.0], 2.0), ([0.0, 1.0], [1.0, 0.0], 1.0)] {
            close(spectral_norm(&w, &[2, 2], &u, &v), &[0.0, 2.0 / sigma, 1.0 / sigma, 0.0]);
        }
        // W = ((1, 2), (0, 0)), v = (1, 0): W v = (1, 0), but Wᵀ v = (1, 2), of which u is the direction.
        let w = [1.0, 2.0, 0.0, 0.0];
        let (u, v) = ([0.2f64.sqrt() as f32, 0.8f64.sqrt() as f32], [1.0, 0.0]);
        let expected = [1.0, 2.0, 0.0, 0.0].map(|w| w / 5f64.sqrt());
        let got = spectral_norm(&w, &[2, 2], &u, &v).unwrap();
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-7), "{got:?}");
    }

    #[test]
    fn modules_of_parts() {
        for (name, module) in [
            ("0.weight", Some("0")),
            ("weight", Some("")),
            ("weight_g", Some("")),
            ("a.b.weight_orig", Some("a.b")),
            ("a.parametrizations.weight.0._u", Some("a")),
            ("parametrizations.weight.original", Some("")),
            ("a.parametrizations.bias.original", None),
            ("a.weight_scale", None),
            ("a.weights", None),
            ("a.bias", None),
        ] {
            assert_eq!(module_of(name, "weight"), module, "{name}");
        }
    }

    proptest! {
        /// Along an axis of another size than the others: the weight divided by uᵀ W v, where W has the rows of that
        /// axis and the other axes in order.
        #[test]
        fn a_spectral_norm_is_its_definition(
            others in prop::array::uniform3(1usize..4),
            axis in 0usize..4,
            values in prop::collection::vec(-2.0f32..2.0, 5 * 27 + 5 + 27),
        ) {
            let mut shape = others.to_vec();
            shape.insert(axis, 5);
            let count: usize = shape.iter().product();
            let (w, rest) = values.split_at(count);
            let (u, rest) = rest.split_at(5);
            let v = &rest[..count / 5];
            let mut sigma = 0.0;
            for (row, u) in u.iter().enumerate() {
                for (column, v) in v.iter().enumerate() {
                    // The column counts the other axes, last one fastest.
                    let (mut places, mut left) = ([0; 3], column);
                    for (place, size) in places.iter_mut().zip(others).rev() {
                        (*place, left) = (left % size, left / size);
                    }
                    let mut places = places.to_vec();
                    places.insert(axis, row);
                    let at = places.iter().zip(&shape).fold(0, |at, (place, size)| at * size + place);
                    sigma += f64::from(*u) * f64::from(w[at]) * f64::from(*v);
                }
            }
            prop_assume!(sigma.abs() > 1e-3);
            for (got, w) in spectral_norm(w, &shape, u, v).unwrap().iter().zip(w) {
                let expected = f64::from(*w) / sigma;
                prop_assert!((got - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
            }
        }
    }
}
