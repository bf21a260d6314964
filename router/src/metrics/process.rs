//! What the operating system knows of this process, as far as it tells.

use std::fs;

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Process {
    /// Memory that is really there, in bytes.
    pub(crate) resident_bytes: u64,
    /// Time of processors, in seconds, in the program and in the system on its behalf.
    pub(crate) cpu_seconds: f64,
    /// Open files and sockets.
    pub(crate) open_files: u64,
}

/// How many ticks a second of processor time has in `/proc`. Linux fixes it for all programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// The size of a page of memory on the machines that `/proc` is read on.
const PAGE: u64 = 4096;

impl Process {
    /// What this process uses now; `None` on systems without `/proc`.
    pub(crate) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let (user, system) = cpu_ticks(&stat)?;
        let memory = fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = memory.split_whitespace().nth(1)?.parse().ok()?;
        let open_files = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        let cpu_seconds = (user + system) / TICKS_PER_SECOND;
        Some(Self { resident_bytes: pages * PAGE, cpu_seconds, open_files })
    }
}

/// User and system time. The name of the program, which may hold anything, is in parentheses before them.
fn cpu_ticks(stat: &str) -> Option<(f64, f64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.nth(11)?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a ) (b 1) S 1 7 7 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 5 0 100";
        assert_eq!(cpu_ticks(stat), Some((12.0, 34.0)));
        assert_eq!(cpu_ticks("nonsense"), None);
    }
}
