//! Writes one test function for every script, so that each is run and reported by its name, and none can be forgotten.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

#[path = "src/features.rs"]
#[allow(unreachable_pub, reason = "it is a module of the library, which exports it")]
mod features;

/// A script that says this cannot be played where time passes by itself.
const FAKE_CLOCK: &str = "clock fake";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/features.rs");
    println!("cargo::rerun-if-changed=scripts");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("scripts");
    let mut folders = BTreeMap::new();
    collect(&root, &mut folders)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("on_realm.rs"), tests(&folders, |_| false))?;
    fs::write(out.join("on_wire.rs"), tests(&folders, |script| script.needs_fake_clock))?;
    let names: Vec<_> = folders
        .iter()
        .flat_map(|(folder, scripts)| {
            scripts.iter().map(move |s| format!("{folder}/{}.wamp", s.name))
        })
        .collect();
    fs::write(out.join("scripts.rs"), format!("{names:?}"))
}

struct Script {
    name: String,
    needs_fake_clock: bool,
}

/// A module per folder with a test per script, each of which calls `super::run`.
fn tests(folders: &BTreeMap<String, Vec<Script>>, is_ignored: impl Fn(&Script) -> bool) -> String {
    let mut code = String::new();
    for (folder, scripts) in folders {
        code.push_str(&format!("mod {folder} {{\n"));
        for script in scripts {
            let name = &script.name;
            if is_ignored(script) {
                code.push_str("    #[ignore = \"needs a clock that can be stopped\"]\n");
            }
            code.push_str(&format!(
                "    #[test]\n    fn {name}() {{ super::run(\"{folder}/{name}.wamp\"); }}\n"
            ));
        }
        code.push_str("}\n");
    }
    code
}

/// Finds `folder/name.wamp`, and refuses what is neither: it would not be run.
fn collect(root: &Path, folders: &mut BTreeMap<String, Vec<Script>>) -> io::Result<()> {
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        for script in fs::read_dir(&folder)? {
            let script = script?.path();
            let is_script = script.extension().is_some_and(|e| e == "wamp");
            match (is_script, name(&folder), name(&script)) {
                (true, Some(folder), Some(name)) => {
                    let text = fs::read_to_string(&script)?;
                    features::shown(&text).map_err(|(line, reason)| {
                        let refused = format!("{}:{line}: {reason}", script.display());
                        println!("cargo::error={refused}");
                        io::Error::other(refused)
                    })?;
                    let needs_fake_clock = text.lines().any(|line| line.trim() == FAKE_CLOCK);
                    folders.entry(folder).or_default().push(Script { name, needs_fake_clock });
                }
                _ => {
                    return Err(io::Error::other(format!(
                        "{} is not a script: expected a file `name.wamp` in a folder of `scripts`, both lower-case words joined by `_`",
                        script.display()
                    )));
                }
            }
        }
    }
    folders.values_mut().for_each(|scripts| scripts.sort_by(|a, b| a.name.cmp(&b.name)));
    Ok(())
}

/// The name without ending, if it can name a module or a function.
fn name(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (begins && fits).then(|| name.to_owned())
}
