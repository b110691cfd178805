//! Numbers that a text states: sizes of models, GPUs and their memory, amounts of data, users.

use super::words::{Break, Word, stem, words};

/// What a text says of sizes; the largest where it says more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated {
    /// Parameters of a model: `7B`, `70 billion parameters`; of `8x7B` the product.
    pub parameters: Option<u64>,
    pub gpus: Option<u32>,
    pub nodes: Option<u32>,
    /// Memory of one GPU, in GB.
    pub gpu_memory_gb: Option<u32>,
    /// Pictures or videos.
    pub images: Option<u64>,
    /// People, or requests, at the same time.
    pub users: Option<u64>,
}

const GPUS: &[&str] = &[
    "gpu",
    "gpus",
    "a100",
    "h100",
    "h200",
    "h800",
    "b100",
    "b200",
    "gb200",
    "v100",
    "p100",
    "l40",
    "l40s",
    "a40",
    "a10",
    "a10g",
    "l4",
    "t4",
    "a6000",
    "mi250",
    "mi300",
    "mi300x",
    "mi325x",
    "3090",
    "4090",
    "5090",
    "rtx3090",
    "rtx4090",
    "accelerator",
    "tpu",
    "tpus",
];
const PICTURES: &[&str] = &[
    "imag",
    "photo",
    "photograph",
    "pictur",
    "fram",
    "scan",
    "slid",
    "snapshot",
    "video",
    "clip",
    "til",
    "radiograph",
    "ray",
];
const USERS: &[&str] = &["user", "concurrent", "simultaneous", "session"];
/// What a number with `B` behind it counts when it does not count parameters.
const COUNTED: &[&str] = &[
    "token",
    "row",
    "record",
    "event",
    "user",
    "request",
    "document",
    "transaction",
    "message",
    "dollar",
    "euro",
    "euros",
    "imag",
    "page",
    "word",
    "lin",
    "item",
    "pair",
    "vector",
    "customer",
    "revenu",
    "query",
    "point",
    "entry",
];
const SIZED: &[&str] = &[
    "model",
    "network",
    "gpt",
    "bert",
    "llama",
    "qwen",
    "gemma",
    "mistral",
    "phi",
    "smollm",
    "pythia",
    "opt",
    "t5",
    "vit",
    "llm",
    "variant",
    "transformer",
];

/// A number in a text.
struct Number {
    value: f64,
    /// Letters right behind the digits: `B`, `GB`.
    unit: String,
    /// The first word behind it.
    next: usize,
}

/// The sizes that a text states. One pass.
pub fn sizes(text: &str) -> Stated {
    let mut stated = Stated::default();
    let mut sentence: Vec<Word> = Vec::new();
    for word in words(text) {
        if word.gap == Break::Sentence || sentence.len() == super::sentence::LONGEST {
            read(text, &sentence, &mut stated);
            sentence.clear();
        }
        sentence.push(word);
    }
    read(text, &sentence, &mut stated);
    stated
}

fn read(text: &str, sentence: &[Word], stated: &mut Stated) {
    for at in 0..sentence.len() {
        let Some(number) = number(sentence, at) else { continue };
        let behind = |reach: usize, list: &[&str]| {
            let words = sentence.iter().skip(number.next).take(reach);
            words.take_while(|word| word.gap == Break::None).any(|word| is_one(word.text, list))
        };
        let before = |reach: usize, list: &[&str]| {
            (at.saturating_sub(reach)..at).any(|word| is_one(sentence[word].text, list))
        };
        let value = number.value;
        let start = sentence[at].start;
        let money = text.get(..start).is_some_and(|t| t.trim_end().ends_with(['$', '€', '£']));
        let big = number.unit.starts_with('b') && value <= 2e12 && !behind(2, COUNTED);
        let named = number.unit.starts_with('m') && (before(3, SIZED) || behind(1, SIZED));
        let named = named && !behind(2, PICTURES) && !behind(2, COUNTED);
        if !money && (behind(2, &["parameter", "param"]) || big || named) && value >= 1e4 {
            keep(&mut stated.parameters, value as u64);
        }
        let gigabytes = match number.unit.as_str() {
            "gb" | "gib" | "g" => true,
            "" => behind(1, &["gb", "gib"]),
            _ => false,
        };
        let other = behind(2, &["ram", "disk", "storag", "data", "dataset", "ssd"]);
        if gigabytes && !other && (behind(4, &["vram"]) || behind(3, GPUS) || before(3, GPUS)) {
            keep(&mut stated.gpu_memory_gb, value as u32);
        }
        let counts = !gigabytes && number.unit.is_empty() && (1.0..=1e6).contains(&value);
        if counts && !before(1, &["rtx", "gtx", "series"]) && value.fract() == 0.0 {
            if behind(3, GPUS) && !behind(2, &["gb", "gib"]) {
                keep(&mut stated.gpus, value as u32);
            }
            if behind(2, &["nod", "server", "machin"]) {
                keep(&mut stated.nodes, value as u32);
            }
        }
        if let Some((_, name)) = number.unit.split_once('x')
            && is_one(name, GPUS)
        {
            keep(&mut stated.gpus, value as u32);
        }
        if number.unit.len() < 2 {
            if behind(4, PICTURES) {
                keep(&mut stated.images, value as u64);
            }
            if behind(2, USERS) {
                keep(&mut stated.users, value as u64);
            }
        }
    }
}

