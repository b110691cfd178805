use proptest::prelude::*;

use super::formula::{self, Family, Run, Transformer};
use super::*;
use crate::workload::evidence::Category;
use crate::workload::weights::Architecture;

const LLAMA_3_8B: Transformer = Transformer {
    layers: 32.0,
    hidden: 4096.0,
    heads: 32.0,
    kv_heads: 8.0,
    head_dim: 128.0,
    logits: 128_256.0,
    vocab: 128_256.0,
    attention_dropout: false,
    family: Family::Gated,
};

fn run(batch: f64, seq: f64) -> Run {
    Run { batch, seq, value: 2.0, checkpointing: false, fused_attention: true }
}

fn close(got: f64, by_hand: f64) {
    assert!((got / by_hand - 1.0).abs() < 1e-9, "{got} is not {by_hand}");
}

fn named(name: &str, category: Category, gpu: Gpu) -> Facts {
    let model = models::by_name(name);
    assert!(model.is_some(), "{name}");
    Facts { category, gpu, model, ..Facts::default() }
}

fn bytes(terms: &[Term], name: &str) -> u64 {
    terms.iter().filter(|term| term.name == name).map(|term| term.bytes).sum()
}

#[test]
fn bytes_of_a_trained_parameter_add_up() {
    let sum = |precision, optimiser| {
        let (weights, gradients, state) = formula::training_bytes(precision, optimiser);
        weights + gradients + state
    };
    close(sum(Precision::Fp32, Optimiser::Adam), 16.0);
    close(sum(Precision::Bf16, Optimiser::Adam), 18.0);
    close(sum(Precision::Fp32, Optimiser::Sgd), 12.0);
    close(sum(Precision::Fp16, Optimiser::Adam8bit), 12.0);
}

#[test]
fn a_kv_cache_is_131_072_bytes_a_token_for_llama_3_8b() {
    close(formula::kv_cache(&LLAMA_3_8B, 1.0, 1.0, 2.0), 131_072.0);
    close(formula::kv_cache(&LLAMA_3_8B, 4.0, 2048.0, 2.0), 4.0 * 2048.0 * 131_072.0);
}

#[test]
fn quantised_weights_keep_their_embeddings_in_16_bits() {
    close(formula::weights(1e9, Precision::Int4, None), 0.5625e9);
    let embeddings = 2.0 * 128_256.0 * 4096.0;
    let by_hand = (8e9 - embeddings) * 0.5625 + embeddings * 2.0;
    close(formula::weights(8e9, Precision::Int4, Some(&LLAMA_3_8B)), by_hand);
    close(formula::weights(8e9, Precision::Bf16, Some(&LLAMA_3_8B)), 16e9);
}

#[test]
fn an_encoder_keeps_34_bytes_of_each_token_and_feature() {
    let bert = Transformer {
        layers: 12.0,
        hidden: 768.0,
        heads: 12.0,
        kv_heads: 12.0,
        head_dim: 64.0,
        logits: 0.0,
        vocab: 30_522.0,
        attention_dropout: true,
        family: Family::Encoder,
    };
    let linear = 12.0 * 34.0 * 8.0 * 128.0 * 768.0;
    close(formula::transformer_training(&bert, run(8.0, 128.0)), linear);
    let scores = 12.0 * 3.0 * 12.0 * 8.0 * 128.0 * 128.0 * 2.0;
    let unfused = Run { fused_attention: false, ..run(8.0, 128.0) };
    close(formula::transformer_training(&bert, unfused), linear + scores);
}

#[test]
fn checkpointing_keeps_the_inputs_and_one_layer() {
    let kept = Run { checkpointing: true, ..run(1.0, 2048.0) };
    let input = 2048.0 * 4096.0 * 2.0;
    let loss = 2048.0 * 128_256.0 * 10.0;
    close(formula::transformer_training(&LLAMA_3_8B, kept), 32.0 * input + 20.0 * input + loss);
}

#[test]
fn adapters_have_rank_64() {
    close(formula::adapters(8e9, Some(&LLAMA_3_8B)), 64.0 * 18.0 * 4096.0 * 32.0);
    close(formula::adapters(1e9, None), 2e7);
    close(formula::adapters(10.0, Some(&LLAMA_3_8B)), 10.0);
}

#[test]
fn an_image_is_counted_by_its_values() {
    close(formula::convolutions(22.2e6, 32.0, 4.0, true), 22.2e6 * 128.0);
    close(formula::convolutions(22.2e6, 32.0, 4.0, false), 22.2e6 * 16.0);
}

