//! The page of results.

use super::{Machine, goals::goals, sections::Section};
use crate::report::{Row, figure};
use std::{fmt::Write, fs, io, path::Path};

/// Between these the page is the suite's, and before and behind whoever wrote something there.
const BEGIN: &str =
    "<!-- suite: begin. Written by `wamplex bench --suite`; what is changed here is lost. -->";
const END: &str = "<!-- suite: end -->";

/// What was measured for a section, or why not.
pub(super) struct Measured {
    /// What was done.
    pub(super) section: Section,
    /// What came out.
    pub(super) rows: Vec<Row>,
    /// Jobs without a figure, and why.
    pub(super) failures: Vec<String>,
}

/// Writes the page and its graphs into a folder. What others have written on the page stays.
pub(super) fn write(folder: &Path, all: &[Measured], machine: &Machine) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut charts = Vec::new();
    for part in all {
        for (name, drawing) in &part.section.charts {
            let Some(svg) = drawing.draw(&part.rows).svg() else { continue };
            fs::write(folder.join(format!("{name}.svg")), svg)?;
            charts.push(*name);
        }
    }
    let path = folder.join("RESULTS.md");
    let old = match fs::read_to_string(&path) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    fs::write(path, within(&old, &page(all, machine, &charts)))
}

/// The page with the part of the suite replaced.
fn within(old: &str, new: &str) -> String {
    let new = format!("{BEGIN}\n{new}{END}");
    let parts = old
        .split_once("<!-- suite: begin")
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match parts {
        Some((before, behind)) => format!("{before}{new}{behind}"),
        None if old.is_empty() => format!("# Results\n\n{new}\n"),
        None => format!("{}\n\n{new}\n", old.trim_end()),
    }
}

fn page(all: &[Measured], machine: &Machine, charts: &[&str]) -> String {
    let mut page = format!(
        "{}\n\
         `cpu_us`, `user_us` and `sys_us` are microseconds of the router's processor time per message that arrives, \
         `waits` how often per message one of its threads fell asleep, `router_%` and `load_%` the processor time of \
         router and generator in percent of one core. Rates and latencies can be compared within one run only.\n\n\
         ## Goals\n\n| what | goal | found | |\n|---|---:|---:|---|\n",
        machine.text
    );
    let rows: Vec<Row> = all.iter().flat_map(|part| part.rows.iter().cloned()).collect();
    for goal in goals(&rows, machine.cores) {
        let verdict = match (goal.found, goal.reached) {
            (None, _) => "",
            (_, true) => "reached",
            (_, false) => "**missed**",
        };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(page, "| {} | {} | {} | {verdict} |", goal.what, goal.goal, goal.found());
    }
    for part in all {
        let _ = write!(page, "\n## {}\n\n{}\n\n", part.section.title, part.section.text);
        for (name, drawing) in &part.section.charts {
            if charts.contains(name) {
                let title = drawing.draw(&[]).title;
                let _ = writeln!(page, "![{title}]({name}.svg)\n");
            }
        }
        table(&mut page, part);
        for failure in &part.failures {
            let _ = writeln!(page, "\nNo figure: {failure}");
        }
    }
    page
}

fn table(page: &mut String, part: &Measured) {
    let columns = part.section.columns;
    let Some(first) = part.rows.first() else { return };
    let rules: String =
        columns.iter().map(|c| if first.figure(c).is_some() { "---:|" } else { "---|" }).collect();
    let _ = writeln!(page, "| {} |\n|{rules}", columns.join(" | "));
    for row in &part.rows {
        let cells: Vec<_> = columns.iter().map(|column| cell(row, column)).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

fn cell(row: &Row, column: &str) -> String {
    row.setting(column)
        .map(str::to_owned)
        .or_else(|| row.figure(column).map(figure))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_on_the_page_stays() {
        let first = within("", "one\n");
        assert_eq!(first, format!("# Results\n\n{BEGIN}\none\n{END}\n"));
        let written = first.replace("# Results", "# Ours\n\ntext") + "\n## Theirs\n";
        let second = within(&written, "two\n");
        assert_eq!(second, format!("# Ours\n\ntext\n\n{BEGIN}\ntwo\n{END}\n\n## Theirs\n"));
        assert_eq!(within("# Theirs\n", "x\n"), format!("# Theirs\n\n{BEGIN}\nx\n{END}\n"));
    }
}
