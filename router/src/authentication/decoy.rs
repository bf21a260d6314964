//! What stands in for principals that do not exist, so that nobody learns which ones do.

use super::{Gate, choice::CHALLENGING};
use crate::{
    config::{AuthenticationSettings, CraSettings, Method},
    principals::CraKey,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use wamplex_shared::auth::{Decoy, ScramCredentials, scram::Cost};

/// The decoys of one realm.
///
/// A name that nobody has is asked for one and the same method each time, with the same salt, as a name that somebody
/// has is.
#[derive(Debug)]
pub(super) struct Decoys {
    decoy: Decoy,
    /// The methods that a decoy may have a credential for.
    methods: Vec<Method>,
    scram: Cost,
    wampcra: CraSettings,
    /// What judging a ticket costs here if it is one that was derived from a password.
    ticket: Mutex<Option<Cost>>,
}

impl Decoys {
    /// Decoys that look like the principals of these settings.
    ///
    /// # Errors
    /// There are no random numbers.
    pub(super) fn new(
        settings: &AuthenticationSettings,
        gate: &Gate,
    ) -> Result<Self, getrandom::Error> {
        let key = match &settings.decoy_key {
            Some(secret) => Sha256::digest(secret.expose().as_bytes()).into(),
            None => gate.decoy_key()?,
        };
        let is_asked_for = |method: &&Method| CHALLENGING.contains(*method);
        Ok(Self {
            decoy: Decoy::new(key),
            methods: settings.methods.iter().filter(is_asked_for).copied().collect(),
            scram: settings.scram.cost(),
            wampcra: settings.wampcra.clone(),
            ticket: Mutex::default(),
        })
    }

    /// The method that the decoy of this name has a credential for.
    pub(super) fn method(&self, name: &str) -> Option<Method> {
        let count = u64::try_from(self.methods.len()).unwrap_or(u64::MAX);
        let at = self.decoy.choice(name, count);
        self.methods.get(usize::try_from(at).unwrap_or(0)).copied()
    }

    /// The SCRAM credentials of the decoy.
    pub(super) fn scram(&self, name: &str) -> ScramCredentials {
        self.decoy.scram(name, self.scram)
    }

    /// The WAMP-CRA key of the decoy.
    pub(super) fn wampcra(&self, name: &str) -> CraKey {
        let CraSettings { salted, iterations, keylen } = self.wampcra;
        let key = self.decoy.wampcra_key(name);
        if salted {
            CraKey::derived(key, self.decoy.wampcra_salting(name, iterations, keylen))
        } else {
            CraKey { key, salting: None }
        }
    }

    /// Notes what judging a real ticket costs.
    pub(super) fn note_ticket(&self, cost: Cost) {
        *self.ticket.lock() = Some(cost);
    }

    /// Work that costs as much as judging a ticket for which a key has to be derived; `None` if there are none here.
    pub(super) fn ticket_work(&self, given: String) -> Option<impl FnOnce() + Send + 'static> {
        let cost = (*self.ticket.lock())?;
        Some(move || {
            // What comes out is of no use to anybody.
            let _ = std::hint::black_box(ScramCredentials::new(&given, &[0; 16], cost));
        })
    }
}
