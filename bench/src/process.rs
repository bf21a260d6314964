//! What a process and those that it started have used, by what the kernel says in `/proc`.

use crate::error::{BenchError, Result};
use std::{fs, io, time::Duration};

/// Processor time is counted in these per second: `USER_HZ`, which is part of the kernel's interface.
const TICKS_PER_SECOND: u64 = 100;

/// What a process and those that it started have used until now. Some routers are several.
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
    /// What this process and those that it started have used. One that ends meanwhile is as if it had never been.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let own = Self::of_one(pid).map_err(|error| unreadable(pid, &error))?;
        let others = descendants(pid).into_iter().filter_map(|pid| Self::of_one(pid).ok());
        Ok(others.fold(own, Self::plus))
    }

    /// What this very process has used, without the router that it has started.
    pub(crate) fn of_ourselves() -> Self {
        Self::of_one(std::process::id()).unwrap_or_default()
    }

    fn of_one(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (user, system) = times(&stat).ok_or(io::ErrorKind::InvalidData)?;
        let (waits, preemptions) = switches(pid)?;
        Ok(Self { user: ticks(user), system: ticks(system), waits, preemptions })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            system: self.system + other.system,
            waits: self.waits + other.waits,
            preemptions: self.preemptions + other.preemptions,
        }
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

/// Memory of a process and those that it started that is really there, in bytes. What they share counts for each.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let own = resident_of_one(pid).map_err(|error| unreadable(pid, &error))?;
    let others = descendants(pid).into_iter().filter_map(|pid| resident_of_one(pid).ok());
    Ok(own + others.sum::<u64>())
}

fn resident_of_one(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(field(&status, "VmRSS:").ok_or(io::ErrorKind::InvalidData)? * 1024)
}

/// The processes that this one has started, those that these have started, and so on.
fn descendants(root: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Some((pid, parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))
    });
    let parents: Vec<(u32, u32)> = processes.collect();
    let mut family = vec![root];
    let mut at = 0;
    while let Some(&parent) = family.get(at) {
        family.extend(parents.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    family.split_off(1)
}

fn unreadable(pid: u32, error: &io::Error) -> BenchError {
    BenchError::Router(format!("(process {pid}) cannot be measured: {error}"))
}

fn ticks(count: u64) -> Duration {
    Duration::from_millis(count * 1000 / TICKS_PER_SECOND)
}

/// The 4th field.
fn parent(stat: &str) -> Option<u32> {
    behind_name(stat)?.nth(1)?.parse().ok()
}

/// The 14th and 15th field.
fn times(stat: &str) -> Option<(u64, u64)> {
    let mut fields = behind_name(stat)?.skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The fields from the 3rd on. The second is the name of the program in parentheses, with whatever is in it.
fn behind_name(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(')')?.1.split_ascii_whitespace())
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
    #[cfg(target_os = "linux")]
    use std::{
        io::Read,
        process::{Command, Stdio},
    };

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 1 0 5 6 7";
        assert_eq!(times(stat), Some((123, 45)));
        assert_eq!(parent(stat), Some(1));
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

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_process_has_started_counts_as_its_own() {
        // A shell that waits for another, and so on.
        let mut outer = Command::new("sh")
            .args(["-c", "sh -c 'echo; read line; :'; :"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0];
        outer.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        let inner = descendants(outer.id());
        assert_eq!(inner.len(), 1);
        assert!(descendants(std::process::id()).contains(&inner[0]));
        let alone = resident_of_one(outer.id()).unwrap();
        assert!(resident(outer.id()).unwrap() > alone);
        drop(outer.stdin.take());
        outer.wait().unwrap();
    }
}
