//! Several methods offered at once, of which the router chooses.

use super::{Answer, Attempt, AuthError, Authenticator, Connection};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    message::{Challenge, HelloDetails, WelcomeDetails},
    value::{Dict, Value},
};

/// The methods that are offered in one HELLO.
pub(crate) struct Offer {
    methods: Vec<Offered>,
}

struct Offered {
    name: ByteString,
    attempt: Box<dyn Attempt>,
    /// The router has asked for it.
    is_chosen: bool,
}

impl Offer {
    pub(crate) fn begin(
        authenticators: &[Arc<dyn Authenticator>],
        connection: &Connection,
    ) -> Result<Self, AuthError> {
        let begin = |authenticator: &Arc<dyn Authenticator>| {
            let attempt = authenticator.begin(connection)?;
            Ok(Offered { name: authenticator.method().into(), attempt, is_chosen: false })
        };
        let methods: Result<_, AuthError> = authenticators.iter().map(begin).collect();
        Ok(Self { methods: methods? })
    }

    /// Writes the offer into HELLO.
    ///
    /// There is one name and one dictionary for all methods, so they must not say different things there.
    pub(crate) fn announce(&self, hello: &mut HelloDetails) -> Result<(), AuthError> {
        for Offered { name, attempt, .. } in &self.methods {
            if !hello.authmethods.contains(name) {
                hello.authmethods.push(name.clone());
            }
            if let Some(authid) = attempt.authid() {
                let before = hello.authid.replace(authid.into());
                if before.is_some_and(|before| before != authid) {
                    return Err(AuthError::Contradiction("authid".to_owned()));
                }
            }
            merge(&mut hello.authextra, attempt.authextra())?;
        }
        Ok(())
    }

    pub(crate) async fn answer(&mut self, challenge: &Challenge) -> Result<Answer, AuthError> {
        let chosen = self.methods.iter_mut().find(|offered| offered.name == challenge.method);
        let Some(offered) = chosen else {
            return Err(AuthError::UnknownMethod(challenge.method.to_string()));
        };
        offered.is_chosen = true;
        offered.attempt.answer(challenge).await
    }

    /// Judges the WELCOME.
    ///
    /// A router that has not asked for anything may not say that it has used a method that was not offered, and if there
    /// is one by which it would have had to prove itself, this is not passed over.
    pub(crate) fn check(&self, welcome: &WelcomeDetails) -> Result<(), AuthError> {
        let chosen = || self.methods.iter().filter(|offered| offered.is_chosen);
        if chosen().next().is_some() {
            return chosen().try_for_each(|offered| offered.attempt.check(&welcome.authextra));
        }
        let claimed = |offered: &&Offered| {
            welcome.authmethod.as_ref().is_none_or(|method| *method == offered.name)
        };
        let mut claimed = self.methods.iter().filter(claimed).peekable();
        if claimed.peek().is_none() {
            let method = welcome.authmethod.clone().unwrap_or_default();
            return Err(AuthError::UnknownMethod(method.to_string()));
        }
        claimed.try_for_each(|offered| offered.attempt.check(&welcome.authextra))
    }
}

fn merge(all: &mut Dict, more: Dict) -> Result<(), AuthError> {
    for (key, value) in more {
        match all.get(&key) {
            Some(before) if *before == value => {}
            // Null says the same as nothing.
            Some(before) if *before != Value::Null && value != Value::Null => {
                return Err(AuthError::Contradiction(key.to_string()));
            }
            Some(_) if value == Value::Null => {}
            _ => drop(all.insert(key, value)),
        }
    }
    Ok(())
}
