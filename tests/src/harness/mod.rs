//! The stages that scripts are played on.

mod carrier;
mod client;
pub mod longpoll;
mod notation;
mod outcomes;
mod page;
mod peer;
mod quirks;
mod realm;
mod requests;
mod way;
mod wire;

pub use client::Client;
pub use outcomes::Outcomes;
pub use page::PageStage;
pub use quirks::{OtherRouter, Quirk, Seen};
pub use realm::RealmStage;
pub use way::Way;
pub use wire::{WireStage, patient_config};

use crate::script::{Script, Stage, play};
use std::{fs, path::Path};

/// Reads a script and plays it on the stage that `stage` sets up for it.
///
/// # Panics
/// When the script cannot be read, or something else happens than it says.
pub fn check<S: Stage>(name: &str, stage: impl FnOnce(&Script) -> S) {
    let script = read(name);
    if let Err(failure) = play(&script, &mut stage(&script)) {
        panic!("scripts/{name} ({})\n{failure}", script.title);
    }
}

/// Reads a script.
///
/// # Panics
/// When it is not there, or is none.
#[must_use]
pub fn read(name: &str) -> Script {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    Script::parse(&text).unwrap_or_else(|bad| panic!("scripts/{name}:{}: {}", bad.line, bad.reason))
}

/// Asserts that `scripts`, which the build has found, are the scripts that are there.
///
/// # Panics
/// When they are not.
pub fn assert_complete(scripts: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).expect("the folder of the scripts is there").flatten() {
        let folder = folder.path();
        for script in fs::read_dir(&folder).expect("scripts are in folders").flatten() {
            let path = script.path();
            let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
            found.extend(name(&folder).zip(name(&path)).map(|(f, s)| format!("{f}/{s}")));
        }
    }
    found.sort();
    let mut known = scripts.to_vec();
    known.sort_unstable();
    assert_eq!(known, found);
    assert!(!known.is_empty());
}