fn keep<T: Ord>(stated: &mut Option<T>, value: T) {
    if stated.as_ref().is_none_or(|kept| *kept < value) {
        *stated = Some(value);
    }
}

/// Whether a word, or its stem, is in a list; of `8xA100` what is counted.
fn is_one(word: &str, list: &[&str]) -> bool {
    let lower = word.to_lowercase();
    let counted = lower.split_once('x').filter(|(times, _)| times.parse::<u32>().is_ok());
    let name = counted.map_or(lower.as_str(), |(_, name)| name);
    list.contains(&name) || list.contains(&stem(name).as_str())
}

/// The number that begins at a word: `14`, `3 000`, `14,000`, `1.5B`, `8x7B`, `two`, `70 billion`.
fn number(sentence: &[Word], at: usize) -> Option<Number> {
    let word = sentence.get(at)?;
    let lower = word.text.to_lowercase();
    let mut next = at + 1;
    let (mut value, mut unit) = match in_words(&lower) {
        Some(value) => (value, String::new()),
        None => digits(&lower)?,
    };
    let grouped =
        word.text.len() <= 3 && unit.is_empty() && value >= 1.0 && in_words(&lower).is_none();
    while let Some(group) = sentence.get(next).filter(|_| grouped) {
        let three = group.text.len() == 3 && group.text.bytes().all(|b| b.is_ascii_digit());
        let Some(thousands) = group.text.parse::<f64>().ok().filter(|_| three && value < 1e12)
        else {
            break;
        };
        value = value * 1000.0 + thousands;
        next += 1;
    }
    if let Some((times, each)) = unit.strip_prefix('x').and_then(digits) {
        value *= times;
        unit = each;
    }
    if unit.is_empty() {
        let follows = sentence.get(next).filter(|word| word.gap == Break::None);
        unit = match follows.map(|word| word.text.to_lowercase()).as_deref() {
            Some("thousand" | "k") => "k".into(),
            Some("million" | "millions" | "m" | "mio") => "m".into(),
            Some("billion" | "billions" | "bn" | "b") => "b".into(),
            Some("trillion") => "t".into(),
            _ => unit,
        };
        next += usize::from(!unit.is_empty());
    }
    value *= match unit.as_str() {
        "k" => 1e3,
        "m" | "mio" => 1e6,
        "b" | "bn" => 1e9,
        "t" => 1e12,
        _ => 1.0,
    };
    Some(Number { value, unit, next })
}

/// Digits with what is written right behind them.
fn digits(word: &str) -> Option<(f64, String)> {
    let end =
        word.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(word.len());
    let (number, unit) = word.split_at_checked(end)?;
    let groups = number.split(',').skip(1).all(|group| group.len() == 3);
    let number = if groups { number.replace(',', "") } else { number.replace(',', ".") };
    Some((number.parse().ok()?, unit.to_string()))
}

fn in_words(word: &str) -> Option<f64> {
    const NUMBERS: &[&str] = &[
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    match word {
        "dual" => Some(2.0),
        "sixteen" => Some(16.0),
        "thirty" => Some(30.0),
        "hundred" | "hundreds" => Some(100.0),
        "thousands" => Some(1000.0),
        "million" | "millions" => Some(1e6),
        "billion" | "billions" => Some(1e9),
        _ => NUMBERS.iter().position(|name| *name == word).map(|index| index as f64 + 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Stated, sizes};

    #[test]
    fn sizes_of_models_are_read() {
        for (text, parameters) in [
            ("a 7B model", Some(7_000_000_000)),
            ("Llama 3 70b", Some(70_000_000_000)),
            ("70 billion parameters", Some(70_000_000_000)),
            ("Mixtral 8x7B", Some(56_000_000_000)),
            ("reproduces GPT-2 (124M) on OpenWebText", Some(124_000_000)),
            ("a 1.5B-parameter network", Some(1_500_000_000)),
            ("10M rows and 2B events", None),
            ("$5B of revenue", None),
            ("runs 24 hours", None),
        ] {
            assert_eq!(sizes(text).parameters, parameters, "{text}");
        }
    }

    #[test]
    fn resources_are_read() {
        let read = sizes("32 GPUs over four nodes");
        assert_eq!((read.gpus, read.nodes), (Some(32), Some(4)));
        for (text, gpus, memory) in [
            ("8xA100 80GB", Some(8), Some(80)),
            ("a card with 24 GB of VRAM", None, Some(24)),
            ("two H100", Some(2), None),
            ("4 × A100", Some(4), None),
            ("64 GB RAM and eight cores", None, None),
            ("one RTX 4090", Some(1), None),
        ] {
            let read = sizes(text);
            assert_eq!((read.gpus, read.gpu_memory_gb), (gpus, memory), "{text}");
        }
        assert_eq!(sizes("on 14 million product photos").images, Some(14_000_000));
        assert_eq!(sizes("200 concurrent users").users, Some(200));
        assert_eq!(sizes("3 000 messages a second"), Stated::default());
    }
}
