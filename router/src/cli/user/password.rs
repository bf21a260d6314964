//! Where a password comes from: never from an argument, which others on the machine can read.

use super::Failure;
use clap::Args;
use data_encoding::BASE32_NOPAD;
use std::io::{self, BufRead, IsTerminal, Read};
use zeroize::Zeroizing;

/// How many octets of randomness a generated password has: 160 bits in 32 characters.
const RANDOM_OCTETS: usize = 20;

/// The longest password, in bytes.
const LONGEST: u64 = 1024;

/// Where the password comes from; a terminal without any of these.
#[derive(Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from standard input, one line
    #[arg(long)]
    password_stdin: bool,
    /// Make a password that nobody can guess, and print it
    #[arg(long, conflicts_with = "password_stdin")]
    generate: bool,
}

/// A password.
pub(super) struct Password {
    text: Zeroizing<String>,
    is_random: bool,
}

impl PasswordSource {
    /// Whether it was said where the password comes from.
    pub(super) const fn is_named(&self) -> bool {
        self.password_stdin || self.generate
    }

    /// Gets the password.
    pub(super) fn read(&self) -> Result<Password, Failure> {
        if self.generate {
            return generate();
        }
        let text = if self.password_stdin { from_stdin()? } else { from_terminal()? };
        if text.is_empty() {
            return Err(Failure::Wrong("the password is empty".to_owned()));
        }
        Ok(Password { text, is_random: false })
    }
}

impl Password {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it was generated, so that nobody can guess it.
    pub(super) const fn is_random(&self) -> bool {
        self.is_random
    }
}

fn generate() -> Result<Password, Failure> {
    let mut octets = Zeroizing::new([0; RANDOM_OCTETS]);
    getrandom::fill(&mut *octets)
        .map_err(|error| Failure::Failed(format!("cannot draw random numbers: {error}")))?;
    let mut text = Zeroizing::new(BASE32_NOPAD.encode(&*octets));
    text.make_ascii_lowercase();
    Ok(Password { text, is_random: true })
}

fn from_stdin() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(2048));
    io::stdin()
        .lock()
        .take(LONGEST + 1)
        .read_line(&mut text)
        .map_err(|error| Failure::Wrong(format!("cannot read the password: {error}")))?;
    if text.len() as u64 > LONGEST {
        return Err(Failure::Wrong(format!("the password is longer than {LONGEST} bytes")));
    }
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

fn from_terminal() -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        let how = "there is no terminal to type a password at: use --password-stdin or --generate";
        return Err(Failure::Wrong(how.to_owned()));
    }
    let ask = |what: &str| {
        let typed = rpassword::prompt_password(what).map(Zeroizing::new);
        typed.map_err(|error| Failure::Wrong(format!("cannot read the password: {error}")))
    };
    let first = ask("Password: ")?;
    if *ask("Once more: ")? == *first {
        Ok(first)
    } else {
        Err(Failure::Wrong("these are two different passwords".to_owned()))
    }
}
