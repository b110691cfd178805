//! What the rules for GPUs ask of a service.

use crate::compose::images::Kind;
use crate::compose::rules::gpu::visible::{Devices, devices};
use crate::compose::view::{Count, GpuRequest, Service, View};

/// What it asks for of NVIDIA's GPUs.
pub(super) fn requests<'m>(service: &Service<'m>) -> Vec<GpuRequest<'m>> {
    let mut requests = service.gpus();
    requests.retain(GpuRequest::is_nvidia);
    requests
}

/// Whether it computes on GPUs of NVIDIA: it asks for some, or has the runtime that hands them out.
pub(super) fn computes(service: &Service<'_>) -> bool {
    let is_given = !requests(service).is_empty() || has_runtime(service);
    is_given && !watches(service)
}

pub(super) fn has_runtime(service: &Service<'_>) -> bool {
    service.text(&["runtime"]) == Some("nvidia")
}

/// Whether it only looks at the GPUs, as exporters of metrics do. These look at all of them, whoever computes there.
pub(super) fn watches(service: &Service<'_>) -> bool {
    let requests = requests(service);
    let is_exporter = service.image().is_some_and(|image| {
        let name = image.repository.to_ascii_lowercase();
        ["dcgm", "gpu-exporter", "gpu_exporter", "smi-exporter", "nvitop", "gpustat"]
            .iter()
            .any(|part| name.contains(part))
    });
    is_exporter
        || service.known().kind() == Some(Kind::Metrics)
        || (!requests.is_empty() && requests.iter().all(GpuRequest::is_for_watching))
}

/// How many GPUs its containers see; `None` where that is for the host to tell.
pub(super) fn count(view: &View<'_>, service: &Service<'_>) -> Option<u64> {
    let requests = requests(service);
    if requests.is_empty() {
        return match devices(view, service)? {
            Devices::Ids(ids) => Some(ids.len() as u64),
            Devices::All => None,
        };
    }
    let of = |request: &GpuRequest<'_>| match &request.count {
        Count::All => None,
        Count::Number(number) => Some(*number),
        Count::Ids(ids) => Some(ids.len() as u64),
    };
    requests.iter().map(of).try_fold(0_u64, |sum, number| Some(sum.saturating_add(number?)))
}
