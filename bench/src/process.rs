//! What a process has used, by what the kernel says in `/proc`.

use crate::error::{BenchError, Result};
use std::{fs, io, time::Duration};

/// Processor time is counted in these per second: `USER_HZ`, which is part of the kernel's interface.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used until now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time of all its threads outside the kernel.
    pub(crate) user: Duration,
    /// Processor time of all its threads in the kernel.
    pub(crate) system: Duration,
    /// How often one of its threads that live gave up its core because it had nothing to do.
    pub(crate) waits: u64,
    /// How often one of its threads that live was taken off its core.
    pub(crate) preemptions: u64,
}

impl Usage {
    /// What this process has used.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let read = || -> io::Result<Self> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            let (user, system) = times(&stat).ok_or(io::ErrorKind::InvalidData)?;
            let (waits, preemptions) = switches(pid)?;
            Ok(Self { user: ticks(user), system: ticks(system), waits, preemptions })
        };
        read().map_err(|error| unreadable(pid, &error))
    }

    /// What was used since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
            waits: self.waits.saturating_sub(earlier.waits),
            preemptions: self.preemptions.saturating_sub(earlier.preemptions),
        }
    }

    /// Processor time in and outside the kernel.
    pub(crate) fn cpu(self) -> Duration {
        self.user + self.system
    }
}

/// Memory of a process that is really there, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let read = || -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(field(&status, "VmRSS:").ok_or(io::ErrorKind::InvalidData)? * 1024)
    };
    read().map_err(|error| unreadable(pid, &error))
}

fn unreadable(pid: u32, error: &io::Error) -> BenchError {
    BenchError::Router(format!("(process {pid}) cannot be measured: {error}"))
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / TICKS_PER_SECOND)
}

/// The 14th and 15th field. The second is the name of the program in parentheses, with whatever is in it.
fn times(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn switches(pid: u32) -> io::Result<(u64, u64)> {
    let (mut waits, mut preemptions) = (0, 0);
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while we look.
        let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
        waits += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
        preemptions += field(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
    }
    Ok((waits, preemptions))
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 1 0 5 6 7";
        assert_eq!(times(stat), Some((123, 45)));
        assert_eq!(times("7 (short) S 1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_can_be_measured() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.waits + usage.preemptions > 0 || usage.cpu() < Duration::from_secs(60));
        assert!(resident(std::process::id()).unwrap() > 1 << 16);
        assert!(Usage::of(u32::MAX).is_err());
    }
}
