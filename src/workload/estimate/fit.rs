//! Which GPUs hold a model, and whether a host does.

use serde::Serialize;

use super::Estimate;
use super::basis::Term;
use crate::core::output::units::bytes;

const GIB: u64 = 1 << 30;
/// Memory of common cards, GiB.
const SIZES: [u64; 8] = [8, 12, 16, 24, 32, 40, 48, 80];
/// Cards for what eight of 80 GiB do not hold.
const LARGE_SIZES: [u64; 2] = [141, 192];
/// More than eight are several machines.
const NODE: u32 = 8;
const MOST: u32 = 1 << 16;

/// A GPU of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    pub name: String,
    pub memory_bytes: u64,
}

/// What a machine has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Host {
    pub cores: u32,
    /// Nothing where it is not known: then it is not judged.
    pub memory_bytes: Option<u64>,
    pub gpus: Vec<Card>,
}

/// Whether a host has enough, and what is too little, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fit {
    pub fits: bool,
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cards {
    pub(super) count: u32,
    /// Needed on each.
    pub(super) need: u64,
    /// The card's memory.
    pub(super) size: u64,
}

/// Bytes on each of `count` GPUs: weights, gradients, optimiser and KV cache are split (ZeRO-3, Rajbhandari
/// et al. 2020; tensor parallelism), activations and the context are on each.
fn need(terms: &[Term], count: u32) -> u64 {
    terms.iter().fold(0_u64, |sum, term| {
        let split = !matches!(term.name, "activations" | "cuda_context");
        let bytes = if split { term.bytes.div_ceil(u64::from(count.max(1))) } else { term.bytes };
        sum.saturating_add(bytes)
    })
}

/// A driver keeps a part of a card, and an allocator does not fill it.
fn usable(size: u64) -> u64 {
    size - size / 20
}

/// The fewest GPUs of a common size, a power of two, then the smallest size. What a text states counts first.
pub(super) fn choose(terms: &[Term], stated: Option<u32>, stated_memory: Option<u64>) -> Cards {
    let stated = stated.filter(|&count| count > 0).map(|count| count.min(MOST));
    let sizes: Vec<u64> = match stated_memory.filter(|&bytes| bytes > 0) {
        Some(bytes) => vec![bytes],
        None => SIZES.iter().map(|size| size * GIB).collect(),
    };
    let large = LARGE_SIZES.map(|size| size * GIB);
    let fitting = |count: u32, sizes: &[u64]| {
        let need = need(terms, count);
        let size = *sizes.iter().find(|&&size| need <= usable(size))?;
        Some(Cards { count, need, size })
    };
    let powers = || std::iter::successors(Some(1_u32), |n| n.checked_mul(2).filter(|n| *n <= MOST));
    let found = if let Some(count) = stated {
        fitting(count, &sizes).or_else(|| fitting(count, &large))
    } else {
        powers()
            .take_while(|&count| count <= NODE)
            .find_map(|count| fitting(count, &sizes))
            .or_else(|| fitting(NODE, &large).filter(|_| stated_memory.is_none()))
            .or_else(|| powers().find_map(|count| fitting(count, &sizes)))
    };
    found.unwrap_or_else(|| {
        let count = stated.unwrap_or(MOST);
        Cards { count, need: need(terms, count), size: sizes.last().copied().unwrap_or(0) }
    })
}

/// Whether a host has what a workload needs. A GPU that is optional is not missed, and fewer cores only take longer.
pub fn fits(estimate: &Estimate, host: &Host) -> Fit {
    let mut reasons = Vec::new();
    if let Some(memory) = host.memory_bytes.filter(|&memory| memory < estimate.memory_bytes) {
        reasons.push(format!(
            "{} of memory needed, {} there",
            bytes(estimate.memory_bytes),
            bytes(memory)
        ));
    }
    if estimate.gpu_required && estimate.gpu_count > 0 {
        reasons.extend(missing_gpus(estimate, host));
    }
    Fit { fits: reasons.is_empty(), reasons }
}

