//! `wamplex key`: key pairs for cryptosign.

use super::{complain, print};
use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use wamplex_shared::auth::cryptosign;
use zeroize::Zeroizing;

/// What there is to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make an Ed25519 key pair: writes the private key, prints the public key
    Generate(Generate),
    /// Print the public key of a private key
    Public(Public),
}

/// The arguments of `wamplex key generate`.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// File to write the private key to, in hexadecimal digits; must not be there yet, and only its owner may read it
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// The arguments of `wamplex key public`.
#[derive(Debug, Args)]
pub(crate) struct Public {
    /// File with the private key, as `wamplex key generate` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Key {
    /// Does it.
    pub(super) fn execute(&self) -> ExitCode {
        let public = match self {
            Self::Generate(Generate { output }) => generate(output),
            Self::Public(Public { file }) => read(file),
        };
        match public {
            Ok(public) => print(format_args!("{public}\n")),
            Err(problem) => {
                complain(problem);
                ExitCode::FAILURE
            }
        }
    }
}

fn generate(path: &Path) -> Result<cryptosign::PublicKey, String> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| format!("cannot draw random numbers: {error}"))?;
    let text = Zeroizing::new(format!("{}\n", HEXLOWER.encode(&*seed)));
    write_secret(path, &text)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(cryptosign::Key::from_seed(&seed).public())
}

fn read(path: &Path) -> Result<cryptosign::PublicKey, String> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let key = cryptosign::Key::from_hex(text.trim_end());
    key.map(|key| key.public()).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a new file that nobody but its owner can read, at no time.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