#[test]
fn full_training_of_mistral_7b_is_18_bytes_a_parameter_on_two_large_cards() {
    let facts = named("Mistral 7B", Category::NlpLlm, Gpu::Required);
    let ask = Ask {
        task: Some(Task::Train),
        batch: Some(4),
        seq: Some(2048),
        precision: Some(Precision::Bf16),
    };
    let got = estimate(&ask, &facts);
    let states = ["weights", "gradients", "optimiser"];
    let sum: u64 = states.iter().map(|name| bytes(&got.basis.gpu_terms, name)).sum();
    assert_eq!(sum, 18 * 7_241_732_096);
    assert_eq!((got.gpu_count, got.gpu_card_bytes), (2, 80 << 30));
    assert_eq!(
        got.basis.to_string(),
        "Mistral 7B: 7.24 B parameters (bf16) × 18 bytes for Adam + activations (batch 4 × 2 048)"
    );
}

#[test]
fn a_gpu_that_is_optional_leaves_enough_memory_to_run_without() {
    let got = estimate(&Ask::default(), &named("BERT base", Category::NlpLlm, Gpu::Optional));
    assert!(!got.gpu_required && got.gpu_count == 1 && got.gpu_card_bytes == 8 << 30);
    assert!(bytes(&got.basis.terms, "weights") == 4 * 109_482_240);
    let none = estimate(&Ask::default(), &named("BERT base", Category::NlpLlm, Gpu::None));
    assert_eq!((none.gpu_count, none.gpu_memory_bytes), (0, 0));
    assert_eq!(none.memory_bytes, got.memory_bytes);
}

#[test]
fn weights_in_the_tree_count_before_a_name() {
    let mut facts = named("Llama 3 8B", Category::NlpLlm, Gpu::Optional);
    facts.parameters = Some(1_000_000);
    facts.weight_bytes = Some(700_000);
    facts.precision = Some(Precision::Int4);
    let got = estimate(&Ask::default(), &facts);
    assert_eq!((got.basis.source, got.basis.parameters), (Source::Weights, Some(1_000_000)));
    assert_eq!(bytes(&got.basis.terms, "weights"), 700_000);
    assert_eq!(got.basis.model, None);
}

#[test]
fn a_configuration_counts_before_a_name_that_is_another_model() {
    let mut facts = named("Llama 3 8B", Category::NlpLlm, Gpu::Optional);
    let shape = |layers, hidden, vocab| Architecture {
        layers: Some(layers),
        hidden: Some(hidden),
        vocab: Some(vocab),
        ..Architecture::default()
    };
    facts.architecture = Some(shape(32, 4096, 128_256));
    assert_eq!(estimate(&Ask::default(), &facts).basis.source, Source::Name);
    facts.architecture = Some(shape(2, 100, 1000));
    let basis = estimate(&Ask::default(), &facts).basis;
    assert_eq!((basis.source, basis.parameters), (Source::Configuration, Some(240_000 + 100_000)));
}

#[test]
fn what_a_text_states_of_gpus_counts() {
    let mut facts = named("Llama 2 70B", Category::NlpLlm, Gpu::Required);
    facts.stated_gpus = Some(8);
    facts.stated_gpu_memory = Some(40 << 30);
    let got = estimate(&Ask::default(), &facts);
    assert_eq!((got.gpu_count, got.gpu_card_bytes), (8, 40 << 30));
}

#[test]
fn an_unknown_size_is_a_usual_one_and_is_said_to_be() {
    let facts =
        Facts { category: Category::ComputerVision, gpu: Gpu::Optional, ..Facts::default() };
    let got = estimate(&Ask::default(), &facts);
    assert_eq!(got.basis.source, Source::Table);
    assert!(got.basis.to_string().starts_with("table: 25.6 M parameters (fp32) × 16 bytes"));
}

#[test]
fn tables_take_five_times_their_file() {
    let facts = Facts {
        category: Category::TraditionalMl,
        dataset_bytes: Some(2_000_000_000),
        ..Facts::default()
    };
    let got = estimate(&Ask::default(), &facts);
    assert_eq!((got.memory_bytes, got.gpu_count, got.cpu_cores), (10_300_000_000, 0, 8));
    assert_eq!(got.basis.to_string(), "libraries and data");
}

#[test]
fn int4_weights_are_trained_by_adapters() {
    let facts = named("LLaMA 65B", Category::NlpLlm, Gpu::Required);
    let ask = Ask {
        task: Some(Task::FineTune),
        precision: Some(Precision::Int4),
        seq: Some(512),
        batch: None,
    };
    let got = estimate(&ask, &facts);
    assert_eq!(got.basis.optimiser, Some(Optimiser::Lora));
    assert!(got.gpu_memory_bytes < 60_000_000_000 && got.gpu_count == 1);
}

