//! The answers for people: a paragraph an input.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::answer::{Answer, HostAnswer};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::output::units::{bytes, grouped};
use crate::core::output::{Align, Output, Table, printable};
use crate::workload::estimate::Estimate;
use crate::workload::evidence::{Category, Evidence, Gpu};
use crate::workload::models::Model;
use crate::workload::text::Need;

/// Before each line of a paragraph but the first.
const MARGIN: &str = "         ";
/// Models that are told of.
const MODELS: usize = 3;

pub(super) fn print(answers: &[Answer], explain: bool, ctx: &Context) -> Result<(), Fault> {
    let mut text = String::new();
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        if answers.len() > 1 {
            text.push_str(&printable(&answer.input));
            text.push_str(": ");
        }
        text += &paragraph(answer, &ctx.out);
        if explain {
            text += &explained(answer, &ctx.out);
        }
    }
    ctx.out.result(text.as_bytes())
}

fn paragraph(answer: &Answer, out: &Output) -> String {
    let of = &answer.assessment;
    let verdict = match of.need {
        Need::None => "not machine learning".to_owned(),
        need => format!("{}, {}", field(of.category), kind(need)),
    };
    let colour = if of.is_ml { AnsiColor::Green } else { AnsiColor::Yellow };
    let verdict = out.paint(Style::new().bold().fg_color(Some(colour.into())), &verdict);
    let mut text = format!("{verdict} (confidence {:.2})\n\n", shown(of.confidence));
    text += &section("why", &[of.reasons.join("; ")], out);
    let models: Vec<String> = of.models.models.iter().take(MODELS).map(model).collect();
    if !models.is_empty() {
        text += &section("weights", &models, out);
    }
    if let Some(estimate) = &answer.estimate {
        text += &section("needs", &[needs(estimate), estimate.basis.to_string()], out);
        text += &section("host", &[host(&answer.host)], out);
    }
    text
}

/// Two digits, and never a certainty that is none.
fn shown(confidence: f64) -> f64 {
    confidence.min(0.99)
}

fn field(category: Category) -> &'static str {
    match category {
        Category::None => "machine learning",
        Category::DeepLearning => "deep learning",
        Category::ComputerVision => "computer vision",
        Category::NlpLlm => "language models",
        Category::TraditionalMl => "classical machine learning",
    }
}

fn kind(need: Need) -> &'static str {
    match need {
        Need::None => "no need",
        Need::Cpu => "runs on the CPU",
        Need::GpuOptional => "GPU optional",
        Need::GpuRequired => "GPU required",
    }
}

fn model(model: &Model) -> String {
    let of = &model.weights;
    let dtypes: Vec<&str> = of.dtypes.iter().take(3).map(|(dtype, _)| dtype.name()).collect();
    let files = if model.files > 1 { format!(" in {} files", model.files) } else { String::new() };
    format!(
        "{}: {} parameters, {}, {}{files}",
        printable(&model.file),
        grouped(of.parameters),
        dtypes.join(" and "),
        bytes(of.bytes)
    )
}

fn needs(estimate: &Estimate) -> String {
    let cores = plural(estimate.cpu_cores, "core");
    let gpus = match estimate.gpu_count {
        0 => String::new(),
        n => {
            let optional = if estimate.gpu_required { "" } else { " (optional)" };
            let card = bytes(estimate.gpu_card_bytes);
            let used = bytes(estimate.gpu_memory_bytes);
            format!(", {} of {card}{optional}, {used} used", plural(n, "GPU"))
        }
    };
    format!("{cores}, {} of memory{gpus}", bytes(estimate.memory_bytes))
}

fn host(answer: &HostAnswer) -> String {
    let host = &answer.host;
    let memory = host.memory_bytes.map_or_else(|| "memory unknown".to_owned(), bytes);
    let gpus = match host.gpus.as_slice() {
        [] => "no GPU".to_owned(),
        [only] => format!("{} with {}", only.name, bytes(only.memory_bytes)),
        [first, ..] => {
            format!(
                "{} GPUs, the first {} with {}",
                host.gpus.len(),
                first.name,
                bytes(first.memory_bytes)
            )
        }
    };
    let verdict = match answer.fits {
        Some(true) => ": fits".to_owned(),
        Some(false) => format!(": does not fit: {}", answer.missing.join("; ")),
        None => String::new(),
    };
    format!("{}, {memory}, {gpus}{verdict}", plural(host.cores, "core"))
}

fn plural(n: u32, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A title, and its lines wrapped beside it.
fn section(title: &str, lines: &[String], out: &Output) -> String {
    let width = out.width().map_or(usize::MAX, |width| width.max(40) - MARGIN.len());
    let mut text = String::new();
    for (at, line) in lines.iter().flat_map(|line| wrapped(&printable(line), width)).enumerate() {
        let margin = if at == 0 { format!("{title:<9}") } else { MARGIN.to_owned() };
        text.push_str(&(margin + &line + "\n"));
    }
    text
}

/// Lines of at most so many columns, where words allow it.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr as _;
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

fn explained(answer: &Answer, out: &Output) -> String {
    let evidence = &answer.assessment.evidence;
    let mut text = String::from("\n");
    if !evidence.is_empty() {
        let cell = |of: fn(&Evidence) -> String| evidence.iter().map(of).collect::<Vec<_>>();
        let mut table = Table::new();
        table.column("weight", Align::Right, 0, cell(|e| format!("{:.2}", e.weight)));
        table.column("found", Align::Left, 0, cell(|e| short(&e.token)));
        table.column("where", Align::Left, 1, cell(Evidence::place));
        table.column("files", Align::Right, 4, cell(|e| e.files.to_string()));
        table.column("part", Align::Left, 3, cell(|e| format!("{:?}", e.scope).to_lowercase()));
        table.column("GPU", Align::Left, 5, cell(|e| gpu(e.gpu).to_owned()));
        table.column("why", Align::Left, 6, cell(|e| e.why.clone()));
        text += &table.render(out);
    }
    if let Some(features) = &answer.assessment.features {
        text += "\n";
        for (name, value) in features.listed() {
            let _ = writeln!(text, "{value:.2}  {name}");
        }
    }
    text
}

fn gpu(gpu: Gpu) -> &'static str {
    match gpu {
        Gpu::None => "",
        Gpu::Optional => "optional",
        Gpu::Required => "required",
    }
}

fn short(token: &str) -> String {
    const LONGEST: usize = 40;
    if token.chars().count() <= LONGEST {
        return token.to_owned();
    }
    token.chars().take(LONGEST - 1).chain(['…']).collect()
}
