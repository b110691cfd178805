//! What a README, or a description of a manifest, says of its project itself.

use std::collections::BTreeMap;

use super::judge::{distinct, faded, log_odds, probability};
use super::page::{Page, Place};
use super::{Hit, Sense, hits};
use crate::workload::cut::head;
use crate::workload::evidence::{Category, Gpu};

#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// How strongly the project says of itself that it is machine learning, 0 to 1.
    pub ml: f64,
    /// The weight of the phrases of each category.
    pub votes: BTreeMap<Category, f64>,
    /// What it says of the need of a GPU; nothing where it says nothing.
    pub gpu: Option<Gpu>,
    pub hits: Vec<Hit>,
}

/// Bytes read: what a project is stands at the top.
const READ: usize = 8 << 10;
/// Most log odds that the text below the lead adds: alone it does not make a project machine learning.
const BODY: f64 = 2.0;
/// Most log odds that lists and tables add: they name what goes with the project as well.
const LISTS: f64 = 0.8;

/// What the first 8 KB of a README say, or a description. Code, badges, links and sections about others are
/// left out; the lead counts most, lists least.
pub fn readme(text: &str) -> About {
    let text = head(text, READ);
    let page = Page::read(text);
    let hits = hits(&page.prose);
    let place = |hit: &Hit| page.places.get(hit.line as usize - 1).copied().unwrap_or(Place::Body);
    let odds =
        |wanted: Place| faded(distinct(&hits).filter(|hit| place(hit) == wanted).map(log_odds));
    let (lead, body, lists) = (odds(Place::Lead), odds(Place::Body), odds(Place::List));
    let ml = probability(lead + body.clamp(-BODY, BODY) + lists.clamp(-LISTS, LISTS));
    let mut votes = BTreeMap::new();
    for hit in distinct(&hits).filter(|hit| hit.sense == Sense::Meant) {
        let part = match place(hit) {
            Place::Lead => 1.0,
            Place::Body => 0.4,
            Place::List => 0.2,
        };
        if hit.entry.category != Category::None && hit.entry.weight > 0.0 {
            *votes.entry(hit.entry.category).or_default() += hit.entry.weight * part;
        }
    }
    About { ml, votes, gpu: gpu(&hits), hits }
}

/// `Optional` where it says both that a GPU is used and that it runs without.
fn gpu(hits: &[Hit]) -> Option<Gpu> {
    // That it runs on a small computer does not say that it uses no GPU elsewhere: such entries have a scale.
    let meant = || hits.iter().filter(|hit| hit.sense == Sense::Meant && hit.entry.scale == 0.0);
    let says = |gpu: Gpu| meant().any(|hit| hit.entry.says == Some(gpu));
    let (required, none) = (says(Gpu::Required), says(Gpu::None));
    match (says(Gpu::Optional) || (required && none), required, none) {
        (true, ..) => Some(Gpu::Optional),
        (_, true, _) => Some(Gpu::Required),
        (_, _, true) => Some(Gpu::None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::readme;
    use crate::workload::evidence::{Category, Gpu};

    #[test]
    fn a_project_is_what_its_lead_says() {
        let svm = readme("# libfoo\n\nlibfoo is a library for support vector machines.\n");
        assert!(svm.ml > 0.8 && svm.votes.contains_key(&Category::TraditionalMl));
        let viewer = "# Viewer\n\nShows tables in the terminal.\n\n## Integrations\n\n- PyTorch\n- Keras\n- XGBoost\n";
        assert!(readme(viewer).ml < 0.2);
        let listed = viewer.replace("## Integrations", "## Formats");
        assert!(readme(&listed).ml < 0.3);
        let code = "# Site\n\nA static site generator.\n\n```python\nimport torch  # deep learning with PyTorch\n```\n";
        assert!(readme(code).ml < 0.1);
        let used = "# Table\n\nFast tables.\n\n## Usage\n\nHandy for machine learning with PyTorch, XGBoost or Keras.\n";
        assert!(readme(used).ml < 0.5);
    }

    #[test]
    fn the_need_of_a_gpu_is_taken_from_its_words() {
        for (text, gpu) in [
            ("Requires an NVIDIA GPU.", Some(Gpu::Required)),
            ("It works on CPU, a GPU makes it faster.", Some(Gpu::Optional)),
            ("Requires CUDA 11.8 or later; falls back to CPU.", Some(Gpu::Optional)),
            ("This build is CPU-only.", Some(Gpu::None)),
            ("A GPU is not required.", None),
            ("Fast and small.", None),
        ] {
            assert_eq!(readme(text).gpu, gpu, "{text}");
        }
    }

    #[test]
    fn hits_keep_the_lines_of_the_file() {
        let about =
            readme("<!-- x\n-->\n[![build](a)](b)\n# T\n\n```\nPyTorch\n```\nBuilt on PyTorch.\n");
        assert_eq!(about.hits.iter().map(|hit| hit.line).collect::<Vec<_>>(), [9]);
    }
}
