//! `wamplex user`: principals in a SQLite database.

mod credentials;
mod list;
mod password;

use super::complain;
use clap::{Args, Subcommand};
use credentials::{Keys, Methods};
use list::Listing;
use password::{Password, PasswordSource};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};
use wamplex_router::principals::{
    Principal,
    sqlite::{Database, DatabaseError},
};
use wamplex_shared::{
    auth::scram::prepared_authid,
    uri::{MatchPolicy, Uri, UriRule},
};

/// The exit code for arguments and passwords that cannot be what they are.
const WRONG: u8 = 2;

/// The exit code for what cannot be done.
const FAILED: u8 = 1;

/// What there is to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user; makes the database if there is none
    Add(Add),
    /// Take a user out; its sessions that are open stay open
    Remove(Named),
    /// List users, and how they can prove who they are
    List(Listing),
    /// Give a user another role; it holds from its next session on
    SetRole(SetRole),
    /// Give a user another password
    SetPassword(SetPassword),
    /// Give a user other keys and certificates, in place of those it has
    SetKeys(SetKeys),
}

/// Where a user is, and its name.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Name of the user
    #[arg(value_parser = authid)]
    authid: String,
    /// SQLite database with the users
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
    /// Realm of the user
    #[arg(long, value_name = "URI", value_parser = realm)]
    realm: String,
    /// Say what was done in JSON
    #[arg(long)]
    json: bool,
}

/// The arguments of `wamplex user add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    named: Named,
    /// Role of the user
    #[arg(long, value_parser = role)]
    role: String,
    #[command(flatten)]
    methods: Methods,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    keys: Keys,
}

/// The arguments of `wamplex user set-role`.
#[derive(Debug, Args)]
pub(crate) struct SetRole {
    #[command(flatten)]
    named: Named,
    /// The new role
    #[arg(long, value_parser = role)]
    role: String,
}

/// The arguments of `wamplex user set-password`.
#[derive(Debug, Args)]
pub(crate) struct SetPassword {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    methods: Methods,
    #[command(flatten)]
    password: PasswordSource,
}

/// The arguments of `wamplex user set-keys`.
#[derive(Debug, Args)]
pub(crate) struct SetKeys {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    keys: Keys,
}

/// Why a command ends without having done anything.
#[derive(Debug)]
enum Failure {
    /// It was not asked for in the right way.
    Wrong(String),
    /// It cannot be done.
    Failed(String),
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl User {
    /// Does it.
    pub(super) fn execute(&self) -> ExitCode {
        let done = match self {
            Self::Add(add) => add.execute(),
            Self::Remove(named) => remove(named),
            Self::List(listing) => listing.execute(),
            Self::SetRole(set) => set.execute(),
            Self::SetPassword(set) => set.execute(),
            Self::SetKeys(set) => set.execute(),
        };
        match done {
            Ok(said) => super::print(said),
            Err(Failure::Wrong(problem)) => {
                complain(problem);
                ExitCode::from(WRONG)
            }
            Err(Failure::Failed(problem)) => {
                complain(problem);
                ExitCode::from(FAILED)
            }
        }
    }
}

impl Add {
    fn execute(&self) -> Result<String, Failure> {
        let named = &self.named;
        let mut principal = Principal::new(named.authid.as_str(), self.role.as_str(), "sqlite");
        self.keys.put_into(&mut principal);
        // Who has a key needs no password, unless one is asked for.
        let wants_password =
            !self.keys.are_there() || self.methods.are_named() || self.password.is_named();
        // Before a password is asked for: it would be typed in vain.
        let mut database = Database::create(&named.database)?;
        if let Ok(there) = database.get(&named.realm, &named.authid) {
            let (realm, authid) = (named.realm.clone(), there.authid.to_string());
            return Err(DatabaseError::Exists { realm, authid }.into());
        }
        let password = wants_password.then(|| self.password.read()).transpose()?;
        if let Some(password) = &password {
            self.methods.derive(password, &mut principal)?;
        }
        database.add(&named.realm, &principal)?;
        Ok(named.said("added", password.as_ref()))
    }
}

fn remove(named: &Named) -> Result<String, Failure> {
    named.open()?.remove(&named.realm, &named.authid)?;
    Ok(named.said("removed", None))
}

impl SetRole {
    fn execute(&self) -> Result<String, Failure> {
        let role = self.role.as_str().into();
        let named = &self.named;
        named.open()?.update(&named.realm, &named.authid, |principal| principal.role = role)?;
        Ok(named.said("changed", None))
    }
}

impl SetPassword {
    fn execute(&self) -> Result<String, Failure> {
        let named = &self.named;
        let mut database = named.open()?;
        let mut new = database.get(&named.realm, &named.authid)?;
        let password = self.password.read()?;
        let methods = self.methods.or_those_of(&new);
        // An old password is not to be good for anything any more.
        (new.ticket, new.wampcra, new.scram) = (None, None, None);
        methods.derive(&password, &mut new)?;
        database.update(&named.realm, &named.authid, |principal| {
            (principal.ticket, principal.wampcra, principal.scram) =
                (new.ticket, new.wampcra, new.scram);
        })?;
        Ok(named.said("changed", Some(&password)))
    }
}

impl SetKeys {
    fn execute(&self) -> Result<String, Failure> {
        let named = &self.named;
        named.open()?.update(&named.realm, &named.authid, |principal| {
            self.keys.put_into(principal);
        })?;
        Ok(named.said("changed", None))
    }
}

impl Named {
    fn open(&self) -> Result<Database, Failure> {
        Ok(Database::open(&self.database)?)
    }

    /// What was done, with the password if it is one that nobody knows yet.
    fn said(&self, what: &str, password: Option<&Password>) -> String {
        let Self { realm, authid, .. } = self;
        let generated = password.filter(|password| password.is_random()).map(Password::text);
        if self.json {
            let mut said = json!({ "done": what, "realm": realm, "authid": authid });
            if let Some(password) = generated {
                said["password"] = password.into();
            }
            return format!("{said}\n");
        }
        let password = generated.map(|password| format!("password: {password}\n"));
        format!("{what} user {authid} of realm {realm}\n{}", password.unwrap_or_default())
    }
}

/// A name that every method can carry.
fn authid(text: &str) -> Result<String, String> {
    let prepared = prepared_authid(text).map_err(|error| error.to_string())?;
    if prepared == text { Ok(prepared) } else { Err(format!("write it as `{prepared}`")) }
}

fn role(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err("expected the name of a role".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn realm(text: &str) -> Result<String, String> {
    let checked = Uri::from(text).check(UriRule::Loose, MatchPolicy::Exact);
    checked.map(|()| text.to_owned()).map_err(|error| error.to_string())
}
