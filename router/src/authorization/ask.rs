//! Asking authorizers, while a message waits.

use super::{
    Answer, Authorization, Authorizer, Policy, Request,
    cache::{Key, Word},
    procedure,
};
use crate::{
    authentication::Identity, deliver::Handle, local::LocalSession, log_gate::Line,
    realm::RealmCell, shared::Shared,
};
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::time::{Instant, timeout_at};
use wamplex_realm::{Authority, Decision, Grant, Joining, Member, Need, Refused};
use wamplex_shared::{
    message::Message,
    uri::{Uri, UriRule},
};

/// The authid and the role of the session that calls authorizers.
const ASKER: &str = "wamplex.authorization";

/// Where a question is asked: who asks, and until when an answer counts.
struct Question<'a> {
    authorization: &'a Authorization,
    policy: &'a Policy,
    shared: &'a Arc<Shared>,
    realm: &'a Arc<RealmCell>,
    who: &'a Joining,
    message: &'a Message,
    deadline: Instant,
}

impl Authorization {
    /// Finds out what becomes of a message about which somebody has to be asked.
    ///
    /// # Errors
    /// Why it is refused: also when nobody has answered in time, or not in words that mean anything.
    pub(crate) async fn ask(
        &self,
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        from: &Member<Handle>,
        message: &Message,
    ) -> Result<Grant, Refused> {
        let policy = self.policy.load_full();
        let Some(need) = Need::of(message) else { return Err(Refused::Failed) };
        let deadline = Instant::now() + policy.settings.timeout;
        let (authorization, policy, who) = (self, &*policy, from.who());
        let question = Question { authorization, policy, shared, realm, who, message, deadline };
        let grant = question.settle(need).await?;
        let also = realm.read().also_needs(message);
        if let Some((action, uri, policy)) = also {
            question.settle(Need::new(action, &uri, policy)).await?;
        }
        Ok(grant)
    }

    /// Asks whether a client that is authenticated may join.
    ///
    /// # Errors
    /// A sentence for the client.
    pub(crate) async fn admit(&self, realm: &Uri, who: &Joining) -> Result<(), String> {
        const FAILED: &str = "it could not be found out whether this client may join";
        let policy = self.policy.load_full();
        let Some(hook) = &policy.hook else { return Ok(()) };
        let deadline = Instant::now() + policy.settings.timeout;
        let asking = AssertUnwindSafe(async { hook.join(realm, who).await }).catch_unwind();
        match timeout_at(deadline, asking).await {
            Ok(Ok(admitted)) => admitted,
            Ok(Err(_panic)) => Err(FAILED.to_owned()),
            Err(_elapsed) => Err(FAILED.to_owned()),
        }
    }

    /// The session that calls authorizers.
    fn asker(&self, shared: &Arc<Shared>, realm: &Arc<RealmCell>) -> Result<LocalSession, String> {
        let mut asker = self.asker.lock();
        if let Some(session) = asker.as_ref().filter(|session| session.is_open()) {
            return Ok(session.clone());
        }
        let identity = Identity::local(ASKER, ASKER);
        let opened = LocalSession::open_privileged(shared, realm, identity);
        let session = opened.map_err(|error| error.to_string())?;
        *asker = Some(session.clone());
        Ok(session)
    }
}

