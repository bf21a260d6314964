//! Counting with callgrind.

use crate::paths::Path;
use std::process::Command;

/// Why a path could not be counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failed {
    /// Valgrind, or this program, cannot be started.
    #[error("valgrind cannot be started: {0}")]
    Start(#[from] std::io::Error),
    /// The program under it ended badly, or said nothing that can be understood.
    #[error("no count in what valgrind said: {0}")]
    Output(String),
}

/// How many instructions one repetition of a path takes, rounded.
pub(crate) fn count(path: &Path) -> Result<u64, Failed> {
    let (once, twice) = (total(path.name, path.times)?, total(path.name, 2 * path.times)?);
    let difference = twice.saturating_sub(once);
    Ok((difference + path.times / 2) / path.times)
}

/// How many instructions a process takes that takes a path this often.
fn total(name: &str, times: u64) -> Result<u64, Failed> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(std::env::current_exe()?)
        .args(["run", name, &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1));
    collected
        .filter(|_| output.status.success())
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| Failed::Output(said.clone().into_owned()))
}

/// What counts depend on beside the sources: compiler, C library (which allocates and copies memory) and processor.
pub(crate) fn environment() -> Result<String, String> {
    let (compiler, library) = (first_line("rustc", "--version")?, first_line("ldd", "--version")?);
    Ok(format!("{compiler}, {library}, {}", processor()))
}

/// Which of its ways to copy memory the C library chooses depends on more than the architecture.
#[cfg(target_arch = "x86_64")]
fn processor() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx2") { "x86_64 with AVX2" } else { "x86_64" }
}

#[cfg(not(target_arch = "x86_64"))]
const fn processor() -> &'static str {
    std::env::consts::ARCH
}

fn first_line(program: &str, arg: &str) -> Result<String, String> {
    let output = Command::new(program).arg(arg).output().map_err(|e| format!("{program}: {e}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
