//! The blocks that a statement stands in, by indentation, and what they say of it.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;

use super::condense::is_word;
use super::imports::Import;

/// What the blocks around a statement say of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inside {
    /// Under a condition on devices.
    pub(super) choice: bool,
    pub(super) import: Needed,
    /// The statement gives up because there is no GPU.
    pub(super) raises_without_gpu: bool,
}

/// Whether the code needs what is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Needed {
    #[default]
    Always,
    /// It may go on without.
    Perhaps,
    /// For type checkers, not run.
    Never,
}

#[derive(Debug)]
struct Block {
    indent: usize,
    inside: Inside,
    part: Part,
}

/// What a block is of a compound statement.
#[derive(Debug, Clone)]
enum Part {
    Plain,
    /// Run where there is no GPU.
    NoGpu,
    /// A `try`, and the imports before it.
    Try(usize),
    /// An `except`, the imports that it stands in for, and whether it goes on after them.
    Except(Range<usize>, bool),
}

/// The open blocks, from the outermost.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: Vec<Block>,
}

impl Blocks {
    /// Closes the blocks that end before a statement, says where it stands, and opens its own.
    pub(super) fn enter(
        &mut self,
        code: &[u8],
        indent: usize,
        imports: &mut [Import<'_>],
    ) -> Inside {
        let mut before = None;
        while let Some(block) = self.open.pop_if(|block| block.indent >= indent) {
            before = Some(close(block, imports)).filter(|block| block.indent == indent);
        }
        let mut inside = self.open.last().map_or(Inside::default(), |block| block.inside);
        let word = code.get(..word(code)).unwrap_or_default();
        if gives_up(word, code) {
            match self.open.last_mut().map(|block| &mut block.part) {
                Some(Part::NoGpu) => inside.raises_without_gpu = true,
                Some(Part::Except(_, goes_on)) => *goes_on = false,
                _ => {}
            }
        }
        if code.ends_with(b":") {
            let block = Block {
                indent,
                inside: within(inside, word, code, before.as_ref()),
                part: part(word, code, before, imports.len()),
            };
            self.open.push(block);
        }
        inside
    }

    /// Closes what is open at the end of the file.
    pub(super) fn finish(mut self, imports: &mut [Import<'_>]) {
        while let Some(block) = self.open.pop() {
            close(block, imports);
        }
    }
}

/// Ends a block. What follows a `try` or an `except` is told which imports were tried.
fn close(mut block: Block, imports: &mut [Import<'_>]) -> Block {
    match block.part.clone() {
        Part::Try(first) => block.part = Part::Except(first..imports.len(), false),
        Part::Except(tried, true) => {
            for import in imports.get_mut(tried.clone()).unwrap_or_default() {
                import.guarded = true;
            }
            // The next handler has nothing left to do.
            block.part = Part::Except(tried.end..tried.end, true);
        }
        _ => {}
    }
    block
}

/// What the block that `code` opens says of what is in it.
fn within(around: Inside, word: &[u8], code: &[u8], before: Option<&Block>) -> Inside {
    let mut inside = Inside { raises_without_gpu: false, ..around };
    let absent = match word {
        b"if" | b"elif" | b"while" => {
            inside.choice |= DEVICES.is_match(code);
            if memmem::find(code, b"TYPE_CHECKING").is_some() {
                inside.import = Needed::Never;
            }
            PRESENCE.is_match(code)
        }
        b"def" | b"async" => memmem::find(code, b"def main(").is_none(),
        // A fallback is not needed where the first choice is there.
        b"except" => catches(code),
        _ => false,
    };
    if absent {
        inside.import = inside.import.max(Needed::Perhaps);
    }
    if matches!(word, b"elif" | b"else")
        && let Some(before) = before
    {
        inside.choice |= before.inside.choice;
        if before.inside.import == Needed::Perhaps {
            inside.import = inside.import.max(Needed::Perhaps);
        }
    }
    inside
}

fn part(word: &[u8], code: &[u8], before: Option<Block>, imports: usize) -> Part {
    match (word, before.map(|block| block.part)) {
        (b"try", _) => Part::Try(imports),
        (b"except", Some(Part::Except(tried, _))) => Part::Except(tried, catches(code)),
        (b"if", _) if NO_GPU.contains(&code) => Part::NoGpu,
        _ => Part::Plain,
    }
}

/// Conditions that a project fails on which needs a GPU; with `and use_cuda` it would not.
const NO_GPU: [&[u8]; 4] = [
    b"if not torch.cuda.is_available():",
    b"if torch.cuda.is_available()==False:",
    b"if torch.cuda.device_count()==0:",
    b"if torch.cuda.device_count()<1:",
];

/// Whether an `except` catches that a module is not there.
fn catches(code: &[u8]) -> bool {
    [
        &b"ImportError"[..],
        b"ModuleNotFoundError",
        b"Exception",
        b"OSError",
        b"RuntimeError",
        b"except:",
    ]
    .iter()
    .any(|name| memmem::find(code, name).is_some())
}

fn gives_up(word: &[u8], code: &[u8]) -> bool {
    match word {
        b"raise" => true,
        b"sys" => code.starts_with(b"sys.exit("),
        b"exit" | b"quit" => code.get(4) == Some(&b'('),
        _ => false,
    }
}

/// Whether a statement leaves the device open: a conditional expression, an argument of the command
/// line, a parameter's or a field's default.
pub(super) fn chooses(code: &[u8]) -> bool {
    let word = code.get(..word(code)).unwrap_or_default();
    match word {
        b"assert" => false,
        b"def" | b"async" => true,
        _ => code.get(word.len()) == Some(&b':') || CHOICE.is_match(code),
    }
}

fn word(code: &[u8]) -> usize {
    code.iter().take_while(|&&byte| is_word(byte)).count()
}

/// Words of conditions on devices.
static DEVICES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "cuda",
            "gpu",
            "cpu",
            "device",
            "is_available",
            "distributed",
            "ddp",
            "world_size",
            "rank",
            "parallel",
            "accelerator",
        ])
        .expect("few words")
});

/// Words of conditions on whether something is installed.
static PRESENCE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(["available", "has_", "have_", "find_spec", "installed", "_exists"])
        .expect("few words")
});

/// Words of statements that choose.
static CHOICE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = [
        "is_available",
        " else ",
        ")else ",
        "]else ",
        "\"else ",
        " else\"",
        ")else\"",
        "\"else\"",
        "\"cpu",
        "mx.cpu(",
        "add_argument(",
        "click.option(",
        "DEFINE_",
        "Argument(",
        "Option(",
        "Field(",
    ];
    AhoCorasick::new(words).expect("few words")
});
