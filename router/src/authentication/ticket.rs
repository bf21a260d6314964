//! The methods by which a client shows its secret as it is: tickets, and tokens that somebody else has signed.

use super::{
    Attempt, Authentication, Identity, Refusal, bearer,
    choice::has,
    judge::{Case, identity},
};
use crate::{
    config::Method,
    principals::{Principal, Ticket},
};
use std::sync::Arc;
use wamplex_shared::{
    auth::ticket::{self, TicketHash},
    message::Challenge,
    value::Dict,
};

impl Authentication {
    /// Asks for a ticket or a token ("WAMP: Ticket-based Authentication").
    ///
    /// # Errors
    /// It is neither the ticket of the principal nor a token that is accepted.
    pub(super) async fn by_ticket(
        &self,
        attempt: &mut Attempt,
        case: &Case,
    ) -> Result<Identity, Refusal> {
        let name = match case.who.name(&case.offer) {
            name if name.is_empty() => bearer::nameless(attempt.peer()),
            name => name,
        };
        let method = case.method.as_str().into();
        let (proof, attempted) =
            self.ask(attempt, &name, Challenge { method, ..ticket::challenge() }).await?;
        let given = &*proof.signature;
        let judged = if self.takes_tokens() && looks_like_token(given) {
            self.token_of(attempt, given)
        } else if case.method == Method::Jwt || !self.settings.methods.contains(&Method::Ticket) {
            Err(Refusal::denied("what was shown is no token"))
        } else if case.dynamic {
            self.judge_elsewhere(attempt, given).await
        } else {
            self.judge_ticket(case, given).await
        };
        self.settle(attempted, true, judged)
    }

    async fn judge_elsewhere(&self, attempt: &Attempt, given: &str) -> Result<Identity, Refusal> {
        let Some(dynamic) = &self.dynamic else {
            return Err(Refusal::denied("no such principal"));
        };
        let principal = dynamic.ask(&self.realm, attempt, Method::Ticket, Some(given)).await?;
        Ok(identity(&principal, Method::Ticket, Dict::new()))
    }

    /// Holds a ticket against that of the principal, with the same work if there is none.
    async fn judge_ticket(&self, case: &Case, given: &str) -> Result<Identity, Refusal> {
        let known = case.who.principal().filter(|principal| has(principal, Method::Ticket));
        let is_right = match known.and_then(|principal| principal.ticket.clone()) {
            Some(Ticket::Derived(kept)) => {
                self.decoys.note_ticket(kept.cost());
                let given = given.to_owned();
                let work = move || Ticket::Derived(kept).matches(&given);
                return judged(known, self.gate.place().await?.work(work).await?);
            }
            Some(kept) => kept.matches(given),
            None => {
                // The same comparison, with nothing to compare with.
                let nothing = TicketHash::from_bytes([0; 32]);
                std::hint::black_box(nothing.matches(given));
                false
            }
        };
        if !is_right && let Some(work) = self.decoys.ticket_work(given.to_owned()) {
            self.gate.place().await?.work(work).await?;
        }
        judged(known, is_right)
    }
}

fn judged(known: Option<&Arc<Principal>>, is_right: bool) -> Result<Identity, Refusal> {
    match known {
        Some(principal) if is_right => Ok(identity(principal, Method::Ticket, Dict::new())),
        Some(_) => Err(Refusal::denied("the ticket is wrong")),
        None => Err(Refusal::denied("no such principal, or one without a ticket")),
    }
}

/// Whether a text has the form of a signed token: three parts in Base64 for URLs with dots in between, the first of which
/// is a JSON object.
fn looks_like_token(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.starts_with("ey") && text.split('.').count() == 3 && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_tickets() {
        for (text, expected) in [
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2lnbmF0dXJl-_", true),
            ("ey.a.b", true),
            ("ey.a.b.c", false),
            ("ey..b", false),
            ("ey.a", false),
            ("secret.a.b", false),
            ("ey a.b.c", false),
            ("", false),
        ] {
            assert_eq!(looks_like_token(text), expected, "{text}");
        }
    }
}
