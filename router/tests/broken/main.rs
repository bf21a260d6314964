//! Broken configuration files, and exactly what is said about each: file, line, column, key, what is expected and what is
//! there.
//!
//! `cases.txt` has one after the other: a line with `#` says what is wrong, the file follows, and after `=>` the lines that
//! are said, with `FOLDER` in place of the folder of the file. With `WAMPLEX_SHOW_CASES` in the environment the test prints
//! the cases with what is said now, to be read and taken over.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::{fs, path::PathBuf};
use wamplex_router::config::ConfigSource;

struct Case {
    title: &'static str,
    file: String,
    said: String,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut is_said = false;
    for line in include_str!("cases.txt").lines() {
        match (line.strip_prefix("# "), cases.last_mut()) {
            (Some(title), _) => {
                cases.push(Case { title, file: String::new(), said: String::new() });
                is_said = false;
            }
            (None, Some(_)) if line == "=>" => is_said = true,
            (None, Some(case)) => {
                let part = if is_said { &mut case.said } else { &mut case.file };
                part.push_str(line);
                part.push('\n');
            }
            (None, None) => panic!("the first line is a title"),
        }
    }
    cases
}

/// A folder with what the cases name.
fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("wamplex-broken-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("empty.pem"), "").unwrap();
    folder
}

#[test]
fn everything_that_is_wrong_is_said_with_its_place() {
    let folder = folder();
    let path = folder.join("wamplex.toml");
    let is_shown = std::env::var_os("WAMPLEX_SHOW_CASES").is_some();
    let mut wrong = Vec::new();
    let cases = cases();
    for Case { title, file, said } in &cases {
        fs::write(&path, file).unwrap();
        let source = ConfigSource::file(&path).with_variables([]);
        let error =
            source.load().err().map_or_else(|| "nothing is wrong".into(), |e| e.to_string());
        let found = error.replace(folder.to_str().unwrap(), "FOLDER") + "\n";
        if is_shown {
            print!("# {title}\n{file}=>\n{found}");
        } else if found != *said {
            wrong.push(format!("{title}\nexpected:\n{said}found:\n{found}"));
        }
    }
    fs::remove_dir_all(folder).unwrap();
    assert!(cases.len() >= 60, "{}", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
