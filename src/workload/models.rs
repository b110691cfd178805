//! The models whose weights lie in a project: shards of one summed, the largest first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;

use super::collect::WeightFile;
use super::evidence::Scope;
use super::weights::{self, Architecture, Format, Weights, WeightsError, architecture_of_config};

/// Files whose headers are read: more of them are checkpoints of one thing.
const FILES: usize = 512;
/// How a file begins that Git keeps elsewhere.
const POINTER: &[u8] = b"version https://git-lfs";
/// From this weight on, an ending says by itself that a file holds weights.
const SURE: f64 = 0.8;

/// A model as it lies on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its first file.
    pub file: String,
    pub files: u32,
    pub scope: Scope,
    pub weights: Weights,
}

/// What the headers say.
#[derive(Debug, Default)]
pub struct Models {
    /// The largest first; those that only tests use at the end.
    pub models: Vec<Model>,
    /// Files that hold weights, also those whose content is elsewhere.
    pub files: Vec<WeightFile>,
    pub notes: Vec<String>,
}

/// Reads the headers. `configs` are `config.json` files by their paths.
pub fn read(files: &[WeightFile], configs: &[(String, String)]) -> Models {
    let mut of = Models::default();
    let mut models: BTreeMap<(String, Format), Model> = BTreeMap::new();
    for file in files.iter().take(FILES) {
        match weights::read(&file.path) {
            Ok(weights) if weights.parameters + weights.buffers == 0 => {}
            Ok(weights) => {
                of.files.push(file.clone());
                let key = (stem(&file.relative), weights.format);
                match models.get_mut(&key) {
                    Some(model) => model.add(weights),
                    None => drop(models.insert(key, Model::new(file, weights))),
                }
            }
            Err(_) if is_pointer(file) && is_sure(file) => of.files.push(file.clone()),
            // The ending is also that of other things.
            Err(WeightsError::Unknown(_)) => {}
            Err(error) => of.notes.push(format!("{}: {error}", file.relative)),
        }
    }
    if files.len() > FILES {
        of.notes
            .push(format!("the headers of {FILES} of {} files of weights were read", files.len()));
    }
    of.models = models.into_values().collect();
    for model in &mut of.models {
        model.configure(configs);
    }
    of.models.sort_by_key(|m| (m.scope > Scope::Extra, std::cmp::Reverse(m.weights.parameters)));
    of
}

impl Model {
    fn new(file: &WeightFile, weights: Weights) -> Self {
        Self { file: file.relative.clone(), files: 1, scope: file.scope, weights }
    }

    /// Whether the weights are more than a CPU serves as fast as somebody reads. GGUF is made for CPUs.
    pub fn is_large(&self) -> bool {
        const LARGE: u64 = 3_000_000_000;
        self.weights.parameters >= LARGE && self.weights.format != Format::Gguf
    }

    /// Another shard.
    fn add(&mut self, shard: Weights) {
        self.files += 1;
        let all = &mut self.weights;
        all.parameters = all.parameters.saturating_add(shard.parameters);
        all.buffers = all.buffers.saturating_add(shard.buffers);
        all.bytes = all.bytes.saturating_add(shard.bytes);
        all.optimizer_bytes = all.optimizer_bytes.saturating_add(shard.optimizer_bytes);
        for (dtype, elements) in shard.dtypes {
            match all.dtypes.iter_mut().find(|(known, _)| *known == dtype) {
                Some((_, sum)) => *sum = sum.saturating_add(elements),
                None => all.dtypes.push((dtype, elements)),
            }
        }
        all.dtypes.sort_by_key(|(_, elements)| std::cmp::Reverse(*elements));
        all.architecture = all.architecture.take().or(shard.architecture);
    }

    /// Takes the architecture from the `config.json` beside the weights.
    fn configure(&mut self, configs: &[(String, String)]) {
        let beside = configs.iter().find(|(path, _)| folder(path) == folder(&self.file));
        if self.weights.architecture.is_none() {
            self.weights.architecture = beside.and_then(|(_, text)| architecture_of_config(text));
        }
    }
}

/// The architecture of a project that has a `config.json` but no weights.
pub fn configured(configs: &[(String, String)]) -> Option<Architecture> {
    configs.iter().find_map(|(_, text)| architecture_of_config(text))
}

/// Shards of one model have the same stem: `model-00001-of-00003.safetensors`.
fn stem(path: &str) -> String {
    let Some(of) = path.rfind("-of-") else { return path.to_owned() };
    let before = path[..of].trim_end_matches(|c: char| c.is_ascii_digit());
    before.to_owned()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_sure(file: &WeightFile) -> bool {
    file.ending.entry.weight >= SURE
}

fn is_pointer(file: &WeightFile) -> bool {
    let mut head = [0; POINTER.len()];
    let read = File::open(&file.path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == POINTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_have_one_stem() {
        assert_eq!(
            stem("m/model-00001-of-00003.safetensors"),
            stem("m/model-00002-of-00003.safetensors")
        );
        assert_ne!(stem("a/model.safetensors"), stem("b/model.safetensors"));
        assert_eq!(stem("-of-"), "");
    }
}
