//! What a stack takes of its host, for each set of profiles.

use std::collections::BTreeSet;

use super::stack::{Stack, is_enabled};
use super::view::{Count, Service};

/// The sums over the services of one set of profiles, each as often as it has replicas.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Total {
    /// The profiles that are enabled; none is what runs without any, `*` everything.
    pub profiles: Vec<String>,
    pub services: usize,
    pub cores: f64,
    pub memory_limit_bytes: u64,
    pub memory_reserved_bytes: u64,
    pub gpus: u64,
    /// Services that ask for every GPU there is.
    pub services_with_all_gpus: usize,
    /// Services without a limit, which the sums know nothing of.
    pub services_without_cpu_limit: usize,
    pub services_without_memory_limit: usize,
    /// Services with both.
    pub services_with_limits: usize,
}

impl Stack {
    /// What runs with the profiles that were asked for; then, if the stack has profiles, with each of them, and with all.
    pub fn totals(&self) -> Vec<Total> {
        let services: Vec<Service<'_>> = self.services().collect();
        let mut sets = sets_of_profiles(&services, &self.profiles);
        let everything = vec!["*".to_owned()];
        if known_profiles(&services).len() > 1 && !sets.contains(&everything) {
            sets.push(everything);
        }
        sets.into_iter().map(|set| Total::of(&services, set)).collect()
    }
}

/// The profiles that were asked for, and then each of the stack alone.
pub(super) fn sets_of_profiles(services: &[Service<'_>], asked: &[String]) -> Vec<Vec<String>> {
    let asked: Vec<String> = asked.iter().filter(|name| !name.is_empty()).cloned().collect();
    let each = known_profiles(services).into_iter().map(|name| vec![name.to_owned()]);
    let others: Vec<_> = each.filter(|set| *set != asked).collect();
    std::iter::once(asked).chain(others).collect()
}

fn known_profiles<'m>(services: &[Service<'m>]) -> BTreeSet<&'m str> {
    services.iter().flat_map(Service::profiles).collect()
}

impl Total {
    pub(super) fn of(services: &[Service<'_>], profiles: Vec<String>) -> Self {
        let mut total = Self::default();
        for service in running(services, &profiles) {
            total.add(service);
        }
        Self { profiles, ..total }
    }

    fn add(&mut self, service: &Service<'_>) {
        let replicas = service.replicas();
        let (cores, memory) = (service.cpu_limit(), service.memory_limit());
        let times = |bytes: u64| bytes.saturating_mul(replicas);
        let limit = memory.map_or(0, |limit| times(limit.value));
        let reserved = service.memory_reservation().map_or(0, |given| times(given.value));
        self.services += 1;
        self.cores += cores.map_or(0.0, |limit| limit.value) * replicas as f64;
        self.memory_limit_bytes = self.memory_limit_bytes.saturating_add(limit);
        self.memory_reserved_bytes = self.memory_reserved_bytes.saturating_add(reserved);
        self.services_without_cpu_limit += usize::from(cores.is_none());
        self.services_without_memory_limit += usize::from(memory.is_none());
        self.services_with_limits += usize::from(cores.is_some() && memory.is_some());
        let mut is_all = false;
        for request in service.gpus() {
            let count = match &request.count {
                Count::All => 0,
                Count::Number(count) => *count,
                Count::Ids(ids) => ids.len() as u64,
            };
            is_all |= request.count == Count::All;
            self.gpus = self.gpus.saturating_add(count.saturating_mul(replicas));
        }
        self.services_with_all_gpus += usize::from(is_all);
    }
}

/// The services that run with these profiles.
pub(super) fn running<'s, 'm>(
    services: &'s [Service<'m>],
    profiles: &[String],
) -> impl Iterator<Item = &'s Service<'m>> {
    // Compose has one more, whose name is empty: a service may give it.
    let enabled: Vec<String> = profiles.iter().cloned().chain([String::new()]).collect();
    services.iter().filter(move |service| is_enabled(service.node, &enabled))
}