/// What is too little of GPUs: any count of them will do whose cards each hold their share.
fn missing_gpus(estimate: &Estimate, host: &Host) -> Option<String> {
    let mut memories: Vec<u64> = host.gpus.iter().map(|card| card.memory_bytes).collect();
    memories.sort_unstable_by(|a, b| b.cmp(a));
    let held = memories
        .iter()
        .zip(1_u32..)
        .any(|(&smallest, count)| need(&estimate.basis.gpu_terms, count) <= usable(smallest));
    if held {
        return None;
    }
    let (count, each) = (estimate.gpu_count, bytes(estimate.gpu_memory_bytes));
    Some(match memories.first() {
        None => format!("{count} × {each} of GPU memory needed, and there is no GPU"),
        Some(&largest) => format!(
            "{count} × {each} of GPU memory needed, {} × up to {} there",
            memories.len(),
            bytes(largest)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::estimate::{Ask, Facts, estimate};
    use crate::workload::evidence::{Category, Gpu};

    fn terms(split: u64, each: u64) -> Vec<Term> {
        let term = |name, gib| Term { name, bytes: gib * GIB, formula: "" };
        vec![term("weights", split), term("cuda_context", each)]
    }

    fn chosen(split: u64, each: u64) -> (u32, u64) {
        let cards = choose(&terms(split, each), None, None);
        (cards.count, cards.size / GIB)
    }

    #[test]
    fn the_fewest_cards_of_the_smallest_size() {
        assert_eq!(chosen(6, 1), (1, 8));
        assert_eq!(chosen(7, 1), (1, 12));
        assert_eq!(chosen(75, 1), (1, 80));
        assert_eq!(chosen(76, 1), (2, 48));
        assert_eq!(chosen(250, 1), (4, 80));
        assert_eq!(chosen(1000, 1), (8, 141));
        assert_eq!(chosen(1200, 1), (8, 192));
        assert_eq!(chosen(4000, 1), (64, 80));
    }

    #[test]
    fn what_no_card_holds_ends_at_the_largest_count() {
        let cards = choose(&terms(1, 500), None, None);
        assert_eq!((cards.count, cards.size), (MOST, 80 * GIB));
        assert_eq!(choose(&terms(u64::MAX / GIB, 1), Some(u32::MAX), Some(1)).count, MOST);
    }

    fn host(cores: u32, memory: Option<u64>, gpus: &[u64]) -> Host {
        let gpus = gpus.iter().map(|&gib| Card { name: String::new(), memory_bytes: gib * GIB });
        Host { cores, memory_bytes: memory.map(|gib| gib * GIB), gpus: gpus.collect() }
    }

    #[test]
    fn a_host_is_told_what_is_too_little() {
        let facts = Facts {
            category: Category::NlpLlm,
            gpu: Gpu::Required,
            parameters: Some(7_000_000_000),
            ..Facts::default()
        };
        let seven = estimate(&Ask::default(), &facts);
        assert!(fits(&seven, &host(8, Some(64), &[24])).fits);
        // Two small cards hold what one does not; what is not known of memory is not judged.
        assert!(fits(&seven, &host(8, None, &[12, 12])).fits);
        let small = fits(&seven, &host(2, Some(8), &[12]));
        assert_eq!(small.reasons.len(), 2);
        assert!(small.reasons[0].ends_with("of memory needed, 8.0 GiB there"));
        assert!(small.reasons[1].ends_with("1 × up to 12.0 GiB there"));
        assert!(fits(&seven, &host(8, None, &[])).reasons[0].ends_with("there is no GPU"));
        let optional = estimate(&Ask::default(), &Facts { gpu: Gpu::Optional, ..facts });
        assert!(fits(&optional, &host(64, Some(256), &[])).fits);
    }
}
