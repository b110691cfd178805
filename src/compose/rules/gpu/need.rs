//! What shows that a service means to compute on a GPU of NVIDIA.

use super::visible::set;
use crate::compose::node::Node;
use crate::compose::source::Span;
use crate::compose::view::{Reference, Service, View};

/// Options that are for GPUs whatever program has them.
const OPTIONS: &[&str] = &[
    "--gpu",
    "--gpus",
    "--gpu-id",
    "--gpu-ids",
    "--gpu_ids",
    "--num-gpus",
    "--num_gpus",
    "--n-gpus",
    "--ngpus",
    "--use-gpu",
    "--use_gpu",
    "--gpu-memory-utilization",
    "--n-gpu-layers",
    "--gpu-layers",
    "-ngl",
    "--cuda",
];

/// What variables begin with that tune programs for processors.
const CPU_TUNING: &[&str] = &["KMP_", "VLLM_CPU_"];

/// Values with which such an option asks for none.
const NONE: &[&str] = &["0", "false", "no", "off", "none", "null", "cpu", "\"\"", "''", "-1"];

/// What shows it, and where; `None` where nothing does, or something shows that it computes elsewhere.
pub(super) fn of<'m>(view: &View<'m>, service: &Service<'m>) -> Option<(Span, &'static str)> {
    if computes_elsewhere(view, service) {
        return None;
    }
    for name in ["CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"] {
        let is_some = |value: &str| !matches!(value, "none" | "void" | "-1" | "NoDevFiles");
        if let Some((variable, value)) = set(view, service, name)
            && is_some(value)
        {
            return Some((variable.node.span, "GPUs are named here"));
        }
    }
    if let Some(node) = option(service) {
        return Some((node.span, "the command asks for GPUs"));
    }
    let image = service.image().filter(|_| !service.is_built())?;
    let is_gpu = service.known().is_gpu() || is_built_for_gpus(image);
    let node = service.image_node().filter(|_| is_gpu)?;
    Some((node.span, "the image computes on GPUs"))
}

/// The words of a name: `pytorch/pytorch:2.5.1-cuda12.4` has `cuda12` among them.
fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
}

fn is_built_for_gpus(image: Reference<'_>) -> bool {
    // `cu124`, as PyTorch names its builds.
    let is_cuda_version = |word: &str| {
        word.strip_prefix("cu")
            .is_some_and(|rest| rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    words(image.repository)
        .chain(words(image.tag.unwrap_or_default()))
        .any(|word| word.starts_with("cuda") || word == "gpu" || is_cuda_version(&word))
}

/// Names of processors, and of what programs use for those of other makers.
fn is_elsewhere(word: &str) -> bool {
    const ELSEWHERE: &[&str] = &[
        "cpu", "rocm", "hip", "gaudi", "habana", "hpu", "xpu", "tpu", "npu", "neuron", "openvino",
        "vulkan", "sycl", "oneapi", "intel", "ascend", "cann", "musa", "metal",
    ];
    word == "amd" || ELSEWHERE.iter().any(|name| word.starts_with(name))
}

fn computes_elsewhere(view: &View<'_>, service: &Service<'_>) -> bool {
    let image = service.text(&["image"]).unwrap_or_default();
    let is_named = words(image).chain(words(service.name)).any(|word| is_elsewhere(&word));
    let is_told = service.environment().iter().any(|variable| {
        let value = variable.value.unwrap_or_default().trim();
        match variable.name {
            // An empty list hides every GPU, and so does -1.
            "CUDA_VISIBLE_DEVICES" => matches!(value, "" | "-1" | "NoDevFiles" | "none"),
            name if CPU_TUNING.iter().any(|tuning| name.starts_with(tuning)) => true,
            name => name.ends_with("DEVICE") && is_elsewhere(&value.to_ascii_lowercase()),
        }
    });
    let option = ["--device", "--accelerator"].iter().any(|name| {
        service.option(name).is_some_and(|word| is_elsewhere(&word.text.to_ascii_lowercase()))
    });
    is_named || option || (is_told && view.knows_environment(service))
}

/// Where the command asks for GPUs.
fn option<'m>(service: &Service<'m>) -> Option<&'m Node> {
    let words = service.words();
    let parts: Vec<(&str, &Node)> = words
        .iter()
        .flat_map(|word| word.text.split_whitespace().map(move |part| (part, word.node)))
        .collect();
    parts.iter().enumerate().find_map(|(at, (part, node))| {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (*part, None),
        };
        let next =
            || parts.get(at + 1).map(|(next, _)| *next).filter(|next| !next.starts_with("--"));
        let value = value.or_else(next).unwrap_or_default().trim_matches(['"', '\'']);
        let value = value.to_ascii_lowercase();
        let is_asked = match name {
            "--device" | "--accelerator" => value.starts_with("cuda") || value == "gpu",
            name => OPTIONS.contains(&name) && !NONE.contains(&value.as_str()),
        };
        is_asked.then_some(*node)
    })
}
