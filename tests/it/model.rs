//! The network against cases that `tests/reference/` computed with pytorch-forecasting: outputs
//! and intermediate values of the forward pass, in single and in double precision.
//!
//! `UT_MODEL_CASES` may name further folders of cases, separated by colons.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, ArrayView2, Axis, concatenate, s};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use ut::model::tft::{Batch, FastNetwork, Isa, Model};

/// Largest difference from the double-precision output that another order of summation explains.
pub(crate) const RAW_TOLERANCE: f32 = 3e-5;
/// Intermediate values are compared with PyTorch's single precision, which has an error of its own.
const INTERMEDIATE_TOLERANCE: f32 = 1e-4;

pub(crate) fn case_folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tft");
    let further = std::env::var("UT_MODEL_CASES").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(own)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("model.json").exists())
        .chain(further.split(':').filter(|f| !f.is_empty()).map(PathBuf::from))
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "the fixtures are there");
    folders
}

pub(crate) struct Case<'a>(pub(crate) SafeTensors<'a>);

impl Case<'_> {
    fn tensor(&self, name: &str) -> Option<TensorView<'_>> {
        self.0.tensor(name).ok()
    }

    pub(crate) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.tensor(name)?;
        let data = tensor.data();
        Some(match tensor.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::F64 => {
                data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect()
            }
            other => panic!("{name} is {other:?}"),
        })
    }

    fn codes(&self, name: &str) -> Option<Vec<u32>> {
        let tensor = self.tensor(name)?;
        Some(tensor.data().as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as u32).collect())
    }

    fn lengths(&self, name: &str) -> Vec<usize> {
        self.codes(name).unwrap().into_iter().map(|x| x as usize).collect()
    }

    pub(crate) fn batch(&self) -> Batch {
        let shape = |name: &str| self.tensor(name).map(|t| t.shape().to_vec());
        let (past, future) = (shape("in.encoder_cont"), shape("in.decoder_cont"));
        let (past, future) = (past.unwrap(), future.unwrap());
        let categoricals = shape("in.encoder_cat").map_or(0, |s| s[2]);
        let mut batch = Batch::zeros(past[0], past[1], future[1], past[2], categoricals);
        let reals = |name, s: &[usize]| {
            Array3::from_shape_vec((s[0], s[1], s[2]), self.floats(name).unwrap()).unwrap()
        };
        let (e, d) = (reals("in.encoder_cont", &past), reals("in.decoder_cont", &future));
        batch.reals = concatenate(Axis(1), &[e.view(), d.view()]).unwrap();
        if categoricals > 0 {
            let codes = |name, steps| {
                let shape = (past[0], steps, categoricals);
                Array3::from_shape_vec(shape, self.codes(name).unwrap()).unwrap()
            };
            let (e, d) = (codes("in.encoder_cat", past[1]), codes("in.decoder_cat", future[1]));
            batch.categoricals = concatenate(Axis(1), &[e.view(), d.view()]).unwrap();
        }
        batch.encoder_lengths = self.lengths("in.encoder_lengths");
        batch.decoder_lengths = self.lengths("in.decoder_lengths");
        batch.target_scale =
            Array2::from_shape_vec((past[0], 2), self.floats("in.target_scale").unwrap()).unwrap();
        batch
    }
}

pub(crate) fn largest_difference(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    // Infinity for NaN: `max` alone would drop it.
    let difference =
        |(a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
    got.iter().zip(expected).map(difference).fold(0.0, f32::max)
}

#[test]
fn raw_output_agrees_with_double_precision() {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let case = Case(SafeTensors::deserialize(&bytes).unwrap());
        let model = Model::load(&folder).unwrap();
        let raw = model.network.forward(&case.batch());
        let expected = case.floats("f64.raw").unwrap();
        let worst = largest_difference(raw.as_slice().unwrap(), &expected);
        assert!(worst <= RAW_TOLERANCE, "{}: {worst:e}", folder.display());
    }
}

