//! Embeds the built site into the binary, so that one file serves everything.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Where the site stands once `www` is built, seen from this package.
const DEFAULT_SITE: &str = "../www/dist";

/// What is served when no site is built.
const BUILT_IN_PAGE: &str = "site";

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WAMPLEX_SITE");
    let site = find_site(&package)?;
    println!("cargo::rerun-if-changed={}", site.display());

    let mut files = Vec::new();
    collect(&site, "", &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (name, path) in &files {
        let path = path.to_str().ok_or("the path of the site is not Unicode")?;
        writeln!(table, "    ({name:?}, include_bytes!({path:?})),")?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("site.rs"), table)?;
    Ok(())
}

/// The folder to embed: the one named by `WAMPLEX_SITE`, else the built `www`, else the built-in page.
fn find_site(package: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if let Some(path) = env::var_os("WAMPLEX_SITE").filter(|path| !path.is_empty()) {
        let site = fs::canonicalize(&path)
            .map_err(|e| format!("WAMPLEX_SITE names {}: {e}", path.display()))?;
        if !site.join("index.html").is_file() {
            return Err(
                format!("WAMPLEX_SITE names {}, which has no index.html", site.display()).into()
            );
        }
        return Ok(site);
    }
    let built = package.join(DEFAULT_SITE);
    if built.join("index.html").is_file() {
        return Ok(fs::canonicalize(built)?);
    }
    // Cargo has no way to wait for a path that does not exist yet but to run this again on every build, which would
    // compile the router every time. A change in the folder above is the next best sign that the site was built.
    if let Some(www) = built.parent().filter(|www| www.is_dir()) {
        println!("cargo::rerun-if-changed={}", www.display());
    }
    Ok(package.join(BUILT_IN_PAGE))
}

/// All files below `folder`, each with its path in URLs.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or("a file of the site has a name that is not Unicode")?;
        if name.starts_with('.') {
            continue;
        }
        let url = format!("{prefix}/{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &url, files)?;
        } else {
            files.push((url, entry.path()));
        }
    }
    Ok(())
}
