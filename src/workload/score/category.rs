//! The field that a project belongs to: what most speaks for, where general frameworks give way to what is
//! done with them.

use super::Case;
use super::features::value;
use crate::workload::evidence::Category;

/// How much a field must have, of what the strongest has, to go before deep learning in general.
const SPECIAL: f64 = 0.4;

pub(super) fn category(case: &Case) -> Category {
    let fields = [
        Category::DeepLearning,
        Category::ComputerVision,
        Category::NlpLlm,
        Category::TraditionalMl,
    ];
    let votes = fields.map(|field| {
        let signs = case.signs.iter().filter(|(_, seen)| seen.what.category == field);
        signs.map(|item| value(case, item)).sum::<f64>()
            + case.said.iter().filter_map(|said| said.about.votes.get(&field)).sum::<f64>()
    });
    let [deep, vision, language, classic] = votes;
    let most = votes.into_iter().fold(0.0, f64::max);
    let (special, field) = if vision >= language {
        (vision, Category::ComputerVision)
    } else {
        (language, Category::NlpLlm)
    };
    if special > 0.0 && special >= SPECIAL * most && special > classic {
        field
    } else if deep >= classic {
        Category::DeepLearning
    } else {
        Category::TraditionalMl
    }
}