#[test]
fn raw_output_agrees_for_all_instructions() {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let case = Case(SafeTensors::deserialize(&bytes).unwrap());
        let model = Model::load(&folder).unwrap();
        let expected = case.floats("f64.raw").unwrap();
        for isa in Isa::available() {
            let raw = FastNetwork::new(&model.network, isa).forward(&case.batch());
            let worst = largest_difference(raw.as_slice().unwrap(), &expected);
            assert!(worst <= RAW_TOLERANCE, "{} {}: {worst:e}", folder.display(), isa.name());
        }
    }
}

/// Neither group, lane nor neighbours count, nor what a pass before left in the workspace.
#[test]
fn a_sample_is_forecast_alike_in_any_company() {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let batch = Case(SafeTensors::deserialize(&bytes).unwrap()).batch();
        let model = Model::load(&folder).unwrap();
        for isa in Isa::available() {
            let network = FastNetwork::new(&model.network, isa);
            let together = network.forward(&batch);
            for sample in 0..batch.samples() {
                let one = picked(&batch, &[sample]);
                let raw = network.forward(&one);
                let own = together.index_axis(Axis(0), sample);
                let own = own.insert_axis(Axis(0));
                assert_eq!(raw, own, "{} {} sample {sample}", folder.display(), isa.name());
            }
        }
    }
}

/// These samples of a batch.
pub(crate) fn picked(batch: &Batch, samples: &[usize]) -> Batch {
    Batch {
        reals: batch.reals.select(Axis(0), samples),
        categoricals: batch.categoricals.select(Axis(0), samples),
        encoder_steps: batch.encoder_steps,
        encoder_lengths: samples.iter().map(|s| batch.encoder_lengths[*s]).collect(),
        decoder_lengths: samples.iter().map(|s| batch.decoder_lengths[*s]).collect(),
        target_scale: batch.target_scale.select(Axis(0), samples),
    }
}

#[test]
fn every_module_agrees_with_pytorch() {
    for folder in case_folders() {
        let bytes = std::fs::read(folder.join("case.safetensors")).unwrap();
        let case = Case(SafeTensors::deserialize(&bytes).unwrap());
        let model = Model::load(&folder).unwrap();
        let batch = case.batch();
        let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
        model.network.forward_tapped(&batch, &mut |name, x: ArrayView2<'_, f32>| {
            seen.entry(name.to_owned()).or_default().extend(x.iter());
        });
        let mut compared = 0;
        for (name, got) in &seen {
            for kind in ["mid", "out"] {
                if let Some(expected) = case.floats(&format!("{kind}.{name}")) {
                    let worst = largest_difference(got, &expected);
                    assert!(
                        worst <= INTERMEDIATE_TOLERANCE,
                        "{} {name}: {worst:e}",
                        folder.display()
                    );
                    compared += 1;
                }
            }
        }
        assert!(compared >= 10, "{}: {compared} modules compared", folder.display());
        compare_attention(&case, &batch, &seen["attention"], &folder);
    }
}

/// Weights are seen head after head, [decoder steps, steps] each; the reference keeps encoder and
/// decoder steps apart, [samples, decoder steps, heads, steps].
fn compare_attention(case: &Case<'_>, batch: &Batch, seen: &[f32], folder: &Path) {
    let (samples, decoder) = (batch.samples(), batch.decoder_steps());
    let steps = batch.encoder_steps + decoder;
    let heads = seen.len() / (samples * decoder * steps);
    let seen = ndarray::ArrayView4::from_shape((samples, heads, decoder, steps), seen).unwrap();
    let seen = seen.permuted_axes([0, 2, 1, 3]);
    let parts = [
        ("out.encoder_attention", 0..batch.encoder_steps),
        ("out.decoder_attention", batch.encoder_steps..steps),
    ];
    for (name, range) in parts {
        let got: Vec<f32> = seen.slice(s![.., .., .., range]).iter().copied().collect();
        let worst = largest_difference(&got, &case.floats(name).unwrap());
        assert!(worst <= INTERMEDIATE_TOLERANCE, "{} {name}: {worst:e}", folder.display());
    }
}
