//! The libraries under test, and all that each of them cannot do.

use std::path::{Path, PathBuf};

/// A WAMP client library, as the peer program written on it shows it.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) name: &'static str,
    /// The program and its arguments, given the folder `tests/interop`.
    pub(crate) program: fn(&Path) -> (PathBuf, Vec<PathBuf>),
    /// The serializers it can write integers beyond 2^53 in. JavaScript has no such numbers; some of the serializers
    /// that its libraries use take a `BigInt`, the others throw.
    pub(crate) writes_wide: &'static [&'static str],
    /// The serializers it can read integers beyond 2^53 in; in the others it gets the nearest float.
    pub(crate) reads_wide: &'static [&'static str],
    /// A float without a fraction is written as a float. (JavaScript has one kind of number.)
    pub(crate) has_whole_floats: bool,
    /// It can publish without asking for an acknowledgement.
    pub(crate) publishes_unacknowledged: bool,
    /// As a callee it announces progressive results and call canceling; a dealer asks no other callee for progress.
    pub(crate) yields_progress: bool,
    /// It hands out all of a progressive result, not just its first argument.
    pub(crate) reads_all_of_progress: bool,
    /// The same for the final result behind progressive ones.
    pub(crate) reads_all_of_final: bool,
    /// How it cancels a call: modes, or nothing at all where the library chooses one.
    pub(crate) cancels: &'static [Cancel],
    /// As a callee it announces that calls can be canceled; a dealer interrupts no other callee.
    pub(crate) is_interruptible: bool,
}

/// One way to cancel a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cancel {
    /// The mode; `None` where the library sends none.
    pub(crate) mode: Option<&'static str>,
    /// The call ends in the ERROR that comes back. Other libraries end it themselves and swallow the ERROR.
    pub(crate) shows_error: bool,
}

const SKIP: Cancel = Cancel { mode: Some("skip"), shows_error: true };
const KILL: Cancel = Cancel { mode: Some("kill"), shows_error: true };
const KILL_NO_WAIT: Cancel = Cancel { mode: Some("killnowait"), shows_error: true };

pub(crate) const SERIALIZERS: &[&str] = &["json", "msgpack", "cbor"];

pub(crate) static AUTOBAHN_PYTHON: Library = Library {
    name: "Autobahn|Python",
    program: |folder| (folder.join(".venv/bin/python"), vec![folder.join("autobahn_python.py")]),
    writes_wide: SERIALIZERS,
    reads_wide: SERIALIZERS,
    has_whole_floats: true,
    publishes_unacknowledged: true,
    yields_progress: true,
    reads_all_of_progress: true,
    reads_all_of_final: true,
    cancels: &[Cancel { mode: None, shows_error: false }],
    is_interruptible: true,
};

pub(crate) static AUTOBAHN_JS: Library = Library {
    name: "AutobahnJS",
    program: |folder| ("node".into(), vec![folder.join("autobahn_js.mjs")]),
    writes_wide: &["cbor"],
    reads_wide: &["cbor"],
    has_whole_floats: false,
    publishes_unacknowledged: true,
    // It announces progressive results but not call canceling: a dealer has to take that for neither
    // ("WAMP: Progressive Call Results, Feature Announcement").
    yields_progress: false,
    reads_all_of_progress: true,
    reads_all_of_final: true,
    // In every other mode it forgets the call at once, takes the ERROR that follows for a protocol violation and
    // closes the connection.
    cancels: &[KILL],
    is_interruptible: false,
};

pub(crate) static WAMPY: Library = Library {
    name: "wampy",
    program: |folder| ("node".into(), vec![folder.join("wampy.mjs")]),
    writes_wide: &["msgpack", "cbor"],
    reads_wide: &["msgpack"],
    has_whole_floats: false,
    publishes_unacknowledged: false,
    yields_progress: false,
    reads_all_of_progress: true,
    reads_all_of_final: true,
    cancels: &[SKIP, KILL, KILL_NO_WAIT],
    is_interruptible: false,
};

/// Our native client.
pub(crate) static NATIVE: Library = Library {
    name: "wamplex",
    program: |_| (env!("CARGO_BIN_EXE_native-peer").into(), vec![]),
    writes_wide: SERIALIZERS,
    reads_wide: SERIALIZERS,
    has_whole_floats: true,
    publishes_unacknowledged: true,
    yields_progress: true,
    reads_all_of_progress: false,
    reads_all_of_final: false,
    cancels: &[SKIP, KILL, KILL_NO_WAIT],
    is_interruptible: true,
};

/// Our JavaScript client, on Node.
pub(crate) static JAVASCRIPT: Library = Library {
    name: "wamplex-js",
    program: |folder| ("node".into(), vec![folder.join("wamplex_js.mjs")]),
    writes_wide: SERIALIZERS,
    reads_wide: SERIALIZERS,
    has_whole_floats: false,
    publishes_unacknowledged: true,
    yields_progress: true,
    reads_all_of_progress: false,
    reads_all_of_final: true,
    cancels: &[
        Cancel { mode: Some("skip"), shows_error: false },
        Cancel { mode: Some("kill"), shows_error: false },
        Cancel { mode: Some("killnowait"), shows_error: false },
    ],
    is_interruptible: true,
};

/// The API of AutobahnJS on our JavaScript client.
pub(crate) static DROP_IN: Library = Library {
    name: "wamplex-autobahn",
    program: |folder| ("node".into(), vec![folder.join("wamplex_autobahn.mjs")]),
    writes_wide: SERIALIZERS,
    reads_wide: SERIALIZERS,
    has_whole_floats: false,
    publishes_unacknowledged: true,
    yields_progress: true,
    reads_all_of_progress: true,
    reads_all_of_final: true,
    // As AutobahnJS, it ends a call itself in every mode but this one.
    cancels: &[
        Cancel { mode: Some("skip"), shows_error: false },
        KILL,
        Cancel { mode: Some("killnowait"), shows_error: false },
    ],
    is_interruptible: true,
};

pub(crate) static LIBRARIES: &[&Library] =
    &[&AUTOBAHN_PYTHON, &AUTOBAHN_JS, &WAMPY, &NATIVE, &JAVASCRIPT, &DROP_IN];
