//! Who may run beside whom, without a look at every pair.

use std::collections::HashMap;

use super::{Service, View};

/// Services that were met, each with a number: the least one that may run beside another service is found at once.
#[derive(Debug, Default)]
pub(in crate::compose) struct Peers<'m> {
    first: Option<usize>,
    first_without_profile: Option<usize>,
    first_asked_for: Option<usize>,
    of_profile: HashMap<&'m str, usize>,
}

impl<'m> Peers<'m> {
    /// Numbers are to grow.
    pub(in crate::compose) fn add(
        &mut self,
        view: &View<'m>,
        service: &Service<'m>,
        number: usize,
    ) {
        self.first.get_or_insert(number);
        let profiles = service.profiles();
        if profiles.is_empty() {
            self.first_without_profile.get_or_insert(number);
        } else if view.is_enabled(service) {
            self.first_asked_for.get_or_insert(number);
        }
        for profile in profiles {
            self.of_profile.entry(profile).or_insert(number);
        }
    }

    /// The first that may run at the same time, as [`View::run_together`] has it.
    pub(in crate::compose) fn beside(
        &self,
        view: &View<'m>,
        service: &Service<'m>,
    ) -> Option<usize> {
        let profiles = service.profiles();
        if profiles.is_empty() {
            return self.first;
        }
        let shared = profiles.iter().filter_map(|profile| self.of_profile.get(profile).copied());
        let asked = self.first_asked_for.filter(|_| view.is_enabled(service));
        shared.chain(self.first_without_profile).chain(asked).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::rules::testing::{settings, stack};

    #[test]
    fn it_finds_what_a_look_at_every_pair_would_find() {
        let text = "services:\n  a: {image: a, profiles: [x]}\n  b: {image: a, profiles: [y, z]}\n  c: {image: a}\n  d: {image: a, profiles: [z]}\n  e: {image: a, profiles: [q]}\n  f: {image: a, profiles: [x, q]}\n";
        let settings = settings();
        let stack = stack(text);
        for asked in [&[][..], &["x", "y"], &["*"]] {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            stack.viewed(&asked, &settings, |view| {
                let mut peers = Peers::default();
                for (at, service) in view.services.iter().enumerate() {
                    let earlier = &view.services[..at];
                    let wanted = earlier.iter().position(|other| view.run_together(other, service));
                    assert_eq!(peers.beside(view, service), wanted, "{asked:?} {}", service.name);
                    peers.add(view, service, at);
                }
            });
        }
    }
}
