//! The catalogue of settings: adding one is a line here.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Path,
    Choice(&'static [&'static str]),
    /// At least one.
    Count,
    /// A length of time with its unit: `30min`, `1h 30min`.
    Duration,
    /// Numbers between zero and one.
    Fractions,
    /// `auto`, `cpu`, `cuda` or `cuda:1`.
    Device,
}

/// A setting.
#[derive(Debug)]
pub struct Key {
    /// `room.setting`, as in `ut.toml`.
    pub name: &'static str,
    pub kind: Kind,
    /// What holds when nothing is said, in words.
    pub default: &'static str,
    pub help: &'static str,
}

/// Every setting there is.
pub const KEYS: &[Key] = &[
    Key {
        name: "infer.model",
        kind: Kind::Path,
        default: "none",
        help: "model folder: model.json and model.safetensors",
    },
    Key {
        name: "infer.input",
        kind: Kind::Path,
        default: "none",
        help: "metrics to forecast from; - is standard input",
    },
    Key {
        name: "infer.input-format",
        kind: Kind::Choice(&["csv", "jsonl"]),
        default: "by the file's extension, else csv",
        help: "how the input is written",
    },
    Key {
        name: "infer.on-bad-row",
        kind: Kind::Choice(&["fail", "skip"]),
        default: "fail",
        help: "whether a bad row ends the run or is left out and counted",
    },
    Key {
        name: "infer.window",
        kind: Kind::Path,
        default: "none",
        help: "file that keeps recent rows from run to run",
    },
    Key {
        name: "infer.window-steps",
        kind: Kind::Count,
        default: "300, or what the model can use",
        help: "steps of each server that the window keeps",
    },
    Key {
        name: "infer.max-records",
        kind: Kind::Count,
        default: "no limit",
        help: "rows of all servers that the window keeps at most",
    },
    Key {
        name: "infer.window-max-age",
        kind: Kind::Duration,
        default: "30min",
        help: "age from which a window is warned of",
    },
    Key {
        name: "infer.window-wait",
        kind: Kind::Duration,
        default: "10s",
        help: "how long to wait while another process has the window",
    },
    Key {
        name: "infer.quantiles",
        kind: Kind::Fractions,
        default: "all of the model's",
        help: "the quantiles to print",
    },
    Key {
        name: "infer.device",
        kind: Kind::Device,
        default: "auto",
        help: "what computes: auto, cpu, cuda or cuda:N",
    },
    Key {
        name: "infer.precision",
        kind: Kind::Choice(&["single", "tf32"]),
        default: "single",
        help: "how a GPU multiplies; the CPU always does so in single precision",
    },
    Key {
        name: "infer.threads",
        kind: Kind::Count,
        default: "one per core",
        help: "threads that compute",
    },
];

impl Key {
    /// `infer.input-format` → `UT_INFER_INPUT_FORMAT`.
    pub fn variable(&self) -> String {
        format!("UT_{}", self.name.to_uppercase().replace(['.', '-'], "_"))
    }
}
