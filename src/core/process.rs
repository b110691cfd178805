//! Which process this is, and whether another one still lives.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A process, so that others can tell whether it still lives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Process {
    pub boot: Option<String>,
    /// Number of the namespace that `pid` is in.
    pub pid_namespace: Option<u64>,
    pub pid: u32,
    /// When it started, in ticks since boot: numbers of processes are used again.
    pub pid_start: Option<u64>,
}

/// The boot that the machine is in; none where the system does not tell.
pub fn boot() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    BOOT.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(text.trim().to_owned())
    })
    .as_deref()
}

/// This process.
pub fn this() -> &'static Process {
    static THIS: OnceLock<Process> = OnceLock::new();
    THIS.get_or_init(|| {
        let pid = std::process::id();
        Process {
            boot: boot().map(str::to_owned),
            pid_namespace: pid_namespace(),
            pid,
            pid_start: stat(pid).map(|stat| stat.start),
        }
    })
}

/// Whether it is known that a process has ended.
pub fn is_dead(other: &Process) -> bool {
    let this = this();
    if this.boot.is_none() || other.boot.is_none() {
        return false;
    }
    if this.boot != other.boot {
        return true;
    }
    if this.pid_namespace.is_none() || this.pid_namespace != other.pid_namespace {
        return false;
    }
    match stat(other.pid) {
        None => true,
        Some(found) => found.has_ended || other.pid_start.is_some_and(|start| start != found.start),
    }
}

/// `pid:[4026531836]`
fn pid_namespace() -> Option<u64> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

struct Stat {
    has_ended: bool,
    start: u64,
}

/// See proc_pid_stat(5). The program's name, in parentheses, may contain anything.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after = text.iter().rposition(|byte| *byte == b')')? + 2;
    let fields = std::str::from_utf8(text.get(after..)?).ok()?;
    let mut fields = fields.split(' ');
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    Some(Stat { has_ended, start: fields.nth(18)?.parse().ok()? })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_living_are_told_from_the_dead() {
        assert!(!is_dead(this()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let process = Process { pid, pid_start: stat(pid).map(|s| s.start), ..this().clone() };
        assert!(!is_dead(&process));
        child.kill().unwrap();
        // Nobody has asked for its exit code yet, or somebody has.
        while !is_dead(&process) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(is_dead(&process));
        let elsewhere = Process { pid_namespace: Some(1), ..process.clone() };
        assert!(!is_dead(&elsewhere));
        let before = Process { boot: Some("before".to_owned()), ..this().clone() };
        assert!(is_dead(&before));
        let reused = Process { pid_start: Some(1), ..this().clone() };
        assert!(is_dead(&reused));
    }
}
