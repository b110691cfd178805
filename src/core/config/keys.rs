//! The catalogue of settings: adding one is a line here.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Path,
    Choice(&'static [&'static str]),
    Text,
    /// Texts; as a variable with commas between them.
    Texts,
    /// A whole number, also none.
    Whole,
    /// A number of things, or a share of them: `20%`.
    CountOrShare,
    /// At least one.
    Count,
    /// From one to so many.
    CountUpTo(i64),
    /// A number from here to there.
    Between(f64, f64),
    /// True or false; as a variable also 1 or 0.
    Switch,
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

/// Sections that hold a table for each of their things, beside what holds for all.
pub(super) const NAMED: [&str; 2] = ["breakers", "cleanup"];

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
    Key {
        name: "cleanup.tracking-uri",
        kind: Kind::Text,
        default: "MLFLOW_TRACKING_URI, else ./mlruns or sqlite:///mlflow.db",
        help: "where the runs are: http://…, sqlite:///FILE or a folder",
    },
    Key {
        name: "cleanup.retention-days",
        kind: Kind::Whole,
        default: "30",
        help: "days from the last activity for which a run is kept",
    },
    Key {
        name: "cleanup.top-n",
        kind: Kind::Whole,
        default: "10",
        help: "best runs of each experiment that are kept",
    },
    Key {
        name: "cleanup.metric",
        kind: Kind::Text,
        default: "sharpe_ratio",
        help: "by which they are ranked",
    },
    Key {
        name: "cleanup.mode",
        kind: Kind::Choice(&["max", "min"]),
        default: "max",
        help: "which end of it is the better one",
    },
    Key {
        name: "cleanup.protect-tags",
        kind: Kind::Texts,
        default: "stage=production, protected=true",
        help: "tags whose runs are kept",
    },
    Key {
        name: "cleanup.min-keep",
        kind: Kind::Count,
        default: "1",
        help: "active runs that stay in every experiment",
    },
    Key {
        name: "cleanup.max-delete",
        kind: Kind::CountOrShare,
        default: "no limit",
        help: "refuse to delete more runs, or a larger share of an experiment's",
    },
    Key {
        name: "cleanup.archive-path",
        kind: Kind::Path,
        default: "none",
        help: "folder that runs are archived in before they go",
    },
    Key {
        name: "cleanup.artifact-root",
        kind: Kind::Path,
        default: "what the store says",
        help: "folder beneath which artifacts must lie",
    },
    Key {
        name: "state.dir",
        kind: Kind::Path,
        default: "/var/lib/ut if it can be written, else ~/.local/state/ut",
        help: "folder of what outlives a process",
    },
    Key {
        name: "http.timeout",
        kind: Kind::Duration,
        default: "30s",
        help: "longest call of a server, its answer included",
    },
    Key {
        name: "http.connect-timeout",
        kind: Kind::Duration,
        default: "10s",
        help: "longest wait for a connection",
    },
    Key {
        name: "http.ca-file",
        kind: Kind::Path,
        default: "the system's certificates",
        help: "PEM file of certificates to trust as well",
    },
    Key {
        name: "breakers.disabled",
        kind: Kind::Switch,
        default: "false",
        help: "let every call pass, and record nothing",
    },
    Key {
        name: "breakers.rule",
        kind: Kind::Choice(&["count", "consecutive"]),
        default: "count",
        help: "what opens: failures in a window, or failures with no success between them",
    },
    Key {
        name: "breakers.threshold",
        kind: Kind::CountUpTo(10_000),
        default: "5",
        help: "failures that open",
    },
    Key {
        name: "breakers.window",
        kind: Kind::Duration,
        default: "60s",
        help: "time in which they must fall",
    },
    Key {
        name: "breakers.slow-after",
        kind: Kind::Duration,
        default: "never",
        help: "a call that takes so long has failed, even if it succeeded",
    },
    Key {
        name: "breakers.open-for",
        kind: Kind::Duration,
        default: "60s",
        help: "wait before the first probe",
    },
    Key {
        name: "breakers.open-multiplier",
        kind: Kind::Between(1.0, 1000.0),
        default: "1",
        help: "by which the wait grows after each failed probe",
    },
    Key { name: "breakers.open-max", kind: Kind::Duration, default: "15min", help: "longest wait" },
    Key {
        name: "breakers.open-jitter",
        kind: Kind::Between(0.0, 1.0),
        default: "0.1",
        help: "share by which the wait is stretched at most",
    },
    Key {
        name: "breakers.probes",
        kind: Kind::CountUpTo(1000),
        default: "1",
        help: "probes that may be under way at once",
    },
    Key {
        name: "breakers.successes-to-close",
        kind: Kind::CountUpTo(1000),
        default: "1",
        help: "successful probes that close",
    },
    Key {
        name: "breakers.probe-lease",
        kind: Kind::Duration,
        default: "what a call may take, else 10min",
        help: "how long a probe may hold its place",
    },
    Key {
        name: "breakers.every",
        kind: Kind::Duration,
        default: "not known",
        help: "how often it is called: `ut config check` tells whether the window can fill",
    },
    Key {
        name: "breakers.on-store-error",
        kind: Kind::Choice(&["run", "refuse"]),
        default: "run",
        help: "whether to call when the state cannot be read or written",
    },
];

impl Key {
    /// Whether it can be set for one breaker, or for one experiment.
    pub(super) fn is_for_one(&self) -> bool {
        const EXPERIMENT: [&str; 6] =
            ["retention-days", "top-n", "metric", "mode", "protect-tags", "min-keep"];
        match self.name.split_once('.') {
            Some(("breakers", _)) => true,
            Some(("cleanup", setting)) => EXPERIMENT.contains(&setting),
            _ => false,
        }
    }

    /// `infer.input-format` → `UT_INFER_INPUT_FORMAT`.
    pub fn variable(&self) -> String {
        format!("UT_{}", self.name.to_uppercase().replace(['.', '-'], "_"))
    }
}
