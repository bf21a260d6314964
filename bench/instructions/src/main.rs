//! How many instructions the main paths of Wamplex take, compared with a committed table.
//!
//! Callgrind counts instructions, which no other program on the machine disturbs. Every path runs once with n
//! repetitions and once with twice as many: the difference, divided by n, is what one repetition takes, and whatever
//! comes before and after is in neither.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports to whoever started it"
)]

mod callgrind;
mod paths;
mod table;

use std::{
    fmt::Write as _,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use table::Table;

/// How far a count may be from the one in the table, in percent.
const TOLERANCE: f64 = 5.0;

const USAGE: &str = "\
usage: wamplex-instructions check FILE [PATH]...   count, compare with the table in FILE, fail where more than 5 % lie between
       wamplex-instructions write FILE             count, and write the table anew
       wamplex-instructions count [PATH]...        count
       wamplex-instructions run PATH N             take a path N times: what is counted
A PATH may be the beginning of the names of several.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["check", file, ref wanted @ ..] => check(file, wanted),
        ["write", file] => write(file),
        ["count", ref wanted @ ..] => count(wanted).map(|counted| {
            counted.iter().for_each(|(name, count)| println!("{name:<40}{count:>10}"));
            true
        }),
        ["run", name, times] => run(name, times),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run(name: &str, times: &str) -> Result<bool, String> {
    let path = paths::ALL.iter().find(|path| path.name == name);
    let path = path.ok_or_else(|| format!("there is no path `{name}`"))?;
    let times = times.parse().map_err(|_| format!("`{times}` is no number"))?;
    (path.run)(times);
    Ok(true)
}

/// Counts the paths whose names begin with any of these words; all without any.
fn count(wanted: &[&str]) -> Result<Vec<(&'static str, u64)>, String> {
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.starts_with(w));
    let chosen: Vec<_> = paths::ALL.iter().filter(|path| is_wanted(path.name)).collect();
    if chosen.is_empty() {
        return Err(format!("there is no path that begins with {}", wanted.join(" or with ")));
    }
    let (next, counted) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((at, path)) =
            Some(next.fetch_add(1, Relaxed)).and_then(|at| Some((at, chosen.get(at)?)))
        {
            let count = callgrind::count(path);
            if let Ok(mut counted) = counted.lock() {
                counted.push((at, path.name, count));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    let mut counted = counted.into_inner().map_err(|_| "a thread panicked".to_owned())?;
    counted.sort_by_key(|(at, ..)| *at);
    let count = |(_, name, count): (usize, &'static str, Result<u64, callgrind::Failed>)| {
        count.map(|count| (name, count)).map_err(|e| format!("{name}: {e}"))
    };
    counted.into_iter().map(count).collect()
}

fn write(file: &str) -> Result<bool, String> {
    let counts = count(&[])?.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    let table = Table { environment: callgrind::environment()?, counts };
    std::fs::write(file, table.to_text()).map_err(|e| format!("{file}: {e}"))?;
    println!("wrote {} paths to {file}", table.counts.len());
    Ok(true)
}

/// Whether no count is further from the table than it may be. Where the table was made elsewhere, only reports.
fn check(file: &str, wanted: &[&str]) -> Result<bool, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let table = Table::from_text(&text).map_err(|e| format!("{file}: {e}"))?;
    let (counted, here) = (count(wanted)?, callgrind::environment()?);
    let (mut report, mut off) = (String::new(), 0);
    for (name, count) in &counted {
        let (expected, judgement) = match table.counts.get(*name) {
            None => ("-".to_owned(), "is not in the table".to_owned()),
            Some(expected) => (expected.to_string(), judge(*expected, *count)),
        };
        off += usize::from(!judgement.is_empty());
        let _ = writeln!(report, "{name:<40}{expected:>10}{count:>10}  {judgement}");
    }
    for name in table.counts.keys().filter(|_| wanted.is_empty()) {
        if !counted.iter().any(|(counted, _)| counted == name) {
            off += 1;
            let _ = writeln!(report, "{name:<40} is in the table, and there is no such path");
        }
    }
    println!("{:<40}{:>10}{:>10}", "path", "table", "now");
    print!("{report}");
    if here != table.environment {
        println!(
            "the table was made with {}, this is {}: compared, and not judged",
            table.environment, here
        );
        return Ok(true);
    }
    if off > 0 {
        println!("{off} of {} are off: if that is meant, write the table anew", counted.len());
    }
    Ok(off == 0)
}

/// What is wrong with a count; nothing if it is near enough.
fn judge(expected: u64, count: u64) -> String {
    let percent = (count as f64 / expected as f64 - 1.0) * 100.0;
    match percent {
        percent if percent.abs() <= TOLERANCE => String::new(),
        percent if percent > 0.0 => format!("{percent:+.1} %: MORE than allowed"),
        percent => format!("{percent:+.1} %: LESS than the table says: write it anew"),
    }
}