impl Question<'_> {
    /// Whether the session has a right, whoever has to say so.
    async fn settle(&self, need: Need<'_>) -> Result<Grant, Refused> {
        let decision = self.policy.roles.decide(self.who, need.action, need.uri, need.policy);
        let mut grant = match decision {
            Decision::Deny => return Err(Refused::NotAuthorized(need.action)),
            Decision::Allow(grant) if need.force_reregister && !grant.force_reregister => {
                return Err(Refused::TakeOver);
            }
            Decision::Allow(grant) => grant,
            Decision::Ask { cache } => self.ask_procedure(&need, cache).await?,
        };
        if let Some(hook) = &self.policy.hook {
            let disclose = self.ask_hook(&**hook, &need).await?;
            grant.disclose = disclose.or(grant.disclose);
        }
        Ok(grant)
    }

    async fn ask_procedure(&self, need: &Need<'_>, cache: bool) -> Result<Grant, Refused> {
        let denied = Refused::NotAuthorized(need.action);
        // What is no URI is refused for that reason, and nobody need be bothered with it.
        need.uri.check(UriRule::Loose, need.policy).map_err(|_| denied)?;
        let procedures = &self.policy.procedures;
        let procedure = self.who.authrole.as_ref().and_then(|role| procedures.get(role));
        let procedure = procedure.ok_or(Refused::Failed)?;
        if self.realm.read().is_callee_of(procedure, self.who.session) {
            return Ok(Grant::EVERYTHING);
        }
        let key = Key::new(self.who, need);
        let (known, generation) = self.authorization.cache.get(&key, Instant::now());
        let word = match known {
            Some(word) => word,
            None => {
                let said = timeout_at(self.deadline, self.call(procedure, need)).await;
                let said = said.unwrap_or_else(|_elapsed| Err("it gave no answer in time".into()));
                let (word, may_cache) = said.map_err(|why| self.failed(procedure, &why))?;
                if cache && may_cache {
                    let expires = Instant::now() + self.policy.settings.cache_time;
                    self.authorization.cache.remember(generation, key, word, expires);
                }
                word
            }
        };
        let Word { allow, disclose } = word;
        let mut grant = Grant::EVERYTHING;
        grant.disclose = disclose;
        if allow { Ok(grant) } else { Err(denied) }
    }

    async fn call(&self, procedure: &Uri, need: &Need<'_>) -> Result<procedure::Said, String> {
        let place = self.policy.places.acquire().await;
        let _place = place.map_err(|closed| closed.to_string())?;
        let asker = self.authorization.asker(self.shared, self.realm)?;
        let arguments = procedure::arguments(self.realm.name(), self.who, need, self.message);
        let left = self.deadline.saturating_duration_since(Instant::now());
        let call = asker.call(procedure.clone(), arguments).timeout(left);
        let reply = call.await.map_err(|error| error.to_string())?;
        procedure::read(&reply.value().map_err(|error| error.to_string())?)
    }

    async fn ask_hook(
        &self,
        hook: &dyn Authorizer,
        need: &Need<'_>,
    ) -> Result<Option<bool>, Refused> {
        let request = Request {
            realm: self.realm.name(),
            who: self.who,
            uri: need.uri,
            match_policy: need.policy,
            message: self.message,
        };
        // Made within, so that a panic before the first await is caught too.
        let asking = AssertUnwindSafe(async { request.put(need.action, hook).await });
        match timeout_at(self.deadline, asking.catch_unwind()).await {
            Ok(Ok(Answer::Allow { disclose })) => Ok(disclose),
            Ok(Ok(Answer::Deny)) => Err(Refused::NotAuthorized(need.action)),
            Ok(Ok(Answer::Failed(why))) => Err(self.failed(HOOK, &why)),
            Ok(Err(_panic)) => Err(self.failed(HOOK, &"it panicked")),
            Err(_elapsed) => Err(self.failed(HOOK, &"it gave no answer in time")),
        }
    }

    fn failed(&self, authorizer: impl std::fmt::Display, why: &impl std::fmt::Display) -> Refused {
        let (shared, realm) = (self.shared, self.realm.name());
        // One that fails does so for every message of every session.
        if let Some(Line { left_out }) = shared.log_gate.line_of_realm(realm, shared.clock.now()) {
            let (session, role) = (self.who.session, self.who.authrole.as_deref());
            tracing::warn!(%realm, %session, role, %authorizer, %why, left_out, "an authorizer failed");
        }
        Refused::Failed
    }
}

/// What the log calls the authorizer of the program around the router.
const HOOK: &str = "of the program";
