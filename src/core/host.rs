//! What this machine has.

/// Processors and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// That this process may use.
    pub cores: usize,
    /// `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
}

impl Host {
    pub fn this() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let memory_bytes = std::fs::read_to_string("/proc/meminfo").ok();
        Self { cores, memory_bytes: memory_bytes.as_deref().and_then(total) }
    }
}

/// `MemTotal` of `/proc/meminfo`, which counts in KiB.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_memory_is_read() {
        assert_eq!(total("MemTotal:       24689340 kB\nMemFree: 1 kB\n"), Some(24_689_340 << 10));
        assert_eq!(total("nothing"), None);
    }
}
