//! A folder of its own for each test, and the real `ut` run in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The example fleet, which most tests forecast.
pub(crate) fn fleet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fleet")
}

/// The example's servers and metrics.
pub(crate) const HEAD: &str =
    "timestamp,server,cpu_r,load_1,mem_u,disk_u,disk_wb,net_in,net_out,connections";

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The search for ut.toml stops here.
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The example's model with another description.
    pub(crate) fn model(&self, change: impl FnOnce(&mut Value)) -> PathBuf {
        let text = std::fs::read(fleet().join("fleet-tft/model.json")).unwrap();
        let mut json: Value = serde_json::from_slice(&text).unwrap();
        change(&mut json);
        self.write("model/model.json", json.to_string());
        let weights = std::fs::read(fleet().join("fleet-tft/model.safetensors")).unwrap();
        self.write("model/model.safetensors", weights);
        self.path("model")
    }

    /// `ut` in this folder, with nothing of the caller's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ut"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("UT_STATE_DIR", self.path("state"));
        command
    }

    pub(crate) fn ut<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(args).stdin(Stdio::null()).output().unwrap().into()
    }

    /// What `ut metrics` says of a series; nothing if there is none.
    pub(crate) fn counted(&self, series: &str) -> Option<f64> {
        let text = self.ut(["metrics"]).succeeds().stdout.clone();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    }

    /// `ut infer` with the example's model.
    pub(crate) fn infer(&self, args: &[&str]) -> Ran {
        let model = fleet().join("fleet-tft");
        let fixed = ["infer", "--model", model.to_str().unwrap()];
        self.ut(fixed.iter().chain(args))
    }

    /// `ut infer` with the example's model over rows from standard input.
    pub(crate) fn infer_rows(&self, rows: impl AsRef<[u8]>, args: &[&str]) -> Ran {
        let mut child = self
            .command()
            .arg("infer")
            .arg("--model")
            .arg(fleet().join("fleet-tft"))
            .args(["--input", "-"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let rows = rows.as_ref().to_vec();
        // It may stop reading early, at a bad row.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&rows)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Ended with this code, saying all of this on standard error.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for text in said {
            assert!(self.stderr.contains(text), "{text:?} is not in {}", self.stderr);
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A line of the example's metrics, `step` steps of five seconds after a Wednesday's morning.
pub(crate) fn line(server: &str, step: u32) -> String {
    let seconds = step * 5;
    let (h, m, s) = (9 + seconds / 3600, seconds / 60 % 60, seconds % 60);
    let wave = f64::from(step % 40) / 100.0;
    format!(
        "2026-01-07T{h:02}:{m:02}:{s:02}Z,{server},{:.3},{:.2},0.5,0.3,{:.1},120.5,80.25,{}",
        0.2 + wave,
        1.0 + wave,
        40.0 * wave,
        100 + step % 7
    )
}

/// Metrics of these servers, all servers of a step before the next step.
pub(crate) fn metrics(servers: &[&str], steps: u32) -> String {
    let mut text = format!("{HEAD}\n");
    for step in 0..steps {
        for server in servers {
            text += &line(server, step);
            text.push('\n');
        }
    }
    text
}

/// A real part that is missing is said, or refused where it was promised.
pub(crate) fn skipped(part: &str, why: impl std::fmt::Display) {
    assert!(std::env::var_os("UT_REQUIRE_REAL").is_none(), "{part}: {why}");
    eprintln!("skipped: {part}: {why}");
}

/// A disk in memory, for as long as this lives.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// With these options of a mount, on this folder; none where nobody may mount.
    pub(crate) fn mount(on: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(on).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(on.to_path_buf()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