#[test]
fn a_network_of_no_parameters_fits_the_smallest_card_and_a_huge_one_still_gets_a_number() {
    let mut facts = Facts { category: Category::NlpLlm, gpu: Gpu::Required, ..Facts::default() };
    facts.parameters = Some(0);
    assert_eq!(estimate(&Ask::default(), &facts).gpu_count, 1);
    facts.parameters = Some(u64::MAX);
    let got = estimate(&Ask::default(), &facts);
    assert!(got.gpu_count.is_power_of_two() && got.gpu_memory_bytes > 1 << 40);
}

fn facts() -> impl Strategy<Value = Facts> {
    let number = || prop::option::of(prop_oneof![0..200_000_u64, any::<u64>(), Just(u64::MAX)]);
    let architecture = (number(), number(), number(), number(), number(), number(), number())
        .prop_map(|(layers, hidden, heads, kv_heads, head_dim, context, vocab)| Architecture {
            name: Some("llama".to_owned()),
            layers,
            hidden,
            heads,
            kv_heads,
            head_dim,
            context,
            vocab,
            ..Architecture::default()
        });
    let category = prop::sample::select(vec![
        Category::None,
        Category::DeepLearning,
        Category::ComputerVision,
        Category::NlpLlm,
        Category::TraditionalMl,
    ]);
    let gpu = prop::sample::select(vec![Gpu::None, Gpu::Optional, Gpu::Required]);
    let stated = (number(), prop::option::of(any::<u32>()), number(), number());
    (category, gpu, number(), number(), prop::option::of(architecture), stated).prop_map(
        |(category, gpu, parameters, weight_bytes, architecture, stated)| Facts {
            category,
            gpu,
            parameters,
            weight_bytes,
            architecture,
            stated_parameters: stated.0,
            stated_gpus: stated.1,
            stated_gpu_memory: stated.2,
            dataset_bytes: stated.3,
            ..Facts::default()
        },
    )
}

fn task() -> impl Strategy<Value = Option<Task>> {
    prop::sample::select(vec![
        None,
        Some(Task::Train),
        Some(Task::FineTune),
        Some(Task::Serve),
        Some(Task::Batch),
    ])
}

fn on_all_gpus(estimate: &Estimate) -> u64 {
    sum(&estimate.basis.gpu_terms)
}

proptest! {
    #[test]
    fn any_numbers_give_an_estimate(
        facts in facts(), task in task(), batch: Option<u32>, seq: Option<u32>, cores: u32, memory: Option<u64>,
    ) {
        let ask = Ask { task, batch, seq, precision: None };
        let got = estimate(&ask, &facts);
        prop_assert!(got.cpu_cores > 0 && got.memory_bytes > 0);
        prop_assert_eq!(got.gpu_count > 0, facts.gpu != Gpu::None);
        let gpus = vec![Card { name: "T4".to_owned(), memory_bytes: 16 << 30 }; 2];
        let fit = fits(&got, &Host { cores, memory_bytes: memory, gpus });
        prop_assert_eq!(fit.fits, fit.reasons.is_empty());
        prop_assert!(!got.basis.to_string().is_empty());
    }

    #[test]
    fn more_never_needs_less(
        task in task(),
        parameters in 1..200_000_000_000_u64,
        more in 0..200_000_000_000_u64,
        batch in 1..512_u32,
        seq in 1..65_536_u32,
        hidden in 0..3_usize,
    ) {
        let category = [Category::NlpLlm, Category::ComputerVision, Category::DeepLearning][hidden];
        let facts = |parameters| Facts {
            category, gpu: Gpu::Optional, parameters: Some(parameters), ..Facts::default()
        };
        // One precision: a larger model is in 16 bits by default. Activations are computed again from
        // 1e9 parameters on, so sizes are compared on one side of that.
        let precision = Some(Precision::Bf16);
        let ask = Ask { task, batch: Some(batch), seq: Some(seq), precision };
        let small = estimate(&ask, &facts(parameters));
        let longer = estimate(&Ask { seq: Some(seq + 1), ..ask }, &facts(parameters));
        let wider = estimate(&Ask { batch: Some(batch + 1), ..ask }, &facts(parameters));
        for larger in [longer, wider] {
            prop_assert!(larger.memory_bytes >= small.memory_bytes);
            prop_assert!(on_all_gpus(&larger) >= on_all_gpus(&small));
        }
        if parameters >= 1_000_000_000 {
            let larger = estimate(&ask, &facts(parameters + more));
            prop_assert!(larger.memory_bytes >= small.memory_bytes);
            prop_assert!(on_all_gpus(&larger) >= on_all_gpus(&small));
        }
    }
}
