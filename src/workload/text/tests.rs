use std::collections::HashSet;

use proptest::prelude::*;

use super::lexicon::{Entry, LEXICON};
use super::{Need, Sense, brief, hits, readme, sizes};
use crate::workload::evidence::{Category, Gpu};

#[test]
fn a_hit_says_where_it_is_and_what_it_means() {
    let found = hits("First line.\nA random\nforest, but no deep learning.");
    let trees = found.iter().find(|hit| hit.token == "random forest").unwrap();
    assert_eq!((trees.line, trees.sense), (2, Sense::Meant));
    assert_eq!(trees.entry.category, Category::TraditionalMl);
    let deep = found.iter().find(|hit| hit.token == "deep learning").unwrap();
    assert_eq!((deep.line, deep.sense), (3, Sense::Denied));
}

#[test]
fn case_and_endings_are_told_apart() {
    let weights = |text: &str| hits(text).iter().map(|hit| hit.entry.weight).fold(0.0, f64::max);
    for text in [
        "finetuning BERT",
        "fine-tuned networks",
        "YOLOv8n",
        "8xA100",
        "Llama-3 8B",
        "SVMs",
        "k-means",
        "GANs",
    ] {
        assert!(weights(text) >= 0.4, "{text}");
    }
    for text in
        ["a LoRa antenna", "Bert and Gan", "the somme", "GUID, gpt", "yolo!", "a clip of paper"]
    {
        assert!(weights(text) < 0.4, "{text}");
    }
}

#[test]
fn denials_end_with_their_clause() {
    let sense =
        |text: &str, token: &str| hits(text).iter().find(|hit| hit.token == token).unwrap().sense;
    for text in [
        "We do not want to use any machine learning.",
        "Without machine learning, please.",
        "Machine learning is not needed.",
        "Plain sums instead of machine learning.",
    ] {
        assert!(text.to_lowercase().contains("machine learning"));
        assert_eq!(hits(text)[0].sense, Sense::Denied, "{text}");
    }
    for text in [
        "There are no labels, so machine learning is hard.",
        "Not only sums but machine learning.",
        "No cloud: machine learning on our server.",
        "Two notes on machine learning.",
    ] {
        assert_eq!(sense(text, "machine learning"), Sense::Meant, "{text}");
    }
}

#[test]
fn a_name_alone_says_nothing() {
    for text in
        ["# keras\n\nTheme for a tracker (keras is Greek for horn).", "# XGBoost\nA racing game."]
    {
        assert_eq!(brief(text).need, Need::None, "{text}");
    }
    for text in
        ["# keras\n\nDeep learning for humans.", "# XGBoost: boosted trees", "# Keras models"]
    {
        assert!(brief(text).ml, "{text}");
    }
    assert_eq!(brief("Keras is our office dog.").need, Need::None);
}

#[test]
fn other_languages_have_a_few_words() {
    for (text, category) in [
        ("基于深度学习的语音合成工具", Category::DeepLearning),
        ("用于目标检测的库。", Category::ComputerVision),
        ("機械学習の入門", Category::TraditionalMl),
        ("Une bibliothèque pour les réseaux de neurones", Category::DeepLearning),
        ("Библиотека: машинное обучение", Category::TraditionalMl),
    ] {
        assert_eq!(brief(text).category, category, "{text}");
    }
    assert!(!brief("一个简单的网页").ml);
}

#[test]
fn the_hits_of_a_long_text_are_bounded() {
    let text = "We train a random forest on images with PyTorch on 8 GPUs. ".repeat(5000);
    let found = hits(&text);
    assert!(found.len() < 200, "{}", found.len());
    let unbroken = "train model image random forest ".repeat(5000);
    assert!(hits(&unbroken).len() < 200);
}

#[test]
fn the_need_follows_what_is_said_of_it() {
    for (text, need) in [
        ("Train a CNN on 2,000 pictures.", Need::GpuOptional),
        ("Train a CNN on 2,000 pictures; the server has no GPU.", Need::Cpu),
        ("Train a CNN on 20 million pictures from scratch.", Need::GpuRequired),
        ("Serve a 70B LLM.", Need::GpuRequired),
        ("Train a vision-language model on 100 million image-text pairs.", Need::GpuRequired),
        ("Serve a 1B LLM on a laptop.", Need::GpuOptional),
        ("Train XGBoost on 10M rows.", Need::Cpu),
        ("PyTorch model, CPU or GPU.", Need::GpuOptional),
        ("PyTorch model, 4 GPUs.", Need::GpuRequired),
    ] {
        assert_eq!(brief(text).need, need, "{text}");
    }
}

/// Texts by what they need: `n` no machine learning, `c` CPU, `o` GPU optional, `r` GPU required.
const TEXTS: &str = include_str!("texts.tsv");

#[test]
fn short_texts_are_told_apart() {
    let wrong: Vec<_> = TEXTS
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(needs, text)| {
            let got = match brief(text).need {
                Need::None => 'n',
                Need::Cpu => 'c',
                Need::GpuOptional => 'o',
                Need::GpuRequired => 'r',
            };
            (!needs.contains(got)).then(|| format!("{got} not {needs}: {text}"))
        })
        .collect();
    assert!(TEXTS.lines().count() > 100);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_catalogue_is_sound() {
    let mut seen = HashSet::new();
    let mut wrong = Vec::new();
    for entry in &LEXICON.entries {
        let Entry { words, all, weight, scale, within, why, .. } = entry;
        assert!(words.is_empty() != all.is_empty(), "{why}: words or all");
        assert!(weight.abs() < 0.99 && scale.abs() <= 2.0 && *within <= 20, "{why}");
        assert!(!why.is_empty());
        assert!(
            entry.category == Category::None || *weight > 0.0,
            "{why}: a category without a weight"
        );
        for phrase in words {
            let reading = (phrase.to_lowercase(), entry.form as u8, entry.with.clone());
            if !seen.insert(reading) {
                wrong.push(format!("{phrase} twice"));
            }
            if !hits(phrase).iter().any(|hit| std::ptr::eq(hit.entry, entry)) {
                wrong.push(format!("{phrase} is never found"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_text_without_a_phrase_is_not_machine_learning() {
    let verdict = brief("");
    assert!(!verdict.ml && verdict.probability < 0.1 && verdict.reasons.is_empty());
    assert_eq!((verdict.need, verdict.category), (Need::None, Category::None));
    assert_eq!(readme("").gpu, None::<Gpu>);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let verdict = brief(&text);
            prop_assert!((0.0..=1.0).contains(&verdict.probability));
            prop_assert!((0.0..=1.0).contains(&readme(&text).ml));
            sizes(&text);
        }
    }

    #[test]
    fn no_run_of_words_panics(words in prop::collection::vec(
        prop::sample::select(vec!["no", "not", "GPU", "train", "model", "7B", "8x7B", "99999999999999999999B", "1,2,3.", ",", "\n", "\n\n", "# ", "```", "](", "![", "<", "é", "needed", "3", "000", "images", "GB", "x", "LLM"]),
        0..200,
    )) {
        let text = words.join(" ");
        brief(&text);
        readme(&words.concat());
    }
}
