//! Writes one test function for every script, so that each is run and reported by its name, and none can be forgotten.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=scripts");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("scripts");
    let mut folders = BTreeMap::new();
    collect(&root, &mut folders)?;
    let mut code = String::new();
    let mut names = Vec::new();
    for (folder, scripts) in &folders {
        code.push_str(&format!("mod {folder} {{\n"));
        for script in scripts {
            names.push(format!("{folder}/{script}.wamp"));
            code.push_str(&format!(
                "    #[test]\n    fn {script}() {{ super::run(\"{folder}/{script}.wamp\"); }}\n"
            ));
        }
        code.push_str("}\n");
    }
    code.push_str(&format!("const SCRIPTS: &[&str] = &{names:?};\n"));
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("scripts.rs"), code)
}

/// Finds `folder/name.wamp`, and refuses what is neither: it would not be run.
fn collect(root: &Path, folders: &mut BTreeMap<String, Vec<String>>) -> io::Result<()> {
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        for script in fs::read_dir(&folder)? {
            let script = script?.path();
            let is_script = script.extension().is_some_and(|e| e == "wamp");
            match (is_script, name(&folder), name(&script)) {
                (true, Some(folder), Some(name)) => folders.entry(folder).or_default().push(name),
                _ => {
                    return Err(io::Error::other(format!(
                        "{} is not a script: expected a file `name.wamp` in a folder of `scripts`, both lower-case words joined by `_`",
                        script.display()
                    )));
                }
            }
        }
    }
    folders.values_mut().for_each(|scripts| scripts.sort());
    Ok(())
}

/// The name without ending, if it can name a module or a function.
fn name(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_str()?;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    (begins && fits).then(|| name.to_owned())
}
