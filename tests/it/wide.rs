//! Networks of sizes that no case has: random weights, held against the reference.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use serde_json::Value;
use ut::core::device::Precision;
use ut::model::tft::{Batch, FastNetwork, Isa, Model};

use crate::gpu::{StandIn, TF32_TOLERANCE, again, open};
use crate::model::{Case, largest_difference};
use crate::support::Sandbox;

/// Hidden sizes and heads: heads of 1, 12, 16, 20, 32 and 50 features.
const SIZES: [(usize, usize); 6] = [(4, 4), (24, 2), (16, 1), (40, 2), (32, 1), (50, 1)];

/// Random numbers that leave the network's values about as large as they are.
fn random(shape: &[usize], seed: &mut u32) -> Vec<u8> {
    let scale = 1.0 / (shape[shape.len() - 1] as f32).sqrt();
    let mut next = || {
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((*seed >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    (0..shape.iter().product()).flat_map(|_| next().to_le_bytes()).collect()
}

/// The case's network with other sizes. What shapes its tensors have then, the loader's complaints tell.
fn resized(case: &Path, hidden: usize, heads: usize) -> Model {
    let sandbox = Sandbox::new();
    let description = std::fs::read(case.join("model.json")).unwrap();
    let mut description: Value = serde_json::from_slice(&description).unwrap();
    description["architecture"]["hidden_size"] = hidden.into();
    description["architecture"]["attention_head_size"] = heads.into();
    let folder = sandbox.write("model.json", description.to_string());
    let folder = folder.parent().unwrap();
    let bytes = std::fs::read(case.join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut seed = hidden as u32;
    let mut all: BTreeMap<String, (Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, t)| (name.to_owned(), (t.shape().to_vec(), t.data().to_vec())))
        .collect();
    for _ in 0..10 * all.len() {
        let views = all.iter().map(|(name, (shape, data))| {
            (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap())
        });
        sandbox.write("model.safetensors", serialize(views, None).unwrap());
        let said = match Model::load(folder) {
            Ok(model) => return model,
            Err(error) => error.to_string(),
        };
        let name = said.split("tensor ").nth(1).and_then(|s| s.split(' ').next());
        let name = name.unwrap_or_else(|| panic!("{said}")).to_owned();
        let shape = match said.split(", [").nth(1).or_else(|| said.split("], [").nth(1)) {
            Some(shape) => shape.split(']').next().unwrap(),
            None => "1",
        };
        let shape: Vec<usize> = shape.split(", ").map(|n| n.parse().unwrap()).collect();
        let data = random(&shape, &mut seed);
        all.insert(name, (shape, data));
    }
    panic!("the loader is never content");
}

/// Runs `compare` on networks of every size made of some cases, with what the reference computes.
fn each(compare: impl Fn(&Model, &Batch, &[f32], &str)) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tft");
    for name in ["full_static", "shared_networks", "bags"] {
        let case = fixtures.join(name);
        let bytes = std::fs::read(case.join("case.safetensors")).unwrap();
        let batch = Case(SafeTensors::deserialize(&bytes).unwrap()).batch();
        for (hidden, heads) in SIZES {
            let model = resized(&case, hidden, heads);
            let expected = model.network.forward(&batch);
            let what = format!("{name}, hidden size {hidden}, {heads} heads");
            compare(&model, &batch, expected.as_slice().unwrap(), &what);
        }
    }
}

const TOLERANCE: f32 = 2e-5;

#[test]
fn networks_of_any_size_agree_for_all_instructions() {
    each(|model, batch, expected, what| {
        for isa in Isa::available() {
            let raw = FastNetwork::new(&model.network, isa).forward(batch);
            let worst = largest_difference(raw.as_slice().unwrap(), expected);
            assert!(worst <= TOLERANCE, "{what}, {}: {worst:e}", isa.name());
        }
    });
}

#[test]
fn networks_of_any_size_agree_on_a_gpu() {
    again("wide::all_agree_on_the_gpu", StandIn::Plain, &[]);
    again("wide::all_agree_on_tensor_cores", StandIn::TensorCores, &[]);
}

#[test]
#[ignore = "run by the one before, with a driver"]
fn all_agree_on_the_gpu() {
    on_the_gpu(Precision::Single, TOLERANCE);
}

#[test]
#[ignore = "run by the one before, with a driver"]
fn all_agree_on_tensor_cores() {
    on_the_gpu(Precision::Tf32, TF32_TOLERANCE);
}

fn on_the_gpu(precision: Precision, tolerance: f32) {
    each(|model, batch, expected, what| {
        let raw = open(model, precision).forward(batch).unwrap();
        let worst = largest_difference(raw.as_slice().unwrap(), expected);
        assert!(worst <= tolerance, "{what}: {worst:e}");
    });
}
