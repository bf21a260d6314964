//! The example programs, each run in a process of its own, print what their documentation says they print.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/custom_authenticator.rs"]
mod custom_authenticator;
#[path = "../examples/custom_authorizer.rs"]
mod custom_authorizer;
#[path = "../examples/embedded.rs"]
mod embedded;
#[path = "../examples/http_bridge.rs"]
mod http_bridge;
#[path = "../examples/in_process_client.rs"]
mod in_process_client;
#[path = "../examples/own_transport.rs"]
mod own_transport;

use std::{env, error::Error, process::Command};

/// Tells a process of this test that it is the example.
const IS_EXAMPLE: &str = "WAMPLEX_TEST_IS_EXAMPLE";

/// What an example program returns.
type Ended = Result<(), Box<dyn Error>>;

/// In the process that is the example, runs it; else starts that process and compares.
fn check(name: &str, main: fn() -> Ended, source: &str) {
    if env::var_os(IS_EXAMPLE).is_some() {
        main().unwrap();
        return;
    }
    // The second filter is for the example, which looks at its arguments.
    let output = Command::new(env::current_exe().unwrap())
        .args([name, "once", "--exact", "--nocapture", "--test-threads=1"])
        .env(IS_EXAMPLE, "yes")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let documented = source.lines().map_while(|line| line.strip_prefix("//!"));
    let documented = documented.skip_while(|line| !line.starts_with(" $ ")).skip(1);
    let mut expected = documented.map(str::trim_start).take_while(|line| *line != "```").peekable();
    assert!(expected.peek().is_some(), "{name} does not say what it prints");
    // The harness prints around that.
    let mut lines = printed.lines();
    for expected in expected {
        let found = lines.any(|line| line.ends_with(expected));
        assert!(found, "{name} did not print {expected:?} in its place:\n{printed}");
    }
}

macro_rules! examples {
    ($($name:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            let source = include_str!(concat!("../examples/", stringify!($name), ".rs"));
            check(stringify!($name), self::$name::main, source);
        }
    )*};
}

examples! {
    custom_authenticator, custom_authorizer, embedded, http_bridge, in_process_client, own_transport,
}
